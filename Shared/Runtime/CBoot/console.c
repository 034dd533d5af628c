// The console: the first serial port (16550A data sheet) or Xen's; and the words that boot code and traps say there.

#include "boot.h"

#include <CHypervisor.h>

// Seldom run: as small as can be.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define PORT 0x3f8
#define INTERRUPT_ENABLE (PORT + 1)
#define DATA_AVAILABLE 1
#define MODEM_CONTROL (PORT + 4)
#define LINE_STATUS (PORT + 5)
#define TRANSMITTER_EMPTY 0x20
#define SERIAL_LINE 4u  // The first serial port's interrupt on every PC.

void boot_console_write(const void *bytes, size_t count) {
  if (hypervisor_is_present()) {
    hypervisor_console_write(bytes, count);
    return;
  }
  const unsigned char *source = bytes;
  for (size_t i = 0; i < count; i++) {
    while (!(port_read(LINE_STATUS) & TRANSMITTER_EMPTY)) __builtin_ia32_pause();
    port_write(PORT, source[i]);
  }
}

int boot_console_read(void) {
  if (hypervisor_is_present()) return hypervisor_console_read();
  return port_read(LINE_STATUS) & DATA_AVAILABLE ? port_read(PORT) : -1;
}

void boot_console_listen(void) {
  if (hypervisor_is_present()) {
    if (hypervisor_console_page()) boot_enable_interrupt(hypervisor_console_port());
    return;
  }
  boot_enable_interrupt(SERIAL_LINE);
  port_write(MODEM_CONTROL, 0xb);  // DTR, RTS, and OUT2, the PC's gate of the interrupt
  port_write(INTERRUPT_ENABLE, DATA_AVAILABLE);
}

void boot_print(const char *text) { boot_console_write(text, __builtin_strlen(text)); }

void boot_print_hex(uint64_t value) {
  char digits[18] = "0x";
  for (int i = 0; i < 16; i++) digits[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
  boot_console_write(digits, sizeof digits);
}

void boot_print_decimal(uint64_t value) {
  char digits[20];
  size_t start = sizeof digits;
  do {
    digits[--start] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  boot_console_write(digits + start, sizeof digits - start);
}

void boot_exit(int code) {
  if (hypervisor_is_present()) hypervisor_shutdown(code == BOOT_EXIT_DONE ? HYPERVISOR_POWEROFF : HYPERVISOR_CRASH);
  __asm__ volatile("outl %0, %1" : : "a"(code), "Nd"((uint16_t)0xf4));
  for (;;) __asm__ volatile("cli; hlt");
}

#pragma clang attribute pop
