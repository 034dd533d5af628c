// ISO C17 §7.12.9 (rounding) and the compiler's runtime (shifts of 128 bits): what compiled Swift calls beyond what the
// processor has instructions for.

#include "boot.h"

// Seldom run: as small as can be.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

double ceil(double value);
double round(double value);
__int128 __ashlti3(__int128 value, int count);
__int128 __lshrti3(__int128 value, int count);
unsigned __int128 __udivti3(unsigned __int128 value, unsigned __int128 divisor);
__int128 __divti3(__int128 value, __int128 divisor);

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

/// Bit by bit, as nothing here divides such numbers often. By zero it traps, as the processor's own division does.
unsigned __int128 __udivti3(unsigned __int128 value, unsigned __int128 divisor) {
  if ((value | divisor) >> 64 == 0) return (uint64_t)value / (uint64_t)divisor;
  if (divisor == 0) __builtin_trap();
  unsigned __int128 quotient = 0, rest = 0;
  for (int bit = 127; bit >= 0; bit--) {
    bool carry = rest >> 127;
    rest = rest << 1 | (value >> bit & 1);
    if (!carry && rest < divisor) continue;
    rest -= divisor;
    quotient |= (unsigned __int128)1 << bit;
  }
  return quotient;
}

__int128 __divti3(__int128 value, __int128 divisor) {
  unsigned __int128 left = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
  unsigned __int128 right = divisor < 0 ? -(unsigned __int128)divisor : (unsigned __int128)divisor;
  unsigned __int128 quotient = __udivti3(left, right);
  return (__int128)((value < 0) != (divisor < 0) ? -quotient : quotient);
}

#pragma clang attribute pop
