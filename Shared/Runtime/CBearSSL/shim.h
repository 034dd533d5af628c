#pragma once
#include <bearssl.h>

/* The address of a constant, which Swift could only copy. */
static inline const br_hash_class *souk_bearssl_sha256(void) { return &br_sha256_vtable; }
