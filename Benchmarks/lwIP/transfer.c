/* Bytes from one end of lwIP to another in one process, as `bench-net pair` moves them between two of our stacks: a
 * link in memory that may lose frames, MTU 1500, every checksum written and verified by lwIP, time simulated (a round
 * costs a microsecond; when nobody has anything to do it jumps to the next timer). Prints one line of JSON with the
 * names that bench-net uses.
 *
 *   transfer MEGABYTES LOSS SEED
 *
 * lwIP keeps its state in globals, so both ends are in one instance: each with an interface and an address of its own,
 * each connection bound to its interface. That is Debian's build as it is (liblwip-dev, lwipopts.h): windows of 64 KB,
 * no SACK, no timestamps. What it could do with other options is not measured here.
 */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

enum { PORT = 80, MTU = 1500, SLOTS = 512, CHUNK = 64 * 1024 };

static void fail(const char *why) {
  fprintf(stderr, "transfer: %s\n", why);
  exit(1);
}

/* MARK: Time and chance */

static uint64_t nanoseconds = 1000000000;

/* Stands before the library's own: lwIP's timers run on the simulated clock. */
u32_t sys_now(void) { return (u32_t)(nanoseconds / 1000000); }

static double loss;
static uint64_t random_state;

/* SplitMix64, as the simulated wire draws. */
static double draw(void) {
  uint64_t word = random_state += 0x9e3779b97f4a7c15u;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  return (double)((word ^ (word >> 31)) >> 11) * 0x1p-53;
}

static double clock_seconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* MARK: The link */

/* One end: frames that wait for it, and what it has sent. */
struct end {
  struct netif netif;
  struct end *other;
  unsigned char frames[SLOTS][MTU + 14];
  u16_t lengths[SLOTS];
  unsigned head, tail;
  uint64_t segments, data_segments, retransmissions;
  uint32_t next;
  int has_next;
};

static struct end client, server;

static void count(struct end *end, const unsigned char *frame, unsigned length) {
  if (length < 54 || frame[12] != 8 || frame[13] != 0 || frame[23] != 6) return;
  unsigned start = 14 + (frame[14] & 15) * 4;
  unsigned total = 14 + ((unsigned)frame[16] << 8 | frame[17]);
  unsigned header = start + (frame[start + 12] >> 4) * 4;
  uint32_t number = (uint32_t)frame[start + 4] << 24 | (uint32_t)frame[start + 5] << 16
    | (uint32_t)frame[start + 6] << 8 | frame[start + 7];
  uint32_t behind = number + (total - header);
  end->segments++;
  if (total == header) return;
  end->data_segments++;
  if (end->has_next && (int32_t)(behind - end->next) <= 0) end->retransmissions++;
  if (!end->has_next || (int32_t)(behind - end->next) > 0) end->next = behind;
  end->has_next = 1;
}

static err_t send_frame(struct netif *netif, struct pbuf *pbuf) {
  struct end *end = netif->state, *other = end->other;
  if (pbuf->tot_len > MTU + 14) return ERR_BUF;
  if (other->tail - other->head == SLOTS) return ERR_MEM;
  unsigned slot = other->tail % SLOTS;
  pbuf_copy_partial(pbuf, other->frames[slot], pbuf->tot_len, 0);
  count(end, other->frames[slot], pbuf->tot_len);
  if (loss > 0 && draw() < loss) return ERR_OK;
  other->lengths[slot] = pbuf->tot_len;
  other->tail++;
  return ERR_OK;
}

/* Gives an end what has arrived by now; returns whether that was anything. */
static int deliver(struct end *end) {
  unsigned last = end->tail;
  int any = end->head != last;
  for (; end->head != last; end->head++) {
    unsigned slot = end->head % SLOTS;
    /* Not PBUF_POOL: the pool's buffers of Debian's 2.1.3 are smaller than its pbuf_alloc thinks. */
    struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, end->lengths[slot], PBUF_RAM);
    if (!pbuf) continue;
    pbuf_take(pbuf, end->frames[slot], end->lengths[slot]);
    if (end->netif.input(pbuf, &end->netif) != ERR_OK) pbuf_free(pbuf);
  }
  return any;
}

static err_t start(struct netif *netif) {
  struct end *end = netif->state;
  netif->name[0] = 'm';
  netif->name[1] = 'm';
  netif->mtu = MTU;
  netif->hwaddr_len = 6;
  memcpy(netif->hwaddr, "\x02\0\0\0\0", 6);
  netif->hwaddr[5] = end == &client ? 1 : 2;
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
  netif->output = etharp_output;
  netif->linkoutput = send_frame;
  return ERR_OK;
}

