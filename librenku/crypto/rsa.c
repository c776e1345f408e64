/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/rsa.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "librenku/crypto/secret.h"

struct rk_rsa {
    EVP_PKEY *public_key; /* of either half */
    rk_secret *pem;       /* of a private key; else NULL */
};

RK_AUTO_DEFINE(EVP_PKEY, EVP_PKEY_free)
RK_AUTO_DEFINE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

/* --- reading ---------------------------------------------------------------------------------- */

/* A key that needs a passphrase is none: nobody is asked for it. */
static int no_passphrase(char *out, int size, int writing, void *user)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

/* NULL when the text holds no such key; @p type NULL is any. */
static EVP_PKEY *decode(const rk_bytes *pem, const char *type, int selection)
{
    EVP_PKEY *key = NULL;
    const unsigned char *bytes = pem->bytes;
    size_t size = pem->size_bytes;
    OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, type, selection, NULL, NULL);

    if (decoder)
        (void)OSSL_DECODER_CTX_set_pem_password_cb(decoder, no_passphrase, NULL); /* or no key */
    if (decoder && OSSL_DECODER_from_data(decoder, &bytes, &size) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_DECODER_CTX_free(decoder);
    ERR_clear_error();
    return key;
}

static bool mentions(const rk_bytes *pem, const char *label)
{
    return memmem(pem->bytes, pem->size_bytes, label, strlen(label)) != NULL;
}

static int check(rk_op *op, const EVP_PKEY *key, const char *wanted)
{
    if (!key)
        return rk_fail(op, RK_ERR_CONFIGURATION, "It holds no %s in PEM form.", wanted);
    if (!EVP_PKEY_is_a(key, "RSA"))
        return rk_fail(op, RK_ERR_CONFIGURATION, "The key in it is no RSA key.");
    if (EVP_PKEY_get_bits(key) < RK_RSA_MIN_BITS)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The RSA key in it has %d bits; it must have at least %d.",
                       EVP_PKEY_get_bits(key), RK_RSA_MIN_BITS);
    return 0;
}

/* Takes the key over. */
static int rsa_new(rk_rsa **out, rk_op *op, EVP_PKEY **key)
{
    rk_rsa *made = calloc(1, sizeof(*made));

    if (!made)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    made->public_key = RK_TAKE(*key);
    *out = made;
    return 0;
}

int rk_rsa_parse_public(rk_rsa **out, rk_op *op, const rk_bytes *pem)
{
    RK_AUTO(EVP_PKEY) *key = NULL;

    if (mentions(pem, "PRIVATE KEY-----"))
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "It holds a private key, where only the public one may stand.");
    key = decode(pem, NULL, EVP_PKEY_PUBLIC_KEY);
    RK_TRY(check(op, key, "public key"));
    return rsa_new(out, op, &key);
}

/* A copy without the numbers that are secret. */
static EVP_PKEY *public_half(EVP_PKEY *key)
{
    EVP_PKEY *half = NULL;
    OSSL_PARAM *numbers = NULL;
    RK_AUTO(EVP_PKEY_CTX) *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);

    if (maker && EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &numbers) == 1 &&
        EVP_PKEY_fromdata_init(maker) == 1)
        (void)EVP_PKEY_fromdata(maker, &half, EVP_PKEY_PUBLIC_KEY, numbers); /* NULL says it */
    OSSL_PARAM_free(numbers);
    ERR_clear_error();
    return half;
}

static int half_new(rk_rsa **out, rk_op *op, EVP_PKEY *key)
{
    RK_AUTO(EVP_PKEY) *half = public_half(key);

    if (!half)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    return rsa_new(out, op, &half);
}

int rk_rsa_parse_private(rk_rsa **out, rk_op *op, const rk_bytes *pem)
{
    RK_AUTO(EVP_PKEY) *key = decode(pem, NULL, EVP_PKEY_KEYPAIR);
    RK_AUTO(rk_rsa) *made = NULL;

    if (!key && mentions(pem, "ENCRYPTED"))
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The private key in it is encrypted: it must be stored without passphrase.");
    RK_TRY(check(op, key, "private key"));
    RK_TRY(half_new(&made, op, key));
    RK_TRY(rk_secret_copy(&made->pem, op, pem->bytes, pem->size_bytes));
    *out = RK_TAKE(made);
    return 0;
}

int rk_rsa_read_public(rk_rsa **out, rk_op *op, const char *path)
{
    RK_AUTO(rk_secret) *pem = NULL;

    RK_TRY(rk_secret_read_public(&pem, op, path));
    const rk_bytes bytes = {pem->bytes, pem->size_bytes};
    int result = rk_rsa_parse_public(out, op, &bytes);

    return result < 0 ? rk_fail_in(op, path) : 0;
}

