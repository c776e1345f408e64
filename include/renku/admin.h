/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_ADMIN_H
#define RENKU_ADMIN_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/** @file
 * What an operator does at a shell. Every function returns a result with a JSON object as body;
 * never NULL. These calls are made by whoever holds the configuration: there is no caller and no
 * permission check. */

/** Receives progress of long work: a share from 0 to 1 and what is being done. */
typedef void renku_progress(void *user, double share, const char *what);

/** Who hears how far long work is. Initialise with RENKU_WATCH_INIT; everything is borrowed. */
typedef struct {
    size_t size;              /**< sizeof(renku_watch) */
    renku_progress *progress; /**< called on the thread of the call; NULL is none */
    void *user;               /**< handed to @p progress */
} renku_watch;

/** Nobody. */
#define RENKU_WATCH_INIT                                                                           \
    {                                                                                              \
        sizeof(renku_watch), 0, 0                                                                  \
    }

/** Brings the database to the newest revision; safe when two processes do it at once. */
RENKU_API renku_result *renku_db_migrate(renku_ctx *ctx);
/**
 * The same, and tells which migration of how many is being applied: "migration 2 of 5: 0007_rules".
 *
 * @param ctx    borrowed
 * @param watch  borrowed; NULL is nobody
 * @return       never NULL; released with renku_result_free(): {"from", "to", "applied": [names]}
 *
 * Errors:  409/1409 the database belongs to a running deployment; 500/1500 the database failed.
 *          Migrations that were applied before stay.
 * Time:    that of the migrations; there is no deadline.
 * Threads: safe.
 */
RENKU_API renku_result *renku_db_migrate_with(renku_ctx *ctx, const renku_watch *watch);
/** Tells the revision of the database and what is pending. */
RENKU_API renku_result *renku_db_status(renku_ctx *ctx);
/** Compares the database with the expected schema and names every difference. Fails with 409 when
 * there is one. */
RENKU_API renku_result *renku_db_check(renku_ctx *ctx);
/** Takes over the database of a running deployment. */
RENKU_API renku_result *renku_db_adopt(renku_ctx *ctx);
/**
 * The same, and tells which migration of how many is being applied.
 *
 * @param ctx    borrowed
 * @param watch  borrowed; NULL is nobody
 * @return       never NULL; released with renku_result_free(): {"adopted", "before", "revision"}
 *
 * Errors:  409/1409 the database is none that can be taken over; 500/1500 the database failed.
 *          After each of them nothing has changed.
 * Time:    that of the migrations; there is no deadline.
 * Threads: safe.
 */
RENKU_API renku_result *renku_db_adopt_with(renku_ctx *ctx, const renku_watch *watch);
/** Gives an adopted database back. @p force: also when relationships would be lost. */
RENKU_API renku_result *renku_db_hand_back(renku_ctx *ctx, int force);
/** Checks the projection behind the project lists against the rows; @p repair rebuilds it. */
RENKU_API renku_result *renku_db_verify(renku_ctx *ctx, int repair);
/**
 * The same, and tells which part is being compared, or made anew.
 *
 * @param ctx     borrowed
 * @param repair  1: makes the projection anew when it is wrong
 * @param watch   borrowed; NULL is nobody
 * @return        never NULL; released with renku_result_free(): {"differences": [texts], "rebuilt"}
 *
 * Errors:  409/1409 the projection is wrong, without @p repair; 500/1500 the database failed.
 * Time:    that of reading all projects and members, and of writing them; there is no deadline.
 * Threads: safe.
 */
RENKU_API renku_result *renku_db_verify_with(renku_ctx *ctx, int repair, const renku_watch *watch);

/** {"allowed":true|false}. @p user NULL is an anonymous caller. */
RENKU_API renku_result *renku_authz_check(renku_ctx *ctx, const char *type, const char *id,
                                          const char *scope, const char *user);
/** Prints the paths by which a permission holds: {"allowed":..,"paths":[[..],..]}. */
RENKU_API renku_result *renku_authz_explain(renku_ctx *ctx, const char *type, const char *id,
                                            const char *scope, const char *user);
