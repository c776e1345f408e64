/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PATTERNS_H
#define RK_PATTERNS_H

#include "librenku/http/schema.h"

struct pcre2_real_match_data_8;

/* Characters of a kind in a row. */
typedef struct {
    const bool *kind; /* by the byte; ASCII only */
    size_t least, most;
} rk_run;

/* One pattern of the apispec files; rk_schema.pattern_index counts these. */
typedef struct {
    const char *text;
    bool dollar_newline; /* $ also matches before one final newline */
    const rk_run *runs;  /* all that the text says, from start to end; only the last one may vary.
                            NULL: it says more */
    int run_count;
} rk_pattern_source;

/* The generated table. */
extern const rk_pattern_source rk_pattern_sources[];
extern const int rk_pattern_source_count;

/* Compiles a table of one's own; rk_patterns_new() takes the generated one. */
int rk_patterns_compile(rk_patterns **out, rk_op *op, const rk_pattern_source *sources, int count);

/* What one operation needs for matching, in its arena. Set op and patterns, leave the rest zero. */
typedef struct {
    rk_op *op;
    const rk_patterns *patterns;
    struct pcre2_real_match_data_8 *match; /* made by the first search */
} rk_matcher;

/* Whether pattern @p index is found in the text, which is valid UTF-8. What takes too long counts
 * as not found. */
int rk_matcher_find(bool *found, rk_matcher *matcher, int index, const char *text, size_t length);

#endif
