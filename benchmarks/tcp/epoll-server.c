/* What one thread can do at most: a server of GET and PUT in kvnest's frames, on epoll, that keeps values in memory that is
   warm and checks nothing. Keys are "bench:<number>". Usage: epoll-server <port> <slots> <bytes of a slot> */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PREFIX = 24, HEADER = 4096, HELLO = 1, REQUEST = 2, REPLY = 3, GET = 2, PUT = 3, PREAMBLE = 4 };

typedef struct {
  int fd;
  uint8_t in[PREFIX + HEADER];
  size_t filled, wanted;
  int in_header, in_body, greeted;
  uint32_t id;
  int slot;
  uint64_t body_done, body_length;
  uint8_t out[128];
  struct iovec pending[2];
  int pending_count, writing;
} Client;

static uint8_t **slots;
static uint64_t *lengths;
static size_t slot_bytes;
static int epoll_fd;

static uint32_t u32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }
static void put32(uint8_t *p, uint32_t v) { p[0] = v; p[1] = v >> 8; p[2] = v >> 16; p[3] = v >> 24; }
static int slot_of(const uint8_t *key, int length) {
  int value = 0;
  for (int i = 6; i < length; i++) value = value * 10 + key[i] - '0';
  return value;
}

static void watch(Client *c, uint32_t events, int op) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll_fd, op, c->fd, &event);
}

/* Sends what is pending. Returns 0 while the socket takes no more. */
static int flush(Client *c) {
  while (c->pending_count > 0) {
    ssize_t sent = writev(c->fd, c->pending, c->pending_count);
    if (sent < 0) {
      if (errno != EAGAIN) return 1;
      if (!c->writing) watch(c, EPOLLOUT, EPOLL_CTL_MOD);
      c->writing = 1;
      return 0;
    }
    while (c->pending_count > 0 && (size_t)sent >= c->pending[0].iov_len) {
      sent -= c->pending[0].iov_len;
      c->pending[0] = c->pending[1];
      c->pending_count--;
    }
    if (c->pending_count > 0) {
      c->pending[0].iov_base = (uint8_t *)c->pending[0].iov_base + sent;
      c->pending[0].iov_len -= sent;
    }
  }
  if (c->writing) watch(c, EPOLLIN, EPOLL_CTL_MOD);
  c->writing = 0;
  return 1;
}

static void reply(Client *c, int type, uint32_t header_bytes, uint64_t body_bytes, void *body) {
  memset(c->out, 0, PREFIX);
  c->out[0] = type;
  c->out[2] = type == REPLY;
  put32(c->out + 4, type == REPLY ? c->id : 0);
  put32(c->out + 8, header_bytes);
  put32(c->out + 16, (uint32_t)body_bytes);
  c->pending[0] = (struct iovec){c->out, PREFIX + header_bytes};
  c->pending[1] = (struct iovec){body, body_bytes};
  c->pending_count = body_bytes > 0 ? 2 : 1;
  flush(c);
}

static void next_frame(Client *c) {
  c->in_header = c->in_body = 0;
  c->filled = 0;
  c->wanted = PREFIX;
}

static void end_put(Client *c) {
  memset(c->out + PREFIX, 0, 12);
  next_frame(c);
  reply(c, REPLY, 12, 0, NULL);
}

static void on_header(Client *c) {
  const uint8_t *header = c->in + PREFIX;
  c->id = u32(c->in + 4);
  if (c->in[0] == HELLO) {
    static const char json[] = "{\"version\":1}";
    memcpy(c->out + PREFIX, json, sizeof json - 1);
    next_frame(c);
    reply(c, HELLO, sizeof json - 1, 0, NULL);
  } else if (c->in[1] == GET) {
    int slot = slot_of(header + 14, header[12] | header[13] << 8);
    memset(c->out + PREFIX, 0, 8);
    c->out[PREFIX] = lengths[slot] > 0;
    next_frame(c);
    reply(c, REPLY, 8, lengths[slot], slots[slot]);
  } else {
    c->slot = slot_of(header + 40, header[32] | header[33] << 8);
    c->body_length = u32(c->in + 16);
    c->body_done = 0;
    lengths[c->slot] = c->body_length;
    c->in_body = 1;
    if (c->body_length == 0) end_put(c);
  }
}

static void on_readable(Client *c) {
  for (;;) {
    if (c->pending_count > 0) return;
    uint8_t *target = c->in_body ? slots[c->slot] + c->body_done : c->in + c->filled;
    size_t room = c->in_body ? c->body_length - c->body_done : c->wanted - c->filled;
    ssize_t got = read(c->fd, target, room);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      close(c->fd);
      free(c);
      return;
    }
    if (c->in_body) {
      c->body_done += got;
      if (c->body_done == c->body_length) end_put(c);
      continue;
    }
    c->filled += got;
    if (c->filled < c->wanted) continue;
    if (!c->greeted) {
      c->greeted = 1;
      next_frame(c);
    } else if (!c->in_header && u32(c->in + 8) > 0) {
      c->in_header = 1;
      c->wanted = PREFIX + u32(c->in + 8);
      if (c->wanted > sizeof c->in) exit(2);
    } else {
      on_header(c);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int count = atoi(argv[2]);
  slot_bytes = strtoull(argv[3], NULL, 10);
  slots = calloc(count, sizeof *slots);
  lengths = calloc(count, sizeof *lengths);
  for (int i = 0; i < count; i++) memset(slots[i] = malloc(slot_bytes), 1, slot_bytes);
  int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 64)) return 1;
  epoll_fd = epoll_create1(0);
  Client listener = {.fd = server};
  watch(&listener, EPOLLIN, EPOLL_CTL_ADD);
  for (;;) {
    struct epoll_event events[64];
    int n = epoll_wait(epoll_fd, events, 64, -1);
    for (int i = 0; i < n; i++) {
      Client *c = events[i].data.ptr;
      if (c == &listener) {
        int fd = accept4(server, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        Client *fresh = calloc(1, sizeof *fresh);
        fresh->fd = fd;
        fresh->wanted = PREAMBLE;
        watch(fresh, EPOLLIN, EPOLL_CTL_ADD);
      } else if (!c->writing || flush(c)) {
        on_readable(c);
      }
    }
  }
}
