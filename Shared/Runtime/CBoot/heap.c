// The heap: size classes in slabs of one page, and runs of whole pages. All that it knows lies in a table apart from
// the memory it hands out (one entry for each page), so an overrun of an allocation cannot harm it, and every
// pointer that comes back is checked against it: freeing twice, or something that was not handed out, stops the
// machine.
//
// Cost: a class up to 2 KB takes and gives back in constant time. Runs lie in lists by the power of two of their
// page count; one is taken from the first list whose every run is large enough, else the first that fits among
// MAXIMUM_TRIED of the list below it. Neighbours are joined when they are freed.

#include "boot.h"

void *malloc(size_t size);
void free(void *pointer);
void *realloc(void *pointer, size_t size);
int posix_memalign(void **result, size_t alignment, size_t size);
size_t malloc_usable_size(void *pointer);

#define MAXIMUM_TRIED 16
#define RUN_LIST_COUNT 21  // Runs of up to 2^20 pages: 4 GB.
#define MAXIMUM_ALIGNMENT PAGE_BYTES

static const uint16_t class_bytes[] = {16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1344, 2048};
#define CLASS_COUNT (sizeof class_bytes / sizeof class_bytes[0])
#define MAXIMUM_CLASS_BYTES 2048u
/// The first class for a size, by the size in units of 16 bytes, rounded up; made by boot_heap_start.
static uint8_t class_of_units[MAXIMUM_CLASS_BYTES / 16 + 1];

enum kind { KIND_TABLE, KIND_INSIDE, KIND_FREE, KIND_RUN, KIND_SLAB };

struct page {
  uint8_t kind, class;
  uint16_t free_count, place_count;  // Of a slab: places left, and all.
  uint32_t page_count;  // Of a run, at its first page; of a free one also at its last.
  struct page *next, *previous;
  uint64_t used[4];  // A bit for each place of a slab.
} __attribute__((aligned(64)));  // So that finding an entry's page and a page's entry are shifts.

static struct page *pages;
static uint64_t heap_start;
static size_t heap_page_count;
/// Pages from here on were never handed out: their entries hold nothing yet, but for the first and the last one of the
/// free run that they are in. So a start costs the same whatever the memory, and memory never used is never touched.
static size_t untouched;
/// Slabs with places left, by class; free runs, by the power of two of their page count, rounded down.
static struct page *slabs[CLASS_COUNT], *runs[RUN_LIST_COUNT];
static struct boot_heap_statistics statistics;

struct boot_heap_statistics boot_heap_statistics(void) { return statistics; }

static size_t lent_bytes;

bool boot_heap_is_scarce(void) {
  return statistics.total_bytes - statistics.page_bytes < (statistics.total_bytes - lent_bytes) / 4;
}

void boot_heap_lend(size_t bytes) { lent_bytes = bytes; }

static void push(struct page **list, struct page *page) {
  page->previous = NULL;
  page->next = *list;
  if (*list) (*list)->previous = page;
  *list = page;
}

static void pull(struct page **list, struct page *page) {
  if (page->previous) {
    page->previous->next = page->next;
  } else {
    *list = page->next;
  }
  if (page->next) page->next->previous = page->previous;
}

static char *address(const struct page *page) { return (char *)heap_start + (size_t)(page - pages) * PAGE_BYTES; }
static unsigned log2_down(size_t value) { return 63u - (unsigned)__builtin_clzll(value); }

// MARK: Runs

/// Makes [page, page + count) a free run, without looking at its neighbours.
static void add_run(struct page *page, size_t count) {
  page->kind = KIND_FREE;
  page->page_count = (uint32_t)count;
  if (count > 1) page[count - 1].kind = KIND_FREE;
  page[count - 1].page_count = (uint32_t)count;
  push(&runs[log2_down(count)], page);
}

static void remove_run(struct page *page) {
  pull(&runs[log2_down(page->page_count)], page);
  page[page->page_count - 1].kind = KIND_INSIDE;
}

/// Takes a run of `count` pages, or NULL.
static struct page *take_pages(size_t count) {
  if (count > heap_page_count) return NULL;
  struct page *found = NULL;
  unsigned list = log2_down(count);
  bool isPower = (count & (count - 1)) == 0;
  for (unsigned above = isPower ? list : list + 1; above < RUN_LIST_COUNT && !found; above++) found = runs[above];
  if (!found) {
    int tries = 0;
    for (struct page *run = runs[list]; run && tries < MAXIMUM_TRIED && !found; run = run->next, tries++) {
      if (run->page_count >= count) found = run;
    }
  }
  if (!found) return NULL;
  size_t rest = found->page_count - count, end = (size_t)(found - pages) + count;
  remove_run(found);
  for (; untouched < end; untouched++) pages[untouched].kind = KIND_INSIDE;
  if (rest) add_run(found + count, rest);
  found->page_count = (uint32_t)count;
  statistics.page_bytes += count * PAGE_BYTES;
  return found;
}

