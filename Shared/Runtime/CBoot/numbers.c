// ISO C17 §7.12.9 (rounding) and the compiler's runtime (shifts of 128 bits): what compiled Swift calls beyond what the
// processor has instructions for.

#include "boot.h"

double ceil(double value);
double round(double value);
__int128 __ashlti3(__int128 value, int count);
__int128 __lshrti3(__int128 value, int count);

/// From it on, every double is whole; so are the infinities, and NaN compares with nothing.
#define WHOLE_FROM 0x1p52

double ceil(double value) {
  if (!(value > -WHOLE_FROM && value < WHOLE_FROM)) return value;
  double whole = (double)(int64_t)value;
  if (whole < value) whole += 1;
  return whole == 0 && value < 0 ? -0.0 : whole;
}

double round(double value) {
  if (!(value > -WHOLE_FROM && value < WHOLE_FROM)) return value;
  // Away from zero at the half. The difference is exact, where adding a half would not be.
  double whole = (double)(int64_t)value, rest = value - whole;
  if (rest >= 0.5) whole += 1;
  if (rest <= -0.5) whole -= 1;
  return whole == 0 && value < 0 ? -0.0 : whole;
}

union halves {
  unsigned __int128 whole;
  struct {
    uint64_t low, high;
  };
};

__int128 __ashlti3(__int128 value, int count) {
  union halves number = {.whole = (unsigned __int128)value}, result;
  if (count == 0) return value;
  result.low = count < 64 ? number.low << count : 0;
  result.high = count < 64 ? number.high << count | number.low >> (64 - count) : number.low << (count - 64);
  return (__int128)result.whole;
}

__int128 __lshrti3(__int128 value, int count) {
  union halves number = {.whole = (unsigned __int128)value}, result;
  if (count == 0) return value;
  result.high = count < 64 ? number.high >> count : 0;
  result.low = count < 64 ? number.low >> count | number.high << (64 - count) : number.high >> (count - 64);
  return (__int128)result.whole;
}
