/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_TYPES_H
#define RENKU_TYPES_H

#include <stddef.h>
#include <stdint.h>

/** @file
 * The objects of the library, and which version it is. */

/** Marks what the library offers. */
#if defined(__GNUC__)
#define RENKU_API __attribute__((visibility("default")))
#else
#define RENKU_API
#endif

/** @def RENKU_BEGIN_DECLS
 * What follows has the linkage of C. */
/** @def RENKU_END_DECLS
 * Ends RENKU_BEGIN_DECLS. */
#ifdef __cplusplus
#define RENKU_BEGIN_DECLS extern "C" {
#define RENKU_END_DECLS }
#else
#define RENKU_BEGIN_DECLS
#define RENKU_END_DECLS
#endif

/** The version of these headers; that of the library at hand is renku_version(). */
#define RENKU_VERSION "0.1.0"
#define RENKU_VERSION_NUMBER 100 /**< two digits each: major, minor, patch */

/* What these headers offer: test with #ifdef before a program that shall build with older ones
 * uses it. */
#define RENKU_HAS_BACKUP 1     /**< renku_backup() and renku_restore() in renku/admin.h */
#define RENKU_HAS_CALLERS 1    /**< renku/caller.h */
#define RENKU_HAS_CANCEL 1     /**< renku_cancel in renku/call.h */
#define RENKU_HAS_HTTP_LINE 1  /**< renku_http_line in renku/http.h */
#define RENKU_HAS_METRICS 1    /**< renku_ctx_metric() in renku/http.h */
#define RENKU_HAS_OPERATIONS 1 /**< renku/operations.h and renku_request_run() */
#define RENKU_HAS_PAGES 1      /**< renku_pages in renku/call.h */
#define RENKU_HAS_ROTATION 1   /**< renku_secrets_rotate_with() in renku/admin.h */
#define RENKU_HAS_TASKS 1      /**< renku/tasks.h, and renku_task_once() in renku/admin.h */
#define RENKU_HAS_WATCH 1      /**< renku_watch in renku/admin.h */

/** The settings that a context starts from. */
typedef struct renku_config renku_config;
/** The library, ready for work: connections, keys, compiled patterns. Any number per process. */
typedef struct renku_ctx renku_ctx;
/** On whose behalf an operation runs. */
typedef struct renku_caller renku_caller;
/** Ends calls from another thread. */
typedef struct renku_cancel renku_cancel;
/** A list, page by page. */
typedef struct renku_pages renku_pages;
/** Tasks that run, each in a thread of its own. */
typedef struct renku_tasks renku_tasks;
/** The outcome of a call: success or failure, with everything that belongs to it. */
typedef struct renku_result renku_result;

#endif
