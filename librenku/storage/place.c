/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/slug.h"
#include "librenku/base/url.h"
#include "librenku/http/json.h"
#include "librenku/storage/core.h"
#include "librenku/storage/storage.h"

/* Where a URL leads to. Spec: storage.md 4.6 */

static const char aws[] = ".amazonaws.com";
static const char azure[] = ".windows.net";

typedef struct {
    const char *authority; /* as written */
    const char *host;      /* in lower case, without user and port */
    const char *path;      /* with its slash, or empty */
    const char *path0;     /* without leading slashes */
} parts;

static int refuse(rk_op *op, const char *url)
{
    return rk_fail(op, RK_ERR_STORAGE,
                   "The storage URL '%.200s' is not supported: use s3://, azure://, az://, http:// "
                   "or https:// and a host.",
                   url);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static int copy(const char **out, rk_op *op, const rk_part *part)
{
    *out = rk_strndup(op, part->text, part->length);
    RK_CHECK(*out);
    return 0;
}

static int read(parts *out, rk_op *op, const rk_url *url, const char *text)
{
    const rk_part host = rk_authority_host(&url->authority);

    if (!host.length)
        return refuse(op, text);
    RK_TRY(copy(&out->authority, op, &url->authority));
    RK_TRY(copy(&out->host, op, &host));
    RK_TRY(rk_text_lower(&out->host, op, out->host));
    RK_TRY(copy(&out->path, op, &url->path));
    out->path0 = out->path + strspn(out->path, "/");
    return 0;
}

/* --- s3 --------------------------------------------------------------------------------------- */

/* BUCKET.s3.REGION.amazonaws.com, or without the bucket, which is empty then. */
static int split_aws(const char **bucket, const char **region, rk_op *op, const char *host)
{
    *bucket = *region = NULL;
    if (!ends_with(host, aws))
        return 0;
    const char *name = rk_strndup(op, host, strlen(host) - strlen(aws));

    RK_CHECK(name);
    const char *dot = strrchr(name, '.');

    if (!dot || !dot[1])
        return 0;
    size_t before = (size_t)(dot - name);
    const char *head = rk_strndup(op, name, before);

    RK_CHECK(head);
    if (strcmp(head, "s3") != 0 && (!ends_with(head, ".s3") || strlen(head) == strlen(".s3")))
        return 0;
    size_t bucket_length = strcmp(head, "s3") == 0 ? 0 : before - strlen(".s3");

    *bucket = rk_strndup(op, head, bucket_length);
    RK_CHECK(*bucket);
    *region = dot + 1;
    return 0;
}

static int fill_s3(rk_storage_place *out, rk_op *op, const parts *url)
{
    const char *bucket, *region;

    RK_TRY(rk_storage_put_text(op, out->configuration, "type", "s3"));
    RK_TRY(rk_storage_put_text(op, out->configuration, "provider", "AWS"));
    RK_TRY(split_aws(&bucket, &region, op, url->host));
    if (region)
        RK_TRY(rk_storage_put_text(op, out->configuration, "region", region));
    if (!region)
        out->source_path = rk_printf(op, "%s%s%s", url->host, *url->path0 ? "/" : "", url->path0);
    else
        out->source_path = *bucket ? rk_printf(op, "%s%s", bucket, url->path) : url->path0;
    RK_CHECK(out->source_path);
    return 0;
}

static int fill_endpoint(rk_storage_place *out, rk_op *op, const parts *url)
{
    out->source_path = url->path0;
    RK_TRY(rk_storage_put_text(op, out->configuration, "type", "s3"));
    return rk_storage_put_text(op, out->configuration, "endpoint", url->authority);
}

/* --- azure ------------------------------------------------------------------------------------ */

static int fill_azure(rk_storage_place *out, rk_op *op, const parts *url)
{
    size_t account = strcspn(url->host, ".");
    const char *domain = url->host + account;

    RK_TRY(rk_storage_put_text(op, out->configuration, "type", "azureblob"));
    if (!*domain) {
        out->source_path = rk_printf(op, "%s%s", url->host, url->path);
        RK_CHECK(out->source_path);
        return 0;
    }
    if (!account || (strcmp(domain, ".dfs.core.windows.net") != 0 &&
                     strcmp(domain, ".blob.core.windows.net") != 0))
        return refuse(op, url->host);
    const char *name = rk_strndup(op, url->host, account);

    RK_CHECK(name);
    out->source_path = url->path0;
    return rk_storage_put_text(op, out->configuration, "account", name);
}

static int fill_http(rk_storage_place *out, rk_op *op, const parts *url)
{
    return ends_with(url->host, azure) ? fill_azure(out, op, url) : fill_endpoint(out, op, url);
}

/* --- the whole -------------------------------------------------------------------------------- */

static const struct {
    const char *scheme;
    int (*fill)(rk_storage_place *out, rk_op *op, const parts *url);
} schemes[] = {
    {"s3",    fill_s3   },
    {"azure", fill_azure},
    {"az",    fill_azure},
    {"http",  fill_http },
    {"https", fill_http },
};

int rk_storage_from_url(rk_storage_place *out, rk_op *op, const char *url)
{
    const rk_url split = rk_url_split(url);
    parts found;

    out->configuration = json_object_new_object();
    if (!out->configuration)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    RK_TRY(rk_json_keep(op, out->configuration));
    for (size_t i = 0; i < RK_COUNT(schemes); i++) {
        if (!rk_part_is(&split.scheme, schemes[i].scheme))
            continue;
        RK_TRY(read(&found, op, &split, url));
        return schemes[i].fill(out, op, &found);
    }
    return rk_fail(op, RK_ERR_STORAGE, "The scheme of the storage URL '%.200s' is not supported.",
                   url);
}
