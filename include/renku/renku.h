/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_H
#define RENKU_H

#include "renku/admin.h"
#include "renku/ctx.h"
#include "renku/http.h"
#include "renku/result.h"
#include "renku/types.h"

#endif
