/* SPDX-License-Identifier: Apache-2.0 */
/* usage: oom OPERATION LIBRARY - repeats the operation, each time with another allocation of that
 * library (renku, pq, json-c) failing, until none is left to fail. Prints what the calls came to.
 */
#include "tests/abi/abi.h"
#include "tests/abi/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- operations ------------------------------------------------------------------------------- */

static struct {
    renku_config *config;
    renku_ctx *ctx;
    renku_caller *jane, *made;
    PGconn *db;
    char project[32], etag[64], group[64], file[512];
} world;

static renku_result *create_project(void)
{
    char body[200];

    snprintf(body, sizeof(body),
             "{\"name\":\"%s\",\"namespace\":\"jane\",\"keywords\":[\"a\",\"b\"],"
             "\"repositories\":[\"https://example.org/a.git\"],\"description\":\"text\"}",
             abi_unique("project"));
    return renku_project_create(world.ctx, world.jane, body, NULL);
}

static renku_result *get_project(void)
{
    return renku_project_get(world.ctx, world.jane, world.project, NULL, NULL);
}

static renku_result *list_projects(void)
{
    return renku_project_list(world.ctx, world.jane, NULL, NULL);
}

static renku_result *patch_project(void)
{
    renku_call call = RENKU_CALL_INIT;
    char body[100];
    renku_result *read = get_project();

    snprintf(body, sizeof(body), "{\"description\":\"%s\"}", abi_unique("text"));
    if (!renku_result_ok(read))
        return read;
    call.if_match = renku_result_etag(read);
    renku_result *changed = renku_project_patch(world.ctx, world.jane, world.project, body, &call);

    renku_result_free(read);
    return changed;
}

static renku_result *delete_project(void)
{
    return renku_project_delete(world.ctx, world.jane, world.project, NULL);
}

static renku_result *create_group(void)
{
    char body[200];
    const char *slug = abi_unique("group");

    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"slug\":\"%s\"}", slug, slug);
    return renku_group_create(world.ctx, world.jane, body, NULL);
}

static renku_result *set_members(void)
{
    char body[200];

    snprintf(body, sizeof(body), "[{\"id\":\"%s\",\"role\":\"viewer\"}]", abi_env("ABI_JOHN_ID"));
    return renku_project_member_set(world.ctx, world.jane, world.project, body, NULL);
}

static renku_result *read_me(void)
{
    return renku_user_me(world.ctx, world.jane, NULL);
}

static renku_result *take_token(void)
{
    return renku_caller_from_token(&world.made, world.ctx, abi_env("ABI_JANE"));
}

static renku_result *take_user(void)
{
    return renku_caller_from_user(&world.made, world.ctx, abi_env("ABI_JANE_ID"));
}

static renku_result *refuse_body(void)
{
    renku_result *refused = renku_project_create(world.ctx, world.jane, "{\"name\":1}", NULL);

    if (renku_result_error(refused) != RENKU_EINVALID)
        return refused;
    renku_result_free(refused);
    refused = renku_task_list();
    if (!renku_result_ok(refused))
        return refused;
    renku_result_free(refused);
    return renku_operation_list();
}

static renku_result *handle_http(void)
{
    renku_http_request request = RENKU_HTTP_REQUEST_INIT;

    request.method = "GET";
    request.target = "/api/data/projects?per_page=3";
    return renku_http_handle(world.ctx, &request);
}

static renku_result *open_context(void)
{
    renku_ctx *ctx = NULL;
    renku_result *result = renku_ctx_new(&ctx, world.config);

    if (!renku_result_ok(result) && ctx)
        FAIL("a failure, and a context all the same");
    renku_ctx_free(ctx);
    return result;
}

static renku_result *configure(void)
{
    renku_config *config = renku_config_new();
    renku_result *result = NULL;

    if (config && renku_config_from_environment(config) == 0 &&
        renku_config_set(config, "DB_PORT", "1") == 0 &&
        renku_config_set(config, "DB_PORT", "2") == 0)
        result = renku_config_from_file(config, world.file);
    if (renku_result_ok(result)) {
        renku_result_free(result);
        result = renku_config_describe(config);
    }
    renku_config_free(config);
    return result;
}

static renku_result *walk_pages(void)
{
    renku_parameter parameters[] = {
        {"per_page",  "1"   },
        {"namespace", "jane"}
    };
    renku_request request = RENKU_REQUEST_INIT;

    request.operation = "project_list";
    request.parameters = parameters;
    request.parameter_count = 2;
    renku_pages *pages = renku_pages_new(world.ctx, world.jane, &request);
    renku_result *page = renku_pages_next(pages);

    renku_pages_free(pages);
    return page;
}

/* Parts of a body: the answer is there already, but may find no memory to be looked at. */
static renku_result *read_parts(void)
{
    renku_result *read = get_project();

    if (renku_result_ok(read) && renku_result_text(read, "/id")) {
        if (!renku_result_json(read, "/keywords") || renku_result_int(read, "/id", 7) != 7 ||
            !renku_result_complaint(read)) {
            renku_result_free(read);
            return NULL;
        }
        return read;
    }
    renku_result_free(read);
    return NULL;
}

