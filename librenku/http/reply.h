/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_REPLY_H
#define RK_REPLY_H

#include <stdbool.h>
#include <stdint.h>

/* What a handler says beside its output; dispatch writes status, headers and body from it. */
typedef struct rk_reply {
    int status;      /* 0: the success status of the operation */
    bool hides_etag; /* the tag is compared, but not sent */
    int64_t total;   /* of a paginated list */
    bool no_body;    /* status without any body, also for errors (projects.md 4.9) */
} rk_reply;

/* The page that a paginated operation shall return; generated inputs hold it as `.page`. Spec:
 * foundations.md 7 */
typedef struct {
    int64_t number;
    int64_t per_page;
    int64_t offset;
} rk_page;

#endif