static void add(struct end *end, struct end *other, unsigned char last) {
  ip4_addr_t address, mask, gateway;
  IP4_ADDR(&address, 10, 0, 0, last);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  IP4_ADDR(&gateway, 0, 0, 0, 0);
  end->other = other;
  if (!netif_add(&end->netif, &address, &mask, &gateway, end, start, ethernet_input)) fail("no interface");
  netif_set_up(&end->netif);
}

/* MARK: The programs */

static uint64_t wanted, received, written;
static unsigned char chunk[CHUNK], room[CHUNK];
static struct tcp_pcb *writer;
static int is_connected;

static err_t on_data(void *argument, struct tcp_pcb *pcb, struct pbuf *pbuf, err_t error) {
  (void)argument;
  if (error != ERR_OK || !pbuf) return ERR_OK;
  pbuf_copy_partial(pbuf, room, pbuf->tot_len, 0);
  received += pbuf->tot_len;
  tcp_recved(pcb, pbuf->tot_len);
  pbuf_free(pbuf);
  return ERR_OK;
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument;
  if (error != ERR_OK) return error;
  tcp_recv(pcb, on_data);
  return ERR_OK;
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument, (void)pcb, (void)error;
  is_connected = 1;
  return ERR_OK;
}

static void on_error(void *argument, err_t error) {
  (void)argument, (void)error;
  fail("the connection failed");
}

/* Writes what the send queue takes; returns whether that was anything. */
static int write_more(void) {
  int any = 0;
  while (is_connected && written < wanted) {
    size_t room_left = tcp_sndbuf(writer);
    size_t count = wanted - written < CHUNK ? (size_t)(wanted - written) : CHUNK;
    if (count > room_left) count = room_left;
    if (count > 0xffff) count = 0xffff;
    if (count == 0 || tcp_write(writer, chunk, (u16_t)count, TCP_WRITE_FLAG_COPY) != ERR_OK) break;
    written += count;
    any = 1;
  }
  if (any) tcp_output(writer);
  return any;
}

static void connect_both(void) {
  ip_addr_t server_address = IPADDR4_INIT_BYTES(10, 0, 0, 2), client_address = IPADDR4_INIT_BYTES(10, 0, 0, 1);
  struct tcp_pcb *listener = tcp_new();
  writer = tcp_new();
  if (!listener || !writer) fail("no connection");
  tcp_bind_netif(listener, &server.netif);
  if (tcp_bind(listener, &server_address, PORT) != ERR_OK) fail("nobody can listen");
  listener = tcp_listen(listener);
  if (!listener) fail("nobody can listen");
  tcp_accept(listener, on_accept);
  tcp_bind_netif(writer, &client.netif);
  tcp_bind(writer, &client_address, 0);
  tcp_err(writer, on_error);
  if (tcp_connect(writer, &server_address, PORT, on_connected) != ERR_OK) fail("no connection");
}

int main(int argc, char **argv) {
  if (argc != 4) fail("usage: transfer MEGABYTES LOSS SEED");
  wanted = (uint64_t)(atof(argv[1]) * 1e6);
  loss = atof(argv[2]);
  random_state = strtoull(argv[3], NULL, 10);
  memset(chunk, 7, sizeof chunk);
  lwip_init();
  add(&client, &server, 1);
  add(&server, &client, 2);
  double wall = clock_seconds(CLOCK_MONOTONIC), processor = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
  uint64_t began = nanoseconds;
  connect_both();
  while (received < wanted) {
    nanoseconds += 1000;
    int any = write_more();
    if (deliver(&server)) any = 1;
    if (deliver(&client)) any = 1;
    sys_check_timeouts();
    if (any) continue;
    u32_t pause = sys_timeouts_sleeptime();
    if (pause == SYS_TIMEOUTS_SLEEPTIME_INFINITE) fail("nobody can go on");
    nanoseconds += (uint64_t)pause * 1000000;
  }
  printf(
    "{\"bytes\":%llu,\"wallSeconds\":%.6f,\"processorSeconds\":%.6f,\"simulatedSeconds\":%.6f,\"dataSegments\":%llu,"
    "\"acknowledgements\":%llu,\"retransmissions\":%llu}\n",
    (unsigned long long)received, clock_seconds(CLOCK_MONOTONIC) - wall,
    clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - processor, (double)(nanoseconds - began) / 1e9,
    (unsigned long long)client.data_segments, (unsigned long long)server.segments,
    (unsigned long long)client.retransmissions);
  return 0;
}
