/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_WORDS_H
#define RK_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* What goes over the socket: words, each as "LENGTH:BYTES,". */

#define RK_WORDS_MOST 512

typedef struct {
    char *items[RK_WORDS_MOST];
    size_t count;
} rk_words;

/* Cuts @p text, which has @p size bytes, into words that stand in it. False when it is malformed or
 * a word has a NUL. */
bool rk_words_cut(rk_words *out, char *text, size_t size);
/* Sends a word of the answer; whoever has gone away misses it. */
void rk_words_send(int fd, const char *word);

#endif
