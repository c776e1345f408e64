/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_REPLY_H
#define RK_REPLY_H

#include "renku/result.h"

#include <stdbool.h>

/* A response ready for the wire, but for its last header field, `connection`. */
typedef struct rk_reply {
    int status;
    char *head; /* behind this structure */
    size_t head_size;
    const char *body;
    size_t body_size;
    renku_result *result; /* owns the body, or */
    char *text;           /* owns it */
} rk_reply;

/* Takes @p result. Never NULL: without memory it is an error answer. @p is_head: the request was a
 * HEAD. */
rk_reply *rk_reply_of_result(renku_result *result, bool is_head);
/* Takes @p text, which comes from malloc(); NULL is taken for missing memory. */
rk_reply *rk_reply_of_text(int status, const char *type, char *text, bool is_head);
/* 204 with the methods of a page. */
rk_reply *rk_reply_of_methods(const char *methods);
/* An error answer where there is no context to make it. */
rk_reply *rk_reply_refuse(int status, const char *message, bool is_head);
/* Adds the last header field, once; whether the connection stays. */
bool rk_reply_seal(rk_reply *reply, bool keep_alive);
void rk_reply_free(rk_reply *reply);

#endif
