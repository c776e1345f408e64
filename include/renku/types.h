/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_TYPES_H
#define RENKU_TYPES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RENKU_API __attribute__((visibility("default")))
#else
#define RENKU_API
#endif

#ifdef __cplusplus
#define RENKU_BEGIN_DECLS extern "C" {
#define RENKU_END_DECLS }
#else
#define RENKU_BEGIN_DECLS
#define RENKU_END_DECLS
#endif

/** The settings that a context starts from. */
typedef struct renku_config renku_config;
/** The library, ready for work: connections, keys, compiled patterns. Any number per process. */
typedef struct renku_ctx renku_ctx;
/** On whose behalf an operation runs. */
typedef struct renku_caller renku_caller;
/** The outcome of a call: success or failure, with everything that belongs to it. */
typedef struct renku_result renku_result;

#endif
