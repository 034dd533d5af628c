// ISO C17 §7.24 before changing this file. What SQLite (CSQLite/Image) needs beyond symbols.c: all of it pure.

#include "boot.h"

int strcmp(const char *left, const char *right) {
  while (*left && *left == *right) left++, right++;
  return (unsigned char)*left - (unsigned char)*right;
}

int strncmp(const char *left, const char *right, size_t count) {
  for (; count; count--, left++, right++) {
    if (*left != *right) return (unsigned char)*left - (unsigned char)*right;
    if (!*left) return 0;
  }
  return 0;
}

char *strrchr(const char *text, int character) {
  const char *found = NULL;
  do {
    if (*text == (char)character) found = text;
  } while (*text++);
  return (char *)found;
}

size_t strcspn(const char *text, const char *rejected) {
  size_t count = 0;
  for (; text[count]; count++) {
    for (const char *one = rejected; *one; one++) {
      if (*one == text[count]) return count;
    }
  }
  return count;
}

/// The natural logarithm, for bm25 (sqlite.org/fts5.html §5.1.1). The x87's is less than one unit of an 80-bit number
/// off (Intel SDM volume 2, FYL2X), then rounded: as good as a library's, also near 1, for subnormals, infinities, NaN.
double log(double value) {
  double result;
  __asm__("fldln2\n\tfldl %1\n\tfyl2x\n\tfstpl %0" : "=m"(result) : "m"(value) : "st", "st(1)");
  return result;
}
