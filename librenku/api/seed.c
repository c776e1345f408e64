/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "librenku/api/ctx.h"
#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/api/versioned.h"
#include "librenku/authz/authz.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "renku/admin.h"

/* A database of any size for trials and benchmarks: half of the projects in user namespaces, a
 * fifth spread over the groups, the rest in the first group; one in five public; each with its
 * creator as owner and two more members. Nothing of it is there until all of it is. $1 is a mark
 * that keeps several runs apart; ids rise with the number, as those of time do.
 *
 * Rows are loaded several times faster into bare tables: the indexes and references of the large
 * ones are set aside at first, whichever they are, and made again at the end. */

/* clang-format off */
#define USER(n) "md5('user' || $1 || (" n "))::uuid::text"
#define ID(kind, n)                                                                                \
    "'01' || upper(lpad(to_hex(" n "), 10, '0') || substr(md5('" kind "' || $1 || (" n ")), 1, 14))"
#define NUMBERS "generate_series($2::bigint, $3::bigint) i"
#define RELATIONS                                                                                  \
    "INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id) "
#define RELATED(relation, type, id) "(" relation "::\"char\", " type "::\"char\", " id ")"
#define OWNED_BY(id) RELATED(RK_SQL_RELATION_OWNER, RK_SQL_OBJECT_USER, id)
/* On the platform, and seen by everybody; platform relations have one letter, whatever the type. */
#define EXISTS                                                                                     \
    RELATED(RK_SQL_RELATION_PROJECT_PLATFORM, RK_SQL_OBJECT_PLATFORM, "'" RK_PLATFORM_ID "'")
#define EVERYBODY                                                                                  \
    RELATED(RK_SQL_RELATION_PUBLIC_VIEWER, RK_SQL_OBJECT_USER, "'*'")                              \
    ", " RELATED(RK_SQL_RELATION_PUBLIC_VIEWER, RK_SQL_OBJECT_ANONYMOUS_USER, "'*'")

#define LARGE                                                                                      \
    "ANY ('{projects.projects, projects.projects_repositories, common.entity_slugs,"               \
    "       librenku.relation, librenku.listing, librenku.listing_member}'::regclass[])"

static const rk_query quiet[] = {
    {.sql = "ALTER TABLE common.groups DISABLE TRIGGER librenku_listing_groups"},
    {.sql = "ALTER TABLE common.entity_slugs DISABLE TRIGGER librenku_listing_add"},
    {.sql = "ALTER TABLE projects.projects_repositories DISABLE TRIGGER USER"},
    {.sql = "ALTER TABLE librenku.relation DISABLE TRIGGER USER"},
    {.sql = "SELECT set_config('work_mem', '256MB', true),"
            "       set_config('maintenance_work_mem', '256MB', true)"},
    {.sql = "CREATE TEMPORARY TABLE set_aside ON COMMIT DROP AS"
            " SELECT 1 AS turn, format('DROP INDEX %s', i.indexrelid::regclass) AS away,"
            "        pg_get_indexdef(i.indexrelid) AS back"
            "   FROM pg_index i"
            "  WHERE i.indrelid = " LARGE
            "    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)"
            " UNION ALL"
            " SELECT CASE c.contype WHEN 'p' THEN 2 ELSE 3 END,"
            "        format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname),"
            "        format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname,"
            "               pg_get_constraintdef(c.oid))"
            "   FROM pg_constraint c"
            "  WHERE c.conrelid = " LARGE
            "    AND (c.contype = 'f'"
            "         OR c.contype = 'p' AND NOT EXISTS (SELECT"
            "                                              FROM pg_constraint r"
            "                                             WHERE r.confrelid = c.conrelid))"},
    {.sql = "DO $$ DECLARE command text; BEGIN"
            " FOR command IN SELECT away FROM set_aside LOOP EXECUTE command; END LOOP;"
            " END $$"},
};
static const rk_query loud[] = {
    {.sql = "ANALYZE common.namespaces, common.entity_slugs, projects.projects, librenku.relation"},
    {.sql = "SELECT librenku.listing_rebuild()"},
    {.sql = "DO $$ DECLARE command text; BEGIN"
            " FOR command IN SELECT back FROM set_aside ORDER BY turn LOOP"
            "   EXECUTE command;"
            " END LOOP; END $$"},
    {.sql = "ALTER TABLE common.groups ENABLE TRIGGER librenku_listing_groups"},
    {.sql = "ALTER TABLE common.entity_slugs ENABLE TRIGGER librenku_listing_add"},
    {.sql = "ALTER TABLE projects.projects_repositories ENABLE TRIGGER USER"},
    {.sql = "ALTER TABLE librenku.relation ENABLE TRIGGER USER"},
};

