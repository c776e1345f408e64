/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/port.h"

#include "librenku/authz/tables.h"

const rk_authz_port *rk_authz_port_of(const rk_op *op)
{
    (void)op; /* there is one store so far */
    return &rk_authz_embedded;
}

static bool is_service(const rk_op *op)
{
    return rk_subject_type(op).text[0] == RK_SUBJECT_SERVICE[0];
}

/* --- questions --- */

/* Whatever id a question about the platform names, there is one. Spec: authorization.md 2, 7.1 */
int rk_authz_bits(int64_t *out, rk_op *op, rk_object_type type, const char *id)
{
    RK_ASSERT(id && *id);
    if (is_service(op)) {
        *out = rk_object_permissions[type];
        return 0;
    }
    return rk_authz_port_of(op)->bits(out, op, type,
                                      type == RK_OBJECT_PLATFORM ? RK_PLATFORM_ID : id);
}

static void fill(int64_t *out, size_t count, int64_t bits)
{
    for (size_t i = 0; i < count; i++)
        out[i] = bits;
}

/* Spec: authorization.md 7.1, 7.2 */
int rk_authz_bits_many(int64_t *out, rk_op *op, rk_object_type type, const rk_strings *ids)
{
    fill(out, ids->count, rk_object_permissions[type]);
    if (ids->count == 0 || is_service(op))
        return 0;
    if (type == RK_OBJECT_PLATFORM) {
        RK_TRY(rk_authz_bits(out, op, type, RK_PLATFORM_ID));
        fill(out, ids->count, *out);
        return 0;
    }
    return rk_authz_port_of(op)->bits_many(out, op, type, ids);
}

int rk_authz_objects(rk_strings *out, rk_op *op, rk_object_type type, rk_scope scope)
{
    return rk_authz_port_of(op)->objects(out, op, type, scope);
}

int rk_authz_users(rk_strings *out, rk_op *op, rk_object_type type, const char *id, rk_scope scope)
{
    return rk_authz_port_of(op)->users(out, op, type, id, scope);
}

int rk_authz_members(rk_array *out, rk_op *op, rk_object_type type, const char *id)
{
    return rk_authz_port_of(op)->members(out, op, type, id, NULL);
}

int rk_authz_admins(rk_strings *out, rk_op *op)
{
    return rk_authz_port_of(op)->admins(out, op);
}

int rk_authz_exist(bool *out, rk_op *op, const rk_relationship *relationships, size_t count)
{
    return rk_authz_port_of(op)->exist(out, op, relationships, count);
}

/* --- changes --- */

int rk_authz_write(rk_op *op, const rk_relationship_change *changes, size_t count)
{
    return rk_authz_port_of(op)->write(op, changes, count);
}

int rk_authz_forget_resource(rk_op *op, rk_object_type type, const char *id)
{
    RK_ASSERT(id && *id);
    return rk_authz_port_of(op)->forget_resource(op, type, id);
}

int rk_authz_forget_subject(rk_op *op, rk_object_type type, const char *id)
{
    RK_ASSERT(id && *id);
    return rk_authz_port_of(op)->forget_subject(op, type, id);
}

/* Spec: authorization.md 11 */
int rk_authz_publish(rk_op *op, rk_object_type type, const char *id, bool is_public)
{
    const rk_relationship_change changes[] = {
        {!is_public, {type, id, RK_RELATION_PUBLIC_VIEWER, RK_OBJECT_USER, "*"}          },
        {!is_public, {type, id, RK_RELATION_PUBLIC_VIEWER, RK_OBJECT_ANONYMOUS_USER, "*"}},
    };

    return rk_authz_write(op, changes, RK_COUNT(changes));
}

int rk_authz_replace(rk_op *op, const rk_relationship *relationship)
{
    return rk_authz_port_of(op)->replace(op, relationship);
}

/* Spec: authorization.md 12 */
int rk_authz_admin_set(rk_op *op, const char *user_id, bool admin)
{
    const rk_relationship_change change = {
        !admin,
        {RK_OBJECT_PLATFORM, RK_PLATFORM_ID, RK_RELATION_ADMIN, RK_OBJECT_USER, user_id},
    };

    return rk_authz_write(op, &change, 1);
}
