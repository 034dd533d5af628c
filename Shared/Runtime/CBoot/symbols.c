// The C library's symbols that Swift's standard library and concurrency runtime link to (the list is in
// ../shared/design/toolchain.md), by ISO C, as far as those two use them.

#include "boot.h"

// Seldom run: as small as can be.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

typedef __builtin_va_list va_list;
struct file;
struct timespec {
  int64_t tv_sec;
  long tv_nsec;
};

// MARK: Memory and strings

// By words, then by bytes: under TCG each repetition of a string instruction costs as much as an instruction.

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  void *result = to;
  size_t words = count / 8, rest = count % 8;
  __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
  return result;
}

/// What memcpy becomes in Debian's archives, where the target's size is known (_FORTIFY_SOURCE).
void *__memcpy_chk(void *to, const void *from, size_t count, size_t room) {
  if (count > room) boot_panic("memcpy beyond its target", BOOT_EXIT_TRAP);
  return memcpy(to, from, count);
}

void *memmove(void *to, const void *from, size_t count) {
  // Forwards unless the target begins inside the source.
  if ((uintptr_t)to - (uintptr_t)from >= count) return memcpy(to, from, count);
  char *target = (char *)to + count;
  const char *source = (const char *)from + count;
  for (; count >= 8; count -= 8) {
    uint64_t word;
    target -= 8;
    source -= 8;
    __builtin_memcpy(&word, source, 8);
    __builtin_memcpy(target, &word, 8);
  }
  while (count--) {
    *--target = *--source;
    __asm__ volatile("" : : : "memory");  // Or the compiler makes it a call of memmove.
  }
  return to;
}

void *memset(void *to, int value, size_t count) {
  void *result = to;
  size_t words = count / 8, rest = count % 8;
  uint64_t pattern = (uint8_t)value * 0x0101010101010101ull;
  __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
  return result;
}

int memcmp(const void *left, const void *right, size_t count) {
  const unsigned char *a = left, *b = right;
  for (; count >= 8; count -= 8, a += 8, b += 8) {
    uint64_t first, second;
    __builtin_memcpy(&first, a, 8);
    __builtin_memcpy(&second, b, 8);
    if (first == second) continue;
    // The lowest byte that differs decides; it is the highest of the words read backwards.
    return __builtin_bswap64(first) < __builtin_bswap64(second) ? -1 : 1;
  }
  for (; count; count--, a++, b++) {
    if (*a != *b) return *a < *b ? -1 : 1;
  }
  return 0;
}

size_t strlen(const char *text) {
  size_t count = 0;
  while (text[count]) count++;
  return count;
}

char *strncpy(char *restrict to, const char *restrict from, size_t count) {
  size_t i = 0;
  for (; i < count && from[i]; i++) to[i] = from[i];
  for (; i < count; i++) to[i] = 0;
  return to;
}

// MARK: Output: all of it is a last message before abort

struct file *stderr;

int putchar(int character) {
  char byte = (char)character;
  boot_console_write(&byte, 1);
  return character;
}

int puts(const char *text) {
  boot_print(text);
  boot_print("\n");
  return 0;
}

int fputs(const char *restrict text, struct file *restrict file) {
  (void)file;
  boot_print(text);
  return 0;
}

int fflush(struct file *file) {
  (void)file;
  return 0;
}

/// The format as it stands: the runtime's fatal messages say enough without their figures.
int vprintf(const char *restrict format, va_list arguments) {
  (void)arguments;
  boot_print(format);
  return (int)strlen(format);
}

/// The same, into a buffer.
int vsnprintf(char *restrict buffer, size_t count, const char *restrict format, va_list arguments) {
  (void)arguments;
  size_t length = strlen(format), kept = length < count ? length : count - 1;
  if (count) {
    memcpy(buffer, format, kept);
    buffer[kept] = 0;
  }
  return (int)length;
}

// MARK: The end

_Noreturn void abort(void) { boot_panic("abort", BOOT_EXIT_TRAP); }
_Noreturn void exit(int status) {
  if (status == 0) boot_exit(BOOT_EXIT_DONE);
  boot_panic("exit with an error", BOOT_EXIT_TRAP);
}
_Noreturn void __stack_chk_fail(void) { boot_panic("stack canary overwritten", BOOT_EXIT_TRAP); }
_Noreturn void __cxa_pure_virtual(void) { boot_panic("pure virtual call", BOOT_EXIT_TRAP); }
_Noreturn void _ZSt20__throw_length_errorPKc(const char *text) { boot_panic(text, BOOT_EXIT_TRAP); }

/// libstdc++'s, in the set with which copies of task locals are told apart: never reached, as Embedded Swift does not
/// compile @TaskLocal.
_Noreturn void _ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(void) { boot_panic("task local", BOOT_EXIT_TRAP); }
_Noreturn void _ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_(void) {
  boot_panic("task local", BOOT_EXIT_TRAP);
}

void swift_reportError(uint32_t flags, const char *message) {
  (void)flags;
  boot_print(message);
}
bool _swift_shouldReportFatalErrorsToDebugger(void) { return false; }
void _swift_reportToDebugger(uintptr_t flags, const char *message, void *details) {
  (void)flags;
  (void)message;
  (void)details;
}

// MARK: Unicode

/// The scalars that others are made of. Machine's Normalization.swift says of each that it is made of none, so nothing
/// of this is read.
const uint8_t *const _swift_stdlib_nfd_decompositions = (const uint8_t[]){0};

// MARK: Time and entropy

int *__errno_location(void) {
  static int value;
  return &value;
}

/// The counter's time, whatever the clock.
int clock_gettime(int clock, struct timespec *result) {
  (void)clock;
  uint64_t ticks = boot_tsc(), rate = boot_tsc_frequency();
  result->tv_sec = (int64_t)(ticks / rate);
  result->tv_nsec = (long)(ticks % rate * 1000000000ull / rate);
  return 0;
}

int clock_getres(int clock, struct timespec *result) {
  (void)clock;
  *result = (struct timespec){0, 1};
  return 0;
}

int nanosleep(const struct timespec *time, struct timespec *rest) {
  (void)rest;
  uint64_t end = boot_tsc() + (uint64_t)time->tv_sec * boot_tsc_frequency();
  end += (uint64_t)time->tv_nsec * boot_tsc_frequency() / 1000000000ull;
  while (boot_tsc() < end) __builtin_ia32_pause();
  return 0;
}

/// The seed of Swift's hash tables.
void arc4random_buf(void *bytes, size_t count) {
  unsigned char *target = bytes;
  while (count) {
    uint64_t word = boot_random();
    size_t part = count < sizeof word ? count : sizeof word;
    memcpy(target, &word, part);
    target += part;
    count -= part;
  }
}

// MARK: Objects

typedef __attribute__((swiftcall)) void destructor(__attribute__((swift_context)) void *object);

/// Calls the destructor of a Swift object without references, which frees it: the second word of its metadata.
/// swift_release (CReferences) calls this.
void boot_destroy(void *object) {
  destructor *const *metadata = *(destructor *const **)object;
  metadata[1](object);
}

#pragma clang attribute pop