int rk_rsa_read_private(rk_rsa **out, rk_op *op, const char *path)
{
    RK_AUTO(rk_secret) *pem = NULL;

    RK_TRY(rk_secret_read(&pem, op, path));
    const rk_bytes bytes = {pem->bytes, pem->size_bytes};
    int result = rk_rsa_parse_private(out, op, &bytes);

    return result < 0 ? rk_fail_in(op, path) : 0;
}

int rk_rsa_random_public(rk_rsa **out, rk_op *op)
{
    RK_AUTO(EVP_PKEY) *key = EVP_RSA_gen(RK_RSA_NEW_BITS);

    if (!key)
        return rk_fail(op, RK_ERR_INTERNAL, "An RSA key cannot be made.");
    return half_new(out, op, key);
}

/* The PEM text of a private key, in memory that is zeroed when it is given back. */
static int print_private(rk_secret **out, rk_op *op, const EVP_PKEY *key)
{
    BIO *memory = BIO_new(BIO_s_secmem());
    char *text = NULL;
    long length = memory && PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL)
                      ? BIO_get_mem_data(memory, &text)
                      : 0;
    int result = length > 0 ? rk_secret_copy(out, op, text, (size_t)length)
                            : rk_fail_default(op, RK_ERR_NO_MEMORY);

    BIO_free(memory);
    ERR_clear_error();
    return result;
}

int rk_rsa_random_private(rk_rsa **out, rk_op *op)
{
    RK_AUTO(EVP_PKEY) *key = EVP_RSA_gen(RK_RSA_NEW_BITS);
    rk_rsa *made = NULL;

    if (!key)
        return rk_fail(op, RK_ERR_INTERNAL, "An RSA key cannot be made.");
    RK_TRY(half_new(&made, op, key));
    int result = print_private(&made->pem, op, key);

    if (result < 0)
        rk_rsa_free(made);
    else
        *out = made;
    return result;
}

int rk_rsa_public_of(rk_rsa **out, rk_op *op, const rk_rsa *private_key)
{
    return half_new(out, op, private_key->public_key);
}

void rk_rsa_free(rk_rsa *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->public_key);
    rk_secret_free(key->pem);
    free(key);
}

/* --- using ------------------------------------------------------------------------------------ */

static bool set_oaep(EVP_PKEY_CTX *use)
{
    return EVP_PKEY_CTX_set_rsa_padding(use, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(use, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(use, EVP_sha256()) == 1;
}

int rk_rsa_wrap(rk_bytes *out, rk_op *op, const rk_rsa *key, const rk_bytes *plain)
{
    RK_AUTO(EVP_PKEY_CTX) *use = EVP_PKEY_CTX_new_from_pkey(NULL, key->public_key, NULL);
    size_t size = (size_t)EVP_PKEY_get_size(key->public_key);
    unsigned char *bytes = rk_alloc(op, size, 1);
    bool done;

    RK_CHECK(bytes);
    done = use && EVP_PKEY_encrypt_init(use) == 1 && set_oaep(use) &&
           EVP_PKEY_encrypt(use, bytes, &size, plain->bytes, plain->size_bytes) == 1;
    ERR_clear_error();
    if (!done)
        return rk_fail(op, RK_ERR_INTERNAL, "A secret cannot be encrypted.");
    *out = (rk_bytes){bytes, size};
    return 0;
}

/* How many bytes came out; -1 when that is no ciphertext for the key. */
static ssize_t decrypt(unsigned char *out, size_t room, EVP_PKEY *key, const rk_bytes *wrapped)
{
    RK_AUTO(EVP_PKEY_CTX) *use = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    size_t size = room;
    bool done = use && EVP_PKEY_decrypt_init(use) == 1 && set_oaep(use) &&
                EVP_PKEY_decrypt(use, out, &size, wrapped->bytes, wrapped->size_bytes) == 1;

    ERR_clear_error();
    return done ? (ssize_t)size : -1;
}

int rk_rsa_unwrap(rk_bytes *out, rk_op *op, const rk_rsa *key, const rk_bytes *wrapped)
{
    size_t room = (size_t)EVP_PKEY_get_size(key->public_key);
    unsigned char *bytes = rk_alloc(op, room + 1, 1);

    RK_CHECK(bytes);
    const rk_bytes pem = {key->pem->bytes, key->pem->size_bytes};
    RK_AUTO(EVP_PKEY) *private_key = decode(&pem, "RSA", EVP_PKEY_KEYPAIR);

    if (!private_key)
        return rk_fail_default(op, RK_ERR_NO_MEMORY); /* it was read before */
    ssize_t size = decrypt(bytes, room, private_key, wrapped);

    if (size < 0)
        return rk_fail_default(op, RK_ERR_DECRYPTION);
    *out = (rk_bytes){bytes, (size_t)size};
    return 0;
}
