// Xen's public/grant_table.h (its rules for changing an entry) and memory.h before changing this file.

#include "hypervisor.h"

#include <xen/grant_table.h>
#include <xen/memory.h>

/// The heap's (CBoot). A whole page comes aligned to one; unlike Swift's own way, this one may say that there is none.
void *malloc(size_t size);
void free(void *pointer);

_Static_assert(PAGE_BYTES / sizeof(grant_entry_v1_t) == HYPERVISOR_GRANTS_PER_FRAME, "the size of an entry");
_Static_assert(GNTTAB_NR_RESERVED_ENTRIES == HYPERVISOR_RESERVED_GRANTS, "the toolstack's entries");

uint32_t hypervisor_maximum_grant_frames(void) {
  struct gnttab_query_size query = {.dom = DOMID_SELF};
  long status = hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, (uint64_t)&query, 1);
  return status == 0 && query.status == GNTST_okay ? query.max_nr_frames : 0;
}

int32_t hypervisor_map_grant_frame(uint32_t index, void *page) {
  struct xen_add_to_physmap place = {
      .domid = DOMID_SELF,
      .space = XENMAPSPACE_grant_table,
      .idx = index,
      .gpfn = (uint64_t)page / PAGE_BYTES,
  };
  return (int32_t)hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uint64_t)&place, 0);
}

void hypervisor_grant(void *frame, uint32_t index, uint16_t domain, const void *page, bool isReadOnly) {
  grant_entry_v1_t *entry = (grant_entry_v1_t *)frame + index;
  entry->domid = domain;
  entry->frame = (uint32_t)((uint64_t)page / PAGE_BYTES);
  // The flags make the entry count: last.
  __atomic_store_n(&entry->flags, (uint16_t)(GTF_permit_access | (isReadOnly ? GTF_readonly : 0)), __ATOMIC_RELEASE);
}

bool hypervisor_end_grant(void *frame, uint32_t index) {
  grant_entry_v1_t *entry = (grant_entry_v1_t *)frame + index;
  uint16_t flags = __atomic_load_n(&entry->flags, __ATOMIC_RELAXED);
  do {
    if (flags & (GTF_reading | GTF_writing)) return false;
    // Xen may set GTF_reading meanwhile.
  } while (!__atomic_compare_exchange_n(&entry->flags, &flags, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
  return true;
}

/// XENMEM_decrease_reservation or XENMEM_populate_physmap for the frame of `page`.
static bool change_reservation(unsigned operation, void *page) {
  xen_pfn_t frame = (uint64_t)page / PAGE_BYTES;
  struct xen_memory_reservation request = {.nr_extents = 1, .domid = DOMID_SELF};
  set_xen_guest_handle(request.extent_start, &frame);
  return hypercall(__HYPERVISOR_memory_op, operation, (uint64_t)&request, 0) == 1;
}

void *hypervisor_give_page(void) {
  void *page = malloc(PAGE_BYTES);
  if (page && !change_reservation(XENMEM_decrease_reservation, page)) {
    free(page);
    return NULL;
  }
  return page;
}

bool hypervisor_take_page(void *page) {
  if (!change_reservation(XENMEM_populate_physmap, page)) return false;
  free(page);
  return true;
}
