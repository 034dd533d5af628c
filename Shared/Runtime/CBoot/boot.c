// Xen's public/arch-x86/hvm/start_info.h before changing this file.
//
// From long mode to Swift's main: what the loader says, memory, traps, heap, time, in this order.

#include "boot.h"

#include <CHypervisor.h>

#define START_INFO_MAGIC 0x336ec578u
#define MEMORY_TYPE_RAM 1u
/// Entries of the memory map and the module list that are looked at; a longer list is cut.
#define MAXIMUM_ENTRIES 64u
/// Memory beyond it is not mapped.
#define MAXIMUM_ADDRESS 0x100000000ull

struct start_info {
  uint32_t magic, version, flags, module_count;
  uint64_t modules, command_line, rsdp;
  // From version 1 on.
  uint64_t memory_map;
  uint32_t memory_map_count, reserved;
};

struct module_entry {
  uint64_t start, byte_count, command_line, reserved;
};

struct memory_entry {
  uint64_t start, byte_count;
  uint32_t type, reserved;
};

int main(int argc, char **argv);
_Noreturn void boot_enter(const struct start_info *info);

/// What C archives read at %fs:0 (its own address) and %fs:0x28 (the canary), by the x86-64 ABI.
static struct {
  void *self;
  uint64_t unused[4];
  uint64_t canary;
} thread_block;

static char command_line[2048];
static struct boot_range module;

const char *boot_command_line(void) { return command_line; }

const void *boot_module(size_t *byteCount) {
  *byteCount = module.end - module.start;
  return (const void *)module.start;
}

/// The largest range of RAM behind the image, without the modules that lie in it.
static struct boot_range find_heap(const struct start_info *info) {
  struct boot_range best = {0, 0};
  const struct memory_entry *entries = (const struct memory_entry *)info->memory_map;
  const struct module_entry *modules = (const struct module_entry *)info->modules;
  for (uint32_t i = 0; i < info->memory_map_count && i < MAXIMUM_ENTRIES; i++) {
    if (entries[i].type != MEMORY_TYPE_RAM) continue;
    uint64_t start = entries[i].start, end = start + entries[i].byte_count;
    if (end > MAXIMUM_ADDRESS) end = MAXIMUM_ADDRESS;
    if (start < (uint64_t)boot_image_end) start = (uint64_t)boot_image_end;
    // A module cuts the range in two; the larger part stays.
    for (uint32_t m = 0; m < info->module_count && m < MAXIMUM_ENTRIES; m++) {
      uint64_t from = modules[m].start, to = from + modules[m].byte_count;
      if (to <= start || from >= end) continue;
      if (from > start && (to >= end || from - start >= end - to)) {
        end = from;
      } else {
        start = to;
      }
    }
    start = (start + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    end &= ~(uint64_t)(PAGE_BYTES - 1);
    if (start < end && end - start > best.end - best.start) best = (struct boot_range){start, end};
  }
  return best;
}

/// The share of the heap's pages, one in so many, that may be given up for a start that nobody knows beforehand.
#define SHIFT_DIVISOR 64u

/// Begins `heap` a random number of pages later: what lies in it, fibers' stacks among it, has other addresses in each
/// run, so an attacker who can write somewhere does not know where. Code does not move; that would need a loader.
static struct boot_range shift(struct boot_range heap) {
  uint64_t pages = (heap.end - heap.start) / PAGE_BYTES / SHIFT_DIVISOR;
  heap.start += boot_random() % (pages + 1) * PAGE_BYTES;
  return heap;
}

/// SMEP and UMIP, where the processor has them.
static void enable_protections(void) {
  if (cpuid(0).eax < 7) return;
  struct cpuid features = cpuid(7);
  uint64_t cr4;
  __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
  if (features.ebx & 1u << 7) cr4 |= 1u << 20;
  if (features.ecx & 1u << 2) cr4 |= 1u << 11;
  __asm__ volatile("movq %0, %%cr4" : : "r"(cr4));
}

/// From start.S, on the boot stack, with everything mapped.
_Noreturn void boot_enter(const struct start_info *info) {
  boot_install_traps();
  // Before anything has to be said: it decides where the console is.
  hypervisor_start();
  if (info->magic != START_INFO_MAGIC || info->version < 1 || info->memory_map_count == 0) {
    boot_panic("the loader gave no PVH start info with a memory map", BOOT_EXIT_UNFIT_MACHINE);
  }
  if (!(cpuid(1).ecx & 1u << 30)) {
    boot_panic("the processor has no RDRAND (QEMU: -cpu qemu64,+rdrand; Xen: a host that has it)", BOOT_EXIT_UNFIT_MACHINE);
  }
  enable_protections();
  thread_block.self = &thread_block;
  thread_block.canary = boot_random() & ~0xffull;  // A zero byte, which ends a C string's overrun.
  write_msr(0xc0000100, (uint64_t)&thread_block);

  // The loader may have put its lists anywhere: all that is needed of them is taken before pages are withdrawn.
  struct boot_range heap = find_heap(info);
  if (info->command_line) {
    const char *source = (const char *)info->command_line;
    for (size_t i = 0; i + 1 < sizeof command_line && source[i]; i++) command_line[i] = source[i];
  }
  if (info->module_count) {
    const struct module_entry *first = (const struct module_entry *)info->modules;
    module = (struct boot_range){first->start, first->start + first->byte_count};
  }
  if (heap.start == heap.end) boot_panic("no memory behind the image", BOOT_EXIT_OUT_OF_MEMORY);
  heap = shift(heap);
  boot_protect(heap);
  boot_heap_start(heap);
  boot_start_time();
  // The boot stack, too, begins up to a page lower.
  void *gap = __builtin_alloca(boot_random() % PAGE_BYTES & ~15ull);
  __asm__ volatile("" : : "r"(gap) : "memory");
  static char *arguments[] = {(char *)"image", NULL};
  main(1, arguments);
  boot_exit(BOOT_EXIT_DONE);
}
