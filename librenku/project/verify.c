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
    "(SELECT format('" label ": %s is not expected', a)"                                           \
    "   FROM (SELECT " columns " FROM " actual " EXCEPT ALL SELECT " columns " FROM " expected     \
    ") a)"                                                                                         \
    " UNION ALL "                                                                                  \
    "(SELECT format('" label ": %s is missing', e)"                                                \
    "   FROM (SELECT " columns " FROM " expected " EXCEPT ALL SELECT " columns " FROM " actual     \
    ") e)"
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
static const rk_query compare = {
    .sql = "SELECT {row} FROM ("
           COMPARE("list", PROJECT ITEM, "librenku.listing", "librenku.listing_expected")
           " UNION ALL "
           COMPARE("role", "user_id, role, " PROJECT, "librenku.listing_member",
                   "librenku.listing_member_expected")
           " UNION ALL "
           COMPARE("total", COUNTS, SUMS, "librenku.listing_total_expected")
           ") AS d (text) ORDER BY d.text LIMIT 1000",
    .row = &difference_row,
};
/* clang-format on */

static const rk_query rebuild = {.sql = "SELECT librenku.listing_rebuild()"};

static int write_report(rk_buf *out, const rk_array *differences, bool rebuilt)
{
    const difference *items = differences->items;

    rk_buf_text(out, "{\"differences\":[");
    for (size_t i = 0; i < differences->count; i++) {
        rk_buf_text(out, i ? "," : "");
        rk_buf_json_text(out, items[i].text);
    }
    rk_buf_printf(out, "],\"rebuilt\":%s}", rebuilt ? "true" : "false");
    return rk_buf_finish(out);
}

int rk_listing_verify(rk_op *op, rk_buf *out, bool repair)
{
    rk_array differences;

    RK_TRY(rk_db_all(&differences, op, &compare, RK_NO_PARAMS));
    if (differences.count && !repair)
        return rk_fail(op, RK_ERR_CONFLICT,
                       "The projection behind the lists differs from the rows in %zu places, the "
                       "first: %s. Repair it with: renku db verify --repair",
                       differences.count, ((const difference *)differences.items)[0].text);
    if (differences.count)
        RK_TRY(rk_db_run(NULL, op, &rebuild, RK_NO_PARAMS));
    return write_report(out, &differences, differences.count > 0);
}
