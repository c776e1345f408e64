/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOON_MS = 10000 }; /* long before anything else would end it */

/* Another connection holds the row of a project of Jane, so that every change of it waits. */
typedef struct {
    renku_ctx *ctx;
    renku_caller *jane;
    PGconn *holder, *watcher;
    char id[32], etag[64];
} room;

static room enter(const char *pool_size)
{
    room here = {.ctx = abi_open_with("DB_POOL_SIZE", pool_size)};

    here.jane = abi_jane(here.ctx);
    here.holder = abi_connect();
    here.watcher = abi_connect();
    snprintf(here.id, sizeof(here.id), "%s", abi_project(here.ctx, here.jane, "jane"));
    renku_result *read = GOOD(renku_project_get(here.ctx, here.jane, here.id, NULL, NULL));

    snprintf(here.etag, sizeof(here.etag), "%s", renku_result_etag(read));
    renku_result_free(read);
    abi_sql(here.holder, "BEGIN");
    abi_sql(here.holder, "SELECT 1 FROM projects.projects WHERE id = '%s' FOR UPDATE", here.id);
    return here;
}

static void leave(room here)
{
    renku_caller_free(here.jane);
    renku_ctx_free(here.ctx);
    PQfinish(here.holder);
    PQfinish(here.watcher);
}

/* A change on its thread. */
typedef struct {
    const room *here;
    renku_call call;
    renku_result *result;
    long long took_ms;
    pthread_t thread;
} change;

static void *run_change(void *user)
{
    change *it = user;
    long long begun = abi_now_ms();

    it->result = renku_project_patch(it->here->ctx, it->here->jane, it->here->id,
                                     "{\"description\":\"changed\"}", &it->call);
    it->took_ms = abi_now_ms() - begun;
    return NULL;
}

static void start(change *it, const room *here)
{
    it->here = here;
    it->call.if_match = here->etag;
    SAME_INT(pthread_create(&it->thread, NULL, run_change, it), 0);
}

static void join(change *it)
{
    SAME_INT(pthread_join(it->thread, NULL), 0);
}

static const char waiting[] = "SELECT count(*) FROM pg_stat_activity"
                              " WHERE datname = current_database()"
                              "   AND application_name = 'librenku' AND wait_event_type = 'Lock'";
static const char connected[] = "SELECT count(*) FROM pg_stat_activity"
                                " WHERE datname = current_database()"
                                "   AND application_name = 'librenku'";

TEST(a_call_that_waits_for_the_database_is_cancelled)
{
    room here = enter("2");
    change slow = {.call = RENKU_CALL_INIT};

    slow.call.cancel = renku_cancel_new();
    start(&slow, &here);
    abi_until(here.watcher, 1, waiting);
    long long cancelled = abi_now_ms();

    renku_cancel_now(slow.call.cancel);
    join(&slow);
    EXPECT(abi_now_ms() - cancelled < SOON_MS);
    SAME_INT(renku_result_status(slow.result), 500);
    SAME_INT(renku_result_code(slow.result), 1513);
    REFUSED(slow.result, RENKU_ECANCELLED, "");
    abi_until(here.watcher, 0, waiting); /* the server has noticed, and has rolled back */
    abi_sql(here.holder, "COMMIT");
    renku_result *read = GOOD(renku_project_get(here.ctx, here.jane, here.id, NULL, NULL));

    SAME_TEXT(renku_result_etag(read), here.etag);
    SAME_INT(renku_result_type(read, "/description") == RENKU_TYPE_TEXT, 0);
    renku_result_free(read);
    EXPECT(abi_number(here.watcher, "%s", connected) >= 1);
    renku_cancel_free(slow.call.cancel);
    leave(here);
}

TEST(a_call_that_waits_for_a_connection_is_cancelled)
{
    room here = enter("1");
    change first = {.call = RENKU_CALL_INIT}, second = {.call = RENKU_CALL_INIT};

    first.call.cancel = renku_cancel_new();
    second.call.cancel = renku_cancel_new();
    start(&first, &here);
    abi_until(here.watcher, 1, waiting);
    start(&second, &here);
    renku_cancel_now(second.call.cancel);
    join(&second);
    EXPECT(second.took_ms < SOON_MS);
    REFUSED(second.result, RENKU_ECANCELLED, "");
    SAME_INT(abi_number(here.watcher, "%s", waiting), 1); /* the first one still does */
    abi_sql(here.holder, "COMMIT");
    join(&first);
    DONE(first.result);
    renku_cancel_free(first.call.cancel);
    renku_cancel_free(second.call.cancel);
    leave(here);
}

