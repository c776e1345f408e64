/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/letters.h"
#include "librenku/base/time.h"
#include "librenku/http/json.h"
#include "librenku/http/reading.h"
#include "librenku/http/text_check.h"

#define WHOLE_END 9223372036854775808.0 /* 2^63, the first that is too large */

/* Values that hold no others, with every form in which they are accepted. Spec:
 * foundations.md 5.3, 5.4 */

static const char not_text[] = "Input should be a valid string";
static const char not_unicode[] =
    "Input should be a valid string, unable to parse raw data as a unicode string";
static const char not_finite[] = "Input should be a finite number";

static const char *text_of(struct json_object *json, size_t *length)
{
    *length = (size_t)json_object_get_string_len(json);
    return json_object_get_string(json);
}

/* --- texts --- */

/* A surrogate that stood alone in an escape was kept as the three bytes that UTF-8 has for none. */
static bool has_surrogate(const char *text, size_t length)
{
    const char *end = text + length;

    while ((text = memchr(text, 0xed, (size_t)(end - text)))) {
        if ((unsigned char)text[1] >= 0xa0)
            return true;
        text++;
    }
    return false;
}

static int read_text(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    rk_text_verdict verdict;
    size_t length;

    if (!json_object_is_type(given.json, json_type_string))
        return rk_read_violation(reading, given.at, "%s", not_text);
    const char *text = text_of(given.json, &length);

    if (has_surrogate(text, length))
        return rk_read_violation(reading, given.at, "%s", not_unicode);
    reading->has_nul |= strlen(text) != length;
    *(const char **)out = text;
    RK_TRY(rk_text_check(&verdict, &reading->matcher, schema, text, length));
    if (verdict == RK_TEXT_PATTERN)
        return rk_read_violation(reading, given.at, "String should match pattern '%s'",
                                 schema->pattern);
    if (verdict == RK_TEXT_FITS)
        return 0;
    int64_t limit = verdict == RK_TEXT_SHORT ? schema->min_length : schema->max_length;

    return rk_read_violation(reading, given.at, "String should have at %s %lld character%s",
                             verdict == RK_TEXT_SHORT ? "least" : "most", (long long)limit,
                             limit == 1 ? "" : "s");
}

static int keep_text(rk_reading *reading, rk_given given)
{
    size_t length;
    const char *text = text_of(given.json, &length);

    reading->has_nul |= strlen(text) != length;
    return has_surrogate(text, length) ? rk_read_violation(reading, given.at, "%s", not_unicode)
                                       : 0;
}

static int keep_items(rk_reading *reading, rk_given given)
{
    for (size_t i = 0; i < json_object_array_length(given.json); i++) {
        const rk_location at = {.outer = given.at, .index = i};
        const rk_given item = {json_object_array_get_idx(given.json, i), &at};

        RK_TRY(rk_read_keep(reading, item));
    }
    return 0;
}

static int keep_members(rk_reading *reading, rk_given given)
{
    int result = 0;

    json_object_object_foreach(given.json, name, value)
    {
        const rk_location at = {.outer = given.at, .name = name};

        if (result == 0)
            result = rk_read_keep_member(reading, (rk_given){value, &at});
    }
    return result;
}

int rk_read_keep_member(rk_reading *reading, rk_given given)
{
    const char *name = given.at->name;

    reading->has_nul |= strstr(name, RK_JSON_NUL_IN_NAME) != NULL;
    return has_surrogate(name, strlen(name))
               ? rk_read_violation(reading, given.at, "%s", not_unicode)
               : rk_read_keep(reading, given);
}

int rk_read_keep(rk_reading *reading, rk_given given)
{
    switch (json_object_get_type(given.json)) {
    case json_type_string:
        return keep_text(reading, given);
    case json_type_array:
        return keep_items(reading, given);
    case json_type_object:
        return keep_members(reading, given);
    case json_type_double:
        return rk_json_is_finite(given.json)
                   ? 0
                   : rk_read_violation(reading, given.at, "%s", not_finite);
    default:
        return 0;
    }
}

/* "Input should be 'a', 'b' or 'c'" */
static int refuse_name(rk_reading *reading, const rk_schema *schema, const rk_location *at)
{
    rk_buf names;

    rk_buf_begin(&names, reading->matcher.op, 64);
    for (size_t i = 0; i < schema->names->count; i++) {
        const char *between = i == 0 ? "" : i + 1 < schema->names->count ? ", " : " or ";

        rk_buf_printf(&names, "%s'%s'", between, schema->names->names[i]);
    }
    RK_TRY(rk_buf_finish(&names));
    return rk_read_violation(reading, at, "Input should be %s", names.text);
}

static int read_enum(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    size_t length = 0;
    const char *text =
        json_object_is_type(given.json, json_type_string) ? text_of(given.json, &length) : NULL;
    int value = text && strlen(text) == length ? rk_enum_lookup(schema->names, text) : 0;

    *(int *)out = value;
    return value ? 0 : refuse_name(reading, schema, given.at);
}