/** {"ids":[..]}: the objects of @p type on which @p user has @p scope. */
RENKU_API renku_result *renku_authz_lookup(renku_ctx *ctx, const char *type, const char *scope,
                                           const char *user);
/** Text, one relationship a line: `project:ID#owner@user:ID` */
RENKU_API renku_result *renku_authz_export(renku_ctx *ctx);
/**
 * The same, and tells how many are written.
 *
 * @param ctx    borrowed
 * @param watch  borrowed; NULL is nobody
 * @return       never NULL; released with renku_result_free(): text
 *
 * Errors:  500/1500 the database failed.
 * Time:    that of reading all relationships, during which nobody can change one; there is no
 *          deadline.
 * Memory:  that of all relationships.
 * Threads: safe.
 */
RENKU_API renku_result *renku_authz_export_with(renku_ctx *ctx, const renku_watch *watch);
/** Reads that text; reports what rows imply and relationships lack, or the reverse; writes only
 * with @p apply. A text without any relationship is refused (422) when there is anything that needs
 * some. */
RENKU_API renku_result *renku_authz_import(renku_ctx *ctx, const char *text, size_t size,
                                           int apply);
/**
 * The same, and tells how many are read, and what is done with them.
 *
 * @param ctx    borrowed
 * @param text   borrowed; NULL when @p size is 0
 * @param size   of the text, in bytes
 * @param apply  1: writes the relationships; 0 only compares
 * @param watch  borrowed; NULL is nobody
 * @return       never NULL; released with renku_result_free(): {"lines", "applied", "removed",
 *               "kept", "normalised", "new", "missing", "unexpected"}
 *
 * Errors:  422/1422 a line is no relationship, or there is none although something needs some;
 *          500/1500 the database failed. After each of them nothing has changed.
 * Time:    that of comparing all rows; there is no deadline.
 * Memory:  that of all relationships.
 * Threads: safe.
 */
RENKU_API renku_result *renku_authz_import_with(renku_ctx *ctx, const char *text, size_t size,
                                                int apply, const renku_watch *watch);
/** Makes a user a platform administrator, or none; "list" needs no user. @p action: "add",
 * "remove", "list". */
RENKU_API renku_result *renku_authz_admin(renku_ctx *ctx, const char *action, const char *user_id);

/** How much to fill a database with. Initialise with RENKU_SEED_INIT. */
typedef struct {
    size_t size;              /**< sizeof(renku_seed) */
    int64_t users;            /**< how many to make */
    int64_t groups;           /**< likewise */
    int64_t projects;         /**< likewise */
    renku_progress *progress; /**< NULL is none */
    void *user;               /**< handed to @p progress */
} renku_seed;

/** No users, groups and projects. */
#define RENKU_SEED_INIT                                                                            \
    {                                                                                              \
        sizeof(renku_seed), 0, 0, 0, 0, 0                                                          \
    }

/** Fills the database with users, groups and projects for trials and benchmarks. */
RENKU_API renku_result *renku_dev_seed(renku_ctx *ctx, const renku_seed *wanted);

/**
 * Writes all rows of the database, relationships and sequences included, as they are at one moment,
 * into one file that verifies itself. Others may go on reading and writing meanwhile. The file is a
 * tar archive; it stands under its name, with mode 0600, once it is whole and was read back, and
 * under that name and ".partial" before. A former file of that name is replaced only then. Keys are
 * not part of it: without the file of ENCRYPTION_KEY_PATH the secrets of users cannot be read.
 *
 * @param ctx       borrowed
 * @param path      borrowed; not NULL
 * @param progress  NULL is none; called on this thread
 * @param user      handed to @p progress
 * @return          never NULL; released with renku_result_free(): {"tables", "rows", "bytes",
 *                  "revision", "taken"}
 *
 * Errors:  409/1409 no librenku has made this database, or something is in the way of the file;
 *          422/1422 the file cannot be written; 500/1500 the database failed.
 * Time:    that of reading all rows; there is no deadline.
 * Memory:  a few MiB, and the largest row.
 * Threads: safe.
 */
RENKU_API renku_result *renku_backup(renku_ctx *ctx, const char *path, renku_progress *progress,
                                     void *user);

