/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/jwk.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>
#include <json-c/json.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "librenku/base/buf.h"
#include "librenku/crypto/json.h"

enum {
    RSA_MIN_BITS = 2048, /* RFC 7518 3.3 */
    RSA_MAX_BITS = 16384,
    OKP_MAX_BYTES = 57,
};

#define RSA_ALGS                                                                                   \
    (RK_JWT_ALG_BIT(RK_JWT_RS256) | RK_JWT_ALG_BIT(RK_JWT_RS384) | RK_JWT_ALG_BIT(RK_JWT_RS512) |  \
     RK_JWT_ALG_BIT(RK_JWT_PS256) | RK_JWT_ALG_BIT(RK_JWT_PS384) | RK_JWT_ALG_BIT(RK_JWT_PS512))

static const struct {
    const char *name;
    rk_jwt_alg alg;
} algs[] = {
    {"RS256", RK_JWT_RS256},
    {"RS384", RK_JWT_RS384},
    {"RS512", RK_JWT_RS512},
    {"PS256", RK_JWT_PS256},
    {"PS384", RK_JWT_PS384},
    {"PS512", RK_JWT_PS512},
    {"ES256", RK_JWT_ES256},
    {"ES384", RK_JWT_ES384},
    {"ES512", RK_JWT_ES512},
    {"EdDSA", RK_JWT_EDDSA},
    {"HS512", RK_JWT_HS512},
};

static const struct {
    const char *type, *curve;
    unsigned algs;
    int okp; /* of libcrypto; 0: cjose knows the kind */
} kinds[] = {
    {"RSA", NULL,      RSA_ALGS,                     0               },
    {"EC",  "P-256",   RK_JWT_ALG_BIT(RK_JWT_ES256), 0               },
    {"EC",  "P-384",   RK_JWT_ALG_BIT(RK_JWT_ES384), 0               },
    {"EC",  "P-521",   RK_JWT_ALG_BIT(RK_JWT_ES512), 0               },
    {"OKP", "Ed25519", RK_JWT_ALG_BIT(RK_JWT_EDDSA), EVP_PKEY_ED25519},
    {"OKP", "Ed448",   RK_JWT_ALG_BIT(RK_JWT_EDDSA), EVP_PKEY_ED448  },
};

struct rk_jwk {
    char *kid;
    unsigned algs;
    cjose_jwk_t *cjose;
    EVP_PKEY *evp;
};

struct rk_jwk_set {
    atomic_int holders;
    size_t count;
    rk_jwk keys[];
};

rk_jwt_alg rk_jwt_alg_of(const char *name)
{
    for (size_t i = 0; i < RK_COUNT(algs); i++) {
        if (strcmp(algs[i].name, name) == 0)
            return algs[i].alg;
    }
    return (rk_jwt_alg)0;
}

static unsigned alg_bit(rk_op *op, const char *name, size_t length)
{
    const char *copy = rk_strndup(op, name, length);
    rk_jwt_alg alg = copy ? rk_jwt_alg_of(copy) : (rk_jwt_alg)0;

    return alg && alg != RK_JWT_HS512 ? RK_JWT_ALG_BIT(alg) : 0;
}

int rk_jwt_algs_parse(unsigned *out, rk_op *op, const char *list)
{
    unsigned bits = 0;

    for (const char *item = list; *item; item += strcspn(item, ", \t")) {
        item += strspn(item, ", \t");
        bits |= alg_bit(op, item, strcspn(item, ", \t"));
    }
    RK_TRY(op->error.err);
    if (!bits)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "KEYCLOAK_TOKEN_SIGNATURE_ALGS is '%s': none of it is supported; "
                       "RS256 would be right.",
                       list);
    *out = bits;
    return 0;
}

/* --- reading one key -------------------------------------------------------------------------- */

