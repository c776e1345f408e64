/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/settings.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/base/letters.h"
#include "librenku/base/log.h"

enum { NUMBER_TEXT_MAX = 64 };

typedef enum { TEXT, INT, NUMBER, BOOL } kind;

enum {
    REQUIRED = 1,
    KEYCLOAK = 2,
    LATER = 4,
    SECRET = 8,
    EMPTY_IS_DEFAULT = 16,
    EXPONENT = 32,
    LENIENT = 64,
    NO_SLASH = 128,
    LOWER_TRUE = 256,
    DATA = 512,
};

static const struct {
    const char *name;
    kind kind;
    const char *fallback;
    unsigned flags;
    const char *help;
} rows[] = {
#define RK_SETTING(field, env, kind, fallback, flags, help) {env, kind, fallback, flags, help},
#include "librenku/base/settings.def"
#undef RK_SETTING
};

static const struct {
    rk_setting setting;
    double smallest, largest;
} ranges[] = {
    {RK_SET_DB_PORT,                         1, 65535  },
    {RK_SET_DB_POOL_SIZE,                    1, 10000  },
    {RK_SET_RENKU_DB_POOL_WAIT_MS,           0, INT_MAX},
    {RK_SET_RENKU_SLOW_STATEMENT_MS,         0, INT_MAX},
    {RK_SET_RENKU_DB_STATEMENT_TIMEOUT_MS,   0, INT_MAX},
    {RK_SET_AUTHZ_DB_GRPC_PORT,              1, 65535  },
    {RK_SET_PROXIES_COUNT,                   0, INT_MAX},
    {RK_SET_SANIC_REQUEST_MAX_SIZE,          0, INT_MAX},
    {RK_SET_SANIC_REQUEST_MAX_HEADER_SIZE,   1, INT_MAX},
    {RK_SET_SANIC_REQUEST_TIMEOUT,           0, INT_MAX},
    {RK_SET_SANIC_RESPONSE_TIMEOUT,          0, INT_MAX},
    {RK_SET_SANIC_KEEP_ALIVE_TIMEOUT,        0, INT_MAX},
    {RK_SET_SANIC_GRACEFUL_SHUTDOWN_TIMEOUT, 0, INT_MAX},
    {RK_SET_RENKU_SERVER_CONNECTIONS,        1, INT_MAX},
    {RK_SET_RENKU_SERVER_THREADS,            1, 10000  },
    {RK_SET_RENKU_SERVER_BUFFER_BYTES,       1, INT_MAX},
    {RK_SET_TCP_PORT,                        0, 65535  },
};

typedef struct {
    const char *text; /* NULL when unset without default */
    bool set;         /* by the source */
    bool truth;
    int64_t integer;
    double number;
} value;

struct rk_settings {
    value values[RK_SETTING_COUNT_];
};

/* Without surrounding blanks and without single _ between digits; false when it cannot be a number.
 */
static bool clean_number(char out[NUMBER_TEXT_MAX], const char *text)
{
    static const char blanks[] = " \t\n\v\f\r";
    static const char digits[] = "0123456789";
    size_t length = 0;

    text += strspn(text, blanks);

    size_t end = strlen(text);

    while (end > 0 && strchr(blanks, text[end - 1]))
        end--;
    for (size_t i = 0; i < end; i++) {
        if (text[i] == '_') {
            if (i == 0 || i + 1 == end || !strchr(digits, text[i - 1]) ||
                !strchr(digits, text[i + 1]))
                return false;
            continue;
        }
        if (length + 1 == NUMBER_TEXT_MAX)
            return false;
        out[length++] = text[i];
    }
    out[length] = '\0';
    return length > 0 && strspn(out, "0123456789+-.eE") == length;
}

static bool read_number(double *out, const char *text)
{
    char clean[NUMBER_TEXT_MAX];
    char *end;

    if (!clean_number(clean, text))
        return false;

    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* never fails for this name */

    *out = strtod_l(clean, &end, plain);
    freelocale(plain);
    return end != clean && *end == '\0' && isfinite(*out);
}