/**
 * The same into an open descriptor, which may be a pipe. Whoever reads it should check it with
 * renku_backup_verify() once it is a file. A descriptor whose other end is closed raises SIGPIPE.
 *
 * @param ctx       borrowed
 * @param fd        borrowed; it stays open
 * @param progress  as of renku_backup()
 * @param user      handed to @p progress
 * @return          as of renku_backup()
 *
 * Errors:  as of renku_backup(); what was written then lacks its end, so that it is not accepted.
 * Time:    as of renku_backup().
 * Threads: safe.
 */
RENKU_API renku_result *renku_backup_fd(renku_ctx *ctx, int fd, renku_progress *progress,
                                        void *user);

/**
 * Reads a backup and checks every bit of it. Needs no database.
 *
 * @param path      borrowed; not NULL
 * @param progress  NULL is none; called on this thread
 * @param user      handed to @p progress
 * @return          as of renku_backup()
 *
 * Errors:  404/1404 there is no such file; 422/1422 it is no backup, or is damaged or cut off.
 * Time:    that of reading the file.
 * Threads: safe.
 */
RENKU_API renku_result *renku_backup_verify(const char *path, renku_progress *progress, void *user);

/**
 * Puts a backup into an empty installation: a database without tables, or one whose migrations have
 * run and that holds no row but theirs. The file is checked first. Everything happens in one
 * transaction, which other users of these tables wait for. A backup of an older revision goes on to
 * the newest one.
 *
 * @param ctx       borrowed
 * @param path      borrowed; a file, since it is read twice; not NULL
 * @param progress  NULL is none; called on this thread
 * @param user      handed to @p progress
 * @return          never NULL; released with renku_result_free(): as of renku_backup(), and
 *                  "rebuilt": whether the index behind the lists was wrong and was made anew
 *
 * Errors:  404/1404, 422/1422 as of renku_backup_verify(); 409/1409 the database is not empty, or
 *          the backup is of a newer revision than this library; 500/1500 the database failed. After
 *          each of them nothing has changed.
 * Time:    that of writing all rows and making all indexes; there is no deadline.
 * Memory:  a few MiB.
 * Threads: safe.
 */
RENKU_API renku_result *renku_restore(renku_ctx *ctx, const char *path, renku_progress *progress,
                                      void *user);

/**
 * Tells everything that the database holds about one person, as one JSON object of sections: the
 * record, namespace, preferences, roles with the names of what they are in, what the person has
 * created, sessions, usage, alerts. Secrets, tokens and configurations stand there by name only,
 * and nothing of other persons.
 *
 * @param ctx      borrowed
 * @param user_id  borrowed; not NULL
 * @return         never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 there is no such user; 500/1500 the database failed.
 * Time:    that of reading what there is; there is no deadline.
 * Threads: safe.
 */
RENKU_API renku_result *renku_user_export(renku_ctx *ctx, const char *user_id);

/**
 * The same, and tells which section is being read.
 *
 * @param ctx      borrowed
 * @param user_id  borrowed; not NULL
 * @param watch    borrowed; NULL is nobody
 * @return         as of renku_user_export()
 *
 * Errors:  as of renku_user_export().
 * Time:    as of renku_user_export().
 * Threads: safe.
 */
RENKU_API renku_result *renku_user_export_with(renku_ctx *ctx, const char *user_id,
                                               const renku_watch *watch);

/**
 * Tells what removing a user would do, and changes nothing: the removal is done in a transaction
 * that is rolled back. {"id", "username", "possible", "reason" when it is not, "stopped_by":
 * [{"type", "id", "name"}, ..], "removed": [{"table", "rows"}, ..]}
 *
 * @param ctx      borrowed
 * @param user_id  borrowed; not NULL
 * @return         never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 there is no such user; 409/1409 the database does not count (track_counts is
 *          off); 500/1500 the database failed.
 * Time:    that of the removal, during which its rows are locked.
 * Threads: safe.
 */
RENKU_API renku_result *renku_user_delete_preview(renku_ctx *ctx, const char *user_id);

