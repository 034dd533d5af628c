// Intel SDM volume 3 §11.5.4 (APIC timer) and §18.7.3 (TSC frequency), before changing this file.
//
// The clock is the time stamp counter, the alarm is the local APIC's timer. Under QEMU and KVM that timer counts
// nanoseconds (hw/intc/apic.c; APIC_BUS_CYCLE_NS), so it is also the measure where nobody names the counter's rate.

#include "boot.h"

#include <CHypervisor.h>

// Seldom run: as small as can be.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define APIC 0xfee00000ull
#define APIC_SPURIOUS 0xf0
#define APIC_TIMER 0x320
#define APIC_INITIAL_COUNT 0x380
#define APIC_CURRENT_COUNT 0x390
#define APIC_DIVIDE 0x3e0
#define APIC_MASKED 0x10000u
/// How long the counter is measured when nobody names its rate. Longer is more exact, and delays every start.
#define MEASURE_NANOSECONDS 200000u
/// The timer has 32 bits.
#define MAXIMUM_WAIT_NANOSECONDS 4200000000ull

static uint64_t frequency;

static void apic_write(uint32_t offset, uint32_t value) { *(volatile uint32_t *)(APIC + offset) = value; }
static uint32_t apic_read(uint32_t offset) { return *(volatile uint32_t *)(APIC + offset); }

uint64_t boot_tsc(void) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
}

uint64_t boot_tsc_frequency(void) { return frequency; }

/// What the processor or the monitor says (leaf 0x15; leaf 0x40000010, VMware's and KVM's), or 0.
static uint64_t announced_frequency(void) {
  if (cpuid(0).eax >= 0x15) {
    struct cpuid rate = cpuid(0x15);
    if (rate.eax && rate.ebx && rate.ecx) return (uint64_t)rate.ecx * rate.ebx / rate.eax;
  }
  if (cpuid(1).ecx & 1u << 31) {
    struct cpuid range = cpuid(0x40000000);
    if (range.eax >= 0x40000010 && range.eax < 0x40010000) return (uint64_t)cpuid(0x40000010).eax * 1000;
  }
  return 0;
}

static uint64_t measured_frequency(void) {
  apic_write(APIC_INITIAL_COUNT, UINT32_MAX);
  uint32_t first = apic_read(APIC_CURRENT_COUNT);
  uint64_t start = boot_tsc();
  while (first - apic_read(APIC_CURRENT_COUNT) < MEASURE_NANOSECONDS) __builtin_ia32_pause();
  uint32_t passed = first - apic_read(APIC_CURRENT_COUNT);
  uint64_t end = boot_tsc();
  apic_write(APIC_INITIAL_COUNT, 0);
  return (end - start) * 1000000000ull / passed;
}

void boot_start_time(void) {
  // A domain of Xen's has neither: its clock is Xen's, and it waits in Xen.
  if (hypervisor_is_present()) {
    frequency = hypervisor_tsc_frequency();
    return;
  }
  port_write(0x21, 0xff);  // The 8259s: all masked.
  port_write(0xa1, 0xff);
  apic_write(APIC_SPURIOUS, 0x100 | SPURIOUS_VECTOR);
  apic_write(APIC_DIVIDE, 0xb);  // by 1
  apic_write(APIC_TIMER, APIC_MASKED | TIMER_VECTOR);
  frequency = announced_frequency();
  if (!frequency) frequency = measured_frequency();
  if (!frequency) boot_panic("the time stamp counter stands still", BOOT_EXIT_UNFIT_MACHINE);
  apic_write(APIC_TIMER, TIMER_VECTOR);
}

// MARK: Interrupts and idling

// Intel's 82093AA data sheet §3.2.4: a redirection entry.
#define IO_APIC_SELECT ((volatile uint32_t *)0xfec00000ull)
#define IO_APIC_WINDOW ((volatile uint32_t *)0xfec00010ull)
#define IO_APIC_REDIRECTION 0x10
#define IO_APIC_MASKED 0x10000u

_Static_assert(FIRST_LINE_VECTOR + BOOT_INTERRUPT_LINES <= SPURIOUS_VECTOR, "more lines than vectors");

void boot_enable_interrupt(uint32_t line) {
  if (hypervisor_is_present()) {
    if (!hypervisor_watch_port(line)) boot_panic("too many event channels", BOOT_EXIT_TRAP);
    return;
  }
  if (line >= BOOT_INTERRUPT_LINES) boot_panic("no such interrupt line", BOOT_EXIT_TRAP);
  *IO_APIC_SELECT = IO_APIC_REDIRECTION + 2 * line + 1;
  *IO_APIC_WINDOW = 0;  // to the processor with identifier 0
  *IO_APIC_SELECT = IO_APIC_REDIRECTION + 2 * line;
  *IO_APIC_WINDOW = FIRST_LINE_VECTOR + line;  // fixed, physical, edge, active high, not masked
}

