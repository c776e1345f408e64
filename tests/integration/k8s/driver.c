/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the Kubernetes client for the Python tests: one JSON object per line in, one per line out,
 * in the order of their ends. Each line runs on a thread of its own. The settings come from the
 * environment; with DRIVER_DATABASE there is a database, with DRIVER_SANDBOX no way to start a
 * process, as in a worker of the server. */
#include <errno.h>
#include <json-c/json.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/k8s/k8s.h"
#include "tests/support/lines.h"

enum { ITEMS_MAX = 16 };

static const char *const kinds[] = {
#define RK_K8S_KIND(name, group, version, kind, collection, place) kind,
#include "librenku/k8s/kinds.def"
#undef RK_K8S_KIND
};

static rk_k8s *k8s;
static rk_pool *pool;
static rk_settings *settings;
static rk_log logger;

/* --- members ---------------------------------------------------------------------------------- */

static rk_k8s_kind kind_of(json_object *request)
{
    for (size_t i = 0; i < RK_COUNT(kinds); i++) {
        if (strcmp(kinds[i], text_of(request, "kind")) == 0)
            return (rk_k8s_kind)i;
    }
    abort();
}

static rk_k8s_ref ref_of(json_object *request)
{
    return (rk_k8s_ref){
        .kind = kind_of(request),
        .cluster = text_of(request, "cluster"),
        .namespace = text_of(request, "namespace"),
        .name = text_of(request, "name"),
        .owner = text_of(request, "owner"),
    };
}

/* Never NULL, so that its members can be gone through. */
static json_object *members_of(json_object *request, const char *name)
{
    if (!json_object_object_get(request, name))
        json_object_object_add(request, name, json_object_new_object());
    return json_object_object_get(request, name);
}

/* A copy, since keys stand in the memory of the operation. */
static void add_object(json_object *answer, json_object *object)
{
    const char *text = json_object_to_json_string(object);

    json_object_object_add(answer, "object", json_tokener_parse(text));
}

/* --- what can be asked for -------------------------------------------------------------------- */

static int take(void *user, rk_op *op, const char *cluster, json_object *object)
{
    json_object *item = json_object_new_object();

    (void)op;
    json_object_object_add(item, "cluster", json_object_new_string(cluster));
    add_object(item, object);
    json_object_array_add(user, item);
    return 0;
}

static int list(json_object *answer, rk_op *op, json_object *request)
{
    rk_k8s_label labels[ITEMS_MAX];
    rk_k8s_filter filter = {
        .kind = kind_of(request),
        .cluster = text_of(request, "cluster"),
        .namespace = text_of(request, "namespace"),
        .name = text_of(request, "name"),
        .owner = text_of(request, "owner"),
        .labels = labels,
    };
    json_object *items = json_object_new_array();
    bool complete = false;

    json_object_object_add(answer, "items", items);
    json_object_object_foreach(members_of(request, "labels"), name, value)
    {
        labels[filter.label_count++] = (rk_k8s_label){name, json_object_get_string(value)};
    }
    RK_TRY(rk_k8s_list(&complete, op, &filter, take, items));
    json_object_object_add(answer, "complete", json_object_new_boolean(complete));
    json_object_object_add(answer, "bytes",
                           json_object_new_int64((int64_t)rk_arena_used(op->arena)));
    return 0;
}

static int lookup(json_object *answer, rk_op *op, json_object *request)
{
    const rk_k8s_ref ref = ref_of(request);
    json_object *found;

    RK_TRY(rk_k8s_lookup(&found, op, &ref));
    add_object(answer, found);
    return 0;
}

static int read_object(json_object *answer, rk_op *op, json_object *request)
{
    const rk_k8s_ref ref = ref_of(request);
    json_object *found;

    RK_TRY(rk_k8s_read(&found, op, &ref));
    add_object(answer, found);
    return 0;
}

static int create(json_object *answer, rk_op *op, json_object *request)
{
    const rk_k8s_ref ref = ref_of(request);
    json_object *made;

    RK_TRY(rk_k8s_create(&made, op, &ref, json_object_object_get(request, "object")));
    add_object(answer, made);
    return 0;
}

static int patch(json_object *answer, rk_op *op, json_object *request)
{
    const rk_k8s_ref ref = ref_of(request);
    json_object *changed;

    RK_TRY(rk_k8s_patch(&changed, op, &ref, json_object_object_get(request, "patch")));
    add_object(answer, changed);
    return 0;
}