/**
 * Rewrites every secret from one key pair of the secrets storage to another, which
 * PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH and SECRETS_SERVICE_PRIVATE_KEY_PATH name. It may be
 * ended at any point and begun again; users may change their secrets meanwhile. What neither key
 * opens is logged and left alone.
 *
 * @param ctx       borrowed
 * @param progress  NULL is none; called on this thread
 * @param user      handed to @p progress
 * @return          never NULL; released with renku_result_free(): {"secrets", "current",
 *                  "rewritten", "pending", "failed"}, all of them numbers of secrets
 *
 * Errors:  500/1500 a key cannot be used, or the database failed.
 * Time:    some tenths of a second for each secret; there is no deadline.
 * Memory:  a few MiB.
 * Threads: safe.
 */
RENKU_API renku_result *renku_secrets_rotate(renku_ctx *ctx, renku_progress *progress, void *user);

/** Every enabled user of Keycloak. */
#define RENKU_SYNC_ALL 0
/** Every enabled user of Keycloak, when the database has no user yet; else nothing is done. */
#define RENKU_SYNC_IF_EMPTY 1
/** What the events of Keycloak tell since yesterday, removals too; all users when there is none. */
#define RENKU_SYNC_EVENTS 2

/** How a synchronisation with Keycloak is done. Initialise with RENKU_SYNC_INIT; everything is
 * borrowed. */
typedef struct {
    size_t size;              /**< sizeof(renku_sync) */
    renku_progress *progress; /**< called on this thread; NULL is none */
    void *user;               /**< handed to @p progress */
    renku_cancel *cancel;     /**< ends it soon; what was done stays; NULL is none */
    int users;   /**< RENKU_SYNC_ALL, _IF_EMPTY or _EVENTS; not read for administrators */
    int dry_run; /**< 1: tells what would change, and changes nothing */
} renku_sync;

/** All users, without progress. */
#define RENKU_SYNC_INIT                                                                            \
    {                                                                                              \
        sizeof(renku_sync), 0, 0, 0, 0, 0                                                          \
    }

/**
 * Makes the users of Keycloak users of the platform, and brings names and e-mail addresses up to
 * date. Each user is a transaction: it may be ended at any point and begun again, and several may
 * run at once. Who is missing or disabled in Keycloak stays, but for removals that its events tell.
 * A user after whom no namespace can be named is logged and skipped.
 *
 * @param ctx  borrowed; its settings KEYCLOAK_* name the realm and the client
 * @param how  borrowed; NULL is RENKU_SYNC_INIT
 * @return     never NULL; released with renku_result_free(): {"dry_run", "seen", "added",
 * "updated", "removed", "skipped"}, and of a dry run "changes": [{"change", "user"}, ..], at most
 *             1000 of them
 *
 * Errors:  409/1409 a removed user has created what still exists; 500/1500 a setting is missing,
 *          Keycloak cannot be reached or misbehaves, or the database failed; 500/1513 it was
 *          cancelled.
 * Time:    that of reading all users, 20 in a request; a connection that fails is tried again for a
 *          minute. There is no deadline.
 * Memory:  that of one page; of events, that of the events.
 * Threads: safe.
 * Spec:    users.md 6
 */
RENKU_API renku_result *renku_users_sync(renku_ctx *ctx, const renku_sync *how);

/**
 * Makes who has the realm role renku-admin in Keycloak, directly, an administrator of the platform,
 * and nobody else: without any, all administrators are removed. All are read before anything is
 * changed, and the change is one transaction.
 *
 * @param ctx  as of renku_users_sync()
 * @param how  as of renku_users_sync()
 * @return     never NULL; released with renku_result_free(): {"dry_run", "admins", "added": [ids],
 *             "removed": [ids]}
 *
 * Errors:  422/1422 Keycloak gives an id that is none; else as of renku_users_sync().
 * Time:    as of renku_users_sync().
 * Memory:  that of one page, and the ids.
 * Threads: safe.
 * Spec:    authorization.md 12
 */
RENKU_API renku_result *renku_admins_sync(renku_ctx *ctx, const renku_sync *how);

/** Told after each batch of a rotation: how many secrets of it were rewritten. */
typedef void renku_rewritten(void *user, int64_t count);