static const struct {
    const char *name;
    renku_result *(*run)(void);
} operations[] = {
    {"project_create",    create_project},
    {"project_get",       get_project   },
    {"project_list",      list_projects },
    {"project_patch",     patch_project },
    {"project_delete",    delete_project},
    {"group_create",      create_group  },
    {"member_set",        set_members   },
    {"user_me",           read_me       },
    {"caller_from_token", take_token    },
    {"caller_from_user",  take_user     },
    {"invalid_body",      refuse_body   },
    {"http",              handle_http   },
    {"context",           open_context  },
    {"config",            configure     },
    {"pages",             walk_pages    },
    {"parts",             read_parts    },
};

enum { SOON_MS = 10000 };

static long target; /* the allocation that fails */

/* --- one round -------------------------------------------------------------------------------- */

/* Everything that an operation may have written. */
static const char written[] = "SELECT hashtext(string_agg(t, '|' ORDER BY t)) FROM ("
                              "SELECT 'p' || p::text t FROM projects.projects p"
                              " UNION ALL SELECT 'g' || g::text FROM common.groups g"
                              " UNION ALL SELECT 's' || s::text FROM common.entity_slugs s"
                              " UNION ALL SELECT 'n' || n::text FROM common.namespaces n"
                              " UNION ALL SELECT 'u' || u::text FROM users.users u"
                              " UNION ALL SELECT 'r' || r::text FROM librenku.relation r"
                              " UNION ALL SELECT 'e' || e::text FROM events.events e) x";

static void settle_world(void)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);

    renku_caller_free(abi_person(ctx, "ABI_JOHN"));
    snprintf(world.project, sizeof(world.project), "%s", abi_project(ctx, jane, "jane"));
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

static void leave_result(renku_result *result)
{
    renku_result_free(result);
    renku_caller_free(world.made);
    world.made = NULL;
}

typedef struct {
    long allocations, no_memory, others, unharmed;
} tally;

static void judge(tally *sum, renku_result *result, long long before, bool ours)
{
    int error = renku_result_error(result);

    if (renku_result_ok(result))
        sum->unharmed++;
    else if (error == RENKU_ENOMEM)
        sum->no_memory++;
    else
        sum->others++;
    if (ours && error != RENKU_OK && error != RENKU_ENOMEM)
        FAIL("allocation %ld: error %d, %s", target, error, renku_result_message(result));
    if (ours && error && abi_number(world.db, "%s", written) != before)
        FAIL("allocation %ld: the answer is an error, but something was written", target);
    abi_until(world.db, 0,
              "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'librenku'"
              " AND state LIKE 'idle in transaction%' AND datname = current_database()");
}

/* False when there was no such allocation any more. */
static bool play(tally *sum, renku_result *(*run)(void), bool ours)
{
    world.ctx = NULL;
    DONE(renku_ctx_new(&world.ctx, world.config));
    DONE(renku_caller_from_user(&world.jane, world.ctx, abi_env("ABI_JANE_ID")));
    snprintf(world.project, sizeof(world.project), "%s",
             abi_project(world.ctx, world.jane, "jane"));
    long long before = abi_number(world.db, "%s", written);

    long long begun = abi_now_ms();

    abi_memory_arm(target);
    renku_result *result = run();
    bool fired = abi_memory_disarm();

    if (abi_now_ms() - begun > SOON_MS)
        FAIL("allocation %ld: the answer took %lld ms", target, abi_now_ms() - begun);
    if (fired)
        judge(sum, result, before, ours);
    else if (!renku_result_ok(result))
        FAIL("nothing failed, but: %s", renku_result_message(result));
    bool done = fired && renku_result_ok(result);

    leave_result(result);
    if (fired && !(done && run == delete_project)) {
        result = GOOD(run());
        leave_result(result);
    }
    renku_caller_free(world.jane);
    renku_ctx_free(world.ctx);
    return fired;
}

static void torture(const char *name, renku_result *(*run)(void), bool ours)
{
    tally sum = {0};
    long leaked = 0;

    target = 1L << 40;
    for (int i = 0; i < 3; i++)
        (void)play(&sum, run, ours); /* what is allocated once and stays */
    for (target = 1;; target++) {
        long before = abi_memory_live();

        if (!play(&sum, run, ours))
            break;
        if (abi_memory_live() != before && ours)
            FAIL("allocation %ld: %ld blocks are left", target, abi_memory_live() - before);
        leaked += abi_memory_live() - before;
    }
    sum.allocations = target - 1;
    printf("%s: %ld allocations, %ld out of memory, %ld other errors, %ld unharmed, %ld leaked\n",
           name, sum.allocations, sum.no_memory, sum.others, sum.unharmed, leaked);
}

static void prepare(void)
{
    FILE *file;

    world.config = abi_config();
    renku_config_log(world.config, NULL, NULL); /* its lines would look like a leak */
    world.db = abi_connect();
    snprintf(world.file, sizeof(world.file), "%s/oom-%d", abi_env("ABI_FOLDER"), (int)getpid());
    file = fopen(world.file, "w");
    fputs("# a\nDB_PORT='5432'\nDB_NAME=x\n", file);
    fclose(file);
    settle_world();
}

/* The program of the tests hands over to this one when it has two arguments. */
int abi_oom(const char *operation, const char *of)
{
    if (!abi_memory_of(of))
        FAIL("no library is called %s", of);
    prepare();
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(operations[i].name, operation) == 0) {
            torture(operation, operations[i].run, strcmp(of, "librenku") == 0);
            PQfinish(world.db);
            renku_config_free(world.config);
            return 0;
        }
    }
    FAIL("no operation is called %s", operation);
}
