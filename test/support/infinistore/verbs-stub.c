/*
 * A libibverbs with one device that is not there. InfiniStore's server registers its pool with an RDMA device before it
 * listens, also where it is only spoken to over TCP; with this library preloaded it starts on any machine. What would
 * carry data over RDMA fails. Layouts are those of libibverbs' header, and only of what the server reads.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct device {
  void *operations[2];
  int node_type;
  int transport_type;
  char name[64];
  char dev_name[64];
  char dev_path[256];
  char ibdev_path[256];
};

/* The device comes first. Zeros behind it say that there are no extended operations, so the plain ones are called. */
struct context {
  struct device *device;
  char rest[4096];
};

struct protection_domain {
  struct context *context;
  uint32_t handle;
};

struct memory_region {
  struct context *context;
  struct protection_domain *domain;
  void *address;
  size_t length;
  uint32_t handle, lkey, rkey;
};

struct port {
  int state, max_mtu, active_mtu;
  char before_lid[22];
  uint16_t lid;
  char before_link_layer[10];
  uint8_t link_layer;
};
_Static_assert(offsetof(struct port, lid) == 34 && offsetof(struct port, link_layer) == 46, "as in verbs.h");

enum { CHANNEL_ADAPTER = 1, ACTIVE = 4, MTU_4096 = 5, INFINIBAND = 1 };

static struct device device = {.node_type = CHANNEL_ADAPTER, .name = "stub0", .dev_name = "stub0"};
static struct context context = {.device = &device};
static struct device *devices[] = {&device, NULL};

static void *unsupported(void) {
  errno = ENOSYS;
  return NULL;
}

struct device **ibv_get_device_list(int *count) {
  if (count != NULL) *count = 1;
  return devices;
}
void ibv_free_device_list(struct device **list) { (void)list; }
const char *ibv_get_device_name(struct device *which) { return which->name; }
struct context *ibv_open_device(struct device *which) { return which == &device ? &context : NULL; }
int ibv_close_device(struct context *which) { return (void)which, 0; }

int ibv_query_port(struct context *which, uint8_t number, struct port *port) {
  (void)which, (void)number;
  memset(port, 0, sizeof *port);
  port->state = ACTIVE;
  port->max_mtu = port->active_mtu = MTU_4096;
  port->lid = 1;
  port->link_layer = INFINIBAND;
  return 0;
}
int ibv_query_gid(struct context *which, uint8_t number, int index, uint8_t gid[16]) {
  (void)which, (void)number, (void)index;
  memset(gid, 1, 16);
  return 0;
}

struct protection_domain *ibv_alloc_pd(struct context *which) {
  struct protection_domain *domain = calloc(1, sizeof *domain);
  if (domain != NULL) domain->context = which;
  return domain;
}
int ibv_dealloc_pd(struct protection_domain *domain) { return free(domain), 0; }

struct memory_region *ibv_reg_mr(struct protection_domain *domain, void *address, size_t length, int access) {
  (void)access;
  struct memory_region *region = calloc(1, sizeof *region);
  if (region != NULL)
    *region = (struct memory_region){domain->context, domain, address, length, .lkey = 1, .rkey = 1};
  return region;
}
int ibv_dereg_mr(struct memory_region *region) { return free(region), 0; }

void *ibv_create_comp_channel(void *which) { return (void)which, unsupported(); }
void *ibv_create_cq(void *which, int entries, void *user, void *channel, int vector) {
  return (void)which, (void)entries, (void)user, (void)channel, (void)vector, unsupported();
}
void *ibv_create_qp(void *domain, void *attributes) { return (void)domain, (void)attributes, unsupported(); }
int ibv_destroy_comp_channel(void *channel) { return (void)channel, 0; }
int ibv_destroy_cq(void *queue) { return (void)queue, 0; }
int ibv_destroy_qp(void *pair) { return (void)pair, 0; }
int ibv_modify_qp(void *pair, void *attributes, int mask) {
  return (void)pair, (void)attributes, (void)mask, ENOSYS;
}
int ibv_get_cq_event(void *channel, void **queue, void **user) {
  return (void)channel, (void)queue, (void)user, -1;
}
void ibv_ack_cq_events(void *queue, unsigned events) { (void)queue, (void)events; }
const char *ibv_wc_status_str(int status) { return (void)status, "no such device"; }

/* The server listens on all addresses whatever it is told, without asking who comes: tests want this machine only. */
int bind(int fd, const struct sockaddr *address, socklen_t length) {
  static int (*next)(int, const struct sockaddr *, socklen_t);
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "bind");
  if (length < sizeof(struct sockaddr_in) || address->sa_family != AF_INET) return next(fd, address, length);
  struct sockaddr_in here;
  memcpy(&here, address, sizeof here);
  if (here.sin_addr.s_addr == htonl(INADDR_ANY)) here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return next(fd, (struct sockaddr *)&here, sizeof here);
}
