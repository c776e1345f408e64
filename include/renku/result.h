/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_RESULT_H
#define RENKU_RESULT_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/* Every accessor accepts NULL and answers as for "out of memory". What they return lives as long as
 * the result. */

/** Releases a result. NULL is accepted. */
RENKU_API void renku_result_free(renku_result *result);
/** 1 when the call succeeded, 0 when it failed. */
RENKU_API int renku_result_ok(const renku_result *result);
/** The HTTP status of the outcome, 200 to 599. */
RENKU_API int renku_result_status(const renku_result *result);
/** The numeric error code (1404, ...), 0 on success. Spec: foundations.md 4.2 */
RENKU_API int renku_result_code(const renku_result *result);
/** The error message, "" on success; never NULL. */
RENKU_API const char *renku_result_message(const renku_result *result);
/** What to do next, NULL when there is nothing to add. */
RENKU_API const char *renku_result_detail(const renku_result *result);
/** The body, NUL-terminated after @p size bytes; "" and 0 when there is none; @p size may be NULL.
 */
RENKU_API const char *renku_result_body(const renku_result *result, size_t *size);
/** The number of response headers. */
RENKU_API size_t renku_result_header_count(const renku_result *result);
/** Name and value of response header @p index; 0 when there is none such. Names are lower-case. */
RENKU_API int renku_result_header(const renku_result *result, size_t index, const char **name,
                                  const char **value);

RENKU_END_DECLS

#endif
