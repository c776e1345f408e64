/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/project/project.h"

#include "librenku/db/db.h"

typedef struct {
    const char *text;
} difference;

static const rk_column difference_columns[] = {
    {"d.text", RK_COLUMN_TEXT, offsetof(difference, text), NULL},
};
static const rk_row difference_row = RK_ROW(difference, difference_columns);

#define COMPARE(label, columns, actual, expected)                                                  \
    "SELECT {row} FROM ("                                                                          \
    "(SELECT format('" label ": %s is not expected', a)"                                           \
    "   FROM (SELECT " columns " FROM " actual " EXCEPT ALL SELECT " columns " FROM " expected     \
    ") a)"                                                                                         \
    " UNION ALL "                                                                                  \
    "(SELECT format('" label ": %s is missing', e)"                                                \
    "   FROM (SELECT " columns " FROM " expected " EXCEPT ALL SELECT " columns " FROM " actual     \
    ") e)"                                                                                         \
    ") AS d (text) ORDER BY d.text LIMIT 1000 - $1"
#define PROJECT "project_id, parent, public, sort_key"
#define ITEM                                                                                       \
    ", namespace_id, slug, name, creation_date, created_by_id, updated_at, repositories,"          \
    " description, keywords, template_id, is_template, secrets_mount_directory"
#define COUNTS "scope, public, private, owners, editors"
#define SUMS                                                                                       \
    "(SELECT scope, sum(public)::bigint AS public, sum(private)::bigint AS private,"               \
    "        sum(owners)::bigint AS owners, sum(editors)::bigint AS editors"                       \
    "   FROM librenku.listing_total GROUP BY scope"                                                \
    " HAVING (sum(public), sum(private), sum(owners), sum(editors)) <> (0, 0, 0, 0)) s"

/* clang-format off */
static const struct {
    const char *what;
    rk_query differences; /* $1: how many there are before these */
} parts[] = {
    {"lists",  {.sql = COMPARE("list", PROJECT ITEM, "librenku.listing", "librenku.listing_expected"),
                .row = &difference_row}},
    {"roles",  {.sql = COMPARE("role", "user_id, role, " PROJECT, "librenku.listing_member",
                               "librenku.listing_member_expected"),
                .row = &difference_row}},
    {"totals", {.sql = COMPARE("total", COUNTS, SUMS, "librenku.listing_total_expected"),
                .row = &difference_row}},
};
/* clang-format on */

typedef struct {
    rk_buf texts; /* items of a JSON array */
    const char *first;
    size_t count;
} findings;

static int compare(findings *out, rk_op *op, const rk_query *query)
{
    rk_array rows;

    RK_TRY(rk_db_all(&rows, op, query, RK_PARAMS(rk_int((int64_t)out->count))));
    const difference *items = rows.items;

    for (size_t i = 0; i < rows.count; i++) {
        if (!out->first)
            out->first = items[i].text;
        rk_buf_text(&out->texts, out->count++ ? "," : "");
        rk_buf_json_text(&out->texts, items[i].text);
    }
    return rk_buf_finish(&out->texts);
}

/* Each part is compared in one state of the database: whoever writes meanwhile does no harm. */
static int compare_all(findings *out, rk_op *op)
{
    *out = (findings){0};
    rk_buf_begin(&out->texts, op, 256);
    for (size_t i = 0; i < RK_COUNT(parts); i++) {
        rk_op_tell(op, (int64_t)i, RK_COUNT(parts) + 1, "comparing the index: %s", parts[i].what);
        RK_TRY(compare(out, op, &parts[i].differences));
    }
    return 0;
}

static int rebuild(rk_op *op)
{
    static const rk_query query = {.sql = "SELECT librenku.listing_rebuild()"};

    rk_op_tell(op, RK_COUNT(parts), RK_COUNT(parts) + 1, "making the index anew");
    return rk_db_run(NULL, op, &query, RK_NO_PARAMS);
}

int rk_listing_verify(rk_op *op, rk_buf *out, bool repair)
{
    findings found;

    RK_TRY(compare_all(&found, op));
    if (found.count && !repair)
        return rk_fail(op, RK_ERR_CONFLICT,
                       "The projection behind the lists differs from the rows in %zu places, the "
                       "first: %s. Repair it with: renku db verify --repair",
                       found.count, found.first);
    if (found.count)
        RK_TRY(rebuild(op));
    rk_buf_text(out, "{\"differences\":[");
    rk_buf_add(out, found.texts.text, found.texts.length);
    rk_buf_printf(out, "],\"rebuilt\":%s}", found.count ? "true" : "false");
    return rk_buf_finish(out);
}
