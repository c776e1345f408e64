/* SPDX-License-Identifier: Apache-2.0 */
/* Key files and envelopes: the first byte says which reader gets the rest. What is accepted works.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/crypto/envelope.h"
#include "tests/unit/rsa_vectors.h"

enum { PUBLIC, PRIVATE, WRAPPED, VALUE, READERS };

static struct {
    rk_op op;
    rk_rsa *key;
    rk_rsa *half;
    rk_envelope envelope;
} fixed;

static const rk_envelope_owner owner = {"user", 1};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const rk_bytes pem = {private_pem, sizeof(private_pem) - 1};
    const rk_bytes other = {public_pem, sizeof(public_pem) - 1};

    (void)argc;
    (void)argv;
    if (rk_op_begin(&fixed.op) < 0 || rk_rsa_parse_private(&fixed.key, &fixed.op, &pem) < 0 ||
        rk_rsa_parse_public(&fixed.half, &fixed.op, &other) < 0 ||
        rk_envelope_seal(&fixed.envelope, &fixed.op, fixed.half, &owner, "text") < 0)
        abort();
    return 0;
}

static void read_public(rk_op *op, const rk_bytes *text)
{
    RK_AUTO(rk_rsa) *key = NULL;
    const rk_bytes plain = {"x", 1};
    rk_bytes wrapped;

    if (rk_rsa_parse_public(&key, op, text) == 0)
        (void)rk_rsa_wrap(&wrapped, op, key, &plain); /* its numbers may be nonsense */
}

static void read_private(rk_op *op, const rk_bytes *text)
{
    RK_AUTO(rk_rsa) *key = NULL;
    rk_bytes plain;

    if (rk_rsa_parse_private(&key, op, text) == 0)
        (void)rk_rsa_unwrap(&plain, op, key, &fixed.envelope.key); /* as above */
}

static void open_with(rk_op *op, const rk_envelope *envelope)
{
    const char *text;

    if (rk_envelope_open(&text, op, fixed.key, &owner, envelope) == 0 && strcmp(text, "text") != 0)
        abort();
}

static void run(rk_op *op, unsigned reader, const rk_bytes *text)
{
    switch (reader % READERS) {
    case PUBLIC:
        read_public(op, text);
        break;
    case PRIVATE:
        read_private(op, text);
        break;
    case WRAPPED:
        open_with(op, &(rk_envelope){fixed.envelope.value, *text});
        break;
    case VALUE:
        open_with(op, &(rk_envelope){text->bytes, fixed.envelope.key});
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    rk_op op;

    if (size == 0 || rk_op_begin(&op) < 0)
        return 0;
    /* a copy of its own size, with the NUL that texts have */
    char *text = calloc(size, 1);

    if (text) {
        const rk_bytes rest = {text, size - 1};

        memcpy(text, bytes + 1, size - 1);
        run(&op, bytes[0], &rest);
    }
    rk_op_end(&op);
    free(text);
    return 0;
}