static bool read_integer(int64_t *out, const char *text)
{
    char clean[NUMBER_TEXT_MAX];
    const char *at = clean;

    if (!clean_number(clean, text))
        return false;

    bool negative = *at == '-';
    int64_t number = 0;

    at += *at == '-' || *at == '+';
    if (!*at)
        return false;
    for (; *at; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, *at - '0', &number))
            return false;
    }
    if (!negative && number == INT64_MIN)
        return false;
    *out = negative ? number : -number;
    return true;
}

static bool read_integer_with_exponent(int64_t *out, const char *text)
{
    double number;

    if (read_integer(out, text))
        return true;
    if (!read_number(&number, text) || fabs(number) >= 9e18)
        return false;
    *out = (int64_t)number;
    return true;
}

/* NULL, or what the text is not. */
static const char *read_value(value *out, rk_setting setting)
{
    unsigned flags = rows[setting].flags;

    switch (rows[setting].kind) {
    case TEXT:
        return NULL;
    case BOOL:
        out->truth = flags & LOWER_TRUE ? strcmp(out->text, "true") == 0
                                        : rk_letters_equal(out->text, "true");
        return NULL;
    case NUMBER:
        return read_number(&out->number, out->text) ? NULL : "a number";
    case INT:
        break;
    }

    bool good = flags & EXPONENT ? read_integer_with_exponent(&out->integer, out->text)
                                 : read_integer(&out->integer, out->text);

    out->number = (double)out->integer;
    return good ? NULL : "an integer";
}

/* Begins the next problem in the list. */
static void begin_problem(rk_buf *problems)
{
    if (problems->length > 0)
        rk_buf_text(problems, "; ");
}

static void report_value(rk_buf *problems, rk_setting setting, const char *text, const char *wanted)
{
    begin_problem(problems);
    if (rows[setting].flags & SECRET)
        rk_buf_printf(problems, "%s is not %s", rows[setting].name, wanted);
    else
        rk_buf_printf(problems, "%s is \"%.80s\", not %s", rows[setting].name, text, wanted);
}

static const char *without_slash(rk_op *op, const char *text)
{
    size_t length = strlen(text);

    while (length > 0 && text[length - 1] == '/')
        length--;
    return rk_strndup(op, text, length);
}

static int load_value(value *out, rk_op *op, rk_setting setting, const char *given)
{
    unsigned flags = rows[setting].flags;

    if (given && !*given && flags & EMPTY_IS_DEFAULT)
        given = NULL;
    out->set = given != NULL;
    out->text = rows[setting].fallback;
    if (!given)
        return 0;
    out->text = flags & NO_SLASH ? without_slash(op, given) : rk_strdup(op, given);
    RK_CHECK(out->text);
    return 0;
}

static void check_value(value *out, rk_op *op, rk_buf *problems, rk_setting setting)
{
    if (!out->text)
        return;

    const char *wanted = read_value(out, setting);

    if (!wanted)
        return;
    if (!(rows[setting].flags & LENIENT)) {
        report_value(problems, setting, out->text, wanted);
        return;
    }
    rk_log_warning(op, "settings", "%s is \"%s\", not %s: the default %s is used",
                   rows[setting].name, out->text, wanted, rows[setting].fallback);
    out->text = rows[setting].fallback;
    (void)read_value(out, setting); /* defaults are good: a test walks them */
}

static void check_ranges(const rk_settings *settings, rk_buf *problems)
{
    for (size_t i = 0; i < RK_COUNT(ranges); i++) {
        const value *found = &settings->values[ranges[i].setting];

        if (found->number >= ranges[i].smallest && found->number <= ranges[i].largest)
            continue;
        begin_problem(problems);
        rk_buf_printf(problems, "%s is \"%.80s\", not between %.0f and %.0f",
                      rows[ranges[i].setting].name, found->text, ranges[i].smallest,
                      ranges[i].largest);
    }
}

/* The secrets storage reads few of the settings, and minds no others. */
static bool is_of_secrets(const rk_settings *settings)
{
    return strcmp(rk_settings_text(settings, RK_SET_RENKU_SERVICE), "secrets") == 0;
}

