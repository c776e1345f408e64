/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "librenku/base/log.h"
#include "librenku/http/json.h"
#include "librenku/k8s/call.h"
#include "librenku/k8s/json.h"

/* The parts of the object, each also the new value of a member that exists. */
typedef struct {
    json_object *data;
    json_object *owners;
} parts;

/* --- the object ------------------------------------------------------------------------------- */

static int make_object(json_object **out, rk_op *op, json_object *made)
{
    *out = made;
    return made ? rk_json_keep(op, made) : rk_fail_default(op, RK_ERR_NO_MEMORY);
}

static int add_text(rk_op *op, json_object *object, const char *name, const char *text)
{
    return rk_k8s_json_add(op, object, name, json_object_new_string(text));
}

/* Shares the value instead of taking it over. */
static int add_shared(rk_op *op, json_object *object, const char *name, json_object *value)
{
    return rk_k8s_json_add(op, object, name, json_object_get(value));
}

static int add_entry(rk_op *op, json_object *data, const rk_k8s_entry *entry)
{
    size_t room = sodium_base64_encoded_len(entry->size_bytes, sodium_base64_VARIANT_ORIGINAL);
    char *text = rk_alloc(op, room, 1);

    RK_CHECK(text);
    sodium_bin2base64(text, room, entry->value, entry->size_bytes, sodium_base64_VARIANT_ORIGINAL);
    return add_text(op, data, entry->key, text);
}

static int add_owner(rk_op *op, json_object *owners, const rk_k8s_owner *owner)
{
    json_object *item;

    RK_TRY(make_object(&item, op, json_object_new_object()));
    RK_TRY(add_text(op, item, "apiVersion", owner->api_version));
    RK_TRY(add_text(op, item, "kind", owner->kind));
    RK_TRY(add_text(op, item, "name", owner->name));
    RK_TRY(add_text(op, item, "uid", owner->uid));
    RK_TRY(rk_k8s_json_add(op, item, "controller", json_object_new_boolean(true)));
    if (json_object_array_add(owners, json_object_get(item)) == 0)
        return 0;
    json_object_put(item);
    return rk_fail_default(op, RK_ERR_NO_MEMORY);
}

static int make_parts(parts *out, rk_op *op, const rk_k8s_secret *secret)
{
    RK_TRY(make_object(&out->data, op, json_object_new_object()));
    RK_TRY(make_object(&out->owners, op, json_object_new_array()));
    for (size_t i = 0; i < secret->entry_count; i++)
        RK_TRY(add_entry(op, out->data, &secret->entries[i]));
    for (size_t i = 0; i < secret->owner_count; i++)
        RK_TRY(add_owner(op, out->owners, &secret->owners[i]));
    return 0;
}

static int make_secret(json_object **out, rk_op *op, const parts *from)
{
    json_object *metadata;

    RK_TRY(make_object(out, op, json_object_new_object()));
    RK_TRY(make_object(&metadata, op, json_object_new_object()));
    RK_TRY(add_shared(op, metadata, "ownerReferences", from->owners));
    RK_TRY(add_shared(op, *out, "metadata", metadata));
    return add_shared(op, *out, "data", from->data);
}

/* --- the patch -------------------------------------------------------------------------------- */

static int add_replacement(rk_op *op, json_object *patch, const char *path, json_object *value)
{
    json_object *step;

    RK_TRY(make_object(&step, op, json_object_new_object()));
    RK_TRY(add_text(op, step, "op", "replace"));
    RK_TRY(add_text(op, step, "path", path));
    RK_TRY(add_shared(op, step, "value", value));
    if (json_object_array_add(patch, json_object_get(step)) == 0)
        return 0;
    json_object_put(step);
    return rk_fail_default(op, RK_ERR_NO_MEMORY);
}

/* Spec: kubernetes.md 6.1 */
static int make_patch(json_object **out, rk_op *op, const parts *from)
{
    json_object *opaque;

    RK_TRY(make_object(out, op, json_object_new_array()));
    RK_TRY(make_object(&opaque, op, json_object_new_string("Opaque")));
    RK_TRY(add_replacement(op, *out, "/data", from->data));
    RK_TRY(add_replacement(op, *out, "/type", opaque));
    return add_replacement(op, *out, "/metadata/ownerReferences", from->owners);
}

/* --- putting ---------------------------------------------------------------------------------- */

/* The words for people; what the operation met is for the log. */
static int fail_creation(rk_op *op)
{
    const rk_error met = op->error;

    if (met.err == RK_ERR_NO_MEMORY || met.err == RK_ERR_CANCELLED)
        return met.err;
    rk_log_error(op, "k8s", "A secret could not be created. %s", met.message);
    rk_error_clear(op);
    switch (met.err) {
    case RK_ERR_NOT_FOUND:
        return rk_fail(op, RK_ERR_SECRET_CREATION,
                       "The secret could not be created: the cluster is unknown.");
    case RK_ERR_KUBERNETES:
        return rk_fail(op, RK_ERR_SECRET_CREATION,
                       "The secret could not be created: the cluster refused it with status %d.",
                       met.peer_status);
    case RK_ERR_REMOTE:
        return rk_fail(op, RK_ERR_SECRET_CREATION,
                       "The secret could not be created: the cluster cannot be reached.");
    case RK_ERR_INVALID:
        return rk_fail(op, RK_ERR_SECRET_CREATION,
                       "The secret could not be created: its name or namespace is not valid.");
    default:
        return rk_fail(op, RK_ERR_SECRET_CREATION,
                       "The secret could not be created: there is no usable way to the cluster.");
    }
}

static int fail_missing(rk_op *op)
{
    rk_error_clear(op);
    return rk_fail(op, RK_ERR_NOT_FOUND,
                   "The secret exists already, but it cannot be read, or is gone meanwhile.");
}

/* Brings the secret that is in the way to the state of the new one. */
static int replace(rk_op *op, const rk_k8s_ref *ref, const parts *from)
{
    rk_k8s_target target;
    rk_k8s_answer answer;
    json_object *found;
    json_object *patch;

    if (rk_k8s_target_of(&target, op, ref) < 0 || rk_k8s_target_lookup(&found, op, &target) < 0)
        return fail_creation(op);
    if (!found)
        return fail_missing(op);
    RK_TRY(make_patch(&patch, op, from));
    int result = rk_k8s_target_patch(&answer, op, &target, patch);

    if (result == RK_ERR_KUBERNETES)
        return op->error.peer_status == 404 ? fail_missing(op) : result;
    if (result < 0)
        return fail_creation(op);
    rk_log_warning(op, "k8s", "A secret that existed was changed instead of created.");
    return 0;
}

int rk_k8s_secret_put(rk_op *op, const rk_k8s_secret *secret)
{
    const rk_k8s_ref ref = {
        .kind = RK_K8S_SECRET,
        .cluster = secret->cluster,
        .namespace = secret->namespace,
        .name = secret->name,
    };
    json_object *object;
    parts made;

    RK_TRY(make_parts(&made, op, secret));
    RK_TRY(make_secret(&object, op, &made));
    int result = rk_k8s_create(&object, op, &ref, object);

    if (result == RK_ERR_KUBERNETES && op->error.peer_status == 409) {
        rk_error_clear(op);
        return replace(op, &ref, &made);
    }
    return result < 0 ? fail_creation(op) : 0;
}
