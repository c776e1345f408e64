/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_OP_H
#define RK_OP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "librenku/base/arena.h"
#include "librenku/base/error.h"

struct renku_cancel;
struct rk_caller;
struct rk_counters;
struct rk_k8s;
struct rk_keys;
struct rk_log;
struct rk_pool;
struct rk_private_keys;
struct rk_reply;
struct rk_session;
struct rk_settings;
struct rk_ticket;
struct rk_trace;
struct renku_ctx;

/* Who hears how far long work is. */
typedef struct {
    void (*tell)(void *user, double share, const char *what); /* NULL is nobody */
    void *user;
} rk_watcher;

/* One operation from start to end: its memory, its failure, its caller, its connection, its
 * deadline. It belongs to one thread at a time. */
typedef struct rk_op {
    rk_arena *arena;
    rk_error error;
    const struct rk_log *log;                   /* NULL is silent */
    struct rk_counters *counters;               /* NULL counts nothing */
    struct renku_ctx *ctx;                      /* NULL in unit tests of the lower floors */
    const struct rk_settings *settings;         /* as ctx */
    struct rk_pool *pool;                       /* where the session comes from; as ctx */
    struct rk_keys *keys;                       /* NULL: this operation can read no secret */
    const struct rk_private_keys *private_keys; /* of the secrets storage; else NULL */
    struct rk_k8s *k8s;                         /* NULL: this operation reaches no cluster */
    const struct rk_caller *caller;             /* never NULL once dispatched */
    struct rk_session
        *session; /* the database session; at most one per operation, NULL before first use */
    struct rk_ticket *ticket; /* NULL: this thread may wait; else see db/line.h */
    struct rk_reply
        *reply; /* status, ETag, totals that the handler sets; never NULL once dispatched */
    const char *request_id;            /* NULL outside of HTTP */
    const struct rk_trace *trace;      /* of which the request is a part; NULL is none */
    int64_t deadline_ms;               /* on the monotonic clock; 0 is none */
    const struct renku_cancel *cancel; /* NULL is none */
    rk_watcher watcher;
    uint32_t
        checked[16]; /* per object type: the permissions that were checked; see authz/authz.h */
} rk_op;

/* Never fails halfway: -1 and an op with error NO_MEMORY when there is no memory for the arena. */
int rk_op_begin(rk_op *op);
void rk_op_end(rk_op *op);
/* A part of the work of an operation whose memory, failure and session are its own, so that long
 * work needs no more memory than its longest part. NO_MEMORY when there is none for the arena. */
int rk_op_begin_part(rk_op *part, rk_op *op);
/* Ends the part; what failed in it has failed in @p op. The session of the part has to be ended
 * before. Returns @p result, or the failure. */
int rk_op_end_part(rk_op *part, rk_op *op, int result);

/* No failure, and not in the error slot: where no thread may wait, the operation will run again, or
 * elsewhere. All pass it on. */
enum { RK_SUSPENDED = -2000 };
/* Before what may wait for anything but a statement: 0 when the thread may. */
int rk_op_may_wait(const rk_op *op);

/* The failing place says why, once; all above pass the result on. The first failure stays in the
 * slot until rk_error_clear(), and its error is what all of these return; out of memory replaces
 * any other. */
int rk_fail(rk_op *op, rk_err err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with the default message of the error. */
int rk_fail_default(rk_op *op, rk_err err);
/* Adds the detail that tells what to do next; after rk_fail. Returns the error already in the slot.
 */
int rk_fail_detail(rk_op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts where it happened before the message of the failure; after rk_fail. Returns the error
 * already in the slot. */
int rk_fail_in(rk_op *op, const char *place);
void rk_error_clear(rk_op *op);
/* CANCELLED or TIMEOUT when the operation shall end: asked between pieces of long work. */
int rk_op_check(rk_op *op);
/* The same for who has just looked at the monotonic clock. */
int rk_op_check_at(rk_op *op, int64_t now_ms);
/* Tells the watcher, before a piece of long work, how many pieces are done and what comes; all of
 * them are done at the end. */
void rk_op_tell(const rk_op *op, int64_t done, int64_t all, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#ifdef __clang_analyzer__
/* What the analyzer cannot see from outside: these never return 0. */
#define rk_fail(...) ((void)rk_fail(__VA_ARGS__), -1)
#define rk_fail_default(...) ((void)rk_fail_default(__VA_ARGS__), -1)
#define rk_fail_detail(...) ((void)rk_fail_detail(__VA_ARGS__), -1)
#define rk_fail_in(...) ((void)rk_fail_in(__VA_ARGS__), -1)
#endif

/* Memory of the operation, zeroed. NULL means that the slot says NO_MEMORY. */
void *rk_alloc(rk_op *op, size_t count, size_t size_bytes);
/* The same for what is written over at once: not zeroed. */
void *rk_alloc_raw(rk_op *op, size_t size_bytes);
char *rk_strdup(rk_op *op, const char *text);
char *rk_strndup(rk_op *op, const char *text, size_t length);
char *rk_printf(rk_op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *rk_vprintf(rk_op *op, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#define rk_new(op, type) ((type *)rk_alloc((op), 1, sizeof(type)))
#define rk_new_array(op, type, count) ((type *)rk_alloc((op), (count), sizeof(type)))
/* The items with room for one more behind @p count: themselves, or a copy with twice as much room.
 * NULL without memory. */
void *rk_grow(rk_op *op, void *items, size_t count, size_t *room, size_t size);

/* The only three macros that hide a return. */
#define RK_TRY(call)                                                                               \
    do {                                                                                           \
        int rk_try_result_ = (call);                                                               \
        if (rk_try_result_ < 0)                                                                    \
            return rk_try_result_;                                                                 \
    } while (0)
#define RK_CHECK(pointer)                                                                          \
    do {                                                                                           \
        if (!(pointer))                                                                            \
            return RK_ERR_NO_MEMORY;                                                               \
    } while (0)
/* For mistakes of ours, never for input: stops a debug build, is error 1500 in a release. Needs
 * `op` in scope. */
#ifdef RK_DEBUG
#define RK_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)
#else
#define RK_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return rk_fail_default(op, RK_ERR_INTERNAL);                                           \
    } while (0)
#endif

/* Gives a handle back at the end of its block: RK_AUTO(rk_thing) *thing = NULL; needs
 * rk_thing_auto(). */
#define RK_AUTO(type) __attribute__((cleanup(type##_auto))) type
#define RK_AUTO_DEFINE(type, free_function)                                                        \
    static inline void type##_auto(__typeof__(type) **handle)                                      \
    {                                                                                              \
        free_function(*handle);                                                                    \
    }
#define RK_TAKE(name)                                                                              \
    __extension__({                                                                                \
        __typeof__(name) rk_taken_ = (name);                                                       \
        (name) = NULL;                                                                             \
        rk_taken_;                                                                                 \
    })
#define RK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
