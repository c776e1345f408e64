/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ERROR_H
#define RK_ERROR_H

#include <stdbool.h>

/* Zero is success; the negatives are the rows of error.def, in order. */
typedef enum {
    RK_OK = 0,
    RK_ERR_FIRST_ = -1000,
#define RK_ERROR(name, code, status, quiet, message) RK_ERR_##name,
#include "librenku/base/error.def"
#undef RK_ERROR
    RK_ERR_END_
} rk_err;

typedef struct {
    const char *name;
    int code;
    int status;
    bool quiet;
    const char *message;
} rk_error_row;

/* What went wrong first in an operation. Texts belong to the arena of the operation or are static.
 */
typedef struct {
    rk_err err;
    const char *message; /* never NULL while err is set */
    const char *detail;  /* NULL when there is nothing to add */
    int peer_status;     /* the HTTP status by which another service refused; 0 is none */
} rk_error;

/* The row of an error; anything that is none gives the row of INTERNAL. */
const rk_error_row *rk_error_row_of(int err);

#endif