/// Gives a run back, joined with the free ones before and behind it.
static void give_pages(struct page *page, size_t count) {
  statistics.page_bytes -= count * PAGE_BYTES;
  for (size_t i = 0; i < count; i++) page[i].kind = KIND_INSIDE;
  struct page *behind = page + count;
  if (behind < pages + heap_page_count && behind->kind == KIND_FREE) {
    count += behind->page_count;
    remove_run(behind);
    behind->kind = KIND_INSIDE;
  }
  if (page > pages && page[-1].kind == KIND_FREE) {
    struct page *before = page - page[-1].page_count;
    count += before->page_count;
    remove_run(before);
    page = before;
  }
  add_run(page, count);
}

// MARK: Slabs

/// Takes a place of a slab with at least one. Inline in the way of nearly every allocation, which calls nothing and so
/// saves no registers.
static inline void *take_place(struct page *slab) {
  uint64_t *used = slab->used;
  while (*used == UINT64_MAX) used++;
  uint64_t unused = ~*used;
  *used |= unused & -unused;
  slab->free_count--;
  size_t bytes = class_bytes[slab->class];
  statistics.allocation_count++;
  statistics.used_bytes += bytes;
  if (statistics.used_bytes > statistics.peak_bytes) statistics.peak_bytes = statistics.used_bytes;
  return address(slab) + ((size_t)(used - slab->used) * 64 + (size_t)__builtin_ctzll(unused)) * bytes;
}

/// Takes a place of `class` where its slab has to be made, or is full with it; NULL when there is no memory.
static void *take_edge_place(unsigned class) {
  struct page *slab = slabs[class];
  if (!slab) {
    slab = take_pages(1);
    if (!slab) return NULL;
    slab->kind = KIND_SLAB;
    slab->class = (uint8_t)class;
    slab->place_count = slab->free_count = (uint16_t)(PAGE_BYTES / class_bytes[class]);
    for (int word = 0; word < 4; word++) slab->used[word] = 0;
    push(&slabs[class], slab);
  }
  void *place = take_place(slab);
  if (slab->free_count == 0) pull(&slabs[class], slab);
  return place;
}

/// A slab has its first free place again, or only free ones.
__attribute__((noinline)) static void list_anew(struct page *slab) {
  if (slab->free_count == 1) push(&slabs[slab->class], slab);
  // The last slab of its class stays, or an allocation that comes and goes would build it anew each time.
  if (slab->free_count == slab->place_count && (slab->next || slab->previous)) {
    pull(&slabs[slab->class], slab);
    give_pages(slab, 1);
  }
}

static void give_place(struct page *slab, size_t offset) {
  unsigned size = class_bytes[slab->class], place = (unsigned)offset / size;
  if (offset % size != 0) boot_panic("heap: freed a pointer into the middle of an allocation", BOOT_EXIT_HEAP_MISUSE);
  uint64_t mask = 1ull << place % 64;
  if (!(slab->used[place / 64] & mask)) boot_panic("heap: freed twice", BOOT_EXIT_HEAP_MISUSE);
  slab->used[place / 64] &= ~mask;
  statistics.used_bytes -= size;
  statistics.free_count++;
  slab->free_count++;
  if (slab->free_count == 1 || slab->free_count == slab->place_count) list_anew(slab);
}

// MARK: The heap

void boot_heap_start(struct boot_range ram) {
  for (unsigned units = 0, class = 0; units <= MAXIMUM_CLASS_BYTES / 16; units++) {
    if (units * 16 > class_bytes[class]) class++;
    class_of_units[units] = (uint8_t)class;
  }
  heap_start = ram.start;
  heap_page_count = (ram.end - ram.start) / PAGE_BYTES;
  pages = (struct page *)ram.start;
  size_t tableCount = (heap_page_count * sizeof(struct page) + PAGE_BYTES - 1) / PAGE_BYTES;
  if (tableCount >= heap_page_count) boot_panic("too little memory for a heap", BOOT_EXIT_OUT_OF_MEMORY);
  for (size_t i = 0; i < tableCount; i++) pages[i].kind = KIND_TABLE;
  untouched = tableCount;
  add_run(pages + tableCount, heap_page_count - tableCount);
  statistics.total_bytes = (heap_page_count - tableCount) * PAGE_BYTES;
}

