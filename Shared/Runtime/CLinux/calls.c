#define _GNU_SOURCE
#include "CLinux.h"

int souk_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  return accept4(fd, address, length, flags);
}

int souk_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }
