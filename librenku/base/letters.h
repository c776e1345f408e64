/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LETTERS_H
#define RK_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

/* The letters of protocols, settings and slugs are those of ASCII. The functions of the C library
 * ask the locale of our host, and there are some where "i" and "I" are no pair. */
bool rk_is_letter(char c);
/* In lower case, if it is one. */
char rk_letter_lower(char c);
/* Whether two texts are equal but for the case of letters. */
bool rk_letters_equal(const char *one, const char *other);
/* The same of texts that are longer than that many bytes, or end with a NUL before. */
bool rk_letters_equal_n(const char *one, const char *other, size_t length);

#endif