/** How secrets are rotated. Initialise with RENKU_ROTATION_INIT; everything is borrowed. */
typedef struct {
    size_t size;                /**< sizeof(renku_rotation) */
    renku_progress *progress;   /**< called on this thread; NULL is none */
    renku_rewritten *rewritten; /**< called on this thread; NULL is none */
    void *user;                 /**< handed to both */
    renku_cancel *cancel;       /**< ends it between two secrets; NULL is none */
    int optional;               /**< 1: without a previous key nothing is done, and that is no
                                   failure; there is no body then */
    int reserved;               /**< 0 */
} renku_rotation;

/** As renku_secrets_rotate() does it, without progress. */
#define RENKU_ROTATION_INIT                                                                        \
    {                                                                                              \
        sizeof(renku_rotation), 0, 0, 0, 0, 0, 0                                                   \
    }

/**
 * The same as renku_secrets_rotate(), for a program that counts, or that ends it. In a context of
 * the secrets storage its own keys are used.
 *
 * @param ctx  borrowed
 * @param how  borrowed; NULL is RENKU_ROTATION_INIT
 * @return     as of renku_secrets_rotate()
 *
 * Errors:  500/1500 a key cannot be used, or the database failed; 500/1513 it was cancelled.
 * Time:    some tenths of a second for each secret; there is no deadline.
 * Memory:  a few MiB.
 * Threads: safe.
 * Spec:    secrets.md 6.4
 */
RENKU_API renku_result *renku_secrets_rotate_with(renku_ctx *ctx, const renku_rotation *how);

/**
 * Tells how far that is, and changes nothing: "pending" are those that wait for a rotation.
 *
 * @param ctx       borrowed
 * @param progress  NULL is none; called on this thread
 * @param user      handed to @p progress
 * @return          as of renku_secrets_rotate()
 *
 * Errors:  500/1500 a key cannot be used, or the database failed. The previous key may be missing.
 * Time:    about a millisecond for each secret; there is no deadline.
 * Memory:  a few MiB.
 * Threads: safe.
 */
RENKU_API renku_result *renku_secrets_rotate_status(renku_ctx *ctx, renku_progress *progress,
                                                    void *user);

/**
 * Makes one pass of a task of renku/tasks.h on this thread: {"task", "outcome"}, where the outcome
 * is "done", "over" when there will be nothing to do for it any more, or "elsewhere" when another
 * program is at it.
 *
 * @param ctx   borrowed
 * @param name  borrowed; not NULL
 * @return      never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 there is no such task; others as the task fails.
 * Time:    that of the pass, at most an hour.
 * Threads: safe.
 * Spec:    tasks.md 4
 */
RENKU_API renku_result *renku_task_once(renku_ctx *ctx, const char *name);

/**
 * Examines the installation that a context leads to: {"findings": [{"code", "name", "level",
 * "problem", "remedy", "page"}, ..]}. "level" is "ok", "warning", "error" or "skipped", which is
 * what needs a database that does not answer; docs/doctor.md tells what each code means.
 *
 * @param ctx  borrowed
 * @return     never NULL; released with renku_result_free(). When a finding is an error it is a
 *             failure, 503/1503, and has the findings all the same.
 *
 * Errors:  503/1503 a finding is an error.
 * Time:    that of several questions to the database and to Keycloak; there is no deadline.
 * Threads: safe.
 */
RENKU_API renku_result *renku_doctor(renku_ctx *ctx);

/**
 * Examines settings, and the installation that they lead to as far as they are good for it.
 *
 * @param config  borrowed; not NULL
 * @param fix     1: puts right what can safely be put right: migrates, makes the index behind the
 *                lists anew, analyzes, takes the rights of others from key files. Such a finding
 *                has the level "fixed", and "remedy" tells what was done.
 * @return        as of renku_doctor()
 *
 * Errors:  503/1503 a finding is an error.
 * Time:    as of renku_doctor(), and that of what is put right.
 * Threads: as renku_config_new().
 */
RENKU_API renku_result *renku_doctor_run(const renku_config *config, int fix);

/** The version of the library, "0.1.0". */
RENKU_API const char *renku_version(void);

RENKU_END_DECLS

#endif
