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

#define COMPARE(label, actual, expected)                                                           \
    "(SELECT format('" label ": %s is not expected', a) FROM (" actual " EXCEPT ALL " expected     \
    ") a)"                                                                                         \
    " UNION ALL "                                                                                  \
    "(SELECT format('" label ": %s is missing', e) FROM (" expected " EXCEPT ALL " actual ") e)"

static const rk_query compare = {
    .sql =
        "SELECT {row} FROM (" COMPARE("list", "SELECT project_id, parent, public, sort_key FROM librenku.listing", "SELECT project_id, parent, public, sort_key FROM librenku.listing_expected") " UNION ALL " COMPARE(
            "role",
            "SELECT user_id, project_id, parent, public, sort_key"
            "  FROM librenku.listing_member",
            "SELECT user_id, project_id, parent, public, sort_key"
            "  FROM librenku.listing_member_expected") " UNION ALL " COMPARE("total",
                                                                             "SELECT scope, "
                                                                             "sum(public) AS "
                                                                             "public, sum(private) "
                                                                             "AS private"
                                                                             "  FROM "
                                                                             "librenku.listing_"
                                                                             "total GROUP BY scope"
                                                                             " HAVING sum(public) "
                                                                             "<> 0 OR sum(private) "
                                                                             "<> 0",
                                                                             "SELECT scope, "
                                                                             "public::numeric, "
                                                                             "private::numeric"
                                                                             "  FROM "
                                                                             "librenku.listing_"
                                                                             "total_expected") ") "
                                                                                               "AS "
                                                                                               "d "
                                                                                               "(te"
                                                                                               "xt)"
                                                                                               " OR"
                                                                                               "DER"
                                                                                               " BY"
                                                                                               " d."
                                                                                               "tex"
                                                                                               "t "
                                                                                               "LIM"
                                                                                               "IT "
                                                                                               "100"
                                                                                               "0",
    .row = &difference_row,
};

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
