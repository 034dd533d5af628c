// Registers that Swift cannot reach, for the test of fibers.
#ifndef CPROBE_H
#define CPROBE_H

#include <stdbool.h>
#include <stdint.h>

/// Fills every register that a call keeps, and the control words of SSE and x87, with figures made of `seed`; calls
/// `pause`; returns whether all are as they were. Leaves the control words as it found them.
bool probe_registers(uint64_t seed, void (*_Nonnull pause)(void));

#endif
