/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/path.h"

#include <string.h>

#include "librenku/base/url.h"

enum { SEGMENT_MAX_BYTES = 253 };

#define NAMESPACED true
#define CLUSTER_WIDE false
static const rk_k8s_kind_row rows[] = {
#define RK_K8S_KIND(name, group, version, kind, collection, place)                                 \
    {group, version, kind, collection, place},
#include "librenku/k8s/kinds.def"
#undef RK_K8S_KIND
};

const rk_k8s_kind_row *rk_k8s_kind_row_of(rk_k8s_kind kind)
{
    return &rows[kind];
}

const char *rk_k8s_api_version(rk_op *op, rk_k8s_kind kind)
{
    const rk_k8s_kind_row *row = rk_k8s_kind_row_of(kind);

    return row->group ? rk_printf(op, "%s/%s", row->group, row->version) : row->version;
}

bool rk_k8s_is_segment(const char *text)
{
    return *text && strlen(text) <= SEGMENT_MAX_BYTES && !strpbrk(text, "/%") &&
           strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static int add_segment(rk_buf *buf, const char *text)
{
    if (!rk_k8s_is_segment(text))
        return rk_fail(buf->op, RK_ERR_INVALID, "'%.100s' is no name in Kubernetes.", text);
    rk_buf_char(buf, '/');
    rk_url_add_encoded(buf, text);
    return 0;
}

int rk_k8s_path(const char **out, rk_op *op, const rk_k8s_ref *ref, const char *namespace)
{
    const rk_k8s_kind_row *row = rk_k8s_kind_row_of(ref->kind);
    rk_buf buf;

    rk_buf_begin(&buf, op, 128);
    if (row->group)
        rk_buf_printf(&buf, "/apis/%s/%s", row->group, row->version);
    else
        rk_buf_printf(&buf, "/api/%s", row->version);
    if (row->namespaced) {
        rk_buf_text(&buf, "/namespaces");
        RK_TRY(add_segment(&buf, namespace));
    }
    rk_buf_printf(&buf, "/%s", row->collection);
    if (ref->name)
        RK_TRY(add_segment(&buf, ref->name));
    *out = buf.text;
    return rk_buf_finish(&buf);
}
