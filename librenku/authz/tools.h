/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_AUTHZ_TOOLS_H
#define RK_AUTHZ_TOOLS_H

#include "librenku/base/buf.h"

/* What an operator asks at a shell (include/renku/admin.h). Each writes one JSON object, export
 * text. */

typedef struct {
    const char *type;
    const char *id;
    const char *scope;
    const char *user; /* NULL is the anonymous caller */
} rk_authz_question;

/* {"allowed":..} */
int rk_authz_tool_check(rk_op *op, rk_buf *out, const rk_authz_question *question);
/* {"allowed":..,"paths":[["..",..],..],"refused":[["..",..],..]}: by which relationships, and what
 * takes them away. */
int rk_authz_tool_explain(rk_op *op, rk_buf *out, const rk_authz_question *question);
/* {"ids":[..]}; the question's id is not read. */
int rk_authz_tool_lookup(rk_op *op, rk_buf *out, const rk_authz_question *question);
/* Text, one relationship a line, in a fixed order. */
int rk_authz_tool_export(rk_op *op, rk_buf *out);
/* "add" and "remove": {"user":..,"admin":..}. "list": {"admins":[..]}. */
int rk_authz_tool_admin(rk_op *op, rk_buf *out, const char *action, const char *user_id);

typedef struct {
    const char *text; /* may hold NULs, which are refused */
    size_t size;
    bool apply;
} rk_authz_import;

/* Adds the relationships of a text to those that are there; only with apply. INVALID names the
 * first line that is wrong, or says that the text holds none while there are objects that need
 * some; nothing is written then.
 * {"lines":..,"new":..,"applied":..,
 *  "kept":..           how many are there and not in the text
 *  "removed":[..]      what the text of a whole deployment replaces: see import.c
 *  "normalised":[..]   {"from":..,"to":..,"why":..}; to is null when it is left out or removed
 *  "missing":[..]      {"relationship":..,"why":..}: what the rows imply and will not be there
 *  "unexpected":[..]}  of the same form: the reverse */
int rk_authz_tool_import(rk_op *op, rk_buf *out, const rk_authz_import *import);

#endif
