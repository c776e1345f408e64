/* SPDX-License-Identifier: Apache-2.0 */
/* What one secret costs: `call PRIVATE_KEY_FILE VALUE_BYTES`. For each line on the standard input
 * it encrypts and decrypts one, both layers, and prints the CPU microseconds of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "librenku/crypto/envelope.h"

static const char user_id[] = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
static const char user_key[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
static const rk_bytes password = {user_key, sizeof(user_key) - 1};
static const rk_envelope_owner owner = {user_id, 0};

static double cpu_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int encrypt(rk_envelope *out, rk_op *op, const rk_rsa *key, const char *value)
{
    const char *inner;

    RK_TRY(rk_symmetric_encrypt(&inner, op, &password, user_id, value));
    return rk_envelope_seal(out, op, key, &owner, inner);
}

static int decrypt(const char **out, rk_op *op, const rk_rsa *key, const rk_envelope *sealed)
{
    const char *inner;

    RK_TRY(rk_envelope_open(&inner, op, key, &owner, sealed));
    return rk_symmetric_decrypt(out, op, &password, user_id, inner);
}

static int run(rk_op *op, const rk_rsa *key, const rk_rsa *public_key, const char *value)
{
    rk_envelope sealed;
    const char *plain;
    double begin = cpu_us();

    RK_TRY(encrypt(&sealed, op, public_key, value));
    double middle = cpu_us();

    RK_TRY(decrypt(&plain, op, key, &sealed));
    double end = cpu_us();

    printf("%.1f %.1f\n", middle - begin, end - middle);
    (void)fflush(stdout);
    return strcmp(plain, value) == 0 ? 0 : rk_fail(op, RK_ERR_INTERNAL, "It came out changed.");
}

static int run_lines(rk_op *op, const char *key_file, size_t size)
{
    RK_AUTO(rk_rsa) *key = NULL;
    RK_AUTO(rk_rsa) *public_key = NULL;
    char *value = rk_alloc(op, size + 1, 1);

    RK_CHECK(value);
    memset(value, 'v', size);
    value[size] = '\0';
    RK_TRY(rk_rsa_read_private(&key, op, key_file));
    RK_TRY(rk_rsa_public_of(&public_key, op, key));
    for (int c = getchar(); c != EOF; c = getchar())
        if (c == '\n')
            RK_TRY(run(op, key, public_key, value));
    return 0;
}

int main(int count, char **arguments)
{
    rk_op op;

    if (count != 3 || rk_op_begin(&op) < 0)
        return 2;
    int result = run_lines(&op, arguments[1], (size_t)atol(arguments[2]));

    if (result < 0)
        fprintf(stderr, "%s\n", op.error.message);
    rk_op_end(&op);
    return result < 0;
}
