// docs/devel/tcg-plugins.rst of QEMU 7.2 before changing this file.
//
// A plugin of QEMU's translator that counts what an image executes, for `souk bench image`. Built by it:
// cc -O2 -shared -fPIC. Arguments: counts=PATH, a file of zeros, mapped and shared with who measures; start=, end=,
// the addresses of the image's code (decimal), so that the firmware before it does not count.
//
// The file is 64-bit words: instructions executed so far, the count of blocks, then for each block its address, its
// instructions and how often it ran. A processor that waits (hlt) executes nothing, so idle time does not count. A
// string instruction with a rep prefix counts once for each round, as QEMU's own -icount has it.

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Debian ships no qemu-plugin.h; these are all it takes (include/qemu/qemu-plugin.h, API version 1).
typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_inline(
    struct qemu_plugin_tb *tb, enum qemu_plugin_op op, void *ptr, uint64_t imm);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

struct block {
  uint64_t address, instructions, runs;
};

static struct counts {
  uint64_t executed, block_count;
  struct block blocks[];
} *counts;
static uint64_t capacity, start, end;

/// One processor translates one block at a time, so nothing here is locked.
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
  uint64_t address = qemu_plugin_tb_vaddr(tb);
  if (address < start || address >= end) return;
  uint64_t instructions = qemu_plugin_tb_n_insns(tb);
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &counts->executed, instructions);
  // Blocks that do not fit any more are in the sum only.
  if (counts->block_count == capacity) return;
  struct block *block = &counts->blocks[counts->block_count++];
  *block = (struct block){.address = address, .instructions = instructions};
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &block->runs, 1);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
  (void)info;
  const char *path = NULL;
  for (int i = 0; i < argc; i++) {
    if (strncmp(argv[i], "counts=", 7) == 0) path = argv[i] + 7;
    if (strncmp(argv[i], "start=", 6) == 0) start = strtoull(argv[i] + 6, NULL, 10);
    if (strncmp(argv[i], "end=", 4) == 0) end = strtoull(argv[i] + 4, NULL, 10);
  }
  int file = path ? open(path, O_RDWR) : -1;
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0 || (size_t)status.st_size < sizeof *counts) {
    fprintf(stderr, "instructions: counts= must name a file of zeros\n");
    return 1;
  }
  counts = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (counts == MAP_FAILED) return 1;
  capacity = ((size_t)status.st_size - sizeof *counts) / sizeof(struct block);
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
