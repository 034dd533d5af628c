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
#include <sys/uio.h>
#include <unistd.h>

/// accept4(2): glibc declares it for _GNU_SOURCE only, which Swift's importer does not set.
int souk_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
/// prctl(2) with PR_SET_PDEATHSIG: variadic, so Swift cannot call it.
int souk_die_with_parent(int signal);
/// pidfd_open(2), which glibc has only since 2.36.
int souk_pidfd_open(pid_t pid);
/// A non-blocking descriptor of the TAP interface `name`, made if it is not there, in the calling thread's network
/// namespace: Ethernet frames behind a struct virtio_net_hdr. -1 and errno when it is refused.
int souk_tap_open(const char *name);
/// Sets the size of the virtio_net_hdr, and whether frames with unfinished checksums and large TCP/IPv4 segments
/// may come out of the TAP descriptor.
int souk_tap_prepare(int fd, int header_size, int offloads);
/// setns(2): moves the calling thread into the network namespace that `fd` refers to.
int souk_enter_network_namespace(int fd);
/// unshare(2): moves the calling thread into a network namespace of its own.
int souk_leave_network_namespace(void);
/// sched_setaffinity(2): keeps the calling thread on one core.
int souk_run_on_core(int core);
#endif