static bool has_unknown_service(const rk_settings *settings)
{
    return !is_of_secrets(settings) &&
           strcmp(rk_settings_text(settings, RK_SET_RENKU_SERVICE), "data") != 0;
}

static bool is_needed(const rk_settings *settings, rk_setting setting)
{
    if (setting == RK_SET_DB_PASSWORD && *rk_settings_text(settings, RK_SET_DB_HOST) == '/')
        return false;
    if (rows[setting].flags & DATA && is_of_secrets(settings))
        return false;
    if (rows[setting].flags & KEYCLOAK)
        return !rk_settings_bool(settings, RK_SET_DUMMY_STORES) &&
               !rk_settings_bool(settings, RK_SET_RENKU_ADMIN_ONLY);
    return rows[setting].flags & REQUIRED;
}

/* An empty text is as good as none where an identity provider is named; a password may be empty. */
static bool is_missing(const rk_settings *settings, rk_setting setting)
{
    const char *text = rk_settings_text(settings, setting);

    return !text || (!*text && rows[setting].flags & KEYCLOAK);
}

static void check_required(const rk_settings *settings, rk_buf *problems)
{
    for (int i = 0; i < RK_SETTING_COUNT_; i++) {
        if (!is_needed(settings, (rk_setting)i) || !is_missing(settings, (rk_setting)i))
            continue;
        begin_problem(problems);
        rk_buf_printf(problems, "%s is required but not set", rows[i].name);
    }
}

/* Whoever asks for the attached GitLab must say where it is. */
static bool lacks_gitlab(const rk_settings *settings)
{
    const char *url = rk_settings_text(settings, RK_SET_GITLAB_URL);

    return rk_settings_is_set(settings, RK_SET_ENABLE_INTERNAL_GITLAB) &&
           rk_settings_bool(settings, RK_SET_ENABLE_INTERNAL_GITLAB) &&
           !rk_settings_bool(settings, RK_SET_DUMMY_STORES) &&
           !rk_settings_bool(settings, RK_SET_RENKU_ADMIN_ONLY) && (!url || !*url);
}

static bool mixes_build_images(const rk_settings *settings)
{
    const char *open = rk_settings_text(settings, RK_SET_BUILD_OUTPUT_IMAGE_PREFIX);
    const char *closed = rk_settings_text(settings, RK_SET_BUILD_OUTPUT_PRIVATE_IMAGE_PREFIX);
    size_t open_length = strlen(open), closed_length = strlen(closed);

    return rk_settings_bool(settings, RK_SET_BUILD_PRIVATE_REPO_BUILDS_ENABLED) &&
           strncmp(open, closed, open_length < closed_length ? open_length : closed_length) == 0;
}

static bool lacks_envidat(const rk_settings *settings)
{
    static const rk_setting needed[] = {RK_SET_ENVIDAT_S3_ENDPOINT, RK_SET_ENVIDAT_S3_BUCKET,
                                        RK_SET_ENVIDAT_S3_ACCESS_KEY_ID,
                                        RK_SET_ENVIDAT_S3_SECRET_ACCESS_KEY};

    for (size_t i = 0; i < RK_COUNT(needed); i++)
        if (!*rk_settings_text(settings, needed[i]))
            return rk_settings_bool(settings, RK_SET_ENVIDAT_EXPORTS_ENABLED);
    return false;
}

static bool has_unknown_cpu_limits(const rk_settings *settings)
{
    const char *text = rk_settings_text(settings, RK_SET_NB_SESSIONS__ENFORCE_CPU_LIMITS);

    return strcmp(text, "lax") != 0 && strcmp(text, "strict") != 0 && strcmp(text, "off") != 0;
}

static bool has_unknown_root_level(const rk_settings *settings)
{
    return rk_log_level_of(rk_settings_text(settings, RK_SET_LOG_ROOT_LEVEL)) < 0;
}

static bool has_unknown_app_level(const rk_settings *settings)
{
    return rk_log_level_of(rk_settings_text(settings, RK_SET_LOG_APP_LEVEL)) < 0;
}

