// NIST SP 800-90B §4.4.1 (the repetition count test) before changing this file; Intel's DRNG guide §4.2.1 for the
// ten attempts.

#include "boot.h"

#define MAXIMUM_ATTEMPTS 10

uint64_t boot_random(void) {
  static uint64_t previous;
  for (int attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
    unsigned long long value;
    unsigned char isValid;
    __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=q"(isValid) : : "cc");
    if (!isValid) continue;
    // Also catches the generators known to return all ones or zeros for good after a suspend.
    if (value == previous) boot_panic("RDRAND repeats itself", BOOT_EXIT_UNFIT_MACHINE);
    previous = value;
    return value;
  }
  boot_panic("RDRAND has no entropy", BOOT_EXIT_UNFIT_MACHINE);
}
