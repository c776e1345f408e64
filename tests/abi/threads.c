/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 64, ROUNDS = 3 };

typedef struct {
    renku_ctx *ctx;
    renku_caller *shared; /* Jane, of all threads */
    renku_cancel *cancel; /* of the threads whose number is divisible by 8 */
    pthread_barrier_t together;
} crowd;

typedef struct {
    crowd *all;
    int number;
    pthread_t thread;
} member;

static void list_projects(renku_ctx *ctx, const renku_caller *caller)
{
    renku_parameter parameters[] = {
        {"per_page", "2"}
    };
    renku_request request = RENKU_REQUEST_INIT;

    request.operation = "project_list";
    request.parameters = parameters;
    request.parameter_count = 1;
    renku_pages *pages = renku_pages_new(ctx, caller, &request);

    for (int i = 0; i < 2; i++) {
        renku_result *page = renku_pages_next(pages);

        if (page)
            DONE(page);
    }
    renku_pages_free(pages);
}

static void change_project(renku_ctx *ctx, const renku_caller *caller)
{
    renku_call call = RENKU_CALL_INIT;
    char id[32], etag[64];

    snprintf(id, sizeof(id), "%s", abi_project(ctx, caller, "jane"));
    renku_result *read = GOOD(renku_project_get(ctx, caller, id, NULL, NULL));

    snprintf(etag, sizeof(etag), "%s", renku_result_etag(read));
    EXPECT(renku_result_text(read, "/name"));
    renku_result_free(read);
    call.if_match = etag;
    call.request_id = id;
    DONE(renku_project_patch(ctx, caller, id, "{\"description\":\"x\"}", &call));
    REFUSED(renku_project_create(ctx, caller, "{}", &call), RENKU_EINVALID, "");
    DONE(renku_project_delete(ctx, caller, id, NULL));
}

/* With a handle that another thread may just be cancelling. */
static void race_with_cancel(renku_ctx *ctx, const renku_caller *caller, renku_cancel *cancel)
{
    renku_call call = RENKU_CALL_INIT;

    call.cancel = cancel;
    renku_result *list = renku_project_list(ctx, caller, NULL, &call);

    if (!renku_result_ok(list))
        SAME_INT(renku_result_error(list), RENKU_ECANCELLED);
    renku_result_free(list);
}

static void *work(void *user)
{
    member *me = user;
    renku_ctx *ctx = me->all->ctx;

    (void)pthread_barrier_wait(&me->all->together); /* one of them is told apart */
    for (int i = 0; i < ROUNDS; i++) {
        renku_caller *own = NULL;
        renku_http_request request = RENKU_HTTP_REQUEST_INIT;

        DONE(renku_caller_from_token(&own, ctx, abi_env(me->number % 2 ? "ABI_JANE" : "ABI_JOHN")));
        list_projects(ctx, own);
        renku_caller_free(own);
        change_project(ctx, me->all->shared);
        request.method = "GET";
        request.target = "/api/data/projects";
        DONE(renku_http_handle(ctx, &request));
        if (me->number % 8 == 0)
            race_with_cancel(ctx, me->all->shared, me->all->cancel);
        if (me->number == 1 && i == 1)
            renku_cancel_now(me->all->cancel);
    }
    return NULL;
}

TEST(many_threads_share_one_context)
{
    static member members[THREADS];
    crowd all = {.ctx = abi_open_with("DB_POOL_SIZE", "8"), .cancel = renku_cancel_new()};

    all.shared = abi_jane(all.ctx);
    renku_caller *john = abi_person(all.ctx, "ABI_JOHN");

    SAME_INT(pthread_barrier_init(&all.together, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        members[i] = (member){.all = &all, .number = i};
        SAME_INT(pthread_create(&members[i].thread, NULL, work, &members[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        SAME_INT(pthread_join(members[i].thread, NULL), 0);
    pthread_barrier_destroy(&all.together);
    renku_cancel_free(all.cancel);
    renku_caller_free(john);
    renku_caller_free(all.shared);
    renku_ctx_free(all.ctx);
    char *log = abi_log();

    EXPECT(strstr(log, "project_list")); /* each line whole, each thread its own */
    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
        if (!strstr(line, " [") || !strstr(line, "] - "))
            FAIL("no whole line: %s", line);
    }
    free(log);
}

/* Each thread makes contexts of its own meanwhile. */
static void *come_and_go(void *user)
{
    (void)user;
    for (int i = 0; i < ROUNDS; i++) {
        renku_ctx *ctx = abi_open();

        DONE(renku_project_list(ctx, NULL, NULL, NULL));
        renku_ctx_free(ctx);
    }
    return NULL;
}

TEST(many_threads_have_contexts_of_their_own)
{
    pthread_t threads[16];

    for (size_t i = 0; i < 16; i++)
        SAME_INT(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    for (size_t i = 0; i < 16; i++)
        SAME_INT(pthread_join(threads[i], NULL), 0);
}
