/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PEER_H
#define PEER_H

#include <pthread.h>
#include <stddef.h>

/* A server of one test: answers each connection with the next of its texts and remembers the last
 * request. */
typedef struct {
    int socket;
    int port;
    pthread_t thread;
    const char *const *answers; /* ends with NULL; "" is silence */
    size_t large;               /* bytes to send after the last answer */
    char request[8192];
    int count;
} unit_peer;

extern unit_peer peer;

void peer_start(const char *const *answers);
void peer_stop(void);
/* In the arena of the running test. */
const char *peer_url(const char *path);

#endif
