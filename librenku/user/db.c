/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/user/db.h"

#include "librenku/authz/authz.h"
#include "librenku/db/db.h"
#include "librenku/user/core.h"

#define FROM_USERS                                                                                 \
    "  FROM users.users u"                                                                         \
    "  LEFT JOIN common.namespaces n ON n.user_id = u.keycloak_id"

/* A record without namespace is broken; empty texts are the same as none. Spec: users.md 1, 3 */
static int user_loaded(void *model, rk_op *op)
{
    rk_user *user = model;

    if (!user->username)
        return rk_fail(op, RK_ERR_INTERNAL, "The user %s has no namespace.", user->id);
    user->email = rk_text_or_null(user->email);
    user->first_name = rk_text_or_null(user->first_name);
    user->last_name = rk_text_or_null(user->last_name);
    return 0;
}

static const rk_column user_columns[] = {
    {"u.keycloak_id", RK_COLUMN_TEXT, offsetof(rk_user, id),         NULL},
    {"n.slug",        RK_COLUMN_TEXT, offsetof(rk_user, username),   NULL},
    {"u.email",       RK_COLUMN_TEXT, offsetof(rk_user, email),      NULL},
    {"u.first_name",  RK_COLUMN_TEXT, offsetof(rk_user, first_name), NULL},
    {"u.last_name",   RK_COLUMN_TEXT, offsetof(rk_user, last_name),  NULL},
};
static const rk_row user_row = RK_ROW_THEN(rk_user, user_columns, user_loaded);

static const rk_query user_by_id = {
    .sql = "SELECT {row}" FROM_USERS " WHERE u.keycloak_id = $1",
    .row = &user_row,
};

int rk_user_lookup(rk_user *out, bool *found, rk_op *op, const char *user_id)
{
    return rk_db_lookup(out, found, op, &user_by_id, RK_PARAMS(rk_text(user_id)));
}

int rk_user_all(rk_array *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_USERS " ORDER BY u.id",
        .row = &user_row,
    };

    return rk_db_all(out, op, &query, RK_NO_PARAMS);
}

int rk_user_by_email(rk_array *out, rk_op *op, const char *email)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_USERS " WHERE u.email = $1 ORDER BY u.id",
        .row = &user_row,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_text(email)));
}

int rk_user_find_many(rk_array *out, rk_op *op, const rk_strings *ids)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_USERS " WHERE u.keycloak_id = ANY ($1::text[]) ORDER BY u.id",
        .row = &user_row,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_texts(op, ids)));
}

typedef struct {
    const char *slug;
} free_slug;

int rk_user_free_slug(const char **out, rk_op *op, const rk_strings *candidates)
{
    static const rk_column columns[] = {
        {"c.slug", RK_COLUMN_TEXT, offsetof(free_slug, slug), NULL},
    };
    static const rk_row row = RK_ROW(free_slug, columns);
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM unnest($1::text[]) WITH ORDINALITY AS c (slug, rank)"
               " WHERE NOT EXISTS (SELECT FROM common.namespaces n WHERE n.slug = c.slug)"
               " ORDER BY c.rank"
               " LIMIT 1",
        .row = &row,
        .none = RK_ERR_INVALID,
        .missing = "No free slug could be found for the namespace of the user.",
    };
    free_slug found;

    RK_TRY(rk_db_one(&found, op, &query, RK_PARAMS(rk_texts(op, candidates))));
    *out = found.slug;
    return 0;
}

int rk_user_insert(rk_user *out, rk_op *op, const rk_person *person, const char *namespace_id,
                   const char *slug)
{
    /* Two first logins at once, or two users after one slug: the loser looks again. */
    static const rk_query query = {
        .sql = "WITH u AS ("
               "  INSERT INTO users.users (keycloak_id, email, first_name, last_name)"
               "  VALUES ($1, $2, $3, $4)"
               "  RETURNING id, keycloak_id, email, first_name, last_name),"
               " n AS ("
               "  INSERT INTO common.namespaces (id, slug, user_id)"
               "  VALUES ($5, $6, $1)"
               "  RETURNING slug)"
               " SELECT {row} FROM u, n",
        .row = &user_row,
        .duplicate = RK_ERR_RETRY,
    };

    return rk_db_defer(out, op, &query,
                       RK_PARAMS(rk_text(person->id), rk_text(person->email),
                                 rk_text(person->first_name), rk_text(person->last_name),
                                 rk_text(namespace_id), rk_text(slug)));
}

int rk_user_lock(rk_user *out, bool *found, rk_op *op, const char *user_id)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_USERS " WHERE u.keycloak_id = $1 FOR UPDATE OF u",
        .row = &user_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(rk_text(user_id)));
}

