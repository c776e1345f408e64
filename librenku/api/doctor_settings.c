/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/api/ctx.h"
#include "librenku/api/doctor.h"
#include "librenku/base/letters.h"

enum { SIMILAR_MAX = 2, NAME_MAX_LENGTH = 100, SHORTEST = 7 };

int rk_examine_settings(const char **problem, rk_op *op, const renku_config *config)
{
    return rk_config_problem(problem, op, config);
}

/* --- names ------------------------------------------------------------------------------------ */

/* What the programs of this house read besides the settings. */
static const char *const other_names[] = {
    "RENKU_BUILD",         "RENKU_FUZZ_SECONDS",
    "RENKU_IDENTITY_DIR",  "RENKU_IDENTITY_KEY",
    "RENKU_IDENTITY_URL",  "RENKU_IDENTITY_USERS",
    "RENKU_KORE",          "RENKU_NO_SKIP",
    "RENKU_SERVER_MODULE", "RENKU_SERVER_LISTEN_FD",
    "RENKU_SERVER_URL",    "RENKU_SERVER_USER",
    "RENKU_TOKEN",         "RENKU_URL",
};

static bool is_known(const char *name)
{
    for (int i = 0; i < RK_SETTING_COUNT_; i++)
        if (strcmp(rk_setting_name((rk_setting)i), name) == 0)
            return true;
    for (size_t i = 0; i < RK_COUNT(other_names); i++)
        if (strcmp(other_names[i], name) == 0)
            return true;
    return false;
}

static int least(int one, int other)
{
    return one < other ? one : other;
}

/* How many letters have to be changed, added or removed, in any case (Levenshtein); texts that are
 * too long are far away. */
static int distance(const char *one, const char *other)
{
    int row[NAME_MAX_LENGTH + 1], width = (int)strlen(other);

    if (width > NAME_MAX_LENGTH)
        return NAME_MAX_LENGTH;
    for (int j = 0; j <= width; j++)
        row[j] = j;
    for (int i = 1; one[i - 1]; i++) {
        int corner = row[0];

        row[0] = i;
        for (int j = 1; j <= width; j++) {
            bool same = rk_letter_lower(one[i - 1]) == rk_letter_lower(other[j - 1]);
            int changed = corner + !same;

            corner = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[width];
}

/* The name that was probably meant; NULL when none is like it. */
static const char *similar(const char *name)
{
    const char *best = NULL;
    int nearest = SIMILAR_MAX + 1;

    for (int i = 0; i < RK_SETTING_COUNT_ && strlen(name) >= SHORTEST; i++) {
        int far = distance(name, rk_setting_name((rk_setting)i));

        if (far < nearest) {
            nearest = far;
            best = rk_setting_name((rk_setting)i);
        }
    }
    return best;
}

/* Kubernetes gives every container the addresses of all services. */
static bool is_of_kubernetes(const char *name)
{
    return strstr(name, "_SERVICE_HOST") || strstr(name, "_SERVICE_PORT") ||
           strstr(name, "_PORT_") ||
           (strlen(name) > 5 && strcmp(name + strlen(name) - 5, "_PORT") == 0);
}

static void add_name(rk_buf *out, const char *name)
{
    const char *meant = is_known(name) ? NULL : similar(name);
    bool ours = strncmp(name, "RENKU_", 6) == 0 && !is_of_kubernetes(name);

    if (is_known(name) || (!meant && !ours))
        return;
    rk_buf_printf(out, "%s%s is not known", out->length ? "; " : "", name);
    if (meant)
        rk_buf_printf(out, ": did you mean %s?", meant);
}

int rk_examine_names(const char **problem, rk_op *op, const renku_config *config)
{
    const char *name, *value;
    rk_buf found;

    rk_buf_begin(&found, op, 256);
    for (size_t i = 0; renku_config_entry(config, i, &name, &value); i++)
        if (value)
            add_name(&found, name);
    RK_TRY(rk_buf_finish(&found));
    *problem = found.length ? found.text : NULL;
    return 0;
}

int rk_examine_development(const char **problem, rk_op *op, const renku_config *config)
{
    const char *value = renku_config_get(config, rk_setting_name(RK_SET_DUMMY_STORES));

    (void)op;
    *problem = value && rk_letters_equal(value, "true")
                   ? "DUMMY_STORES is true: everybody can claim to be anybody"
                   : NULL;
    return 0;
}
