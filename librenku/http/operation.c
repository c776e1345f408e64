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
    int from = 0, to = name ? service->operation_count : 0;

    while (from < to) {
        int middle = (from + to) / 2;
        const rk_operation *operation = &service->operations[service->by_id[middle]];
        int order = strcmp(operation->id, name);

        if (order == 0)
            return operation;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}