int rk_user_update(rk_op *op, const rk_user *user)
{
    static const rk_query query = {
        .sql = "UPDATE users.users"
               "   SET email = $2, first_name = $3, last_name = $4"
               " WHERE keycloak_id = $1",
    };

    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(user->id), rk_text(user->email), rk_text(user->first_name),
                                 rk_text(user->last_name)));
}

typedef struct {
    rk_opt_int value;
} number;

int rk_user_count(int64_t *out, rk_op *op)
{
    static const rk_column columns[] = {
        {"count(*)", RK_COLUMN_INT, offsetof(number, value), NULL},
    };
    static const rk_row row = RK_ROW(number, columns);
    static const rk_query query = {.sql = "SELECT {row} FROM users.users", .row = &row};
    number found;

    RK_TRY(rk_db_one(&found, op, &query, RK_NO_PARAMS));
    *out = found.value.value;
    return 0;
}

int rk_user_event_time(rk_opt_int *out, rk_op *op)
{
    static const rk_column columns[] = {
        {"(extract(epoch FROM max(t.timestamp_utc)) * 1000000)::bigint", RK_COLUMN_INT,
         offsetof(number, value), NULL},
    };
    static const rk_row row = RK_ROW(number, columns);
    static const rk_query query = {
        .sql = "SELECT {row} FROM users.last_keycloak_event_timestamp t",
        .row = &row,
    };
    number found;

    RK_TRY(rk_db_one(&found, op, &query, RK_NO_PARAMS));
    *out = found.value;
    return 0;
}

int rk_user_event_time_set(rk_op *op, int64_t micros)
{
    static const rk_query lock = {
        .sql = "LOCK TABLE users.last_keycloak_event_timestamp IN SHARE ROW EXCLUSIVE MODE",
    };
    static const rk_query query = {
        .sql = "WITH kept AS ("
               "  UPDATE users.last_keycloak_event_timestamp"
               "     SET timestamp_utc = greatest(timestamp_utc,"
               "                                  $1::timestamptz AT TIME ZONE 'UTC')"
               "  RETURNING id)"
               " INSERT INTO users.last_keycloak_event_timestamp (timestamp_utc)"
               " SELECT $1::timestamptz AT TIME ZONE 'UTC'"
               "  WHERE NOT EXISTS (SELECT FROM kept)",
    };

    RK_TRY(rk_db_defer(NULL, op, &lock, RK_NO_PARAMS));
    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_micros(micros)));
}

int rk_user_removal_lookup(rk_user_removal *out, bool *found, rk_op *op, const char *user_id)
{
    static const rk_column columns[] = {
        {"n.id",                                                         RK_COLUMN_TEXT, offsetof(rk_user_removal, namespace_id),  NULL},
        {RK_SQL_BITS_PLATFORM("'renku'"),                                RK_COLUMN_BITS, offsetof(rk_user_removal, platform_bits),
         NULL                                                                                                                          },
        {"EXISTS (SELECT FROM common.groups g WHERE g.created_by = u.keycloak_id)"
         " OR EXISTS (SELECT FROM storage.data_connectors d WHERE d.created_by_id = u.keycloak_id)"
         " OR EXISTS (SELECT FROM projects.session_secret_slots s"
         "             WHERE s.created_by_id = u.keycloak_id)", RK_COLUMN_BOOL, offsetof(rk_user_removal, in_use),        NULL},
    };
    static const rk_row row = RK_ROW(rk_user_removal, columns);
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_USERS " WHERE u.keycloak_id = $3 FOR UPDATE OF u",
        .row = &row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(user_id)));
}

int rk_user_remove(rk_op *op, const char *user_id)
{
    static const rk_query query = {
        .sql = "DELETE FROM users.users WHERE keycloak_id = $1",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(user_id)));
}

/* Bytes that are no text come as escapes, which are no token. */
static const rk_column key_columns[] = {
    {"encode(u.secret_key, 'escape')", RK_COLUMN_TEXT, offsetof(rk_user_key, encrypted), NULL},
};
static const rk_row key_row = RK_ROW(rk_user_key, key_columns);

int rk_user_key_find(rk_user_key *out, rk_op *op, const char *user_id)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM users.users u WHERE u.keycloak_id = $1",
        .row = &key_row,
    };
    bool found;

    RK_TRY(rk_db_lookup(out, &found, op, &query, RK_PARAMS(rk_text(user_id))));
    return found ? 0 : rk_fail(op, RK_ERR_NOT_FOUND, "User with id %s not found.", user_id);
}

int rk_user_key_store(rk_user_key *out, rk_op *op, const char *user_id, const char *encrypted)
{
    static const rk_query query = {
        .sql = "UPDATE users.users u"
               "   SET secret_key = coalesce(u.secret_key, convert_to($2, 'UTF8'))"
               " WHERE u.keycloak_id = $1"
               " RETURNING {row}",
        .row = &key_row,
    };

    return rk_db_one(out, op, &query, RK_PARAMS(rk_text(user_id), rk_text(encrypted)));
}
