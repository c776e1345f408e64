/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/log.h"
#include "librenku/base/url.h"
#include "librenku/http/json.h"
#include "librenku/k8s/call.h"
#include "librenku/k8s/json.h"
#include "librenku/k8s/path.h"

enum { PAGE = 100, LABEL_MAX_BYTES = 63 };

static const char owner_label[] = "renku.io/safe-username";

/* One list of one cluster. */
typedef struct {
    rk_op *op;
    const rk_k8s_filter *filter;
    rk_k8s_cluster *cluster;
    const char *collection; /* path with the query, as far as it is the same for all pages */
    rk_k8s_visit *visit;
    void *user;
    bool complete;
    bool kept; /* what was visited stays, as long as the operation */
} listing;

/* --- selectors -------------------------------------------------------------------------------- */

/* What no label can be, no object has; and it could change the meaning of a selector. */
static bool is_label_value(const char *text)
{
    return strlen(text) <= LABEL_MAX_BYTES &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
               strlen(text);
}

static void add_label(rk_buf *query, bool *first, const char *name, const char *value)
{
    rk_buf_text(query, *first ? "&labelSelector=" : "%2C");
    rk_url_add_encoded(query, name);
    rk_buf_text(query, "%3D");
    rk_url_add_encoded(query, value);
    *first = false;
}

static void add_labels(rk_buf *query, const rk_k8s_filter *filter)
{
    bool first = true;

    for (size_t i = 0; i < filter->label_count; i++)
        add_label(query, &first, filter->labels[i].name, filter->labels[i].value);
    if (filter->owner)
        add_label(query, &first, owner_label, filter->owner);
}

/* False when no object can fit. */
static bool can_fit(const rk_k8s_filter *filter)
{
    for (size_t i = 0; i < filter->label_count; i++) {
        if (!is_label_value(filter->labels[i].value))
            return false;
    }
    return (!filter->owner || is_label_value(filter->owner)) &&
           (!filter->name || rk_k8s_is_segment(filter->name)) &&
           (!filter->namespace || rk_k8s_is_segment(filter->namespace));
}

/* A comma, an equals sign and a backslash mean something in a selector. */
static void add_name(rk_buf *query, const char *name)
{
    rk_buf_text(query, "&fieldSelector=metadata.name%3D");
    for (; *name; name++) {
        if (strchr(",=\\", *name))
            rk_buf_text(query, "%5C");
        rk_url_add_encoded(query, (char[]){*name, '\0'});
    }
}

static int make_query(const char **out, listing *l)
{
    const rk_k8s_ref all = {.kind = l->filter->kind};
    const char *namespace = l->filter->namespace;
    const char *path;
    rk_buf query;

    if (!namespace)
        RK_TRY(rk_k8s_cluster_namespace(&namespace, l->op, l->cluster));
    RK_TRY(rk_k8s_path(&path, l->op, &all, namespace));
    rk_buf_begin(&query, l->op, 256);
    rk_buf_printf(&query, "%s?limit=%d", path, PAGE);
    add_labels(&query, l->filter);
    if (l->filter->name)
        add_name(&query, l->filter->name);
    *out = query.text;
    return rk_buf_finish(&query);
}

/* --- pages ------------------------------------------------------------------------------------ */

/* Members of lists do not say what they are. */
static int complete_item(rk_op *op, json_object *item, rk_k8s_kind kind)
{
    const char *version = rk_k8s_api_version(op, kind);

    RK_CHECK(version);
    if (!rk_k8s_json_at(item, "kind"))
        RK_TRY(rk_k8s_json_add(op, item, "kind",
                               json_object_new_string(rk_k8s_kind_row_of(kind)->kind)));
    return rk_k8s_json_at(item, "apiVersion")
               ? 0
               : rk_k8s_json_add(op, item, "apiVersion", json_object_new_string(version));
}

static int visit_item(listing *l, rk_op *page, json_object *item)
{
    const char *name = rk_k8s_json_text(item, "metadata/name");

    if (!name || (l->filter->name && strcmp(name, l->filter->name) != 0))
        return 0;
    RK_TRY(complete_item(page, item, l->filter->kind));
    return l->visit(l->user, l->op, l->cluster->id, item);
}

static int visit_items(listing *l, rk_op *page, json_object *answer)
{
    json_object *items = rk_k8s_json_at(answer, "items");

    for (size_t i = 0;
         json_object_is_type(items, json_type_array) && i < json_object_array_length(items); i++)
        RK_TRY(visit_item(l, page, json_object_array_get_idx(items, i)));
    return 0;
}

/* @p next is the mark of the page that follows, in the arena of the list; NULL after the last. */
static int take_page(const char **next, listing *l, rk_op *page, const rk_k8s_answer *answer)
{
    const char *mark = rk_k8s_json_text(answer->object, "metadata/continue");
    bool is_list = rk_k8s_json_at(answer->object, "items") != NULL;

    *next = NULL;
    if (answer->status == 404)
        return 0; /* of a kind that the cluster does not know there are no objects */
    if (rk_k8s_is_refusal(answer) || !is_list) {
        l->complete = false;
        rk_log_warning(l->op, "k8s", "A list of the cluster %s ends early: %d %s", l->cluster->id,
                       answer->status, rk_k8s_reason(answer));
        return 0;
    }
    RK_TRY(visit_items(l, page, answer->object));
    if (!mark || !*mark)
        return 0;
    *next = rk_strdup(l->op, mark);
    RK_CHECK(*next);
    return 0;
}

