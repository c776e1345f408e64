/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_REQUEST_H
#define RK_REQUEST_H

#include <pthread.h>

#include "librenku/base/op.h"
#include "renku/http.h"

typedef enum {
#define RK_FIELD(id, name) RK_FIELD_##id,
#include "librenku/api/request_field.def"
#undef RK_FIELD
    RK_FIELD_COUNT_
} rk_field_id;

/* The first header of each name in any case; NULL when there is none, or a control character in it.
 */
typedef struct {
    const char *values[RK_FIELD_COUNT_];
} rk_request_fields;

/* Random bytes of the system, fetched for many ids at once. Threads: safe. */
typedef struct {
    pthread_mutex_t lock;
    size_t left;
    unsigned char bytes[1024];
} rk_id_source;

void rk_request_fields_read(rk_request_fields *out, const renku_http_request *request);
/* The id of the request, adopted and normalised or made. Spec: foundations.md 12 */
int rk_request_id(const char **out, rk_op *op, const char *incoming);
/* The trace that the request is a part of, by traceparent (W3C) or sentry-trace; NULL when neither
 * is there and valid. */
int rk_request_trace(const struct rk_trace **out, rk_op *op, const rk_request_fields *fields);

#endif