/* $2, $3: first and last number. */
static const rk_query users[] = {
    {.sql = "INSERT INTO users.users (keycloak_id, first_name, last_name, email)"
            " SELECT " USER("i") ", 'First' || i, 'Last' || i,"
            "        'user' || i || '@' || $1 || '.example.org'"
            "   FROM " NUMBERS},
    {.sql = "INSERT INTO common.namespaces (id, slug, user_id)"
            " SELECT " ID("space", "i") ", 'user' || i || '-' || $1, " USER("i")
            "   FROM " NUMBERS},
    {.sql = RELATIONS
            "SELECT " RK_SQL_OBJECT_USER_NAMESPACE ", " ID("space", "i") ", r.relation, r.type, r.id"
            "  FROM " NUMBERS ","
            "       LATERAL (VALUES " OWNED_BY(USER("i")) ", " EXISTS ", " EVERYBODY ")"
            "       r (relation, type, id)"},
};

/* $4: how many users there are. */
static const rk_query groups[] = {
    {.sql = "INSERT INTO common.groups (id, name, created_by, creation_date)"
            " SELECT " ID("group", "i") ", 'Group ' || i, " USER("i % $4 + 1") ","
            "        date_trunc('second', now())"
            "   FROM " NUMBERS},
    {.sql = "INSERT INTO common.namespaces (id, slug, group_id)"
            " SELECT " ID("groupspace", "i") ", 'group' || i || '-' || $1, " ID("group", "i")
            "   FROM " NUMBERS " WHERE $4 > 0"},
    {.sql = RELATIONS
            "SELECT " RK_SQL_OBJECT_GROUP ", " ID("group", "i") ", r.relation, r.type, r.id"
            "  FROM " NUMBERS ","
            "       LATERAL (VALUES " OWNED_BY(USER("i % $4 + 1")) ", " EXISTS ", " EVERYBODY ")"
            "       r (relation, type, id)"},
    {.sql = RELATIONS
            "SELECT DISTINCT " RK_SQL_OBJECT_GROUP "::\"char\", " ID("group", "i") ","
            "       (CASE WHEN k < 4 THEN " RK_SQL_RELATION_EDITOR
            "             ELSE " RK_SQL_RELATION_VIEWER " END)::\"char\","
            "       " RK_SQL_OBJECT_USER "::\"char\","
            "       " USER("(i * 7 + k * 13) % $4 + 1")
            "  FROM " NUMBERS ", generate_series(1, 9) k"},
};

/* $5: how many groups there are. The place of project i: number of its group, or 0 and that of a
 * user. */
#define PLACE                                                                                      \
    "LATERAL (SELECT CASE WHEN $5 = 0 OR i % 10 < 5 THEN 0"                                        \
    "                     WHEN i % 10 < 7 THEN (i * 17) % $5 + 1 ELSE 1 END AS g,"                 \
    "                (i * 31) % $4 + 1 AS u) at"
#define HOME_TYPE                                                                                  \
    "(CASE at.g WHEN 0 THEN " RK_SQL_OBJECT_USER_NAMESPACE " ELSE " RK_SQL_OBJECT_GROUP " END)"
#define HOME                                                                                       \
    "CASE at.g WHEN 0 THEN " ID("space", "at.u") " ELSE " ID("group", "at.g") " END"
#define CREATOR USER("CASE WHEN at.g = 0 THEN at.u ELSE at.g % $4 + 1 END")
#define MEMBER(n) USER("abs(hashint8(i * 3 + " n ")) % $4 + 1")
#define IS_PUBLIC "abs(hashint8(i)) % 5 = 0"

static const rk_query projects[] = {
    {.sql = "INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date,"
            "            updated_at, description, keywords, secrets_mount_directory)"
            " SELECT " ID("project", "i") ", 'Project number ' || i,"
            "        (CASE WHEN " IS_PUBLIC " THEN 'public' ELSE 'private' END)::public.visibility,"
            "        " CREATOR ", timestamptz '2025-01-01' + i * interval '7 seconds',"
            "        timestamptz '2025-06-01' + abs(hashint8(i + 1)) * interval '1 millisecond',"
            "        'What people write about project ' || i, '{weather,climate,open-data}',"
            "        '/secrets'"
            "   FROM " NUMBERS ", " PLACE},
    {.sql = "INSERT INTO common.entity_slugs (slug, project_id, namespace_id)"
            " SELECT 'project-' || i, " ID("project", "i") ","
            "        CASE at.g WHEN 0 THEN " ID("space", "at.u")
            "                  ELSE " ID("groupspace", "at.g") " END"
            "   FROM " NUMBERS ", " PLACE},
    {.sql = "INSERT INTO projects.projects_repositories (url, project_id)"
            " SELECT 'https://git.example.org/' || $1 || '/' || i, " ID("project", "i")
            "   FROM " NUMBERS " WHERE $4 > 0 AND $5 >= 0"},
    {.sql = RELATIONS
            "SELECT " RK_SQL_OBJECT_PROJECT ", " ID("project", "i") ", r.relation, r.type, r.id"
            "  FROM " NUMBERS ", " PLACE ","
            "       LATERAL (VALUES " OWNED_BY(CREATOR) ", " EXISTS ","
            "         " RELATED(RK_SQL_RELATION_PROJECT_NAMESPACE, HOME_TYPE, HOME) ","
            "         " RELATED(RK_SQL_RELATION_EDITOR, RK_SQL_OBJECT_USER, MEMBER("1")) ","
            "         " RELATED(RK_SQL_RELATION_VIEWER, RK_SQL_OBJECT_USER, MEMBER("2")) ","
            "         " EVERYBODY ") r (relation, type, id)"
            " WHERE r.relation <> " RK_SQL_RELATION_PUBLIC_VIEWER " OR " IS_PUBLIC},
};
/* clang-format on */