static int remove_object(json_object *answer, rk_op *op, json_object *request)
{
    const rk_k8s_ref ref = ref_of(request);

    (void)answer;
    return rk_k8s_delete(op, &ref,
                         int_of(request, "background") ? RK_K8S_BACKGROUND : RK_K8S_FOREGROUND);
}

static int put_secret(json_object *answer, rk_op *op, json_object *request)
{
    rk_k8s_owner owners[ITEMS_MAX];
    rk_k8s_entry entries[ITEMS_MAX];
    rk_k8s_secret secret = {
        .cluster = text_of(request, "cluster"),
        .namespace = text_of(request, "namespace"),
        .name = text_of(request, "name"),
        .owners = owners,
        .entries = entries,
    };
    json_object *given = json_object_object_get(request, "owners");

    (void)answer;
    json_object_object_foreach(members_of(request, "entries"), key, value)
    {
        entries[secret.entry_count++] = (rk_k8s_entry){key, json_object_get_string(value),
                                                       (size_t)json_object_get_string_len(value)};
    }
    for (size_t i = 0; given && i < json_object_array_length(given); i++) {
        json_object *owner = json_object_array_get_idx(given, i);

        owners[secret.owner_count++] =
            (rk_k8s_owner){text_of(owner, "apiVersion"), text_of(owner, "kind"),
                           text_of(owner, "name"), text_of(owner, "uid")};
    }
    return rk_k8s_secret_put(op, &secret);
}

static const struct {
    const char *name;
    int (*run)(json_object *answer, rk_op *op, json_object *request);
} commands[] = {
    {"list",   list         },
    {"lookup", lookup       },
    {"read",   read_object  },
    {"create", create       },
    {"patch",  patch        },
    {"delete", remove_object},
    {"put",    put_secret   },
};

/* --- lines ------------------------------------------------------------------------------------ */

static int run_command(json_object *answer, rk_op *op, json_object *request)
{
    for (size_t i = 0; i < RK_COUNT(commands); i++) {
        if (strcmp(commands[i].name, text_of(request, "do")) == 0)
            return commands[i].run(answer, op, request);
    }
    return rk_fail(op, RK_ERR_INTERNAL, "unknown command");
}

static void run_request(json_object *answer, json_object *request)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        abort();
    op.settings = settings;
    op.log = &logger;
    op.k8s = k8s;
    op.pool = pool;
    if (int_of(request, "deadline_ms"))
        op.deadline_ms = rk_time_monotonic_ms() + int_of(request, "deadline_ms");
    if (run_command(answer, &op, request) < 0) {
        json_object_object_add(answer, "error",
                               json_object_new_string(rk_error_row_of(op.error.err)->name));
        json_object_object_add(answer, "message", json_object_new_string(op.error.message));
        json_object_object_add(answer, "peer", json_object_new_int(op.error.peer_status));
    }
    rk_db_end(&op);
    rk_op_end(&op);
}

static int open_pool(rk_op *op)
{
    const rk_pool_options options = {
        .host = getenv("DB_HOST"),
        .port = getenv("DB_PORT"),
        .user = getenv("DB_USER"),
        .password = getenv("DB_PASSWORD"),
        .name = getenv("DB_NAME"),
        .size = 4,
    };

    return getenv("DRIVER_DATABASE") ? rk_pool_new(&pool, op, &options) : 0;
}

enum { REFUSE_AT = 6, KILL_AT, ALLOW_AT };

/* Threads, but no processes; a program is the end. */
static void close_sandbox(void)
{
    static struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, KILL_AT - 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, REFUSE_AT - 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, ALLOW_AT - 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, ALLOW_AT - 6, REFUSE_AT - 6),
        [REFUSE_AT] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        [KILL_AT] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        [ALLOW_AT] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {RK_COUNT(steps), steps};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        abort();
}

static int start(rk_op *op)
{
    if (getenv("DRIVER_SANDBOX"))
        close_sandbox();
    RK_TRY(rk_settings_load(&settings, op, from_environment, NULL));
    op->settings = settings;
    RK_TRY(open_pool(op));
    return rk_k8s_open(&k8s, op, settings, RK_SET_K8S_CONFIGS_ROOT);
}

int main(void)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return EXIT_FAILURE;
    logger = (rk_log){.sink = log_line, .root_level = RK_LOG_DEBUG, .app_level = RK_LOG_DEBUG};
    op.log = &logger;
    int result = start(&op);

    if (result == 0)
        lines_run(run_request);
    else
        fprintf(stderr, "%s\n", op.error.message);
    rk_k8s_close(k8s);
    rk_pool_free(pool);
    rk_op_end(&op);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
