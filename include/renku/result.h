/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_RESULT_H
#define RENKU_RESULT_H

#include "renku/errors.h"
#include "renku/types.h"

RENKU_BEGIN_DECLS

/** @file
 * What a call has brought. Every accessor accepts NULL and answers as for "out of memory". What
 * they return lives as long as the result. */

/** Releases a result. NULL is accepted. */
RENKU_API void renku_result_free(renku_result *result);
/** 1 when the call succeeded, 0 when it failed. */
RENKU_API int renku_result_ok(const renku_result *result);
/** The HTTP status of the outcome, 200 to 599. */
RENKU_API int renku_result_status(const renku_result *result);
/** The numeric error code (1404, ...), 0 on success. Spec: foundations.md 4.2 */
RENKU_API int renku_result_code(const renku_result *result);
/** Which failure it is, as renku/errors.h names them; RENKU_OK on success. */
RENKU_API int renku_result_error(const renku_result *result);
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

/** The value of the response header of that name, in any case; NULL when there is none. */
RENKU_API const char *renku_result_header_find(const renku_result *result, const char *name);
/** The ETag of the object, for renku_call.if_match; NULL when there is none. */
RENKU_API const char *renku_result_etag(const renku_result *result);

/* Parts of a JSON body, by JSON pointer (RFC 6901): "" is the whole body, "/0/name" the name of
 * the first item. A failed result has the body {"error":{..}}. The body is parsed at first use:
 * one thread at a time for one result. */

#define RENKU_TYPE_ABSENT 0 /**< there is no such part, or the body is no JSON */
#define RENKU_TYPE_NULL 1   /**< JSON null */
#define RENKU_TYPE_BOOL 2   /**< true or false */
#define RENKU_TYPE_INT 3    /**< a whole number */
#define RENKU_TYPE_NUMBER 4 /**< any other number */
#define RENKU_TYPE_TEXT 5   /**< a string */
#define RENKU_TYPE_ARRAY 6  /**< an array */
#define RENKU_TYPE_OBJECT 7 /**< an object */

/** The type of a part: RENKU_TYPE_*. */
RENKU_API int renku_result_type(const renku_result *result, const char *pointer);
/** A text; NULL when the part is none. */
RENKU_API const char *renku_result_text(const renku_result *result, const char *pointer);
/** An integer; @p fallback when the part is none. */
RENKU_API int64_t renku_result_int(const renku_result *result, const char *pointer,
                                   int64_t fallback);
/** A number, whole or not; @p fallback when the part is none. */
RENKU_API double renku_result_number(const renku_result *result, const char *pointer,
                                     double fallback);
/** 1 or 0; @p fallback when the part is no truth value. */
RENKU_API int renku_result_bool(const renku_result *result, const char *pointer, int fallback);
/** The number of items of an array or members of an object; 0 when the part is neither. */
RENKU_API size_t renku_result_count(const renku_result *result, const char *pointer);
/** The name of member @p index of an object; NULL when there is none. */
RENKU_API const char *renku_result_member(const renku_result *result, const char *pointer,
                                          size_t index);
/** A part as JSON text, valid until the next call for the same part; NULL when there is none. */
RENKU_API const char *renku_result_json(const renku_result *result, const char *pointer);
/** Why the last accessor above answered with NULL, a fallback or 0: "'/id' is a text, no integer".
 * NULL when it found what it was asked for. */
RENKU_API const char *renku_result_complaint(const renku_result *result);

RENKU_END_DECLS

#endif