/* --- numbers --- */

/* An integer of any size: beyond 64 bits only on which side. */
typedef struct {
    int64_t value;
    int beyond; /* -1, 0, 1 */
} whole;

typedef enum { NUMBER_GOOD, NUMBER_KIND, NUMBER_TEXT, NUMBER_FRACTION, NUMBER_INFINITE } verdict;

static whole whole_beyond(bool negative)
{
    return (whole){negative ? INT64_MIN : INT64_MAX, negative ? -1 : 1};
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool joins_digits(const char *at, const char *start, const char *end)
{
    return at > start && is_digit(at[-1]) && at + 1 < end && is_digit(at[1]);
}

/* Without the blanks around and the underscores between two digits; empty when another underscore
 * stands anywhere, or a NUL. NULL: no memory. */
static char *bare_number(rk_op *op, struct json_object *json)
{
    size_t length;
    const char *start = text_of(json, &length);
    const char *end = start + length;
    char *out = rk_alloc(op, length + 1, 1);
    char *to = out;

    while (start < end && is_blank(*start))
        start++;
    while (start < end && is_blank(end[-1]))
        end--;
    for (const char *at = start; out && at < end; at++) {
        if (*at == '_' && joins_digits(at, start, end))
            continue;
        if (*at == '_' || *at == '\0') {
            *out = '\0';
            return out;
        }
        *to++ = *at;
    }
    return out;
}

/* [+-] digits, then perhaps a point and zeros. */
static bool parse_whole(whole *out, const char *text)
{
    bool negative = *text == '-';
    int64_t value = 0;
    bool beyond = false;

    text += *text == '-' || *text == '+';
    if (!is_digit(*text))
        return false;
    for (; is_digit(*text); text++) {
        int64_t digit = negative ? '0' - *text : *text - '0';

        beyond = beyond || __builtin_mul_overflow(value, 10, &value) ||
                 __builtin_add_overflow(value, digit, &value);
    }
    if (*text == '.' && text[1] == '0')
        text += 1 + strspn(text + 1, "0");
    *out = beyond ? whole_beyond(negative) : (whole){value, 0};
    return *text == '\0';
}

static verdict whole_of_double(whole *out, struct json_object *json)
{
    double value = json_object_get_double(json);
    const char *literal = rk_json_literal(json);

    if (literal && parse_whole(out, literal))
        return NUMBER_GOOD;
    if (!isfinite(value))
        return NUMBER_INFINITE;
    if (value != trunc(value))
        return NUMBER_FRACTION;
    if (value >= WHOLE_END || value < -WHOLE_END)
        *out = whole_beyond(value < 0);
    else
        *out = (whole){(int64_t)value, 0};
    return NUMBER_GOOD;
}

static int whole_of(whole *out, verdict *why, rk_op *op, struct json_object *json)
{
    char *text;

    *why = NUMBER_GOOD;
    switch (json_object_get_type(json)) {
    case json_type_int:
        *out = (whole){json_object_get_int64(json), 0};
        return 0;
    case json_type_boolean:
        *out = (whole){json_object_get_boolean(json), 0};
        return 0;
    case json_type_double:
        *why = whole_of_double(out, json);
        return 0;
    case json_type_string:
        text = bare_number(op, json);
        RK_CHECK(text);
        *why = parse_whole(out, text) ? NUMBER_GOOD : NUMBER_TEXT;
        return 0;
    default:
        *why = NUMBER_KIND;
        return 0;
    }
}

static int refuse_number(rk_reading *reading, const rk_location *at, verdict why, const char *what)
{
    const char *article = *what == 'i' ? "an" : "a";

    switch (why) {
    case NUMBER_TEXT:
        return rk_read_violation(reading, at,
                                 "Input should be a valid %s, unable to parse string as %s %s",
                                 what, article, what);
    case NUMBER_FRACTION:
        return rk_read_violation(
            reading, at, "Input should be a valid %s, got a number with a fractional part", what);
    case NUMBER_INFINITE:
        return rk_read_violation(reading, at, "%s", not_finite);
    default:
        return rk_read_violation(reading, at, "Input should be a valid %s", what);
    }
}

/* A bound as it stands in messages: the fewest digits, no fraction without need. */
static void print_bound(char out[32], double bound)
{
    locale_t before = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));

    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(out, 32, "%.*g", digits, bound); /* fits */
        if (strtod(out, NULL) == bound)
            break;
    }
    if (fabs(bound) < 1e15 && bound == trunc(bound))
        (void)snprintf(out, 32, "%.0f", bound); /* fits */
    (void)uselocale(before);
}

