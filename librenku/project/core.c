/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/project/core.h"

#include <openssl/evp.h>
#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/base/slug.h"
#include "librenku/base/time.h"
#include "librenku/base/ulid.h"
#include "librenku/http/caller.h"
#include "librenku/http/etag.h"
#include "librenku/repository/repository.h"

static const char default_mount[] = "/secrets";

int rk_project_etag(const char **out, rk_op *op, const rk_project *project)
{
    char when[RK_TIME_TEXT_MAX];
    rk_buf source;

    rk_instant_print_iso(when, &project->updated_at);
    rk_buf_begin(&source, op, 128);
    rk_buf_text(&source, when);
    rk_buf_char(&source, '-');
    rk_buf_text(&source, project->namespace);
    rk_buf_char(&source, '/');
    rk_buf_text(&source, project->slug);
    RK_TRY(rk_buf_finish(&source));
    return rk_etag_of(out, op, source.text);
}

int rk_project_complete(rk_project *project, rk_op *op)
{
    project->keywords.set = true;
    project->repositories.set = true;
    return project->updated_at.set ? rk_project_etag(&project->etag, op, project) : 0;
}

int rk_project_repositories(rk_strings *out, rk_op *op, const rk_strings *urls)
{
    const char **items = rk_new_array(op, const char *, urls->count);
    const char *url, *why;

    RK_CHECK(items);
    *out = (rk_strings){true, 0, items};
    for (size_t i = 0; i < urls->count; i++) {
        RK_TRY(rk_git_url_normalize(&url, &why, op, urls->items[i]));
        if (why)
            return rk_fail(op, RK_ERR_INVALID,
                           "The repository URL \"%s\" is not a valid HTTP or HTTPS URL (%s).",
                           urls->items[i], why);
        if (strlen(url) > 2000)
            return rk_fail(op, RK_ERR_INVALID,
                           "The repository URL \"%.80s...\" is longer than 2000 characters.", url);
        if (!rk_strings_has(out, url))
            items[out->count++] = url;
    }
    return 0;
}

/* The number of slashes that a path keeps at its start: one, or exactly two. */
static size_t root_length(const char *path)
{
    size_t slashes = strspn(path, "/");

    return slashes == 2 ? 2 : slashes > 0;
}

int rk_mount_directory(const char **out, rk_op *op, const char *path)
{
    char *copy = rk_strdup(op, path);
    char *save;
    rk_buf buf;

    RK_CHECK(copy);
    rk_buf_begin(&buf, op, strlen(path) + 2);
    rk_buf_add(&buf, "//", root_length(path));
    size_t root = buf.length;

    for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
        if (strcmp(name, ".") == 0)
            continue;
        if (buf.length > root)
            rk_buf_char(&buf, '/');
        rk_buf_text(&buf, name);
    }
    if (buf.length == 0)
        rk_buf_char(&buf, '.');
    *out = buf.text;
    return rk_buf_finish(&buf);
}

int rk_project_draft(rk_project *out, rk_op *op, const rk_project_post *body)
{
    char *id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);

    RK_CHECK(id);
    rk_ulid_make(id);
    *out = (rk_project){
        .id = id,
        .name = body->name,
        .namespace = body->namespace,
        .slug = body->slug,
        .created_by = op->caller->id,
        .visibility = body->visibility ? body->visibility : RK_VISIBILITY_PRIVATE,
        .description = body->description,
        .documentation = body->documentation,
        .keywords = {true, body->keywords.count, body->keywords.items},
        .is_template = RK_BOOLEAN(false),
    };
    RK_TRY(rk_project_repositories(&out->repositories, op, &body->repositories));
    RK_TRY(rk_mount_directory(&out->secrets_mount_directory, op,
                              body->secrets_mount_directory ? body->secrets_mount_directory
                                                            : default_mount));
    return body->slug ? 0 : rk_slug_from_name(&out->slug, op, body->name);
}

void rk_project_inherit(rk_project *draft, const rk_project_post *body, const rk_project *source)
{
    if (!body->description || !*body->description)
        draft->description = source->description;
    if (!body->keywords.count)
        draft->keywords = source->keywords;
    if (!body->repositories.count)
        draft->repositories = source->repositories;
    if (!body->visibility)
        draft->visibility = source->visibility;
    draft->documentation = source->documentation;
    draft->template_id = source->id;
}

/* --- patches --- */

static bool differs(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) != 0 : one != other;
}

static bool lists_differ(const rk_strings *one, const rk_strings *other)
{
    if (one->count != other->count)
        return true;
    for (size_t i = 0; i < one->count; i++) {
        if (differs(one->items[i], other->items[i]))
            return true;
    }
    return false;
}

static void set_text(const char **value, bool *changed, const char *wanted)
{
    *changed |= differs(*value, wanted);
    *value = wanted;
}

/* An empty text clears the column. */
static const char *or_clear(const char *text)
{
    return *text ? text : NULL;
}

static int apply_texts(rk_project *project, bool *changed, rk_op *op,
                       const rk_project_changes *patch)
{
    const char *mount = patch->secrets_mount_directory;

    if (patch->name)
        set_text(&project->name, changed, patch->name);
    if (patch->description)
        set_text(&project->description, changed, or_clear(patch->description));
    if (patch->template_id)
        set_text(&project->template_id, changed, NULL);
    if (mount) {
        RK_TRY(rk_mount_directory(&mount, op, *mount ? mount : default_mount));
        set_text(&project->secrets_mount_directory, changed, mount);
    }
    return 0;
}

/* An empty list clears the column, which may have held an empty list before: then that is a change.
 * A list that was read has items, if only room for none, unless the column is empty. */
static void apply_keywords(rk_project *project, bool *changed, const rk_strings *wanted)
{
    static const rk_strings none = {0};
    rk_strings *keywords = &project->keywords;

    keywords->set = keywords->items != NULL;
    if (!wanted->set)
        return;
    *changed |= keywords->set != (wanted->count > 0) || lists_differ(keywords, wanted);
    *keywords = wanted->count ? *wanted : none;
}

static void apply_lists(rk_project *project, bool *changed, const rk_project_changes *patch)
{
    apply_keywords(project, changed, &patch->keywords);
    if (patch->repositories.set) {
        *changed = true;
        project->repositories = patch->repositories;
    }
}

static void apply_flags(rk_project *project, rk_project_plan *plan, const rk_project_changes *patch)
{
    if (patch->is_template.set) {
        plan->touches |= project->is_template.value != patch->is_template.value;
        project->is_template = patch->is_template;
    }
    if (patch->visibility) {
        plan->publishes = project->visibility != patch->visibility;
        project->visibility = patch->visibility;
    }
    plan->documentation = patch->documentation;
    plan->moves = patch->namespace && differs(project->namespace, patch->namespace);
    plan->renames = patch->slug && differs(project->slug, patch->slug);
    plan->touches |= plan->publishes || plan->moves || plan->renames || plan->documentation;
}

int rk_project_apply(rk_project_plan *plan, rk_project *project, rk_op *op,
                     const rk_project_changes *patch)
{
    *plan = (rk_project_plan){0};
    RK_TRY(apply_texts(project, &plan->touches, op, patch));
    apply_lists(project, &plan->touches, patch);
    apply_flags(project, plan, patch);
    return 0;
}

rk_scope rk_project_plan_scope(const rk_project_plan *plan)
{
    return plan->moves || plan->renames || plan->publishes ? RK_SCOPE_DELETE : RK_SCOPE_WRITE;
}
