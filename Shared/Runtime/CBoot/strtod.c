// IEEE 754-2019 §5.12.2 before changing this file: decimal text to the nearest double, ties to even, always.
//
// The few digits of usual numbers take the fast path (Clinger 1990: both sides exact). The others are divided as whole
// numbers of any length, bit by bit: slow (tens of thousands of instructions) and plain.

#include "boot.h"

// Seldom run: as small as can be.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

const char *_swift_stdlib_strtod_clocale(const char *text, double *result);

/// Digits behind these can only decide a tie, and for that it is enough to know that one is not zero.
#define MAXIMUM_DIGITS 800
/// Beyond these powers of ten every number is infinite or zero.
#define MAXIMUM_MAGNITUDE 310
#define MINIMUM_MAGNITUDE -345
/// Room for 10^(MAXIMUM_DIGITS - MINIMUM_MAGNITUDE), shifted by a bit.
#define WORDS 124

struct big {
  uint32_t word[WORDS];
  int count;
};

static void multiply_add(struct big *big, uint32_t factor, uint32_t carry) {
  uint64_t sum = carry;
  for (int i = 0; i < big->count; i++) {
    sum += (uint64_t)big->word[i] * factor;
    big->word[i] = (uint32_t)sum;
    sum >>= 32;
  }
  if (sum) big->word[big->count++] = (uint32_t)sum;
}

static int bits(const struct big *big) {
  return 32 * big->count - __builtin_clz(big->word[big->count - 1]);
}

static void shift_left(struct big *big, int count) {
  int words = count / 32, rest = count % 32;
  big->word[big->count] = 0;
  for (int i = big->count; i >= 0; i--) {
    uint64_t pair = (uint64_t)big->word[i] << 32 | (i ? big->word[i - 1] : 0);
    uint32_t word = (uint32_t)(pair << rest >> 32);
    big->word[i + words] = word;
  }
  for (int i = 0; i < words; i++) big->word[i] = 0;
  big->count += words + 1;
  while (big->count && !big->word[big->count - 1]) big->count--;
}

static bool less(const struct big *left, const struct big *right) {
  if (left->count != right->count) return left->count < right->count;
  for (int i = left->count - 1; i >= 0; i--) {
    if (left->word[i] != right->word[i]) return left->word[i] < right->word[i];
  }
  return false;
}

/// `left` must not be less.
static void subtract(struct big *left, const struct big *right) {
  int64_t borrow = 0;
  for (int i = 0; i < left->count; i++) {
    borrow += (int64_t)left->word[i] - (i < right->count ? right->word[i] : 0);
    left->word[i] = (uint32_t)borrow;
    borrow >>= 32;
  }
  while (left->count && !left->word[left->count - 1]) left->count--;
}

/// The double nearest to numerator / denominator, neither of them zero.
static double divide(struct big *numerator, struct big *denominator, bool isMore) {
  int exponent = bits(numerator) - bits(denominator);
  if (exponent > 0) shift_left(denominator, exponent);
  if (exponent < 0) shift_left(numerator, -exponent);
  if (less(numerator, denominator)) {
    shift_left(numerator, 1);
    exponent--;
  }
  if (exponent > 1023) return __builtin_inf();
  // Now it is 1...2 times 2^exponent. Subnormal numbers have fewer bits.
  int wanted = exponent < -1022 ? 53 + exponent + 1022 : 53;
  if (wanted < 0) return 0;
  uint64_t fraction = 0;
  // One bit more than wanted, to round by.
  for (int i = 0; i <= wanted; i++) {
    bool bit = !less(numerator, denominator);
    if (bit) subtract(numerator, denominator);
    fraction = fraction << 1 | bit;
    if (numerator->count) shift_left(numerator, 1);
  }
  bool isAbove = numerator->count || isMore;
  bool up = fraction & 1 && (isAbove || fraction & 2);
  fraction = (fraction >> 1) + up;
  // A carry out of the fraction is one into the exponent, which is what it means.
  uint64_t biased = exponent < -1022 ? 0 : (uint64_t)(exponent + 1022) << 52;
  union {
    uint64_t bits;
    double value;
  } result = {.bits = biased + fraction};
  return result.value;
}

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// What Swift's `Double(String)` calls: returns where the number ends; NULL when there is none. Reads the decimal form
/// only, which is all that JSON and our settings have.
const char *_swift_stdlib_strtod_clocale(const char *text, double *result) {
  const char *at = text;
  bool isNegative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  struct big numerator = {.count = 0};
  uint64_t small = 0;
  int digits = 0, exponent = 0;
  bool hasDigits = false, isBehindPoint = false, isMore = false;
  for (;; at++) {
    if (*at == '.' && !isBehindPoint) {
      isBehindPoint = true;
      continue;
    }
    if (*at < '0' || *at > '9') break;
    uint32_t digit = (uint32_t)(*at - '0');
    hasDigits = true;
    if (digits == MAXIMUM_DIGITS) {
      isMore |= digit != 0;
      exponent += !isBehindPoint;
      continue;
    }
    exponent -= isBehindPoint;
    if (digits == 0 && digit == 0) continue;
    digits++;
    if (digits <= 18) small = small * 10 + digit;
    multiply_add(&numerator, 10, digit);
  }
  if (!hasDigits) return NULL;
  if (*at == 'e' || *at == 'E') {
    const char *after = at + 1;
    bool isBelow = *after == '-';
    if (*after == '-' || *after == '+') after++;
    if (*after >= '0' && *after <= '9') {
      int value = 0;
      for (; *after >= '0' && *after <= '9'; after++) {
        if (value < 100000) value = value * 10 + (*after - '0');
      }
      exponent += isBelow ? -value : value;
      at = after;
    }
  }
  double value;
  int magnitude = digits + exponent;
  if (digits == 0 || magnitude < MINIMUM_MAGNITUDE) {
    value = 0;
  } else if (magnitude > MAXIMUM_MAGNITUDE) {
    value = __builtin_inf();
  } else if (digits <= 15 && exponent >= -22 && exponent <= 22) {
    value = exponent < 0 ? (double)small / powers[-exponent] : (double)small * powers[exponent];
  } else {
    struct big denominator = {.word = {1}, .count = 1};
    struct big *scaled = exponent < 0 ? &denominator : &numerator;
    for (int i = exponent < 0 ? -exponent : exponent; i > 0; i--) multiply_add(scaled, 10, 0);
    value = divide(&numerator, &denominator, isMore);
  }
  *result = isNegative ? -value : value;
  return at;
}

#pragma clang attribute pop