TEST(a_handle_that_was_used_ends_every_later_call)
{
    room here = enter("2");
    renku_call call = RENKU_CALL_INIT;

    call.cancel = renku_cancel_new();
    DONE(renku_project_list(here.ctx, here.jane, NULL, &call));
    renku_cancel_now(call.cancel);
    renku_cancel_now(call.cancel);
    REFUSED(renku_project_list(here.ctx, here.jane, NULL, &call), RENKU_ECANCELLED, "");
    REFUSED(renku_user_me(here.ctx, here.jane, &call), RENKU_ECANCELLED, "");
    renku_cancel_free(call.cancel);
    DONE(renku_project_list(here.ctx, here.jane, NULL, NULL));
    leave(here);
}

TEST(cancelling_nothing_does_nothing)
{
    renku_cancel_now(NULL);
    renku_cancel_free(NULL);
    renku_cancel *unused = renku_cancel_new();

    EXPECT(unused);
    renku_cancel_free(unused);
}

static renku_cancel *of_signal;

static void on_signal(int number)
{
    (void)number;
    renku_cancel_now(of_signal);
}

TEST(a_signal_handler_may_cancel)
{
    room here = enter("2");
    change slow = {.call = RENKU_CALL_INIT};
    struct sigaction action = {.sa_handler = on_signal};

    of_signal = slow.call.cancel = renku_cancel_new();
    SAME_INT(sigaction(SIGUSR1, &action, NULL), 0);
    start(&slow, &here);
    abi_until(here.watcher, 1, waiting);
    SAME_INT(pthread_kill(slow.thread, SIGUSR1), 0);
    join(&slow);
    REFUSED(slow.result, RENKU_ECANCELLED, "");
    renku_cancel_free(of_signal);
    leave(here);
}

static void do_nothing(int number)
{
    (void)number;
}

TEST(a_signal_of_the_host_does_not_end_a_call)
{
    room here = enter("2");
    change slow = {.call = RENKU_CALL_INIT};
    struct sigaction action = {.sa_handler = do_nothing};

    SAME_INT(sigaction(SIGUSR1, &action, NULL), 0);
    start(&slow, &here);
    abi_until(here.watcher, 1, waiting);
    for (int i = 0; i < 20; i++) {
        SAME_INT(pthread_kill(slow.thread, SIGUSR1), 0);
        abi_pause_ms(1);
    }
    SAME_INT(abi_number(here.watcher, "%s", waiting), 1);
    abi_sql(here.holder, "COMMIT");
    join(&slow);
    DONE(slow.result);
    leave(here);
}

TEST(a_call_ends_at_its_own_deadline)
{
    room here = enter("2");
    change slow = {.call = RENKU_CALL_INIT};

    slow.call.timeout_ms = 200;
    start(&slow, &here);
    join(&slow);
    EXPECT(slow.took_ms >= 200 && slow.took_ms < 200 + SOON_MS);
    SAME_INT(renku_result_status(slow.result), 503);
    REFUSED(slow.result, RENKU_ETIMEOUT, "");
    abi_until(here.watcher, 0, waiting);
    abi_sql(here.holder, "COMMIT");
    DONE(renku_project_get(here.ctx, here.jane, here.id, NULL, NULL));
    leave(here);
}

TEST(a_call_that_waits_for_a_connection_ends_at_its_deadline)
{
    room here = enter("1");
    change first = {.call = RENKU_CALL_INIT}, second = {.call = RENKU_CALL_INIT};

    start(&first, &here);
    abi_until(here.watcher, 1, waiting);
    second.call.timeout_ms = 100;
    start(&second, &here);
    join(&second);
    EXPECT(second.took_ms >= 100 && second.took_ms < 100 + SOON_MS);
    REFUSED(second.result, RENKU_ETIMEOUT, "");
    abi_sql(here.holder, "COMMIT");
    join(&first);
    DONE(first.result);
    leave(here);
}

TEST(a_database_that_is_away_is_an_answer)
{
    renku_ctx *ctx = abi_open_with("DB_HOST", "/nonexistent");

    REFUSED(renku_project_list(ctx, NULL, NULL, NULL), RENKU_EDATABASE, "connect");
    renku_result *ready = renku_http_ready(ctx, 0);

    SAME_INT(renku_result_status(ready), 503);
    renku_result_free(ready);
    renku_ctx_free(ctx);
}
