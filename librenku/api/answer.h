/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ANSWER_H
#define RK_ANSWER_H

#include "librenku/api/dispatch.h"
#include "librenku/api/result.h"

/* Status, headers and body of a call that dispatch has run. */
int rk_answer_write(renku_result *result, rk_op *op, const rk_call *call);
/* Puts what failed into the log, unless it is what users do every day. @p what: the path or the
 * operation. */
void rk_answer_log(const rk_op *op, const char *what);
/* INVALID for a body that escapes the character that no column can hold. Spec: foundations.md 3 */
int rk_answer_refuse_null(rk_op *op, const void *body, size_t size);

#endif
