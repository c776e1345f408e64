/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_GRAMMAR_H
#define RK_GRAMMAR_H

#include "frontends/server/reader.h"

/* What a request looks like. Reads on in the buffer of the reader, as far as its bytes reach. */
rk_read rk_grammar_read(rk_reader *reader);

#endif
