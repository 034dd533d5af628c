#pragma once
// What `import Glibc` leaves out of Linux: epoll, eventfd, accept4, prctl.
#ifdef __linux__
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/signalfd.h>
#include <unistd.h>

/// accept4(2): glibc declares it for _GNU_SOURCE only, which Swift's importer does not set.
int souk_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
/// prctl(2) with PR_SET_PDEATHSIG: variadic, so Swift cannot call it.
int souk_die_with_parent(int signal);
/// pidfd_open(2), which glibc has only since 2.36.
int souk_pidfd_open(pid_t pid);
#endif
