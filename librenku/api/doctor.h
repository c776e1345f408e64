/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_DOCTOR_H
#define RK_DOCTOR_H

#include "librenku/base/buf.h"

struct renku_config;

/* One examination of the installation: what is wrong in @p problem, in the arena, NULL when nothing
 * is. */
typedef struct {
    const char *code;   /* "RK-D001" */
    const char *name;   /* "database" */
    const char *remedy; /* what to do when it fails */
    bool serves;        /* without it no request can be answered: part of readiness */
    bool asks_database;
    int (*examine)(const char **problem, rk_op *op);
    int (*fix)(const char **done, rk_op *op); /* NULL: nothing can safely be done */
} rk_examination;

/* Of what the context is made from. */
typedef struct {
    const char *code, *name, *remedy;
    bool serves;
    int (*examine)(const char **problem, rk_op *op, const struct renku_config *config);
} rk_config_examination;

extern const rk_examination rk_examinations[];
extern const int rk_examination_count;

/* doctor_database.c */
int rk_examine_database(const char **problem, rk_op *op);
int rk_examine_schema(const char **problem, rk_op *op);
int rk_examine_clock(const char **problem, rk_op *op);
int rk_examine_version(const char **problem, rk_op *op);
int rk_examine_differences(const char **problem, rk_op *op);
int rk_examine_migrations(const char **problem, rk_op *op);
int rk_examine_lists(const char **problem, rk_op *op);
int rk_examine_connections(const char **problem, rk_op *op);
int rk_examine_transactions(const char **problem, rk_op *op);
int rk_examine_statistics(const char **problem, rk_op *op);
int rk_examine_tls(const char **problem, rk_op *op);
int rk_fix_migrations(const char **done, rk_op *op);
int rk_fix_lists(const char **done, rk_op *op);
int rk_fix_statistics(const char **done, rk_op *op);

/* doctor_machine.c */
int rk_examine_keycloak(const char **problem, rk_op *op);
int rk_examine_keycloak_keys(const char **problem, rk_op *op);
int rk_examine_internal_key(const char **problem, rk_op *op);
int rk_examine_encryption_key(const char **problem, rk_op *op);
int rk_examine_public_key(const char **problem, rk_op *op);
int rk_examine_private_key(const char **problem, rk_op *op);
int rk_examine_key_modes(const char **problem, rk_op *op);
int rk_examine_disk(const char **problem, rk_op *op);
int rk_fix_key_modes(const char **done, rk_op *op);

/* doctor_settings.c */
int rk_examine_settings(const char **problem, rk_op *op, const struct renku_config *config);
int rk_examine_names(const char **problem, rk_op *op, const struct renku_config *config);
int rk_examine_development(const char **problem, rk_op *op, const struct renku_config *config);

/* The failure of the operation becomes the problem of an examination; gives 0. */
int rk_as_problem(const char **problem, rk_op *op, int result);

#endif
