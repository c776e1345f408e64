/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SERVICE_H
#define RK_SERVICE_H

#include "frontends/server/reader.h"
#include "frontends/server/reply.h"

#include "renku/types.h"

/* What answers the requests of this process. */

typedef struct rk_service rk_service;

/* Reads the environment. NULL with the reason written to the log. */
rk_service *rk_service_new(void);
/* Begins what runs beside requests, once the sandbox is closed. */
void rk_service_start_beside(rk_service *service);
void rk_service_free(rk_service *service);
/* The library of this process; NULL for the identity provider. */
renku_ctx *rk_service_ctx(const rk_service *service);
/* A number from the environment; @p fallback when it is unset. What is no number has
 * stopped the start. */
double rk_service_number(const char *name, double fallback);
/* Who gives an answer. */
typedef enum {
    RK_BY_LOOP,           /* it takes no time */
    RK_BY_LOOP_WHEN_BUSY, /* a thread gives a better one, if there is one to spare */
    RK_BY_THREAD,
} rk_giver;

rk_giver rk_service_giver(const rk_request *request);
/* The answer, never NULL. May block. Threads: safe. */
rk_reply *rk_service_answer(rk_service *service, const rk_request *request);
/* The same without what can be left out; blocks for RK_BY_THREAD only. */
rk_reply *rk_service_answer_at_once(rk_service *service, const rk_request *request);
/* The same without waiting, where that can be done: 1 when the request was taken. Its answer is in
 * @p reply, or comes out of rk_service_next() together with @p user. Only for the event loop, as
 * all of these. */
int rk_service_begin(rk_reply **reply, rk_service *service, const rk_request *request, void *user);
/* What was taken and is done: 1 and its answer; NULL when a thread has to give it. */
int rk_service_next(rk_reply **reply, void **user, rk_service *service);
/* The socket that tells when there is more; -1 is none. It may change with each of these calls. */
int rk_service_socket(const rk_service *service);
/* Looks for answers. */
void rk_service_read(rk_service *service);
/* Leaves all that was taken to threads. */
void rk_service_drop(rk_service *service);
/* The answer to what is no request for rk_service_answer(); NULL when nothing is known of it. */
rk_reply *rk_service_refuse(rk_service *service, const renku_http_request *request, int status,
                            const char *message);
/* Whether the request counts in the metrics of requests. */
bool rk_service_is_counted(const rk_request *request);

#endif
