/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SLUG_H
#define RK_SLUG_H

#include "librenku/base/op.h"

/* The accepted form, letters of both cases. Spec: foundations.md 9.3 */
bool rk_slug_is_valid(const char *text);
/* INVALID, the message names the slug and the pattern, when rk_slug_is_valid() says no. */
int rk_slug_check(rk_op *op, const char *text);
/* Spec: foundations.md 9.4 */
int rk_slug_from_name(const char **out, rk_op *op, const char *name);
enum { RK_SLUG_SUFFIX_LENGTH = 8 };

/* Random characters a-z and 0-9, for names that must differ. */
int rk_slug_suffix(char out[RK_SLUG_SUFFIX_LENGTH + 1], rk_op *op);
/* What a user is called; all but the id may be NULL or empty. */
typedef struct {
    const char *user_id;
    const char *email;
    const char *first_name;
    const char *last_name;
} rk_user_names;

/* The slug that a user's namespace starts from. Spec: foundations.md 9.5 */
int rk_slug_from_user(const char **out, rk_op *op, const rk_user_names *names);
/* Lower-case by Unicode's simple mapping, in the arena. */
int rk_text_lower(const char **out, rk_op *op, const char *text);
/* The number of code points; the text is valid UTF-8. */
size_t rk_text_length(const char *text);
/* Reads one code point, -1 for a byte that starts none, and gives what follows it. */
const char *rk_text_next(int32_t *code, const char *text);
/* White space of Unicode. */
bool rk_code_is_space(int32_t code);
bool rk_text_is_utf8(const char *bytes, size_t length);

#endif