/// The entry of a pointer that comes back.
static struct page *page_of(const void *pointer) {
  uint64_t offset = (uint64_t)pointer - heap_start;
  if (offset / PAGE_BYTES >= untouched) boot_panic("heap: freed a foreign pointer", BOOT_EXIT_HEAP_MISUSE);
  return &pages[offset / PAGE_BYTES];
}

size_t malloc_usable_size(void *pointer) {
  const struct page *page = page_of(pointer);
  return page->kind == KIND_SLAB ? class_bytes[page->class] : (size_t)page->page_count * PAGE_BYTES;
}

/// The class for `size` bytes at a multiple of `alignment`, CLASS_COUNT when none fits: the first large enough whose
/// every place is at one.
static unsigned class_for(size_t size, size_t alignment) {
  if (size > MAXIMUM_CLASS_BYTES) return CLASS_COUNT;
  unsigned class = class_of_units[(size + 15) / 16];
  while (class < CLASS_COUNT && (class_bytes[class] & (alignment - 1)) != 0) class++;
  return class;
}

/// Takes `size` bytes at a multiple of `alignment`, a power of two of at most a page; NULL when there are none.
__attribute__((noinline)) static void *take(size_t size, size_t alignment) {
  unsigned class = class_for(size, alignment);
  void *place = NULL;
  if (class < CLASS_COUNT) {
    place = take_edge_place(class);
  } else {
    size_t count = size / PAGE_BYTES + (size % PAGE_BYTES != 0);
    struct page *run = take_pages(count ? count : 1);
    if (run) {
      run->kind = KIND_RUN;
      statistics.allocation_count++;
      statistics.used_bytes += (size_t)run->page_count * PAGE_BYTES;
      if (statistics.used_bytes > statistics.peak_bytes) statistics.peak_bytes = statistics.used_bytes;
      place = address(run);
    }
  }
  if (!place) statistics.failure_count++;
  return place;
}

/// A slab that has more than one place for `size` bytes at a multiple of 16; else NULL, which `take` is for.
static inline struct page *ready_slab(size_t size) {
  if (size > MAXIMUM_CLASS_BYTES) return NULL;
  struct page *slab = slabs[class_of_units[(size + 15) / 16]];
  return slab && slab->free_count > 1 ? slab : NULL;
}

void *malloc(size_t size) {
  struct page *slab = ready_slab(size);
  return slab ? take_place(slab) : take(size, 16);
}

__attribute__((noinline)) static void free_run(struct page *run, size_t offset) {
  if (run->kind != KIND_RUN || offset != 0) {
    bool isForeign = run->kind == KIND_TABLE;
    boot_panic(
        isForeign ? "heap: freed a foreign pointer" : "heap: freed twice, or never handed out", BOOT_EXIT_HEAP_MISUSE);
  }
  statistics.used_bytes -= (size_t)run->page_count * PAGE_BYTES;
  statistics.free_count++;
  give_pages(run, run->page_count);
}

void free(void *pointer) {
  if (!pointer) return;
  struct page *page = page_of(pointer);
  size_t offset = (uint64_t)pointer % PAGE_BYTES;
  if (page->kind == KIND_SLAB) {
    give_place(page, offset);
  } else {
    free_run(page, offset);
  }
}

/// SQLite's. Stays where it is when the place is large enough and not more than twice too large.
void *realloc(void *pointer, size_t size) {
  if (!pointer) return malloc(size);
  size_t held = malloc_usable_size(pointer);
  if (size <= held && size >= held / 2) return pointer;
  void *moved = malloc(size);
  if (!moved) return NULL;
  __builtin_memcpy(moved, pointer, size < held ? size : held);
  free(pointer);
  return moved;
}

/// `posix_memalign` where a slab or a run must be made, or there is no memory.
__attribute__((noinline)) static int take_or_stop(void **result, size_t alignment, size_t size) {
  if (alignment > MAXIMUM_ALIGNMENT) boot_panic("heap: alignment of more than a page", BOOT_EXIT_HEAP_MISUSE);
  *result = take(size, alignment < 16 ? 16 : alignment);
  if (*result) return 0;
  boot_print("out of memory: ");
  boot_print_decimal(size);
  boot_print(" bytes wanted, ");
  boot_print_decimal(statistics.used_bytes);
  boot_print(" of ");
  boot_print_decimal(statistics.total_bytes);
  boot_print(" in use\n");
  boot_panic("out of memory", BOOT_EXIT_OUT_OF_MEMORY);
}

/// What Swift allocates with. Swift does not expect a failure, so one stops the machine, in words.
int posix_memalign(void **result, size_t alignment, size_t size) {
  struct page *slab = alignment <= 16 ? ready_slab(size) : NULL;
  if (!slab) return take_or_stop(result, alignment, size);
  *result = take_place(slab);
  return 0;
}
