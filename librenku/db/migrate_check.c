/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/db/db.h"
#include "librenku/db/migration.h"

/* --- lines --- */

/* An object, then its fields, parted by tabs: "column common.groups.name\ttype text\t..". */

static const char no_value[] = "none";

static size_t object_length(const char *line)
{
    return strcspn(line, "\t");
}

/* The order in which the server sorts them: by bytes. A tab is below all that names contain. */
static int compare_objects(const char *one, const char *other)
{
    size_t length = object_length(one), other_length = object_length(other);
    int order = memcmp(one, other, length < other_length ? length : other_length);

    return order ? order : (length > other_length) - (length < other_length);
}

static const char *next_field(const char *line)
{
    const char *tab = strchr(line, '\t');

    return tab ? tab + 1 : NULL;
}

/* The value of the field whose key is that of @p wanted, up to its tab; "none" when there is no
 * such field. */
static const char *value_of(const char *line, const char *wanted)
{
    size_t key = strcspn(wanted, " ") + 1;

    for (const char *field = next_field(line); field; field = next_field(field))
        if (strncmp(field, wanted, key) == 0)
            return field + key;
    return no_value;
}

static int same_value(const char *one, const char *other)
{
    size_t length = object_length(one);

    return length == object_length(other) && memcmp(one, other, length) == 0;
}

/* --- differences in words --- */

static int add(rk_differences *out, rk_op *op, const char *text)
{
    rk_difference *difference = rk_new(op, rk_difference);

    RK_CHECK(text);
    RK_CHECK(difference);
    difference->text = text;
    *out->end = difference;
    out->end = &difference->next;
    out->count++;
    return 0;
}

static int add_field(rk_differences *out, rk_op *op, const char *expected, const char *live,
                     const char *field)
{
    size_t key = strcspn(field, " ");
    const char *wanted = value_of(expected, field);
    const char *found = value_of(live, field);

    if (same_value(wanted, found))
        return 0;
    return add(out, op,
               rk_printf(op, "%.*s: %.*s is %.*s, expected %.*s", (int)object_length(expected),
                         expected, (int)key, field, (int)object_length(found), found,
                         (int)object_length(wanted), wanted));
}

static int add_fields(rk_differences *out, rk_op *op, const char *expected, const char *live)
{
    for (const char *field = next_field(expected); field; field = next_field(field))
        RK_TRY(add_field(out, op, expected, live, field));
    for (const char *field = next_field(live); field; field = next_field(field))
        if (value_of(expected, field) == no_value)
            RK_TRY(add_field(out, op, expected, live, field));
    return 0;
}

static int add_object(rk_differences *out, rk_op *op, const char *line, const char *what)
{
    return add(out, op, rk_printf(op, "%.*s %s", (int)object_length(line), line, what));
}

/* --- which part is compared --- */

/* Ours, and the outbox, which a deployment may or may not have. */
static bool is_addition(const char *line)
{
    return strstr(line, "librenku") || strstr(line, " events.events");
}

static const char *next_line(const char *const *lines, size_t count, size_t *at, bool contract)
{
    while (*at < count && contract && is_addition(lines[*at]))
        ++*at;
    return *at < count ? lines[*at] : NULL;
}

static size_t expected_count(void)
{
    size_t count = 0;

    while (rk_expected_schema[count])
        count++;
    return count;
}

int rk_schema_compare(rk_differences *out, rk_op *op, bool contract)
{
    size_t wanted_at = 0, live_at = 0, wanted_count = expected_count();
    rk_array live;

    *out = (rk_differences){.end = &out->first};
    RK_TRY(rk_schema_lines(&live, op));
    for (;;) {
        const char *wanted = next_line(rk_expected_schema, wanted_count, &wanted_at, contract);
        const char *found = next_line(live.items, live.count, &live_at, contract);

        if (!wanted && !found)
            return 0;

        int order = !wanted ? 1 : !found ? -1 : compare_objects(wanted, found);

        wanted_at += order <= 0;
        live_at += order >= 0;
        if (order == 0)
            RK_TRY(add_fields(out, op, wanted, found));
        else
            RK_TRY(add_object(out, op, order < 0 ? wanted : found,
                              order < 0 ? "is missing" : "is not expected"));
    }
}

static int refuse(rk_op *op, const rk_differences *differences)
{
    rk_buf detail;

    rk_buf_begin(&detail, op, 256);
    for (const rk_difference *it = differences->first; it; it = it->next)
        rk_buf_printf(&detail, "%s%s", it == differences->first ? "" : "\n", it->text);
    RK_TRY(rk_buf_finish(&detail));
    (void)rk_fail(op, RK_ERR_CONFLICT, /* the detail returns it */
                  "The database differs from the expected schema: %d difference%s.",
                  differences->count, differences->count == 1 ? "" : "s");
    return rk_fail_detail(op, "%s", detail.text);
}

int rk_schema_report(rk_op *op, rk_buf *report, const rk_differences *differences)
{
    rk_buf_text(report, "{\"differences\":[");
    for (const rk_difference *it = differences->first; it; it = it->next) {
        rk_buf_text(report, it == differences->first ? "" : ",");
        rk_buf_json_text(report, it->text);
    }
    rk_buf_text(report, "]}");
    RK_TRY(rk_buf_finish(report));
    return differences->count ? refuse(op, differences) : 0;
}

static int compare_all(rk_op *op, void *user)
{
    return rk_schema_compare(user, op, false);
}

int rk_migrate_check(rk_op *op, rk_buf *report)
{
    rk_differences differences;

    RK_TRY(rk_db_transaction(op, compare_all, &differences));
    return rk_schema_report(op, report, &differences);
}
