/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/table.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontends/cli/print.h"

enum { GAP = 2, NARROWEST = 6 };

typedef struct {
    char *text;
    int width;
} cell;

/* --- columns ---------------------------------------------------------------------------------- */

/* [HEAD=]MEMBER[/MEMBER], which is taken apart in place. */
static void add_column(rk_table *table, char *text)
{
    char *equals = strchr(text, '=');
    char *member = equals ? equals + 1 : text, *slash = strchr(member, '/');

    if (table->count == RK_TABLE_COLUMNS_MAX)
        return;
    if (equals)
        *equals = '\0';
    if (slash)
        *slash = '\0';
    table->columns[table->count++] =
        (rk_table_column){.head = text, .member = member, .second = slash ? slash + 1 : NULL};
}

static void columns_of(rk_table *table, rk_cli *cli, json_object *row)
{
    json_object_iter member;

    if (!json_object_is_type(row, json_type_object))
        return;
    json_object_object_foreachC(row, member)
    {
        if (!json_object_is_type(member.val, json_type_object))
            add_column(table, rk_cli_format(cli, "%s", member.key));
    }
}

void rk_table_begin(rk_table *out, rk_cli *cli, const char *columns, json_object *first)
{
    char *rest = columns ? rk_cli_format(cli, "%s", columns) : NULL;

    *out = (rk_table){0};
    if (!columns)
        columns_of(out, cli, first);
    for (char *word; (word = strsep(&rest, " "));) {
        if (*word)
            add_column(out, word);
    }
}

/* --- cells ------------------------------------------------------------------------------------ */

static cell head_cell(const rk_table_column *column)
{
    cell out = {rk_cli_or_end(strdup(column->head)), (int)strlen(column->head)};

    for (char *c = out.text; *c; c++)
        *c = (char)(*c == '_' ? ' ' : toupper((unsigned char)*c));
    return out;
}

static cell cell_of(const rk_table_column *column, json_object *row)
{
    cell out, second;

    if (!json_object_is_type(row, json_type_object)) { /* a list of plain values */
        out.text = rk_cli_value(row, &out.width);
        return out;
    }
    out.text = rk_cli_value(json_object_object_get(row, column->member), &out.width);
    if (!column->second)
        return out;
    second.text = rk_cli_value(json_object_object_get(row, column->second), &second.width);
    char *joined = NULL;

    if (asprintf(&joined, "%s/%s", out.text, second.text) < 0)
        joined = NULL;
    free(out.text);
    free(second.text);
    return (cell){rk_cli_or_end(joined), out.width + 1 + second.width};
}

/* --- widths ----------------------------------------------------------------------------------- */

/* The widest column that may become narrower; the first one, which names the thing, comes last. */
static rk_table_column *widest(rk_table *table)
{
    rk_table_column *found = NULL;

    for (int i = table->count - 1; i >= 0; i--) {
        rk_table_column *column = &table->columns[i];

        if (column->width > NARROWEST && (!found || (i && column->width > found->width)))
            found = column;
    }
    return found;
}

static void fit(rk_table *table)
{
    int wanted = GAP * (table->count - 1), most = rk_cli_terminal_width(STDOUT_FILENO);

    for (int i = 0; i < table->count; i++)
        wanted += table->columns[i].width;
    for (rk_table_column *column; most && wanted > most && (column = widest(table)); wanted--)
        column->width--;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void print_cell(const cell *what, int width, bool is_last)
{
    int used = what->width;

    if (used > width)
        used = rk_cli_put_cut(what->text, width);
    else
        fputs(what->text, stdout);
    if (!is_last)
        printf("%*s", width - used + GAP, "");
}

static void print_row(const rk_table *table, const cell *cells)
{
    for (int i = 0; i < table->count; i++)
        print_cell(&cells[i], table->columns[i].width, i + 1 == table->count);
    putchar('\n');
}

static void print_head(rk_table *table, const cell *cells)
{
    bool colour = rk_cli_is_colour(STDOUT_FILENO);

    fputs(colour ? "\033[1m" : "", stdout);
    print_row(table, cells);
    fputs(colour ? "\033[0m" : "", stdout);
    table->has_head = true;
}

/* The cells of head and rows, one row after the other; widens the columns. */
static cell *make_cells(rk_table *table, json_object *rows, size_t count)
{
    size_t columns = (size_t)table->count;
    cell *cells = rk_cli_or_end(calloc((count + 1) * columns, sizeof(*cells)));

    for (size_t i = 0; i < (count + 1) * columns; i++) {
        rk_table_column *column = &table->columns[i % columns];

        cells[i] = i < columns ? head_cell(column)
                               : cell_of(column, json_object_array_get_idx(rows, i / columns - 1));
        if (cells[i].width > column->width)
            column->width = cells[i].width;
    }
    return cells;
}

void rk_table_rows(rk_table *table, json_object *rows, size_t count)
{
    if (table->count == 0)
        return;
    cell *cells = make_cells(table, rows, count);

    fit(table);
    if (!table->has_head)
        print_head(table, cells);
    for (size_t i = 1; i <= count; i++)
        print_row(table, cells + i * (size_t)table->count);
    for (size_t i = 0; i < (count + 1) * (size_t)table->count; i++)
        free(cells[i].text);
    free(cells);
}
