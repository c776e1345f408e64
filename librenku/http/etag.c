/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/etag.h"

#include <openssl/evp.h>
#include <string.h>

#include "librenku/base/time.h"

enum { MD5_SIZE = 16 };

int rk_etag_of(const char **out, rk_op *op, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char *tag = rk_alloc(op, 2 * MD5_SIZE + 3, 1);

    RK_CHECK(tag);
    if (!EVP_Digest(text, strlen(text), hash, &length, EVP_md5(), NULL) || length != MD5_SIZE)
        return rk_fail_default(op, RK_ERR_INTERNAL);
    tag[0] = '"';
    for (unsigned i = 0; i < length; i++) {
        tag[2 * i + 1] = digits[hash[i] >> 4];
        tag[2 * i + 2] = digits[hash[i] & 15];
    }
    tag[2 * MD5_SIZE + 1] = '"';
    *out = tag;
    return 0;
}

int rk_etag_of_time(const char **out, rk_op *op, const rk_instant *when)
{
    char text[RK_TIME_TEXT_MAX];

    rk_instant_print_iso(text, when);
    return rk_etag_of(out, op, text);
}

int rk_etag_match(rk_op *op, const char *current, const char *given)
{
    if (current && given && strcmp(current, given) == 0)
        return 0;
    (void)rk_fail(op, RK_ERR_STALE, "Current ETag is %s, not %s.", current ? current : "unset",
                  given ? given : "unset"); /* the detail follows */
    return rk_fail_detail(op, "Please read it again and retry with the ETag that comes with it.");
}
