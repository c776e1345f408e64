/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/rclone/network.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESOLVER_PORT = 53, MAPPED_BITS = 96 };

/* Not in the public Internet, by the registries of special addresses (RFC 6890 and later). Of IPv6
 * only 2000::/3 is. */
static const char *const special[] = {
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
    "2001::/23",     "2001:db8::/32",   "2002::/16",      "3fff::/20",
};
static const char *const link_local[] = {"169.254.0.0/16", "fe80::/10"};

/* --- reading ---------------------------------------------------------------------------------- */

static bool parse_address(rk_network *out, const char *text)
{
    struct in_addr old;

    out->bits = 128;
    if (inet_pton(AF_INET6, text, &out->address) == 1)
        return true;
    if (inet_pton(AF_INET, text, &old) != 1)
        return false;
    memset(&out->address, 0, sizeof(out->address));
    memset(out->address.s6_addr + 10, 0xff, 2);
    memcpy(out->address.s6_addr + 12, &old, sizeof(old));
    return true;
}

static bool parse_network(rk_network *out, const char *text, size_t length)
{
    char copy[64], *end = copy;
    char *slash;

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    slash = strchr(copy, '/');
    if (slash)
        *slash = '\0';
    if (!parse_address(out, copy))
        return false;
    if (!slash)
        return true;
    int least = strchr(copy, ':') ? 0 : MAPPED_BITS;
    long bits = strtol(slash + 1, &end, 10);

    if (end == slash + 1 || *end || bits < 0 || bits > 128 - least)
        return false;
    out->bits = (int)bits + least;
    return true;
}

bool rk_networks_parse(rk_networks *out, const char *text)
{
    *out = (rk_networks){0};
    for (;;) {
        text += strspn(text, ", \t");
        size_t length = strcspn(text, ", \t");

        if (!length)
            return true;
        if (length == 3 && memcmp(text, "all", 3) == 0)
            out->all = true;
        else if (out->count == RK_NETWORKS_MOST ||
                 !parse_network(&out->items[out->count++], text, length))
            return false;
        text += length;
    }
}

static void add_resolver(rk_networks *networks, const char *text)
{
    if (networks->resolver_count < RK_NETWORKS_MOST &&
        parse_network(&networks->resolvers[networks->resolver_count], text, strlen(text)))
        networks->resolver_count++;
}

void rk_networks_read_resolvers(rk_networks *networks, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[256], address[64];

    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "nameserver %63s", address) == 1)
            add_resolver(networks, address);
    }
    if (file)
        fclose(file);
    if (networks->resolver_count)
        return;
    add_resolver(networks, "127.0.0.1");
    add_resolver(networks, "::1");
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool is_inside(const struct in6_addr *address, const rk_network *network)
{
    int bytes = network->bits / 8;
    int rest = network->bits % 8;
    unsigned mask = 0xff00u >> rest & 0xffu;

    return memcmp(address, &network->address, (size_t)bytes) == 0 &&
           (!rest || (address->s6_addr[bytes] & mask) == (network->address.s6_addr[bytes] & mask));
}

static bool is_inside_any(const struct in6_addr *address, const rk_network *networks, int count)
{
    for (int i = 0; i < count; i++) {
        if (is_inside(address, &networks[i]))
            return true;
    }
    return false;
}

static bool is_named(const struct in6_addr *address, const char *const *names, size_t count)
{
    rk_network network;

    for (size_t i = 0; i < count; i++) {
        if (parse_network(&network, names[i], strlen(names[i])) && is_inside(address, &network))
            return true;
    }
    return false;
}

static bool is_public(const struct in6_addr *address)
{
    bool is_global = (address->s6_addr[0] & 0xe0) == 0x20 || IN6_IS_ADDR_V4MAPPED(address);

    return is_global && !is_named(address, special, sizeof(special) / sizeof(special[0]));
}

/* The address and the port; false for other families. */
static bool read_sockaddr(struct in6_addr *out, int *port, const struct sockaddr *address,
                          socklen_t size)
{
    const struct sockaddr_in *old = (const void *)address;
    const struct sockaddr_in6 *new = (const void *)address;

    if (size >= sizeof(*new) && address->sa_family == AF_INET6) {
        *out = new->sin6_addr;
        *port = ntohs(new->sin6_port);
        return true;
    }
    if (size < sizeof(*old) || address->sa_family != AF_INET)
        return false;
    memset(out, 0, sizeof(*out));
    memset(out->s6_addr + 10, 0xff, 2);
    memcpy(out->s6_addr + 12, &old->sin_addr, sizeof(old->sin_addr));
    *port = ntohs(old->sin_port);
    return true;
}

bool rk_networks_allow(const rk_networks *networks, const struct sockaddr *address, socklen_t size)
{
    struct in6_addr to;
    int port;

    if (!read_sockaddr(&to, &port, address, size))
        return false;
    if (is_public(&to) || is_inside_any(&to, networks->items, networks->count))
        return true;
    if (port == RESOLVER_PORT && is_inside_any(&to, networks->resolvers, networks->resolver_count))
        return true;
    return networks->all && !is_named(&to, link_local, sizeof(link_local) / sizeof(link_local[0]));
}
