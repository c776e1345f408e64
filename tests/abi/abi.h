/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ABI_H
#define RK_ABI_H

/* What the programs of this folder stand on: tests that a name on the command line chooses, a
 * context, callers, and a connection of our own to look at the database. Of the library they see
 * what is installed. */

#include <libpq-fe.h>
#include <renku/renku.h>

typedef struct abi_test {
    const char *name;
    void (*run)(void);
    struct abi_test *next;
} abi_test;

void abi_add(abi_test *test);

#define TEST(sentence)                                                                             \
    static void sentence(void);                                                                    \
    static abi_test sentence##_row = {#sentence, sentence, 0};                                     \
    __attribute__((constructor)) static void sentence##_add(void)                                  \
    {                                                                                              \
        abi_add(&sentence##_row);                                                                  \
    }                                                                                              \
    static void sentence(void)

/* Ends the process with 1. */
_Noreturn void abi_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void abi_same_text(const char *file, int line, const char *actual, const char *wanted);
void abi_same_int(const char *file, int line, const char *what, long long actual, long long wanted);

#define FAIL(...) abi_fail(__FILE__, __LINE__, __VA_ARGS__)
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            FAIL("%s", #condition);                                                                \
    } while (0)
#define SAME_TEXT(actual, wanted) abi_same_text(__FILE__, __LINE__, actual, wanted)
#define SAME_INT(actual, wanted) abi_same_int(__FILE__, __LINE__, #actual, actual, wanted)

/* A result that must be a success; passed on. */
renku_result *abi_good(const char *file, int line, renku_result *result);
/* A result that must be this failure and say this; released. */
void abi_refused(const char *file, int line, renku_result *result, int error, const char *says);
#define GOOD(result) abi_good(__FILE__, __LINE__, result)
#define DONE(result) renku_result_free(GOOD(result))
#define REFUSED(result, error, says) abi_refused(__FILE__, __LINE__, result, error, says)

/* An environment variable that has to be there. */
const char *abi_env(const char *name);

/* The settings of the environment; log lines go to abi_log. */
renku_config *abi_config(void);
renku_ctx *abi_open(void);
renku_ctx *abi_open_with(const char *name, const char *value);
/* All log lines so far; owned by the caller. */
char *abi_log(void);

/* Jane, with a record and a namespace; her namespace is "jane". */
renku_caller *abi_jane(renku_ctx *ctx);
/* The same for the token of another variable. */
renku_caller *abi_person(renku_ctx *ctx, const char *variable);
/* A private project of that caller, whose namespace is given; the id is in a static place for each
 * thread. */
const char *abi_project(renku_ctx *ctx, const renku_caller *caller, const char *name_space);
/* "prefix-N" with a new N; in a static place for each thread. */
const char *abi_unique(const char *prefix);

PGconn *abi_connect(void);
void abi_sql(PGconn *db, const char *format, ...) __attribute__((format(printf, 2, 3)));
long long abi_number(PGconn *db, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Asks until the number is this one; ten seconds at most. */
void abi_until(PGconn *db, long long wanted, const char *sql);

/* Repeats an operation with each allocation of a library failing; see oom.c. */
int abi_oom(const char *operation, const char *of);

long long abi_now_ms(void);
void abi_pause_ms(int milliseconds);

#endif
