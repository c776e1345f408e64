/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frontends/cli/request.h"
#include "frontends/cli/table.h"
#include "renku/renku.h"

/* A list on its way to the standard output: nothing of it is kept but the page at hand. */
typedef struct {
    rk_cli *cli;
    const char *columns;
    int64_t left;    /* items that may still be written */
    int64_t written; /* items */
    bool has_begun;
    rk_table table;
} listing;

/* --- as JSON ---------------------------------------------------------------------------------- */

/* Behind the value that begins at @p text: at the comma, or at the end of the list. The text is
 * JSON that the library has made. */
static const char *skip_value(const char *text, const char *end)
{
    int depth = 0;

    for (bool quoted = false; text < end; text++) {
        if (quoted && *text == '\\')
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && (*text == '{' || *text == '['))
            depth++;
        else if (!quoted && (*text == '}' || *text == ']'))
            depth--;
        else if (!quoted && depth == 0 && *text == ',')
            break;
    }
    return text < end ? text : end;
}

/* Writes the items of "[a,b]" as they stand, as many as may be written. */
static void write_json(listing *out, const char *body, size_t size)
{
    const char *item = body + 1, *end = body + size - 1;

    while (item < end && out->left > 0) {
        const char *next = skip_value(item, end);

        fputs(out->written ? "," : "", stdout);
        fwrite(item, 1, (size_t)(next - item), stdout);
        out->written++;
        out->left--;
        item = next + (next < end);
    }
}

/* --- as a table ------------------------------------------------------------------------------- */

static void write_rows(listing *out, const char *body)
{
    json_object *rows = rk_cli_or_end(json_tokener_parse(body));
    size_t count = json_object_array_length(rows);

    if ((int64_t)count > out->left)
        count = (size_t)out->left;
    if (!out->has_begun)
        rk_table_begin(&out->table, out->cli, out->columns, json_object_array_get_idx(rows, 0));
    rk_table_rows(&out->table, rows, count);
    out->written += (int64_t)count;
    out->left -= (int64_t)count;
    json_object_put(rows);
}

/* --- both ------------------------------------------------------------------------------------- */

/* Writes one page, then frees it. */
static rk_exit write_page(listing *out, renku_result *page)
{
    bool json = rk_cli_given(out->cli, RK_OPTION_JSON);
    size_t size;
    const char *body = renku_result_body(page, &size);

    if (!renku_result_ok(page))
        return out->has_begun ? rk_cli_status(out->cli, page) : rk_cli_show(out->cli, page);
    if (json && !out->has_begun)
        putchar('[');
    if (json)
        write_json(out, body, size);
    else
        write_rows(out, body);
    out->has_begun = true;
    renku_result_free(page);
    return rk_cli_flush();
}

static rk_exit finish(const listing *out, rk_exit status)
{
    if (status != RK_EXIT_OK || !rk_cli_given(out->cli, RK_OPTION_JSON))
        return status;
    puts("]");
    return rk_cli_flush();
}

static listing begin(rk_cli *cli, const rk_cli_request *request)
{
    return (listing){.cli = cli, .columns = request->columns, .left = request->limit};
}

/* On a terminal the list itself is the progress. */
static void tell_progress(const listing *out, int64_t total)
{
    int64_t all = total < out->written + out->left ? total : out->written + out->left;

    if (total > 0 && !isatty(STDOUT_FILENO))
        rk_cli_progress(NULL, all ? (double)out->written / (double)all : 1, "reading the list");
}

rk_exit rk_cli_list_pages(rk_cli *cli, renku_pages *pages, const rk_cli_request *request)
{
    listing out = begin(cli, request);
    rk_exit status = RK_EXIT_OK;

    for (renku_result *page; status == RK_EXIT_OK && out.left > 0;) {
        page = renku_pages_next(pages);
        if (!page)
            break;
        status = write_page(&out, page);
        tell_progress(&out, renku_pages_total(pages));
    }
    return finish(&out, status);
}

rk_exit rk_cli_list_whole(rk_cli *cli, renku_result *result, const rk_cli_request *request)
{
    listing out = begin(cli, request);

    return finish(&out, write_page(&out, result));
}
