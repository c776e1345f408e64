/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the Kubernetes client for the Python tests; see lines.h. With DRIVER_DATABASE there is a
 * database, with DRIVER_SANDBOX no way to start a process, as in a worker of the server. */
#include <errno.h>
#include <json-c/json.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "librenku/k8s/k8s.h"
#include "tests/support/lines.h"
#include "tests/support/program.h"

enum { ITEMS_MAX = 16 };

static const char *const kinds[] = {
#define RK_K8S_KIND(name, group, version, kind, collection, place) kind,
#include "librenku/k8s/kinds.def"
#undef RK_K8S_KIND
};

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
    add_text(item, "cluster", cluster);
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
    add_int(answer, "bytes", (int64_t)rk_arena_used(op->arena));
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

static const lines_command commands[] = {
    {"list",   list         },
    {"lookup", lookup       },
    {"read",   read_object  },
    {"create", create       },
    {"patch",  patch        },
    {"delete", remove_object},
    {"put",    put_secret   },
};

/* --- the program ------------------------------------------------------------------------------ */

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

static int open_pool(rk_op *op)
{
    const rk_pool_options options = database_options(4);

    return getenv("DRIVER_DATABASE") ? rk_pool_new(&op->pool, op, &options) : 0;
}

static int start(rk_op *op)
{
    if (getenv("DRIVER_SANDBOX"))
        close_sandbox();
    RK_TRY(open_pool(op));
    return rk_k8s_open(&op->k8s, op, op->settings, RK_SET_K8S_CONFIGS_ROOT);
}

static void stop(rk_op *op)
{
    rk_k8s_close(op->k8s);
    rk_pool_free(op->pool);
}

int main(void)
{
    static const lines_program program = {commands, RK_COUNT(commands), start, stop, false};

    return lines_main(&program);
}
