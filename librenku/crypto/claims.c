/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/claims.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/crypto/json.h"

static const int64_t second = 1000000;

static int invalid(rk_op *op, const char *claim, const char *problem)
{
    return rk_fail(op, RK_ERR_INVALID_TOKEN, "The claim '%s' of the token %s.", claim, problem);
}

/* --- times ------------------------------------------------------------------------------------ */

static bool integer_from_text(int64_t *out, const char *text, size_t length)
{
    size_t sign = *text == '-' || *text == '+';
    size_t digits = strspn(text + sign, "0123456789");

    if (!digits || sign + digits != length)
        return false;
    errno = 0;
    *out = strtoll(text, NULL, 10);
    return errno == 0;
}

static bool integer_from_number(int64_t *out, double number)
{
    if (!isfinite(number) || fabs(number) > 9e18)
        return false;
    *out = (int64_t)number;
    return true;
}

static bool integer(int64_t *out, json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_int:
        *out = json_object_get_int64(value);
        return true;
    case json_type_double:
        return integer_from_number(out, json_object_get_double(value));
    case json_type_string:
        return integer_from_text(out, json_object_get_string(value),
                                 (size_t)json_object_get_string_len(value));
    default:
        return false;
    }
}

static int time_claim(rk_opt_int *out, rk_op *op, json_object *claims, const char *claim)
{
    json_object *value;

    *out = (rk_opt_int){0};
    if (!json_object_object_get_ex(claims, claim, &value))
        return 0;
    if (!integer(&out->value, value))
        return invalid(op, claim, "is no integer");
    out->set = true;
    return 0;
}

/* Whole seconds compare with the whole seconds of the clock as they do with its exact time:
 * exp > t is exp > floor(t), and nbf <= t is nbf <= floor(t). */
int rk_claims_times(rk_opt_int *expires, rk_op *op, json_object *claims, int64_t now)
{
    static const char *const not_before[] = {"nbf", "iat"};
    int64_t seconds = now / second;
    rk_opt_int time;

    for (size_t i = 0; i < RK_COUNT(not_before); i++) {
        RK_TRY(time_claim(&time, op, claims, not_before[i]));
        if (time.set && time.value > seconds)
            return invalid(op, not_before[i], "is in the future");
    }
    RK_TRY(time_claim(expires, op, claims, "exp"));
    if (expires->set && expires->value <= seconds)
        return invalid(op, "exp", "is in the past");
    return 0;
}

/* --- audience, ids, names, roles -------------------------------------------------------------- */

static bool is_accepted(json_object *value, const char *const *accepted, size_t count)
{
    const char *text = json_object_get_string(value);
    size_t length = (size_t)json_object_get_string_len(value);

    for (size_t i = 0; i < count; i++) {
        if (strlen(accepted[i]) == length && memcmp(accepted[i], text, length) == 0)
            return true;
    }
    return false;
}

static int list_audience(rk_op *op, json_object *list, const char *const *accepted, size_t count)
{
    bool found = false;

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *item = json_object_array_get_idx(list, i);

        if (!json_object_is_type(item, json_type_string))
            return invalid(op, "aud", "holds something that is no text");
        found |= is_accepted(item, accepted, count);
    }
    return found ? 0 : invalid(op, "aud", "does not name this service");
}

int rk_claims_audience(rk_op *op, json_object *claims, const char *const *accepted, size_t count)
{
    json_object *value = json_object_object_get(claims, "aud");

    if (json_object_is_type(value, json_type_array))
        return list_audience(op, value, accepted, count);
    if (!json_object_is_type(value, json_type_string))
        return invalid(op, "aud", "is missing, or neither a text nor a list");
    return is_accepted(value, accepted, count) ? 0
                                               : invalid(op, "aud", "does not name this service");
}

int rk_claims_ids(rk_op *op, json_object *claims)
{
    static const char *const ids[] = {"sub", "jti"};
    json_object *value;

    for (size_t i = 0; i < RK_COUNT(ids); i++) {
        if (json_object_object_get_ex(claims, ids[i], &value) &&
            !json_object_is_type(value, json_type_string))
            return invalid(op, ids[i], "is no text");
    }
    return 0;
}

/* Without NUL. */
static bool is_text(json_object *value)
{
    return json_object_is_type(value, json_type_string) &&
           strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}

int rk_claims_name(const char **out, rk_op *op, json_object *claims, const char *claim)
{
    json_object *value = json_object_object_get(claims, claim);

    *out = NULL;
    if (!is_text(value))
        return 0;
    *out = rk_strdup(op, json_object_get_string(value));
    RK_CHECK(*out);
    return 0;
}

int rk_claims_texts(rk_strings *out, rk_op *op, json_object *list)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    *out = (rk_strings){.set = true, .items = rk_new_array(op, const char *, count)};
    RK_CHECK(out->items);
    for (size_t i = 0; i < count; i++) {
        json_object *item = json_object_array_get_idx(list, i);

        if (!is_text(item))
            continue;
        out->items[out->count] = rk_strdup(op, json_object_get_string(item));
        RK_CHECK(out->items[out->count]);
        out->count++;
    }
    return 0;
}

int rk_claims_roles(rk_strings *out, rk_op *op, json_object *claims)
{
    json_object *access = json_object_object_get(claims, "realm_access");
    bool is_object = json_object_is_type(access, json_type_object);

    return rk_claims_texts(out, op, is_object ? json_object_object_get(access, "roles") : NULL);
}
