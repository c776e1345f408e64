/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 names versions here and protects nothing. Its plain function neither looks for a provider nor
 * allocates, and so costs a tenth. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "librenku/http/etag.h"

#include <openssl/md5.h>
#include <string.h>

#include "librenku/base/time.h"

int rk_etag_of(const char **out, rk_op *op, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char hash[MD5_DIGEST_LENGTH];
    char *tag = rk_alloc(op, 2 * sizeof(hash) + 3, 1);

    RK_CHECK(tag);
    (void)MD5((const unsigned char *)text, strlen(text), hash); /* gives the hash */
    *out = tag;
    *tag++ = '"';
    for (size_t i = 0; i < sizeof(hash); i++) {
        *tag++ = digits[hash[i] >> 4];
        *tag++ = digits[hash[i] & 15];
    }
    *tag = '"';
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
