// xen/io/ring.h, netif.h and blkif.h before changing this file.
//
// Their macros, which Swift does not see, as constants; and responses that are read from a ring once, whole.
#ifndef CXEN_IO_RINGS_H
#define CXEN_IO_RINGS_H

#include <stddef.h>
#include <stdint.h>
#include <xen/io/blkif.h>
#include <xen/io/netif.h>
#include <xen/io/ring.h>

/// Where a shared ring has its indices and its entries.
enum {
  xen_ring_req_prod = offsetof(struct netif_tx_sring, req_prod),
  xen_ring_req_event = offsetof(struct netif_tx_sring, req_event),
  xen_ring_rsp_prod = offsetof(struct netif_tx_sring, rsp_prod),
  xen_ring_rsp_event = offsetof(struct netif_tx_sring, rsp_event),
  xen_ring_entries = offsetof(struct netif_tx_sring, ring),
};

/// Bytes of a ring's entry: the larger one of a request and its response.
enum {
  xen_netif_tx_entry_size = sizeof(union netif_tx_sring_entry),
  xen_netif_rx_entry_size = sizeof(union netif_rx_sring_entry),
  xen_blkif_entry_size = sizeof(union blkif_sring_entry),
};

/// NETTXF_*, NETRXF_* and their kin.
enum {
  xen_nettxf_csum_blank = NETTXF_csum_blank,
  xen_nettxf_data_validated = NETTXF_data_validated,
  xen_nettxf_more_data = NETTXF_more_data,
  xen_nettxf_extra_info = NETTXF_extra_info,
  xen_netrxf_data_validated = NETRXF_data_validated,
  xen_netrxf_csum_blank = NETRXF_csum_blank,
  xen_netrxf_more_data = NETRXF_more_data,
  xen_netrxf_extra_info = NETRXF_extra_info,
  xen_netrxf_gso_prefix = NETRXF_gso_prefix,
  xen_netif_extra_flag_more = XEN_NETIF_EXTRA_FLAG_MORE,
};

/// Where a disk request's segments stand.
enum { xen_blkif_segments = offsetof(struct blkif_request, seg) };

/// The response in an entry of the transmit ring, in one load.
static inline __attribute__((always_inline)) struct netif_tx_response xen_load_netif_tx_response(const void *_Nonnull entry) {
  union {
    uint32_t word;
    struct netif_tx_response response;
  } copy;
  copy.word = *(const volatile uint32_t *)entry;
  return copy.response;
}

/// The response in an entry of the receive ring, in one load.
static inline __attribute__((always_inline)) struct netif_rx_response xen_load_netif_rx_response(const void *_Nonnull entry) {
  union {
    uint64_t word;
    struct netif_rx_response response;
  } copy;
  copy.word = *(const volatile uint64_t *)entry;
  return copy.response;
}

/// What an entry of the receive ring says when it is an extra info, in one load.
static inline __attribute__((always_inline)) struct netif_extra_info xen_load_netif_extra_info(const void *_Nonnull entry) {
  union {
    uint64_t word;
    struct netif_extra_info extra;
  } copy;
  copy.word = *(const volatile uint64_t *)entry;
  return copy.extra;
}

/// The response in an entry of a disk's ring: each of its fields is loaded once.
static inline __attribute__((always_inline)) struct blkif_response xen_load_blkif_response(const void *_Nonnull entry) {
  union {
    uint64_t words[2];
    struct blkif_response response;
  } copy;
  copy.words[0] = ((const volatile uint64_t *)entry)[0];
  copy.words[1] = ((const volatile uint64_t *)entry)[1];
  return copy.response;
}

#endif
