// Xen's public interface, from Debian's libxen-dev (/usr/include/xen): nothing of it is copied. Beside it, what Swift
// has no word for.
#ifndef CXEN_H
#define CXEN_H

#include <stdint.h>
#include <xen/xen.h>
#include <xen/io/blkif.h>
#include <xen/io/netif.h>
#include <xen/io/ring.h>

#include "io_rings.h"
#include "shared_memory.h"

#endif
