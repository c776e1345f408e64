/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/patterns.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "librenku/base/arena.h"

/* What one match may cost. The interpreter, which takes over where the compiled code runs out of
 * stack, keeps its frames on the heap. */
enum { STEPS_MAX = 2 * 1000 * 1000, DEPTH_MAX = 200 * 1000, HEAP_MAX_KIB = 32 * 1024 };

struct rk_patterns {
    pcre2_general_context *memory;
    pcre2_match_context *limits;
    const rk_pattern_source *sources;
    int count;
    pcre2_code *codes[]; /* NULL where runs tell all */
};

static void *take(PCRE2_SIZE size_bytes, void *user)
{
    (void)user;
    return malloc(size_bytes);
}

static void give_back(void *block, void *user)
{
    (void)user;
    free(block);
}

void rk_patterns_free(rk_patterns *patterns)
{
    if (!patterns)
        return;
    for (int i = 0; i < patterns->count; i++)
        pcre2_code_free(patterns->codes[i]);
    pcre2_match_context_free(patterns->limits);
    pcre2_general_context_free(patterns->memory);
    free(patterns);
}

static int no_memory(rk_op *op)
{
    return rk_fail_default(op, RK_ERR_NO_MEMORY);
}

static int refuse(rk_op *op, const char *pattern, int error)
{
    PCRE2_UCHAR why[256];

    if (error == PCRE2_ERROR_NOMEMORY || error == 121) /* 121: no memory while compiling */
        return no_memory(op);
    (void)pcre2_get_error_message(error, why, sizeof(why)); /* a cut message is good enough */
    return rk_fail(op, RK_ERR_INTERNAL, "The pattern '%s' is none: %s", pattern, (char *)why);
}

static int open_contexts(rk_patterns *patterns, rk_op *op)
{
    patterns->memory = pcre2_general_context_create(take, give_back, NULL);
    if (!patterns->memory)
        return no_memory(op);
    patterns->limits = pcre2_match_context_create(patterns->memory);
    if (!patterns->limits)
        return no_memory(op);
    (void)pcre2_set_match_limit(patterns->limits, STEPS_MAX); /* these three never fail */
    (void)pcre2_set_depth_limit(patterns->limits, DEPTH_MAX);
    (void)pcre2_set_heap_limit(patterns->limits, HEAP_MAX_KIB);
    return 0;
}

static int compile_one(pcre2_code **out, rk_op *op, pcre2_compile_context *context,
                       const rk_pattern_source *source)
{
    uint32_t options = PCRE2_UTF | PCRE2_UCP | (source->dollar_newline ? 0 : PCRE2_DOLLAR_ENDONLY);
    PCRE2_SIZE where;
    int error;

    *out = pcre2_compile((PCRE2_SPTR)source->text, PCRE2_ZERO_TERMINATED, options, &error, &where,
                         context);
    if (!*out)
        return refuse(op, source->text, error);
    /* without the compiler the interpreter does the same, only slower */
    (void)pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE);
    return 0;
}

static int compile_all(rk_patterns *patterns, rk_op *op, const rk_pattern_source *sources,
                       int count)
{
    pcre2_compile_context *context = pcre2_compile_context_create(patterns->memory);
    int result = 0;

    if (!context)
        return no_memory(op);
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF); /* a constant of theirs */
    for (int i = 0; result == 0 && i < count; i++) {
        if (!sources[i].runs)
            result = compile_one(&patterns->codes[i], op, context, &sources[i]);
        patterns->count += result == 0;
    }
    pcre2_compile_context_free(context);
    return result;
}

int rk_patterns_compile(rk_patterns **out, rk_op *op, const rk_pattern_source *sources, int count)
{
    rk_patterns *patterns = calloc(1, sizeof(*patterns) + (size_t)count * sizeof(void *));

    if (!patterns)
        return no_memory(op);
    patterns->sources = sources;
    int result = open_contexts(patterns, op);

    if (result == 0)
        result = compile_all(patterns, op, sources, count);
    if (result != 0) {
        rk_patterns_free(patterns);
        return result;
    }
    *out = patterns;
    return 0;
}

int rk_patterns_new(rk_patterns **out, rk_op *op)
{
    return rk_patterns_compile(out, op, rk_pattern_sources, rk_pattern_source_count);
}

/* --- matching --- */

static void *take_from_arena(PCRE2_SIZE size_bytes, void *arena)
{
    return rk_arena_take(arena, size_bytes);
}

static void leave_to_arena(void *block, void *arena)
{
    (void)block;
    (void)arena;
}

/* Within the arena, where room for the answer was made before the commit. */
static int begin_matching(rk_matcher *matcher)
{
    rk_op *op = matcher->op;
    pcre2_general_context *memory =
        pcre2_general_context_create(take_from_arena, leave_to_arena, op->arena);

    if (memory)
        matcher->match = pcre2_match_data_create(1, memory);
    return matcher->match ? 0 : no_memory(op);
}

/* The first byte that is not of the kind; four at a time as long as that goes. */
static const unsigned char *end_of_kind(const bool *kind, const unsigned char *at,
                                        const unsigned char *stop)
{
    while (stop - at >= 4 && (kind[at[0]] & kind[at[1]] & kind[at[2]] & kind[at[3]]))
        at += 4;
    while (at < stop && kind[*at])
        at++;
    return at;
}

static bool is_made_of(const rk_pattern_source *source, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;

    for (int i = 0; i < source->run_count; i++) {
        const rk_run *run = &source->runs[i];
        const unsigned char *stop = run->most < (size_t)(end - at) ? at + run->most : end;
        const unsigned char *next = end_of_kind(run->kind, at, stop);

        if ((size_t)(next - at) < run->least)
            return false;
        at = next;
    }
    return at == end || (source->dollar_newline && *at == '\n' && at + 1 == end);
}

int rk_matcher_find(bool *found, rk_matcher *matcher, int index, const char *text, size_t length)
{
    const rk_patterns *patterns = matcher->patterns;
    rk_op *op = matcher->op;

    RK_ASSERT(patterns && index >= 0 && index < patterns->count);
    if (patterns->sources[index].runs) {
        *found = is_made_of(&patterns->sources[index], text, length);
        return 0;
    }
    if (!matcher->match)
        RK_TRY(begin_matching(matcher));
    int result = pcre2_match(patterns->codes[index], (PCRE2_SPTR)text, length, 0,
                             PCRE2_NO_UTF_CHECK, matcher->match, patterns->limits);

    if (result == PCRE2_ERROR_JIT_STACKLIMIT)
        result = pcre2_match(patterns->codes[index], (PCRE2_SPTR)text, length, 0,
                             PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, matcher->match, patterns->limits);
    if (result == PCRE2_ERROR_NOMEMORY)
        return no_memory(op);
    *found = result >= 0;
    return 0;
}
