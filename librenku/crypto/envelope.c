/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/envelope.h"

#include <openssl/rand.h>

#include "librenku/crypto/secret.h"

static int derive(rk_symmetric_key *out, rk_op *op, const rk_bytes *password,
                  const rk_envelope_owner *owner)
{
    if (owner->rounds)
        return rk_symmetric_derive_rounds(out, op, password, owner->user_id, owner->rounds);
    return rk_symmetric_derive(out, op, password, owner->user_id);
}

/* 32 random bytes as 44 characters, which are a password from here on. */
static int make_password(rk_bytes *out, rk_op *op)
{
    char *text = rk_alloc(op, RK_SYMMETRIC_KEY_LENGTH + 1, 1);
    rk_symmetric_key random;

    RK_CHECK(text);
    if (RAND_priv_bytes((unsigned char *)&random, sizeof(random)) != 1)
        return rk_fail(op, RK_ERR_INTERNAL, "A secret cannot be encrypted.");
    rk_symmetric_key_print(text, &random);
    rk_symmetric_key_wipe(&random);
    *out = (rk_bytes){text, RK_SYMMETRIC_KEY_LENGTH};
    return 0;
}

int rk_envelope_seal(rk_envelope *out, rk_op *op, const rk_rsa *public_key,
                     const rk_envelope_owner *owner, const char *inner)
{
    rk_bytes password;
    rk_symmetric_key key;

    RK_TRY(make_password(&password, op));
    RK_TRY(rk_rsa_wrap(&out->key, op, public_key, &password));
    RK_TRY(derive(&key, op, &password, owner));
    int result = rk_symmetric_seal_text(&out->value, op, &key, inner);

    rk_symmetric_key_wipe(&key);
    return result;
}

int rk_envelope_open(const char **inner, rk_op *op, const rk_rsa *private_key,
                     const rk_envelope_owner *owner, const rk_envelope *envelope)
{
    rk_bytes password = {"", 0};
    rk_symmetric_key key;

    RK_TRY(rk_rsa_unwrap(&password, op, private_key, &envelope->key));
    RK_TRY(derive(&key, op, &password, owner));
    int result = rk_symmetric_open_text(inner, op, &key, envelope->value);

    rk_symmetric_key_wipe(&key);
    return result;
}
