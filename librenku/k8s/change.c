/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <json-c/json.h>

#include "librenku/http/json.h"
#include "librenku/k8s/call.h"
#include "librenku/k8s/json.h"
#include "librenku/k8s/path.h"

/* --- create ----------------------------------------------------------------------------------- */

static int add_text(rk_op *op, json_object *object, const char *name, const char *text)
{
    RK_CHECK(text);
    return rk_k8s_json_add(op, object, name, json_object_new_string(text));
}

static int fill_metadata(rk_op *op, json_object *object, const rk_k8s_ref *ref)
{
    json_object *metadata = rk_k8s_json_at(object, "metadata");

    if (!json_object_is_type(metadata, json_type_object)) {
        metadata = json_object_new_object();
        RK_TRY(rk_k8s_json_add(op, object, "metadata", metadata));
    }
    RK_TRY(add_text(op, metadata, "name", ref->name));
    return ref->namespace ? add_text(op, metadata, "namespace", ref->namespace) : 0;
}

int rk_k8s_create(json_object **out, rk_op *op, const rk_k8s_ref *ref, json_object *object)
{
    rk_k8s_target target;
    const char *path;

    RK_TRY(rk_k8s_target_of(&target, op, ref));
    rk_k8s_ref collection = target.ref;

    collection.name = NULL;
    RK_TRY(rk_k8s_path(&path, op, &collection, collection.namespace));
    RK_TRY(add_text(op, object, "apiVersion", rk_k8s_api_version(op, ref->kind)));
    RK_TRY(add_text(op, object, "kind", rk_k8s_kind_row_of(ref->kind)->kind));
    RK_TRY(fill_metadata(op, object, &target.ref));
    return rk_k8s_require(out, op, target.cluster,
                          &(rk_k8s_request){.method = "POST", .path = path, .body = object});
}

/* --- patch ------------------------------------------------------------------------------------ */

static rk_k8s_request patch_of(const rk_k8s_target *target, json_object *patch)
{
    bool is_list = json_object_is_type(patch, json_type_array);

    return (rk_k8s_request){
        .method = "PATCH",
        .path = target->path,
        .type = is_list ? "application/json-patch+json" : "application/merge-patch+json",
        .body = patch,
    };
}

int rk_k8s_target_patch(rk_k8s_answer *out, rk_op *op, const rk_k8s_target *target,
                        json_object *patch)
{
    const rk_k8s_request request = patch_of(target, patch);

    RK_TRY(rk_k8s_call(out, op, target->cluster, &request));
    return rk_k8s_refuse(op, &request, out);
}

int rk_k8s_patch(json_object **out, rk_op *op, const rk_k8s_ref *ref, json_object *patch)
{
    rk_k8s_target target;
    rk_k8s_answer answer;

    RK_TRY(rk_k8s_target_of(&target, op, ref));
    RK_TRY(rk_k8s_target_lookup(out, op, &target));
    if (!*out)
        return rk_fail(op, RK_ERR_NOT_FOUND, "There is no %s '%s'.",
                       rk_k8s_kind_row_of(ref->kind)->kind, ref->name);
    RK_TRY(rk_k8s_target_patch(&answer, op, &target, patch));
    return rk_k8s_require(out, op, target.cluster,
                          &(rk_k8s_request){.method = "GET", .path = target.path});
}

/* --- delete ----------------------------------------------------------------------------------- */

static int send_delete(rk_op *op, const rk_k8s_target *target, rk_k8s_propagation propagation)
{
    const char *policy = propagation == RK_K8S_BACKGROUND ? "Background" : "Foreground";
    json_object *body = json_object_new_object();
    rk_k8s_request request = {.method = "DELETE", .path = target->path, .body = body};
    rk_k8s_answer answer;

    if (!body)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    RK_TRY(rk_json_keep(op, body));
    RK_TRY(add_text(op, body, "propagationPolicy", policy));
    RK_TRY(rk_k8s_call(&answer, op, target->cluster, &request));
    return answer.status == 404 ? 0 : rk_k8s_refuse(op, &request, &answer);
}

int rk_k8s_delete(rk_op *op, const rk_k8s_ref *ref, rk_k8s_propagation propagation)
{
    rk_k8s_target target;
    json_object *found;

    RK_TRY(rk_k8s_target_of(&target, op, ref));
    RK_TRY(rk_k8s_target_lookup(&found, op, &target));
    return found ? send_delete(op, &target, propagation) : 0;
}
