// What the files of CHypervisor share: hypercalls and the page that Xen and this domain both write.
#ifndef HYPERVISOR_H
#define HYPERVISOR_H

#define __XEN_INTERFACE_VERSION__ 0x00040d00

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>

#include "CHypervisor.h"

#define PAGE_BYTES 4096u

/// From image.ld: a page that Xen fills with one entry of 32 bytes for each hypercall.
extern char hypervisor_hypercall_page[];

union shared_page {
  shared_info_t info;
  char bytes[PAGE_BYTES];
};
extern union shared_page hypervisor_shared_page;
#define hypervisor_shared_info hypervisor_shared_page.info
_Static_assert(sizeof(union shared_page) == PAGE_BYTES, "shared info is larger than a page");

/// Watches no port any more.
void hypervisor_forget_ports(void);

/// The clock is another one, which may show less.
void hypervisor_forget_time(void);

/// Hypercall `index` with up to three arguments (xen/arch-x86/xen-x86_64.h). What its memory arguments point to is read
/// and written by it.
static inline long hypercall(unsigned index, uint64_t first, uint64_t second, uint64_t third) {
  long result;
  __asm__ volatile("call *%[entry]"
                   : "=a"(result), "+D"(first), "+S"(second), "+d"(third)
                   : [entry] "r"(hypervisor_hypercall_page + 32 * index)
                   : "memory", "rcx", "r8", "r9", "r10", "r11");
  return result;
}

#endif