static const rk_query refresh[] = {
    {.sql = "ANALYZE users.users, common.groups, common.namespaces, common.entity_slugs"},
    {.sql = "ANALYZE projects.projects, projects.projects_repositories"},
    {.sql = "ANALYZE librenku.relation"},
    {.sql = "ANALYZE librenku.listing, librenku.listing_member, librenku.listing_total"},
};

enum { BATCH = 20000, MARK_LENGTH = 8 };

typedef struct {
    const char *mark;
    int64_t users, groups, projects;
    int64_t done;
    renku_progress *progress;
    void *user;
} seeding;

static int run_all(rk_op *op, const rk_query *queries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        RK_TRY(rk_db_run(NULL, op, &queries[i], RK_NO_PARAMS));
    return 0;
}

/* How many of $1... the statements of a kind take. */
typedef struct {
    const char *what;
    const rk_query *queries;
    size_t count;
    int params;
    int64_t rows;
} kind;

static int run_batch(rk_op *op, const seeding *work, const kind *rows, int64_t first, int64_t last)
{
    const rk_param params[] = {
        rk_text(work->mark), rk_int(first), rk_int(last), rk_int(work->users), rk_int(work->groups),
    };

    for (size_t i = 0; i < rows->count; i++)
        RK_TRY(rk_db_run(NULL, op, &rows->queries[i], (rk_params){params, rows->params}));
    return 0;
}

static int run_kind(rk_op *op, seeding *work, const kind *rows)
{
    int64_t all = work->users + work->groups + work->projects;

    for (int64_t first = 1; first <= rows->rows; first += BATCH) {
        int64_t last = first + BATCH - 1 < rows->rows ? first + BATCH - 1 : rows->rows;

        RK_TRY(run_batch(op, work, rows, first, last));
        work->done += last - first + 1;
        if (work->progress)
            work->progress(work->user, 0.9 * (double)work->done / (double)all, rows->what);
    }
    return 0;
}

static int fill(rk_op *op, void *user)
{
    seeding *work = user;
    const kind kinds[] = {
        {"users",    users,    RK_COUNT(users),    3, work->users   },
        {"groups",   groups,   RK_COUNT(groups),   4, work->groups  },
        {"projects", projects, RK_COUNT(projects), 5, work->projects},
    };

    work->done = 0;
    RK_TRY(run_all(op, quiet, RK_COUNT(quiet)));
    for (size_t i = 0; i < RK_COUNT(kinds); i++)
        RK_TRY(run_kind(op, work, &kinds[i]));
    if (work->progress)
        work->progress(work->user, 0.95, "lists");
    return run_all(op, loud, RK_COUNT(loud));
}

static void make_mark(char mark[MARK_LENGTH + 1])
{
    char id[RK_ULID_LENGTH + 1];

    rk_ulid_make(id);
    for (int i = 0; i < MARK_LENGTH; i++) {
        char c = id[RK_ULID_LENGTH - MARK_LENGTH + i];

        mark[i] = (char)(c >= 'A' ? c - 'A' + 'a' : c);
    }
    mark[MARK_LENGTH] = '\0';
}

static int seed(rk_op *op, rk_buf *out, void *user)
{
    seeding *work = user;
    char mark[MARK_LENGTH + 1];

    if (work->users < 1 || work->groups < 0 || work->projects < 0)
        return rk_fail(op, RK_ERR_INVALID,
                       "There must be at least one user, and no negative number of anything.");
    make_mark(mark);
    work->mark = mark;
    RK_TRY(rk_db_transaction(op, fill, work));
    RK_TRY(run_all(op, refresh, RK_COUNT(refresh)));
    rk_buf_printf(out, "{\"mark\":\"%s\",\"users\":%lld,\"groups\":%lld,\"projects\":%lld}", mark,
                  (long long)work->users, (long long)work->groups, (long long)work->projects);
    return 0;
}

renku_result *renku_dev_seed(renku_ctx *ctx, const renku_seed *wanted)
{
    renku_seed known = RENKU_SEED_INIT;

    if (!wanted || !rk_versioned_read(&known, sizeof(known), wanted))
        return rk_result_refused(RK_ERR_INTERNAL,
                                 "renku_seed is NULL or has no size: use RENKU_SEED_INIT.");
    seeding work = {.users = known.users,
                    .groups = known.groups,
                    .projects = known.projects,
                    .progress = known.progress,
                    .user = known.user};

    return rk_tool_run(ctx, seed, &work, RK_TOOL_JSON);
}
