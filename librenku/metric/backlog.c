/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/metric/metric.h"

enum { COUNTED = 10000 };

typedef struct {
    int64_t events;
    int64_t age_ms; /* by the clock of the database, which wrote the moment down */
} waiting;

int rk_metric_backlog(rk_backlog *out, rk_op *op)
{
    static const rk_column columns[] = {
        {"w.events", RK_COLUMN_BITS, offsetof(waiting, events), NULL},
        {"w.age_ms", RK_COLUMN_BITS, offsetof(waiting, age_ms), NULL},
    };
    static const rk_row row = RK_ROW(waiting, columns);
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM (SELECT (SELECT count(*)"
               "                  FROM (SELECT FROM metrics.metrics LIMIT $1) few) AS events,"
               "               (SELECT greatest(1000 * extract(epoch FROM now() - m.timestamp), 0)"
               "                       ::bigint"
               "                  FROM metrics.metrics m"
               "                 WHERE isfinite(m.timestamp)"
               "                 ORDER BY m.id"
               "                 LIMIT 1) AS age_ms) w",
        .row = &row,
    };
    waiting found;

    RK_TRY(rk_db_one(&found, op, &query, RK_PARAMS(rk_int(COUNTED))));
    out->events = found.events;
    out->oldest_ms = found.events ? rk_time_now() / 1000 - found.age_ms : 0;
    return 0;
}