static int read_page(const char **next, listing *l, rk_op *page, const char *mark)
{
    rk_k8s_answer answer;
    rk_buf path;

    rk_buf_begin(&path, page, 256);
    rk_buf_text(&path, l->collection);
    if (mark) {
        rk_buf_text(&path, "&continue=");
        rk_url_add_encoded(&path, mark);
    }
    RK_TRY(rk_buf_finish(&path));
    const rk_k8s_request request = {.method = "GET", .path = path.text};

    RK_TRY(rk_k8s_call(&answer, page, l->cluster, &request));
    return take_page(next, l, page, &answer);
}

/* Each page has memory of its own, so that a long list does not need more than a short one. */
static int run_page(const char **next, listing *l, const char *mark)
{
    rk_op *op = l->op;
    rk_op page;

    if (l->kept)
        return read_page(next, l, op, mark);
    RK_TRY(rk_op_begin_part(&page, op));
    return rk_op_end_part(&page, op, read_page(next, l, &page, mark));
}

static int list_cluster(listing *l)
{
    const char *mark = NULL;

    RK_TRY(make_query(&l->collection, l));
    do
        RK_TRY(run_page(&mark, l, mark));
    while (mark);
    return 0;
}

/* --- lists ------------------------------------------------------------------------------------ */

static bool is_hidden(const rk_k8s_cluster *first, const rk_k8s_cluster *cluster)
{
    while (strcmp(first->id, cluster->id) != 0)
        first = first->next;
    return first != cluster;
}

int rk_k8s_list(bool *complete, rk_op *op, const rk_k8s_filter *filter, rk_k8s_visit *visit,
                void *user)
{
    listing l = {.op = op, .filter = filter, .visit = visit, .user = user, .complete = true};
    rk_k8s_cluster *first;

    RK_ASSERT(rk_k8s_kind_row_of(filter->kind)->namespaced);
    RK_TRY(rk_k8s_clusters(&first, op));
    for (l.cluster = first; l.cluster && can_fit(filter); l.cluster = l.cluster->next) {
        if (is_hidden(first, l.cluster) ||
            (filter->cluster && strcmp(filter->cluster, l.cluster->id) != 0))
            continue;
        RK_TRY(list_cluster(&l));
    }
    *complete = l.complete;
    return 0;
}

/* --- one -------------------------------------------------------------------------------------- */

int rk_k8s_target_of(rk_k8s_target *out, rk_op *op, const rk_k8s_ref *ref)
{
    out->ref = *ref;
    RK_TRY(rk_k8s_cluster_find(&out->cluster, op, ref->cluster));
    out->ref.cluster = out->cluster->id;
    if (!rk_k8s_kind_row_of(ref->kind)->namespaced)
        out->ref.namespace = NULL;
    else if (!ref->namespace || !*ref->namespace)
        RK_TRY(rk_k8s_cluster_namespace(&out->ref.namespace, op, out->cluster));
    RK_ASSERT(ref->name != NULL);
    return rk_k8s_path(&out->path, op, &out->ref, out->ref.namespace);
}

static int keep_first(void *user, rk_op *op, const char *cluster, json_object *object)
{
    json_object **found = user;

    (void)op;
    (void)cluster;
    if (!*found)
        *found = object;
    return 0;
}

static int lookup_listed(json_object **out, rk_op *op, const rk_k8s_target *target)
{
    const rk_k8s_filter filter = {
        .kind = target->ref.kind,
        .namespace = target->ref.namespace,
        .name = target->ref.name,
        .owner = target->ref.owner,
    };
    listing l = {
        .op = op,
        .filter = &filter,
        .cluster = target->cluster,
        .visit = keep_first,
        .user = out,
        .kept = true,
    };

    return can_fit(&filter) ? list_cluster(&l) : 0;
}

/* Kinds without namespace are read by name. */
static int lookup_named(json_object **out, rk_op *op, const rk_k8s_target *target)
{
    const rk_k8s_request request = {.method = "GET", .path = target->path};
    rk_k8s_answer answer;

    RK_TRY(rk_k8s_call(&answer, op, target->cluster, &request));
    *out = rk_k8s_is_refusal(&answer) ? NULL : answer.object;
    return 0;
}

int rk_k8s_target_lookup(json_object **out, rk_op *op, const rk_k8s_target *target)
{
    *out = NULL;
    return target->ref.namespace ? lookup_listed(out, op, target) : lookup_named(out, op, target);
}

int rk_k8s_lookup(json_object **out, rk_op *op, const rk_k8s_ref *ref)
{
    rk_k8s_target target;

    RK_TRY(rk_k8s_target_of(&target, op, ref));
    return rk_k8s_target_lookup(out, op, &target);
}

int rk_k8s_read(json_object **out, rk_op *op, const rk_k8s_ref *ref)
{
    rk_k8s_target target;

    RK_TRY(rk_k8s_target_of(&target, op, ref));
    return rk_k8s_require(out, op, target.cluster,
                          &(rk_k8s_request){.method = "GET", .path = target.path});
}
