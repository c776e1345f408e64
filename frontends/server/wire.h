/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_WIRE_H
#define RK_WIRE_H

#include "frontends/server/service.h"

/* The connections of one worker, between Kore's event loop and the service. */

struct connection;

/* Begins; call once per worker, when Kore's event loop exists. 0, or -1 when something is missing.
 */
int rk_wire_open(rk_service *service);
/* Has the event loop watch the socket of the service, which may be another one. */
void rk_wire_watch(void);
/* Takes over a connection that Kore has accepted. */
void rk_wire_connect(struct connection *connection);
/* What became due. Call about twice a second. */
void rk_wire_tick(void);
/* Takes no new connections, closes idle ones, and ends Kore's loop when the others are done or time
 * is up. */
void rk_wire_drain(void);
/* The same when the listening socket is closed already. */
void rk_wire_close_listener(void);
/* The same as rk_wire_drain(), soon. Signal-safe. */
void rk_wire_drain_later(void);
/* Ends threads and connections. false when a thread is still at work: then nothing may be freed. */
bool rk_wire_close(void);

#endif
