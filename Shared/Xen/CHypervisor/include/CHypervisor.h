// What Xen does for an image, as boot code and Swift (Shared/Xen/Hypervisor) see it. One processor, events masked for
// good: nothing here needs a lock, and nothing interrupts.
#ifndef CHYPERVISOR_H
#define CHYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Start

/// Finds Xen by CPUID, and sets up what the rest of this header needs. False on any other machine. Memory must be
/// mapped to itself.
bool hypervisor_start(void);

/// Whether this machine is a domain of Xen's.
bool hypervisor_is_present(void);

/// The pages shared with xenconsoled and xenstored; 0 when the domain has none.
uint64_t hypervisor_console_page(void);
uint64_t hypervisor_store_page(void);

/// The event channels of the two.
uint32_t hypervisor_console_port(void);
uint32_t hypervisor_store_port(void);

// Ending

/// SHUTDOWN_poweroff, SHUTDOWN_reboot and SHUTDOWN_crash of xen/sched.h.
enum hypervisor_shutdown_reason {
  HYPERVISOR_POWEROFF = 0,
  HYPERVISOR_REBOOT = 1,
  HYPERVISOR_CRASH = 3,
};

/// Ends the domain, after its console has been read, or a second later.
_Noreturn void hypervisor_shutdown(enum hypervisor_shutdown_reason reason);

/// Lets the domain be saved; returns in the restored one (true), where shared info and the hypercall page are there
/// again, and every grant and event channel but xenstored's and xenconsoled's is void; or in this one, where the toolstack
/// changed its mind or only took a checkpoint (false): nothing has changed.
bool hypervisor_suspend(void);

// Event channels (xen/event_channel.h)

/// Ports that `hypervisor_wait` can look at.
#define HYPERVISOR_MAXIMUM_PORTS 16u

/// Opens a port that `domain` may bind; negative: Xen's errno.
int32_t hypervisor_open_port(uint16_t domain);
void hypervisor_close_port(uint32_t port);
void hypervisor_notify(uint32_t port);

/// Lets events of `port` end `hypervisor_wait`; false when too many are watched.
bool hypervisor_watch_port(uint32_t port);
void hypervisor_unwatch_port(uint32_t port);

/// Waits for an event of a watched port, at most for so many nanoseconds, and forgets those that came: whoever waited
/// looks at every device. An event that came before ends the wait at once.
void hypervisor_wait(uint64_t nanoseconds);

// Time

/// Nanoseconds since Xen was started; another host's after a restore.
uint64_t hypervisor_time(void);

/// Nanoseconds since 1970, UTC.
int64_t hypervisor_wall_time(void);

/// Ticks of the time stamp counter in a second, by Xen's own measure.
uint64_t hypervisor_tsc_frequency(void);

// Grants (xen/grant_table.h, version 1)

/// Entries in a frame of the table, and those that the toolstack has filled in.
#define HYPERVISOR_GRANTS_PER_FRAME 512u
#define HYPERVISOR_RESERVED_GRANTS 8u

/// Frames that the table can have.
uint32_t hypervisor_maximum_grant_frames(void);

/// Puts frame `index` of the table where `page` is. The page that was there is lost. 0, or Xen's negative errno.
int32_t hypervisor_map_grant_frame(uint32_t index, void *_Nonnull page);

/// Lets `domain` use `page`; `frame` is the table's, `index` counts in it.
void hypervisor_grant(
    void *_Nonnull frame, uint32_t index, uint16_t domain, const void *_Nonnull page, bool isReadOnly);

/// Takes it back; false while the other domain has it mapped.
bool hypervisor_end_grant(void *_Nonnull frame, uint32_t index);

// Memory

/// Takes a page off the heap and gives its memory back to Xen; nothing may touch it from then on. NULL when the heap has
/// none, or Xen refuses.
void *_Nullable hypervisor_give_page(void);

/// Asks for memory behind `page`, which was given back before, and returns it to the heap. False when there is none.
bool hypervisor_take_page(void *_Nonnull page);

// Console (xen/io/console.h)

/// Writes to the console; a line feed becomes a carriage return and a line feed. What a reader that is gone leaves no
/// room for is dropped after a while.
void hypervisor_console_write(const void *_Nonnull bytes, size_t count);

/// Takes the oldest byte that was typed; -1 when there is none.
int hypervisor_console_read(void);

#endif
