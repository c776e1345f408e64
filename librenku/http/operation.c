/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/operation.h"

#include <string.h>

const rk_service *rk_service_named(const char *name)
{
    for (int i = 0; i < RK_SERVICE_COUNT_; i++) {
        if (strcmp(rk_services[i].name, name) == 0)
            return &rk_services[i];
    }
    return NULL;
}

const rk_operation *rk_operation_named(const rk_service *service, const char *name)
{
    for (int i = 0; name && i < service->operation_count; i++) {
        if (strcmp(service->operations[i].id, name) == 0)
            return &service->operations[i];
    }
    return NULL;
}
