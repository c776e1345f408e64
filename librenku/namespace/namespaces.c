/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/authz/authz.h"
#include "librenku/http/reply.h"
#include "librenku/namespace/core.h"
#include "librenku/project/project.h"

/* GET /namespaces/{namespace_slug}. Spec: namespaces.md 3.11 */
int rk_namespace_get(rk_namespace *out, rk_op *op, const rk_namespace_get_in *in)
{
    bool found;

    RK_TRY(rk_namespace_lookup(out, &found, op, in->namespace_slug));
    if (!found)
        return rk_fail(op, RK_ERR_NOT_FOUND, "The namespace with slug \"%s\" does not exist.",
                       in->namespace_slug);
    rk_object_type type = out->group_id ? RK_OBJECT_GROUP : RK_OBJECT_USER_NAMESPACE;

    out->creation_date.set = false;
    return rk_authz_require(op, type, out->group_id ? out->group_id : out->id, out->bits,
                            RK_SCOPE_READ, RK_ERR_NOT_FOUND);
}

static void from_project(rk_namespace *out, const rk_project_place *place)
{
    *out = (rk_namespace){
        .id = place->namespace_id,
        .name = place->name,
        .slug = place->slug,
        .created_by = place->created_by,
        .creation_date = place->creation_date,
        .namespace_kind = RK_NAMESPACE_KIND_PROJECT,
        .path = place->path,
    };
}

/* GET /namespaces/{first_slug}/{second_slug}. Spec: namespaces.md 3.12 */
int rk_namespace_project_get(rk_namespace *out, rk_op *op, const rk_namespace_project_get_in *in)
{
    rk_project_place place;

    RK_TRY(rk_project_place_find(&place, op, in->first_slug, in->second_slug));
    from_project(out, &place);
    out->creation_date.set = false;
    return 0;
}

/* --- the list of several kinds --- */

/* What is left of the page while the lists are gone through one after another. */
typedef struct {
    rk_namespace *items;
    size_t count;
    rk_page rest; /* where the next list starts, and how many rows are wanted */
    int64_t total;
} filling;

static bool wants(const rk_namespace_list_in *in, int kind)
{
    for (size_t i = 0; i < in->query.kinds.count; i++) {
        if (in->query.kinds.items[i] == kind)
            return true;
    }
    return false;
}

/* Takes rows of a list of @p total ones into the page and moves on behind it. */
static void take(filling *page, const rk_namespace *rows, size_t count, int64_t total)
{
    memcpy(page->items + page->count, rows, count * sizeof(*rows));
    page->count += count;
    page->rest.per_page -= (int64_t)count;
    page->rest.offset = page->rest.offset > total ? page->rest.offset - total : 0;
    page->total += total;
}

static int add_own(filling *page, rk_op *op)
{
    rk_namespace own;
    bool found;

    RK_TRY(rk_namespace_own(&own, &found, op));
    take(page, &own, found && page->rest.offset == 0, found);
    return 0;
}

static int add_groups(filling *page, rk_op *op, int minimum_role)
{
    rk_array groups;
    int64_t total;

    RK_TRY(rk_namespace_groups(&groups, &total, op, rk_group_minimum(minimum_role), &page->rest));
    take(page, groups.items, groups.count, total);
    return 0;
}

static rk_scope scope_of(int minimum_role)
{
    static const rk_scope scopes[] = {
        [0] = RK_SCOPE_READ,
        [RK_GROUP_ROLE_OWNER] = RK_SCOPE_DELETE,
        [RK_GROUP_ROLE_EDITOR] = RK_SCOPE_WRITE,
        [RK_GROUP_ROLE_VIEWER] = RK_SCOPE_READ_CHILDREN,
    };

    return scopes[minimum_role];
}

static int add_projects(filling *page, rk_op *op, int minimum_role)
{
    rk_array places;
    int64_t total;

    RK_TRY(rk_project_places(&places, &total, op, scope_of(minimum_role), &page->rest));
    rk_namespace *rows = rk_new_array(op, rk_namespace, places.count);

    RK_CHECK(rows);
    for (size_t i = 0; i < places.count; i++)
        from_project(&rows[i], &((const rk_project_place *)places.items)[i]);
    take(page, rows, places.count, total);
    return 0;
}

/* GET /namespaces. Spec: namespaces.md 3.10 */
int rk_namespace_list(rk_namespace_response_list *out, rk_op *op, const rk_namespace_list_in *in)
{
    filling page = {.rest = in->page};

    page.items = rk_new_array(op, rk_namespace, (size_t)in->page.per_page);
    RK_CHECK(page.items);
    if (wants(in, RK_NAMESPACE_KIND_USER))
        RK_TRY(add_own(&page, op));
    if (wants(in, RK_NAMESPACE_KIND_GROUP))
        RK_TRY(add_groups(&page, op, in->query.minimum_role));
    if (wants(in, RK_NAMESPACE_KIND_PROJECT))
        RK_TRY(add_projects(&page, op, in->query.minimum_role));
    *(rk_array *)out = (rk_array){true, page.count, page.items};
    op->reply->total = page.total;
    return 0;
}