static const struct {
    bool (*is_broken)(const rk_settings *settings);
    bool of_data; /* the secrets storage does not mind */
    const char *problem;
} rules[] = {
    {has_unknown_service,    false, "RENKU_SERVICE is neither data nor secrets"                  },
    {lacks_gitlab,           true,  "GITLAB_URL is required while ENABLE_INTERNAL_GITLAB is true"},
    {mixes_build_images,     true,
     "neither BUILD_OUTPUT_IMAGE_PREFIX nor BUILD_OUTPUT_PRIVATE_IMAGE_PREFIX may begin with the "
     "other while BUILD_PRIVATE_REPO_BUILDS_ENABLED is true"                                     },
    {lacks_envidat,          true,
     "ENVIDAT_S3_ENDPOINT, ENVIDAT_S3_BUCKET, ENVIDAT_S3_ACCESS_KEY_ID and "
     "ENVIDAT_S3_SECRET_ACCESS_KEY are required while ENVIDAT_EXPORTS_ENABLED is true"           },
    {has_unknown_cpu_limits, true,  "NB_SESSIONS__ENFORCE_CPU_LIMITS is not lax, strict or off"  },
    {has_unknown_root_level, false, "LOG_ROOT_LEVEL is no log level"                             },
    {has_unknown_app_level,  false, "LOG_APP_LEVEL is no log level"                              },
};

static void check_rules(const rk_settings *settings, rk_buf *problems)
{
    for (size_t i = 0; i < RK_COUNT(rules); i++) {
        if ((rules[i].of_data && is_of_secrets(settings)) || !rules[i].is_broken(settings))
            continue;
        begin_problem(problems);
        rk_buf_text(problems, rules[i].problem);
    }
}

static int check_all(rk_settings *settings, rk_op *op)
{
    rk_buf problems;

    rk_buf_begin(&problems, op, 0);
    for (int i = 0; i < RK_SETTING_COUNT_; i++)
        check_value(&settings->values[i], op, &problems, (rk_setting)i);
    if (problems.length == 0)
        check_ranges(settings, &problems);
    check_required(settings, &problems);
    check_rules(settings, &problems);
    RK_TRY(rk_buf_finish(&problems));
    if (problems.length == 0)
        return 0;
    return rk_fail(op, RK_ERR_CONFIGURATION, "The configuration is not valid: %s.", problems.text);
}

int rk_settings_load(rk_settings **out, rk_op *op, rk_settings_source *source, void *user)
{
    rk_settings *settings = rk_new(op, rk_settings);

    RK_CHECK(settings);
    for (int i = 0; i < RK_SETTING_COUNT_; i++)
        RK_TRY(load_value(&settings->values[i], op, (rk_setting)i, source(user, rows[i].name)));
    RK_TRY(check_all(settings, op));
    *out = settings;
    return 0;
}

const char *rk_settings_text(const rk_settings *settings, rk_setting setting)
{
    return settings->values[setting].text;
}

int64_t rk_settings_int(const rk_settings *settings, rk_setting setting)
{
    return settings->values[setting].integer;
}

double rk_settings_number(const rk_settings *settings, rk_setting setting)
{
    return settings->values[setting].number;
}

bool rk_settings_bool(const rk_settings *settings, rk_setting setting)
{
    return settings->values[setting].truth;
}

bool rk_settings_is_set(const rk_settings *settings, rk_setting setting)
{
    return settings->values[setting].set;
}

const char *rk_setting_name(rk_setting setting)
{
    return rows[setting].name;
}

const char *rk_setting_default(rk_setting setting)
{
    return rows[setting].fallback;
}

const char *rk_setting_kind(rk_setting setting)
{
    static const char *const names[] = {"text", "integer", "number", "boolean"};

    return names[rows[setting].kind];
}

const char *rk_setting_required(rk_setting setting)
{
    if (rows[setting].flags & REQUIRED)
        return "always";
    if (rows[setting].flags & KEYCLOAK)
        return "unless DUMMY_STORES";
    return rows[setting].flags & LATER ? "later" : "no";
}

const char *rk_setting_help(rk_setting setting)
{
    return rows[setting].help;
}

bool rk_setting_is_secret(rk_setting setting)
{
    return rows[setting].flags & SECRET;
}
