/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_NETWORK_H
#define RK_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Which addresses a test may reach. */

#define RK_NETWORKS_MOST 64

/* An address of IPv4 stands as one of IPv6 that is mapped. */
typedef struct {
    struct in6_addr address;
    int bits;
} rk_network;

typedef struct {
    rk_network items[RK_NETWORKS_MOST];
    int count;
    bool all;                               /* also what is not public, but for link-local */
    rk_network resolvers[RK_NETWORKS_MOST]; /* port 53 of these may always be asked */
    int resolver_count;
} rk_networks;

/* "10.0.0.0/8, fd00::/8", "127.0.0.1", "all". False when a part is none of these. */
bool rk_networks_parse(rk_networks *out, const char *text);
/* Takes the name servers of a file like /etc/resolv.conf; without any those of this machine. */
void rk_networks_read_resolvers(rk_networks *networks, const char *path);
/* Whether a test may connect to the address. */
bool rk_networks_allow(const rk_networks *networks, const struct sockaddr *address, socklen_t size);

#endif
