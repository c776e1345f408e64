/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LOCAL_CALL_H
#define RK_LOCAL_CALL_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

/* A question to a process on this machine, and its answer: words, each as "LENGTH:BYTES,", over a
 * stream socket of the file system ("/run/x") or of the abstract names ("@x"). Nobody but a process
 * of the same user or of root is believed. */
typedef struct {
    const char *socket;
    const rk_strings *words;
    int64_t timeout_ms; /* the deadline of the operation may shorten it */
    size_t max_bytes;   /* of the answer */
} rk_local_question;

/* REMOTE when nobody answers, TIMEOUT when it takes too long, CANCELLED when nobody wants to know
 * any more. */
int rk_local_call(rk_strings *out, rk_op *op, const rk_local_question *question);

#endif
