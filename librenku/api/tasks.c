/* SPDX-License-Identifier: Apache-2.0 */
#include "renku/tasks.h"

#include <stdlib.h>

#include "librenku/api/ctx.h"
#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/base/settings.h"
#include "librenku/base/time.h"
#include "librenku/task/task.h"
#include "renku/admin.h"

struct renku_tasks {
    renku_ctx *ctx;
    rk_run_set *set;
};

/* --- one pass --------------------------------------------------------------------------------- */

static int once(rk_op *op, rk_buf *out, void *user)
{
    static const char *const outcomes[] = {
        [RK_PASS_DONE] = "done",
        [RK_PASS_OVER] = "over",
        [RK_PASS_ELSEWHERE] = "elsewhere",
    };
    const char *name = user;
    const rk_task *task = rk_task_lookup(name);
    rk_pass pass;

    if (!task)
        return rk_fail(op, RK_ERR_NOT_FOUND, "There is no task \"%.80s\".", name);
    op->deadline_ms = rk_time_monotonic_ms() + RK_TASK_PASS_MS;
    RK_TRY(rk_task_pass(&pass, op, task));
    rk_buf_printf(out, "{\"task\":\"%s\",\"outcome\":\"%s\"}", task->name, outcomes[pass]);
    return 0;
}

renku_result *renku_task_once(renku_ctx *ctx, const char *name)
{
    if (!name)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_task_once: an argument is NULL.");
    return rk_tool_run(ctx, once, (void *)(uintptr_t)name, RK_TOOL_JSON);
}

/* --- what there is ---------------------------------------------------------------------------- */

static void describe(rk_buf *out, const rk_task *task)
{
    rk_buf_printf(out, "{\"name\":\"%s\",\"period\":", task->name);
    if (task->period_ms)
        rk_buf_printf(out, "\"%d s\"", task->period_ms / 1000);
    else
        rk_buf_json_text(out, rk_setting_name(task->period));
    rk_buf_text(out, ",\"summary\":");
    rk_buf_json_text(out, task->summary);
    rk_buf_char(out, '}');
}

static int describe_all(renku_result *out, rk_op *op)
{
    size_t count;
    const rk_task *tasks = rk_task_list(&count);
    rk_buf buf;

    RK_CHECK(out);
    rk_buf_begin(&buf, op, 2048);
    for (size_t i = 0; i < count; i++) {
        rk_buf_char(&buf, i ? ',' : '[');
        describe(&buf, &tasks[i]);
    }
    rk_buf_char(&buf, ']');
    RK_TRY(rk_buf_finish(&buf));
    rk_result_body(out, "application/json", buf.text, buf.length);
    return 0;
}

renku_result *renku_task_list(void)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    renku_result *result = rk_result_new(&op);

    return rk_result_settle(&op, result, describe_all(result, &op));
}

/* --- the set ---------------------------------------------------------------------------------- */

static void begin_pass(rk_op *op, void *ctx)
{
    rk_ctx_begin(op, ctx);
    op->caller = &rk_operator_caller;
    op->deadline_ms = rk_time_monotonic_ms() + RK_TASK_PASS_MS;
}

static int make(renku_result *out, rk_op *op, void *user)
{
    renku_tasks *tasks = user;
    int64_t retry_max_s = rk_settings_int(op->settings, RK_SET_MAX_RETRY_WAIT_SECONDS);
    rk_run_set_options options = {
        .retry_max_ms = retry_max_s < 0           ? 0
                        : retry_max_s < INT32_MAX ? retry_max_s * 1000
                                                  : INT64_MAX,
        .begin = begin_pass,
        .user = tasks->ctx,
    };

    (void)out; /* it has no body */
    options.tasks = rk_task_list(&options.count);
    return rk_run_set_new(&tasks->set, op, &options);
}

renku_result *renku_tasks_new(renku_tasks **out, renku_ctx *ctx)
{
    if (out)
        *out = NULL;
    if (!out)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_tasks_new: an argument is NULL.");
    renku_tasks *tasks = calloc(1, sizeof(*tasks));

    if (!tasks)
        return rk_result_no_memory();
    tasks->ctx = ctx;
    renku_result *result = rk_ctx_run(ctx, make, tasks);

    if (renku_result_ok(result))
        *out = tasks;
    else
        free(tasks);
    return result;
}

void renku_tasks_free(renku_tasks *tasks)
{
    if (!tasks || !rk_process_is_same(&tasks->ctx->process))
        return; /* in a child there are no such threads */
    rk_run_set_free(tasks->set);
    free(tasks);
}

/* What a call on the set is about. */
typedef struct {
    rk_run_set *set;
    const char *name;
    int64_t timeout_ms;
} errand;

static renku_result *run(renku_tasks *tasks, rk_ctx_work *work, errand *about)
{
    if (!tasks)
        return rk_result_refused(RK_ERR_INTERNAL, "The set of tasks is NULL.");
    about->set = tasks->set;
    return rk_ctx_run(tasks->ctx, work, about);
}

static renku_result *run_named(renku_tasks *tasks, rk_ctx_work *work, errand *about)
{
    if (!about->name)
        return rk_result_refused(RK_ERR_INTERNAL, "The name of the task is NULL.");
    return run(tasks, work, about);
}

static int start(renku_result *out, rk_op *op, void *user)
{
    const errand *about = user;

    (void)out; /* none of these but the list has a body */
    return rk_run_set_start(about->set, op, about->name);
}

static int list(renku_result *out, rk_op *op, void *user)
{
    const errand *about = user;
    rk_array views;
    rk_buf buf;

    RK_TRY(rk_run_set_view(&views, op, about->set, about->name));
    const rk_task_view *items = views.items;

    rk_buf_begin(&buf, op, 1024);
    rk_buf_text(&buf, "{\"tasks\":[");
    for (size_t i = 0; i < views.count; i++)
        rk_buf_printf(&buf, "%s{\"name\":\"%s\",\"started\":\"%s\",\"restarts\":%lld}",
                      i ? "," : "", items[i].name, items[i].started, (long long)items[i].restarts);
    rk_buf_text(&buf, "]}");
    RK_TRY(rk_buf_finish(&buf));
    rk_result_body(out, "application/json", buf.text, buf.length);
    return 0;
}

static int reset(renku_result *out, rk_op *op, void *user)
{
    const errand *about = user;

    (void)out;
    (void)op; /* it cannot fail */
    rk_run_set_reset(about->set, about->name);
    return 0;
}

static int cancel(renku_result *out, rk_op *op, void *user)
{
    const errand *about = user;

    (void)out;
    return rk_run_set_cancel(about->set, op, about->name);
}

static int join(renku_result *out, rk_op *op, void *user)
{
    const errand *about = user;

    (void)out;
    return rk_run_set_join(about->set, op, about->name, about->timeout_ms);
}

renku_result *renku_tasks_start(renku_tasks *tasks, const char *name)
{
    return run(tasks, start, &(errand){.name = name});
}

renku_result *renku_tasks_list(renku_tasks *tasks, const char *name)
{
    return run(tasks, list, &(errand){.name = name});
}

renku_result *renku_tasks_reset(renku_tasks *tasks, const char *name)
{
    return run(tasks, reset, &(errand){.name = name});
}

renku_result *renku_tasks_cancel(renku_tasks *tasks, const char *name)
{
    return run_named(tasks, cancel, &(errand){.name = name});
}

renku_result *renku_tasks_join(renku_tasks *tasks, const char *name, int64_t timeout_ms)
{
    return run_named(tasks, join, &(errand){.name = name, .timeout_ms = timeout_ms});
}
