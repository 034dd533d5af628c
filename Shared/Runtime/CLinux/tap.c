// The kernel's Documentation/networking/tuntap.rst before changing this file.
#define _GNU_SOURCE
#include "CLinux.h"
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

int souk_tap_open(const char *name) {
  struct ifreq request;
  memset(&request, 0, sizeof request);
  if (strlen(name) >= IFNAMSIZ) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(request.ifr_name, name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -1;
  if (ioctl(fd, TUNSETIFF, &request) < 0) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

int souk_tap_prepare(int fd, int header_size, int offloads) {
  if (ioctl(fd, TUNSETVNETHDRSZ, &header_size) < 0) return -1;
  return ioctl(fd, TUNSETOFFLOAD, offloads ? (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) : 0ul);
}

int souk_enter_network_namespace(int fd) { return setns(fd, CLONE_NEWNET); }

int souk_leave_network_namespace(void) { return unshare(CLONE_NEWNET); }