void boot_resume(void) {
  frequency = hypervisor_tsc_frequency();
  boot_console_listen();
}

void boot_disable_interrupt(uint32_t line) {
  if (hypervisor_is_present()) {
    hypervisor_unwatch_port(line);
    return;
  }
  if (line >= BOOT_INTERRUPT_LINES) boot_panic("no such interrupt line", BOOT_EXIT_TRAP);
  *IO_APIC_SELECT = IO_APIC_REDIRECTION + 2 * line;
  *IO_APIC_WINDOW = IO_APIC_MASKED;
}

static uint32_t idle_count;

uint32_t boot_idle_count(void) { return idle_count; }

void boot_idle(uint64_t nanoseconds) {
  idle_count++;
  if (hypervisor_is_present()) {
    hypervisor_wait(nanoseconds);
    return;
  }
  if (nanoseconds > MAXIMUM_WAIT_NANOSECONDS) nanoseconds = MAXIMUM_WAIT_NANOSECONDS;
  if (nanoseconds == 0) nanoseconds = 1;  // 0 would never fire.
  apic_write(APIC_INITIAL_COUNT, (uint32_t)nanoseconds);
  // An interrupt is held back until after the instruction that follows sti: none is lost between the two.
  __asm__ volatile("sti; hlt; cli" : : : "memory");
  apic_write(APIC_INITIAL_COUNT, 0);
}

// MARK: Time since the start

uint64_t boot_nanoseconds(void) {
  if (hypervisor_is_present()) return hypervisor_time();
  static uint64_t scale;  // Nanoseconds in a tick, as a fraction of 2^32: a billion shifted by 32 fits in 62 bits.
  if (!scale) scale = (1000000000ull << 32) / frequency;
  return (uint64_t)((unsigned __int128)boot_tsc() * scale >> 32);
}

int64_t boot_wall_nanoseconds(void) {
  if (hypervisor_is_present()) return hypervisor_wall_time();
  static int64_t start;  // What the real-time clock said first, less the counter then: it is far away, and coarse.
  if (!start) start = boot_rtc_seconds() * 1000000000 - (int64_t)boot_nanoseconds();
  return start + (int64_t)boot_nanoseconds();
}

// MARK: The real-time clock (MC146818 data sheet)

static uint8_t cmos(uint8_t index) {
  port_write(0x70, index);
  return port_read(0x71);
}

static int64_t from_bcd(uint8_t value) { return value / 16 * 10 + value % 16; }

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar, from 1970 on.
static int64_t days_since_epoch(int64_t year, int64_t month, int64_t day) {
  static const int16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  int64_t past = year - 1, days = year * 365 + past / 4 - past / 100 + past / 400;
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  // 719,527 such days lie before 1970-01-01.
  return days + before[month - 1] + (leap && month > 2) + day - 1 - (1970 * 365 + 1969 / 4 - 1969 / 100 + 1969 / 400);
}

/// Looks at the clock while it updates itself, which takes it 2 ms: each look is two port accesses of 1 µs or so.
#define MAXIMUM_RTC_LOOKS 100000

int64_t boot_rtc_seconds(void) {
  int looks = 0;
  static const uint8_t indices[6] = {0, 2, 4, 7, 8, 9};
  uint8_t now[6], again[6];
  bool equal;
  // Read until twice the same, outside an update: a carry between two registers is never seen.
  do {
    while (cmos(0xa) & 0x80) {
      if (++looks == MAXIMUM_RTC_LOOKS) boot_panic("no real-time clock", BOOT_EXIT_UNFIT_MACHINE);
    }
    equal = true;
    for (int i = 0; i < 6; i++) now[i] = cmos(indices[i]);
    for (int i = 0; i < 6; i++) {
      again[i] = cmos(indices[i]);
      if (again[i] != now[i]) equal = false;
    }
  } while (!equal);
  bool isBinary = cmos(0xb) & 4;
  int64_t values[6];
  for (int i = 0; i < 6; i++) values[i] = isBinary ? now[i] : from_bcd(now[i]);
  if (values[4] < 1 || values[4] > 12) boot_panic("the real-time clock has no such month", BOOT_EXIT_UNFIT_MACHINE);
  int64_t days = days_since_epoch(2000 + values[5], values[4], values[3]);
  return ((days * 24 + values[2]) * 60 + values[1]) * 60 + values[0];
}

#pragma clang attribute pop
