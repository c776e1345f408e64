/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ULID_H
#define RK_ULID_H

#include <stdbool.h>

enum { RK_ULID_LENGTH = 26 };

/* A fresh identifier with the random bits of the system. Spec: foundations.md 9.1 */
void rk_ulid_make(char out[RK_ULID_LENGTH + 1]);
/* Canonical form: 26 upper-case characters, the first 0-7. */
bool rk_ulid_is_valid(const char *text);
/* The UUIDv4 form: "01909e83-7327-4a2a-a095-3c50fa401051"; the text must be a valid ULID. */
void rk_ulid_to_uuid(char out[37], const char *ulid);

#endif
