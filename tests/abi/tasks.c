/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static renku_ctx *open_apart(void)
{
    return abi_open_with("POSTHOG_HOST", "http://127.0.0.1:1"); /* nothing leaves the machine */
}

static renku_tasks *make(renku_ctx *ctx)
{
    renku_tasks *tasks;

    DONE(renku_tasks_new(&tasks, ctx));
    EXPECT(tasks);
    return tasks;
}

static long long count(renku_tasks *tasks)
{
    renku_result *list = GOOD(renku_tasks_list(tasks, NULL));
    long long number = (long long)renku_result_count(list, "/tasks");

    renku_result_free(list);
    return number;
}

TEST(a_pass_of_a_task_is_made)
{
    renku_ctx *ctx = open_apart();
    renku_result *made = GOOD(renku_task_once(ctx, "migrate_groups_make_all_public"));

    SAME_TEXT(renku_result_text(made, "/task"), "migrate_groups_make_all_public");
    SAME_TEXT(renku_result_text(made, "/outcome"), "done");
    renku_result_free(made);
    REFUSED(renku_task_once(ctx, "nonsense"), RENKU_ENOTFOUND, "nonsense");
    REFUSED(renku_task_once(ctx, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_task_once(NULL, "x"), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(every_task_is_described)
{
    renku_result *all = GOOD(renku_task_list());

    SAME_TEXT(renku_result_text(all, "/0/name"), "send_product_metrics");
    SAME_TEXT(renku_result_text(all, "/0/period"), "10 s");
    SAME_TEXT(renku_result_text(all, "/1/period"), "SHORT_TASK_PERIOD_S");
    for (size_t i = 0; i < renku_result_count(all, ""); i++) {
        char pointer[40];

        snprintf(pointer, sizeof(pointer), "/%zu/summary", i);
        EXPECT(renku_result_text(all, pointer));
    }
    renku_result_free(all);
}

TEST(tasks_run_in_threads_until_they_are_cancelled)
{
    renku_ctx *ctx = open_apart();
    renku_tasks *tasks = make(ctx);

    SAME_INT(count(tasks), 0);
    DONE(renku_tasks_start(tasks, "generate_user_namespace"));
    DONE(renku_tasks_start(tasks, "generate_user_namespace"));
    SAME_INT(count(tasks), 1);
    renku_result *one = GOOD(renku_tasks_list(tasks, "generate_user_namespace"));

    SAME_TEXT(renku_result_text(one, "/tasks/0/name"), "generate_user_namespace");
    SAME_INT(renku_result_int(one, "/tasks/0/restarts", -1), 0);
    EXPECT(strlen(renku_result_text(one, "/tasks/0/started")) >= 19);
    renku_result_free(one);
    DONE(renku_tasks_start(tasks, NULL));
    EXPECT(count(tasks) >= 5);
    REFUSED(renku_tasks_join(tasks, "send_product_metrics", 1), RENKU_ETIMEOUT, "still runs");
    DONE(renku_tasks_reset(tasks, "nobody"));
    DONE(renku_tasks_reset(tasks, NULL));
    DONE(renku_tasks_cancel(tasks, "send_product_metrics"));
    DONE(renku_tasks_join(tasks, "send_product_metrics", 0));
    REFUSED(renku_tasks_list(tasks, "send_product_metrics"), RENKU_ENOTFOUND, "does not run");
    renku_tasks_free(tasks);
    renku_ctx_free(ctx);
}

TEST(what_is_no_task_is_refused)
{
    renku_ctx *ctx = open_apart();
    renku_tasks *tasks = make(ctx), *none = tasks;

    REFUSED(renku_tasks_start(tasks, "nonsense"), RENKU_ENOTFOUND, "nonsense");
    REFUSED(renku_tasks_cancel(tasks, "nonsense"), RENKU_ENOTFOUND, "nonsense");
    DONE(renku_tasks_join(tasks, "nonsense", 0));
    REFUSED(renku_tasks_cancel(tasks, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_tasks_join(tasks, NULL, 0), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_tasks_start(NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_tasks_list(NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_tasks_reset(NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_tasks_new(NULL, ctx), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_tasks_new(&none, NULL), RENKU_EINTERNAL, "NULL");
    EXPECT(!none);
    renku_tasks_free(NULL);
    renku_tasks_free(tasks);
    renku_ctx_free(ctx);
}

TEST(a_child_cannot_end_the_tasks_of_its_parent)
{
    renku_ctx *ctx = open_apart();
    renku_tasks *tasks = make(ctx);
    int status;

    DONE(renku_tasks_start(tasks, "generate_user_namespace"));
    pid_t child = fork();

    if (child == 0) {
        renku_tasks_free(tasks);
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
    SAME_INT(count(tasks), 1);
    renku_tasks_free(tasks);
    renku_ctx_free(ctx);
}

static void *use(void *user)
{
    renku_tasks *tasks = user;

    for (int i = 0; i < 10; i++) {
        renku_result_free(renku_tasks_start(tasks, NULL));
        renku_result_free(renku_tasks_list(tasks, NULL));
        renku_result_free(renku_tasks_cancel(tasks, "migrate_groups_make_all_public"));
        renku_result_free(renku_tasks_join(tasks, "migrate_groups_make_all_public", 5));
    }
    return NULL;
}

TEST(many_threads_use_one_set_of_tasks)
{
    renku_ctx *ctx = open_apart();
    renku_tasks *tasks = make(ctx);
    pthread_t threads[8];

    for (size_t i = 0; i < 8; i++)
        EXPECT(pthread_create(&threads[i], NULL, use, tasks) == 0);
    for (size_t i = 0; i < 8; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    EXPECT(count(tasks) >= 5);
    renku_tasks_free(tasks);
    renku_ctx_free(ctx);
}
