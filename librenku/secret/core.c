/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/secret/core.h"

#include <string.h>

#include "librenku/base/slug.h"
#include "librenku/base/ulid.h"

/* With the suffix it fits into what a file name may have. */
enum { FILE_SLUG_MAX = 90, SLOT_NAME_MAX = 99 };

int rk_secret_expiration_check(rk_op *op, const rk_instant *expiration)
{
    if (!expiration->set || !expiration->naive)
        return 0;
    return rk_fail(op, RK_ERR_INVALID,
                   "expiration_timestamp: the timestamp must contain timezone information.");
}

int rk_secret_file_name(const char **out, rk_op *op, const char *name)
{
    char suffix[RK_SLUG_SUFFIX_LENGTH + 1];
    const char *slug;

    RK_TRY(rk_slug_from_name(&slug, op, name));
    RK_TRY(rk_slug_suffix(suffix, op));
    *out = rk_printf(op, "%.*s-%s", FILE_SLUG_MAX, slug, suffix);
    RK_CHECK(*out);
    return 0;
}

int rk_secret_slot_filename_check(rk_op *op, const char *filename)
{
    if (strcmp(filename, ".") != 0)
        return 0;
    return rk_fail(op, RK_ERR_INVALID, "filename: '%s' is no name of a file.", filename);
}

int rk_secret_slot_draft(rk_secret_slot *out, rk_op *op, const rk_new_secret_slot *body)
{
    char *id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);

    RK_CHECK(id);
    RK_TRY(rk_secret_slot_filename_check(op, body->filename));
    if (!body->name && strlen(body->filename) > SLOT_NAME_MAX)
        return rk_fail(op, RK_ERR_INVALID,
                       "name: without one, the filename is the name, which has at most %d "
                       "characters.",
                       SLOT_NAME_MAX);
    rk_ulid_make(id);
    *out = (rk_secret_slot){
        .id = id,
        .project_id = body->project_id,
        .name = body->name ? body->name : body->filename,
        .description = body->description && *body->description ? body->description : NULL,
        .filename = body->filename,
    };
    return 0;
}

static bool set_text(const char **value, const char *wanted)
{
    bool differs = *value && wanted ? strcmp(*value, wanted) != 0 : *value != wanted;

    *value = wanted;
    return differs;
}

bool rk_secret_slot_apply(rk_secret_slot *slot, const rk_secret_slot_changes *patch)
{
    bool changed = false;

    if (patch->name)
        changed |= set_text(&slot->name, patch->name);
    if (patch->description)
        changed |= set_text(&slot->description, *patch->description ? patch->description : NULL);
    if (patch->filename)
        changed |= set_text(&slot->filename, patch->filename);
    return changed;
}
