/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_H
#define RENKU_H

/** @file
 * All of the library. */

#include "renku/admin.h"
#include "renku/call.h"
#include "renku/caller.h"
#include "renku/ctx.h"
#include "renku/errors.h"
#include "renku/http.h"
#include "renku/operations.h"
#include "renku/result.h"
#include "renku/tasks.h"
#include "renku/types.h"

#endif
