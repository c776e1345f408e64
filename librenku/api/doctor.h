/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_DOCTOR_H
#define RK_DOCTOR_H

#include "librenku/base/buf.h"

/* One examination of the installation: what is wrong in @p problem, in the arena, NULL when nothing
 * is. */
typedef struct {
    const char *code;   /* "RK-D001" */
    const char *name;   /* "database" */
    const char *remedy; /* what to do when it fails */
    bool serves;        /* without it no request can be answered: part of readiness */
    int (*examine)(const char **problem, rk_op *op);
} rk_examination;

extern const rk_examination rk_examinations[];
extern const int rk_examination_count;

/* Writes {"findings":[..]} of all examinations; UNAVAILABLE when one failed that serves. */
int rk_doctor(rk_op *op, rk_buf *out, void *user);

#endif