/* A text member or NULL; whatever is odd about a key makes it unusable, never a failure. */
static const char *member(json_object *json, const char *name)
{
    json_object *value = json_object_object_get(json, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static bool same(const char *text, const char *wanted)
{
    return text && strcmp(text, wanted) == 0;
}

static int kind_of(json_object *json)
{
    const char *type = member(json, "kty");
    const char *curve = member(json, "crv");

    for (size_t i = 0; i < RK_COUNT(kinds); i++) {
        if (same(type, kinds[i].type) && (!kinds[i].curve || same(curve, kinds[i].curve)))
            return (int)i;
    }
    return -1;
}

/* Base64url without padding, and not empty. cjose ends the process over anything else. */
static bool is_base64(rk_op *op, const char *text)
{
    size_t size = strlen(text);
    unsigned char *bytes = rk_alloc(op, size + 1, 1);
    const char *end = text;
    size_t length = 0;

    return bytes &&
           sodium_base642bin(bytes, size + 1, text, size, NULL, &length, &end,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           length && !*end;
}

/* False when the key has no such part, or one that is no number. */
static bool add_part(rk_buf *buf, json_object *json, const char *name)
{
    const char *value = member(json, name);

    if (!value || !is_base64(buf->op, value))
        return false;
    rk_buf_printf(buf, ",\"%s\":\"%s\"", name, value);
    return true;
}

/* cjose sees the public parts only, whatever else the key holds. */
static cjose_jwk_t *import_cjose(rk_op *op, json_object *json, int kind)
{
    const char *curve = kinds[kind].curve;
    const char *const *parts =
        curve ? (const char *const[]){"x", "y"} : (const char *const[]){"n", "e"};
    rk_buf buf;

    rk_buf_begin(&buf, op, 1024);
    rk_buf_printf(&buf, "{\"kty\":\"%s\"", kinds[kind].type);
    if (curve)
        rk_buf_printf(&buf, ",\"crv\":\"%s\"", curve);
    if (!add_part(&buf, json, parts[0]) || !add_part(&buf, json, parts[1]))
        return NULL;
    rk_buf_char(&buf, '}');
    if (rk_buf_finish(&buf) < 0)
        return NULL;
    return cjose_jwk_import(buf.text, buf.length, NULL);
}

static EVP_PKEY *import_okp(json_object *json, int type)
{
    unsigned char point[OKP_MAX_BYTES];
    const char *x = member(json, "x");
    const char *end;
    size_t length;

    if (!x ||
        sodium_base642bin(point, sizeof(point), x, strlen(x), NULL, &length, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        *end)
        return NULL;
    return EVP_PKEY_new_raw_public_key(type, NULL, point, length);
}

static bool has_sane_size(const cjose_jwk_t *key)
{
    if (cjose_jwk_get_kty(key, NULL) != CJOSE_JWK_KTY_RSA)
        return true;
    size_t bits = cjose_jwk_get_keysize(key, NULL);

    return bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS;
}

/* The algorithms of its kind, or the one that the key itself names. */
static unsigned algs_of(json_object *json, int kind)
{
    const char *alg = member(json, "alg");

    return alg ? kinds[kind].algs & RK_JWT_ALG_BIT(rk_jwt_alg_of(alg)) : kinds[kind].algs;
}

static bool is_for_signatures(json_object *json)
{
    json_object *use = json_object_object_get(json, "use");

    return !use || same(member(json, "use"), "sig");
}

static void key_clear(rk_jwk *key)
{
    free(key->kid);
    if (key->cjose)
        (void)cjose_jwk_release(key->cjose); /* tells whether others hold it: none does */
    EVP_PKEY_free(key->evp);
    *key = (rk_jwk){0};
}

static bool import_key(rk_jwk *key, rk_op *op, json_object *json, int kind)
{
    if (kinds[kind].okp)
        key->evp = import_okp(json, kinds[kind].okp);
    else
        key->cjose = import_cjose(op, json, kind);
    return key->evp || (key->cjose && has_sane_size(key->cjose));
}

/* Whether the key is of use to us. */
static bool read_key(rk_jwk *key, rk_op *op, json_object *json)
{
    const char *kid = member(json, "kid");
    int kind = kind_of(json);

    if (!kid || !*kid || kind < 0 || !is_for_signatures(json))
        return false;
    *key = (rk_jwk){.kid = strdup(kid), .algs = algs_of(json, kind)};
    if (!key->kid)
        (void)rk_fail_default(op, RK_ERR_NO_MEMORY); /* the set looks */
    if (key->kid && key->algs && import_key(key, op, json, kind))
        return true;
    key_clear(key);
    return false;
}

/* --- the set ---------------------------------------------------------------------------------- */

static rk_jwk_set *set_new(size_t capacity)
{
    rk_jwk_set *set = calloc(1, sizeof(*set) + capacity * sizeof(set->keys[0]));

    if (set)
        atomic_init(&set->holders, 1);
    return set;
}

static int fail_set(rk_op *op, const char *problem)
{
    return rk_fail(op, RK_ERR_INTERNAL, "The key endpoint of Keycloak answers %s.", problem);
}

static int read_set(json_object **keys, rk_op *op, const char *text, size_t length)
{
    json_object *json;

    if (rk_crypto_json_read(&json, op, text, length) < 0) {
        if (op->error.err == RK_ERR_NO_MEMORY)
            return RK_ERR_NO_MEMORY;
        rk_error_clear(op);
        return fail_set(op, "something that is not a JSON object");
    }
    *keys = json_object_object_get(json, "keys");
    if (!json_object_is_type(*keys, json_type_array))
        return fail_set(op, "an object without a list of keys");
    return 0;
}

int rk_jwk_set_parse(rk_jwk_set **out, rk_op *op, const char *text, size_t length)
{
    json_object *keys = NULL;

    RK_TRY(read_set(&keys, op, text, length));
    size_t count = json_object_array_length(keys);
    rk_jwk_set *set = set_new(count);

    if (!set)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        if (read_key(&set->keys[set->count], op, json_object_array_get_idx(keys, i)))
            set->count++;
    }
    if (op->error.err || !set->count) {
        rk_jwk_set_free(set);
        return op->error.err ? op->error.err : fail_set(op, "a key set without any usable key");
    }
    *out = set;
    return 0;
}

rk_jwk_set *rk_jwk_set_retain(rk_jwk_set *set)
{
    atomic_fetch_add_explicit(&set->holders, 1, memory_order_relaxed);
    return set;
}

void rk_jwk_set_free(rk_jwk_set *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->holders, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < set->count; i++)
        key_clear(&set->keys[i]);
    free(set);
}

size_t rk_jwk_set_count(const rk_jwk_set *set)
{
    return set->count;
}

const rk_jwk *rk_jwk_set_lookup(const rk_jwk_set *set, const char *kid)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->keys[i].kid, kid) == 0)
            return &set->keys[i];
    }
    return NULL;
}

unsigned rk_jwk_algs(const rk_jwk *key)
{
    return key->algs;
}

const void *rk_jwk_cjose(const rk_jwk *key)
{
    return key->cjose;
}

EVP_PKEY *rk_jwk_evp(const rk_jwk *key)
{
    return key->evp;
}
