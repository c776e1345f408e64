/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_FUZZ_PATTERNS_H
#define RK_FUZZ_PATTERNS_H

#include <stdint.h>
#include <stdlib.h>

#include "librenku/http/schema.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What a target that reads by schemas makes once: included by such a target only. */
static struct {
    rk_op op;
    rk_patterns *patterns;
} fixed;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (rk_op_begin(&fixed.op) < 0 || rk_patterns_new(&fixed.patterns, &fixed.op) < 0)
        abort();
    return 0;
}

#endif
