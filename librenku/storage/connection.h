/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STORAGE_CONNECTION_H
#define RK_STORAGE_CONNECTION_H

#include "librenku/base/op.h"
#include "storage_api.h"

/* Lists the path with rclone; the configuration, which must be valid, is changed on the way.
 * STORAGE says why it cannot be listed. Spec: storage.md 5.2 */
int rk_storage_try(rk_op *op, const rk_storage_test *test);

#endif