static int check_bounds(rk_reading *reading, const rk_schema *schema, const rk_location *at,
                        double value)
{
    char bound[32];

    if (rk_number_fits(schema, value))
        return 0;
    bool low = schema->has_minimum &&
               (schema->exclusive_minimum ? value <= schema->minimum : value < schema->minimum);
    bool exclusive = low ? schema->exclusive_minimum : schema->exclusive_maximum;

    print_bound(bound, low ? schema->minimum : schema->maximum);
    return rk_read_violation(reading, at, "Input should be %s than %s%s", low ? "greater" : "less",
                             exclusive ? "" : "or equal to ", bound);
}

static int read_int(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    int violations = reading->count;
    verdict why;
    whole number;

    RK_TRY(whole_of(&number, &why, reading->matcher.op, given.json));
    if (why != NUMBER_GOOD)
        return refuse_number(reading, given.at, why, "integer");
    *(rk_opt_int *)out = RK_INT(number.value);
    RK_TRY(check_bounds(reading, schema, given.at, (double)number.value));
    if (!number.beyond || schema->saturates || reading->count > violations)
        return 0;
    return rk_read_violation(reading, given.at,
                             "Input should be a valid integer, it is beyond 64 bits");
}

/* Digits with a point, an exponent, or both; and no words. */
static bool parse_number(double *out, const char *text)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char *end;

    if (!*text || text[strspn(text, "+-0123456789.eE")])
        return false;
    *out = strtod_l(text, &end, plain);
    return *end == '\0';
}

static int number_of(double *out, verdict *why, rk_op *op, struct json_object *json)
{
    char *text;

    *why = NUMBER_GOOD;
    switch (json_object_get_type(json)) {
    case json_type_int:
    case json_type_double:
        *out = json_object_get_double(json);
        break;
    case json_type_boolean:
        *out = json_object_get_boolean(json);
        break;
    case json_type_string:
        text = bare_number(op, json);
        RK_CHECK(text);
        *why = parse_number(out, text) ? NUMBER_GOOD : NUMBER_TEXT;
        break;
    default:
        *why = NUMBER_KIND;
    }
    if (*why == NUMBER_GOOD && !isfinite(*out))
        *why = NUMBER_INFINITE;
    return 0;
}

static int read_number(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    double value;
    verdict why;

    RK_TRY(number_of(&value, &why, reading->matcher.op, given.json));
    if (why != NUMBER_GOOD)
        return refuse_number(reading, given.at, why, "number");
    *(rk_opt_number *)out = (rk_opt_number){true, value};
    return check_bounds(reading, schema, given.at, value);
}

/* --- booleans --- */

static int bool_of_text(const char *text)
{
    static const char *const words[][6] = {
        {"0", "off", "f", "false", "n", "no" },
        {"1", "on",  "t", "true",  "y", "yes"},
    };

    for (int value = 0; value < 2; value++) {
        for (size_t i = 0; i < RK_COUNT(words[0]); i++) {
            if (rk_letters_equal(text, words[value][i]))
                return value;
        }
    }
    return -1;
}

/* 0, 1, -1 for a scalar that is neither, -2 for what is no scalar. */
static int bool_of(struct json_object *json)
{
    size_t length;
    const char *text;
    double number;

    switch (json_object_get_type(json)) {
    case json_type_boolean:
        return json_object_get_boolean(json);
    case json_type_int:
    case json_type_double:
        number = json_object_get_double(json);
        return number == 0 ? 0 : number == 1 ? 1 : -1;
    case json_type_string:
        text = text_of(json, &length);
        return strlen(text) == length ? bool_of_text(text) : -1;
    default:
        return -2;
    }
}

static int read_bool(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    int value = bool_of(given.json);

    (void)schema;
    if (value < 0)
        return rk_read_violation(reading, given.at, "Input should be a valid boolean%s",
                                 value == -1 ? ", unable to interpret input" : "");
    *(rk_opt_bool *)out = RK_BOOLEAN(value);
    return 0;
}

/* --- times --- */

static int read_time(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    const char *reason = "unexpected extra characters at the end of the input";
    size_t length;

    (void)schema;
    if (json_object_is_type(given.json, json_type_string)) {
        const char *text = text_of(given.json, &length);

        if (strlen(text) == length && rk_instant_parse(out, &reason, text))
            return 0;
    } else if (json_object_is_type(given.json, json_type_int) ||
               json_object_is_type(given.json, json_type_double)) {
        reason = "the number is out of range";
        if (rk_instant_from_number(out, json_object_get_double(given.json)))
            return 0;
    } else {
        return rk_read_violation(reading, given.at, "Input should be a valid datetime");
    }
    return rk_read_violation(reading, given.at, "Input should be a valid datetime or date, %s",
                             reason);
}

int rk_read_scalar(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    static int (*const readers[])(void *out, rk_reading *reading, const rk_schema *schema,
                                  rk_given given) = {
        [RK_KIND_TEXT] = read_text,     [RK_KIND_INT] = read_int,   [RK_KIND_BOOL] = read_bool,
        [RK_KIND_NUMBER] = read_number, [RK_KIND_ENUM] = read_enum, [RK_KIND_TIME] = read_time,
    };

    return readers[schema->kind](out, reading, schema, given);
}
