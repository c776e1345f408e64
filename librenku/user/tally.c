/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/user/tally.h"

#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/user/db.h"

enum { PROGRESS_MS = 500, NOTED_MAX = 1000 };

int rk_tally_begin(rk_tally *out, rk_op *op, const rk_sync_manner *how)
{
    *out = (rk_tally){.how = how};
    rk_buf_begin(&out->changes, op, 256);
    RK_TRY(rk_buf_finish(&out->changes));
    RK_TRY(rk_user_count(&out->expected, op));
    rk_db_end(op);
    return rk_keycloak_open_settings(&out->keycloak, op);
}

/* A dry run names the first of its changes. */
static void note(rk_tally *tally, const char *change, const char *user_id)
{
    if (!tally->how->dry_run || tally->noted++ >= NOTED_MAX)
        return;
    rk_buf_printf(&tally->changes, "%s{\"change\":\"%s\",\"user\":", tally->noted > 1 ? "," : "",
                  change);
    rk_buf_json_text(&tally->changes, user_id);
    rk_buf_char(&tally->changes, '}');
}

static int pass_over(rk_tally *tally, rk_op *op, const rk_person *person)
{
    rk_log_warning(op, "users", "The user %.80s of Keycloak is skipped: %s", person->id,
                   op->error.message);
    rk_error_clear(op);
    tally->skipped++;
    note(tally, "skip", person->id);
    return 0;
}

int rk_tally_upsert(rk_tally *tally, rk_op *op, const rk_person *person)
{
    rk_upsert done = RK_UPSERT_SAME;
    int result = tally->how->dry_run ? rk_user_upsert_preview(&done, op, person)
                                     : rk_user_upsert(&done, op, person);

    if (result == RK_ERR_INVALID)
        return pass_over(tally, op, person);
    RK_TRY(result);
    tally->added += done == RK_UPSERT_ADDED;
    tally->updated += done == RK_UPSERT_UPDATED;
    if (done != RK_UPSERT_SAME)
        note(tally, done == RK_UPSERT_ADDED ? "add" : "update", person->id);
    return 0;
}

static int remove_user(rk_op *op, void *user)
{
    const rk_user_delete_in *in = user;

    return rk_user_delete(op, in);
}

int rk_tally_remove(rk_tally *tally, rk_op *op, const char *user_id)
{
    rk_user_delete_in in = {.user_id = user_id};
    rk_user stored;
    bool found;

    RK_TRY(rk_user_lookup(&stored, &found, op, user_id));
    if (!found)
        return 0;
    if (!tally->how->dry_run)
        RK_TRY(rk_db_transaction(op, remove_user, &in));
    tally->removed++;
    note(tally, "remove", user_id);
    return 0;
}

static void report(const rk_tally *tally, rk_op *op, double share)
{
    if (!tally->how->progress)
        return;
    const char *text =
        rk_printf(op, "%lld users read, %lld added, %lld updated", (long long)tally->seen,
                  (long long)tally->added, (long long)tally->updated);

    if (text)
        tally->how->progress(tally->how->user, share, text);
}

void rk_tally_tell(rk_tally *tally, rk_op *op)
{
    int64_t now_ms = rk_time_monotonic_ms();

    if (now_ms - tally->told_ms < PROGRESS_MS)
        return;
    tally->told_ms = now_ms;
    report(tally, op,
           tally->seen < tally->expected ? (double)tally->seen / (double)tally->expected : 0.99);
}

int rk_tally_write(rk_buf *out, rk_op *op, rk_tally *tally)
{
    report(tally, op, 1);
    rk_log_info(op, "users",
                "Synchronised with Keycloak%s: %lld users read, %lld added, %lld updated, %lld "
                "removed, %lld skipped.",
                tally->how->dry_run ? " (nothing is changed)" : "", (long long)tally->seen,
                (long long)tally->added, (long long)tally->updated, (long long)tally->removed,
                (long long)tally->skipped);
    rk_buf_printf(out,
                  "{\"dry_run\":%s,\"seen\":%lld,\"added\":%lld,\"updated\":%lld,\"removed\":%lld,"
                  "\"skipped\":%lld",
                  tally->how->dry_run ? "true" : "false", (long long)tally->seen,
                  (long long)tally->added, (long long)tally->updated, (long long)tally->removed,
                  (long long)tally->skipped);
    if (tally->how->dry_run)
        rk_buf_printf(out, ",\"changes\":[");
    rk_buf_add(out, tally->changes.text, tally->changes.length);
    rk_buf_text(out, tally->how->dry_run ? "]}" : "}");
    RK_TRY(rk_buf_finish(&tally->changes));
    return rk_buf_finish(out);
}
