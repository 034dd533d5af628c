// Intel SDM volume 3 chapter 4 before changing this file.
//
// Who may do what with which page. Addresses are physical ones; the tables of start.S map 4 GB in pages of 2 MB.

#include "boot.h"

#include <CHypervisor.h>

#define PRESENT 1ull
#define WRITABLE 2ull
#define UNCACHED 0x10ull
#define DIRTY 0x40ull
#define LARGE 0x80ull
#define NO_EXECUTE 0x8000000000000000ull
#define ADDRESS 0x000ffffffffff000ull

#define LARGE_BYTES 0x200000ull
/// What the tables of large pages cover.
#define MAPPED_BYTES (2048 * LARGE_BYTES)
/// The image lies below it; image.ld asserts that.
#define SMALL_TABLES 4u
/// virtio-mmio's slots, the I/O APIC and the local APIC.
#define DEVICES_START 0xfea00000ull
#define DEVICES_END 0xff000000ull

extern uint64_t boot_pml4[], boot_pd[];
static uint64_t small_pages[SMALL_TABLES * 512] __attribute__((section(".bss.page_aligned"), aligned(PAGE_BYTES)));
/// Below it everything is in pages of 4 KB: the large pages that the image is in, no more, as each small one is a step
/// of every start.
static uint64_t small_end;

int posix_memalign(void **result, size_t alignment, size_t size);
void *memset(void *to, int value, size_t count);

/// Makes the processor forget what it knows of the tables.
static void flush(void) { __asm__ volatile("movq %0, %%cr3" : : "r"(boot_pml4) : "memory"); }

/// Gives the pages of [start, end), all below small_end, these rights. A small loop, as it runs for each page.
__attribute__((noinline)) static void set(const char *start, const char *end, uint64_t rights) {
  uint64_t *entry = &small_pages[(uint64_t)start / PAGE_BYTES], value = (uint64_t)start | rights;
  for (const char *page = start; page < end; page += PAGE_BYTES, value += PAGE_BYTES) *entry++ = value;
}

/// Withdraws the pages of [start, end), all below small_end.
__attribute__((noinline)) static void unset(const char *start, const char *end) {
  memset(&small_pages[(uint64_t)start / PAGE_BYTES], 0, (size_t)(end - start) / PAGE_BYTES * sizeof small_pages[0]);
}

/// Gives the large pages that [start, end) touches these rights; not those below small_end, or beyond the tables.
__attribute__((noinline)) static void set_large(uint64_t start, uint64_t end, uint64_t rights) {
  start &= ~(LARGE_BYTES - 1);
  if (end > MAPPED_BYTES) end = MAPPED_BYTES;
  for (uint64_t page = start < small_end ? small_end : start; page < end; page += LARGE_BYTES) {
    boot_pd[page / LARGE_BYTES] = page | rights | LARGE;
  }
}

/// A page that another domain shares with this one lies beyond the RAM; 0: there is none.
static void map_shared(uint64_t page, uint64_t rights) {
  if (page) set_large(page, page + PAGE_BYTES, rights);
}

void boot_protect(struct boot_range ram) {
  const uint64_t data = PRESENT | WRITABLE | NO_EXECUTE;
  size_t count;
  uint64_t module_start = (uint64_t)boot_module(&count), module_end = module_start + count;
  // A module right behind the image must not share a large page with RAM: nobody may write to it.
  const uint64_t limit = SMALL_TABLES * LARGE_BYTES;
  uint64_t last = (uint64_t)boot_image_end;
  if (module_start < limit && module_end > last) last = module_end < limit ? module_end : limit;
  small_end = (last + LARGE_BYTES - 1) & ~(LARGE_BYTES - 1);
  // Only the ranges are walked, from tables of zeros: an image starts in as many steps as it has pages.
  set((char *)ram.start, (char *)(ram.end < small_end ? ram.end : small_end), data);
  set((char *)(module_start & ~(PAGE_BYTES - 1ull)), (char *)(module_end < small_end ? module_end : small_end),
      PRESENT | NO_EXECUTE);
  set(boot_text_start, boot_text_end, PRESENT);
  set(boot_rodata_start, boot_rodata_end, PRESENT | NO_EXECUTE);
  set(boot_data_start, boot_image_end, data);
  unset(boot_stack_guard, boot_stack_bottom);
  unset(boot_trap_guard, boot_trap_stack_bottom);

  const uint64_t tables = small_end / LARGE_BYTES;
  for (uint64_t table = 0; table < tables; table++) {
    boot_pd[table] = (uint64_t)&small_pages[table * 512] | PRESENT | WRITABLE;
  }
  memset(&boot_pd[tables], 0, (2048 - tables) * sizeof boot_pd[0]);
  set_large(module_start, module_end, PRESENT | NO_EXECUTE);
  set_large(ram.start, ram.end, data);
  if (hypervisor_is_present()) {
    map_shared(hypervisor_console_page(), data);
    map_shared(hypervisor_store_page(), data);
  } else {
    set_large(DEVICES_START, DEVICES_END, data | UNCACHED);
  }
  flush();
}

// MARK: Single pages of the heap

/// The entry of the page at `address`. A page of 2 MB is first split into small ones of its rights, for good.
static uint64_t *entry(uint64_t address) {
  uint64_t *large = &boot_pd[address / LARGE_BYTES];
  if (*large & LARGE) {
    void *memory;
    posix_memalign(&memory, PAGE_BYTES, PAGE_BYTES);
    uint64_t *table = memory;
    for (uint64_t index = 0; index < 512; index++) table[index] = (*large & ~LARGE) + index * PAGE_BYTES;
    *large = (uint64_t)table | PRESENT | WRITABLE;
  }
  return (uint64_t *)(*large & ADDRESS) + address / PAGE_BYTES % 512;
}

/// Clears and sets bits in the entries of [range.start, range.end).
static void change(struct boot_range range, uint64_t cleared, uint64_t added) {
  for (uint64_t page = range.start; page < range.end; page += PAGE_BYTES) {
    uint64_t *one = entry(page);
    *one = (*one & ~cleared) | added;
  }
  flush();
}

void boot_withdraw(struct boot_range range) { change(range, PRESENT, 0); }
void boot_restore(struct boot_range range) { change(range, 0, PRESENT); }
void boot_clean(struct boot_range range) { change(range, DIRTY, 0); }

size_t boot_dirty_bytes(struct boot_range range) {
  size_t bytes = 0;
  for (uint64_t page = range.start; page < range.end; page += PAGE_BYTES) {
    if (*entry(page) & DIRTY) bytes += PAGE_BYTES;
  }
  return bytes;
}
