/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <ctype.h>
#include <dirent.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What a guest does in the house: a context, callers, reads, writes, failures, pages. */
static void live(void)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    renku_request request = RENKU_REQUEST_INIT;

    DONE(renku_project_get(ctx, jane, abi_project(ctx, jane, "jane"), NULL, NULL));
    REFUSED(renku_project_create(ctx, jane, "nonsense", NULL), RENKU_EBADREQUEST, "");
    renku_result_free(renku_doctor(ctx));
    request.operation = "project_list";
    renku_pages *pages = renku_pages_new(ctx, jane, &request);

    DONE(renku_pages_next(pages));
    renku_pages_free(pages);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

/* --- signals ---------------------------------------------------------------------------------- */

typedef struct {
    struct sigaction actions[65];
    sigset_t mask;
} signals;

static signals look_at_signals(void)
{
    signals now;

    memset(&now, 0, sizeof(now));
    for (int number = 1; number < 65; number++)
        (void)sigaction(number, NULL, &now.actions[number]); /* two are of the C library */
    SAME_INT(pthread_sigmask(SIG_BLOCK, NULL, &now.mask), 0);
    return now;
}

TEST(signals_stay_as_they_were)
{
    signals before = look_at_signals();

    live();
    signals after = look_at_signals();

    for (int number = 1; number < 65; number++) {
        if (before.actions[number].sa_handler != after.actions[number].sa_handler)
            FAIL("the handler of signal %d has changed", number);
        SAME_INT(sigismember(&after.mask, number), sigismember(&before.mask, number));
    }
}

/* --- locale, environment, folder, mask -------------------------------------------------------- */

static char *all_variables(void)
{
    char *text = calloc(1, 1 << 20);

    for (char **variable = environ; *variable; variable++)
        strcat(strcat(text, *variable), "\n");
    return text;
}

TEST(locale_environment_and_folder_stay_as_they_were)
{
    char before[4096], after[4096];
    char *variables = all_variables();
    mode_t mask = umask(022);

    umask(mask);
    EXPECT(getcwd(before, sizeof(before)));
    EXPECT(setlocale(LC_ALL, "C.UTF-8"));
    live();
    SAME_TEXT(setlocale(LC_ALL, NULL), "C.UTF-8");
    EXPECT(uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
    char *variables_after = all_variables();

    SAME_TEXT(variables_after, variables);
    EXPECT(getcwd(after, sizeof(after)));
    SAME_TEXT(after, before);
    SAME_INT((long long)umask(mask), (long long)mask);
    free(variables);
    free(variables_after);
}

/* The thread has it from now on. */
static locale_t move_to(const char *variable)
{
    SAME_INT(setenv("LOCPATH", abi_env("ABI_LOCALES"), 1), 0);
    locale_t place = newlocale(LC_ALL_MASK, abi_env(variable), (locale_t)0);

    EXPECT(place);
    EXPECT(uselocale(place));
    return place;
}

/* A comma for the point of a number would spoil SQL and JSON. */
TEST(numbers_are_written_alike_in_every_locale)
{
    renku_ctx *ctx = abi_open_with("SANIC_RESPONSE_TIMEOUT", "12.5");
    locale_t comma = move_to("ABI_COMMA_LOCALE");
    char text[16];

    snprintf(text, sizeof(text), "%.1f", 0.5);
    SAME_TEXT(text, "0,5");
    renku_ctx *other = abi_open_with("SANIC_RESPONSE_TIMEOUT", "12.5");
    renku_caller *jane = abi_jane(other);

    DONE(renku_project_get(other, jane, abi_project(other, jane, "jane"), NULL, NULL));
    renku_caller_free(jane);
    renku_ctx_free(other);
    uselocale(LC_GLOBAL_LOCALE);
    freelocale(comma);
    renku_ctx_free(ctx);
}

/* Where i and I are no pair, "info" is not INFO, and AUTHORIZATION no header that is known. */
TEST(words_are_known_in_every_locale)
{
    locale_t dotless = move_to("ABI_DOTLESS_LOCALE");

    SAME_INT(tolower('I'), 'I');
    renku_ctx *ctx = abi_open_with("LOG_APP_LEVEL", "info");
    renku_caller *jane = abi_jane(ctx); /* makes the record */
    char bearer[4096];

    snprintf(bearer, sizeof(bearer), "Bearer %s", abi_env("ABI_JANE"));
    renku_http_header header = {"AUTHORIZATION", bearer};
    renku_http_request request = RENKU_HTTP_REQUEST_INIT;

    request.method = "GET";
    request.target = "/api/data/user";
    request.headers = &header;
    request.header_count = 1;
    DONE(renku_http_handle(ctx, &request));
    renku_caller_free(jane);
    renku_ctx_free(ctx);
    uselocale(LC_GLOBAL_LOCALE);
    freelocale(dotless);
}

/* --- descriptors ------------------------------------------------------------------------------ */

/* The descriptors of a child, one a line, but for the listing's own. */
static void list_in_child(char *out, size_t size)
{
    FILE *child = popen("exec ls -l /proc/self/fd | grep -v 'fd$'", "re");
    size_t length = fread(out, 1, size - 1, child);

    out[length] = '\0';
    pclose(child);
}

static int count_lines(const char *text)
{
    int count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

TEST(a_child_inherits_no_descriptor)
{
    static char before[8192], after[8192];
    char own[4096] = "";

    list_in_child(before, sizeof(before));
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    renku_cancel *cancel = renku_cancel_new();
    DIR *folder = opendir("/proc/self/fd");
    int sockets = 0;

    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[300], target[300] = "";

        snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
        if (readlink(path, target, sizeof(target) - 1) > 0 && strncmp(target, "socket:", 7) == 0)
            sockets++;
        strncat(own, target, sizeof(own) - strlen(own) - 1);
    }
    closedir(folder);
    if (sockets < 1)
        FAIL("no socket is open: %s", own);
    list_in_child(after, sizeof(after));
    if (count_lines(after) != count_lines(before))
        FAIL("before:\n%safter:\n%s", before, after);
    renku_cancel_free(cancel);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

TEST(a_context_leaves_no_descriptor_and_no_thread)
{
    live();
    int before = count_descriptors();

    for (int i = 0; i < 5; i++)
        live();
    SAME_INT(count_descriptors(), before);
    DIR *folder = opendir("/proc/self/task");
    int tasks = 0;

    for (struct dirent *entry; (entry = readdir(folder));)
        tasks += entry->d_name[0] != '.';
    closedir(folder);
    SAME_INT(tasks, atoi(abi_env("ABI_OWN_THREADS")));
}

/* --- output ----------------------------------------------------------------------------------- */

/* The Python side looks at what came out. */
TEST(nothing_is_printed)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = NULL;

    EXPECT(renku_config_from_environment(config) == 0);
    DONE(renku_ctx_new(&ctx, config));
    renku_caller *jane = abi_jane(ctx);

    REFUSED(renku_project_create(ctx, jane, "nonsense", NULL), RENKU_EBADREQUEST, "");
    DONE(renku_db_migrate(ctx));
    renku_caller_free(jane);
    renku_ctx_free(ctx);
    EXPECT(renku_config_set(config, "DB_HOST", "/nonexistent") == 0);
    DONE(renku_ctx_new(&ctx, config));
    REFUSED(renku_project_list(ctx, NULL, NULL, NULL), RENKU_EDATABASE, "");
    renku_ctx_free(ctx);
    renku_config_free(config);
}

/* --- fork ------------------------------------------------------------------------------------- */

static const char before_fork[] = "before fork()";

/* Everything that a child might do with what it inherits; the parent then works on. */
static void misuse_in_child(renku_ctx *ctx, renku_caller *jane)
{
    renku_caller *more = NULL;
    renku_http_request request = RENKU_HTTP_REQUEST_INIT;

    request.method = "GET";
    request.target = "/api/data/version";
    REFUSED(renku_project_list(ctx, jane, NULL, NULL), RENKU_EINTERNAL, before_fork);
    REFUSED(renku_http_handle(ctx, &request), RENKU_EINTERNAL, before_fork);
    REFUSED(renku_http_ready(ctx, 0), RENKU_EINTERNAL, before_fork);
    REFUSED(renku_caller_from_service(&more, ctx, "migrations"), RENKU_EINTERNAL, before_fork);
    REFUSED(renku_db_status(ctx), RENKU_EINTERNAL, before_fork);
    EXPECT(renku_ctx_setting(ctx, "DB_NAME"));
    renku_caller_free(jane);
    renku_ctx_free(ctx);
    live();
}

static const char connected[] = "SELECT count(*) FROM pg_stat_activity"
                                " WHERE application_name = 'librenku'"
                                "   AND datname = current_database()";

TEST(a_context_from_before_a_fork_is_refused)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    pid_t child = fork();
    int status;

    if (child == 0) {
        misuse_in_child(ctx, jane);
        _exit(0);
    }
    SAME_INT((long long)waitpid(child, &status, 0), child);
    SAME_INT(status, 0);
    PGconn *db = abi_connect();

    abi_until(db, 1, connected); /* those of the child take a moment to go */
    DONE(renku_user_me(ctx, jane, NULL));
    SAME_INT(abi_number(db, "%s", connected), 1);
    char *log = abi_log();

    EXPECT(!strstr(log, "lost"));
    free(log);
    PQfinish(db);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

/* --- two of everything ------------------------------------------------------------------------ */

TEST(two_contexts_serve_two_databases)
{
    renku_ctx *one = abi_open(), *two = abi_open_with("DB_NAME", abi_env("ABI_OTHER_DATABASE"));
    renku_caller *here = abi_jane(one), *there = abi_jane(two);
    char id[32];

    snprintf(id, sizeof(id), "%s", abi_project(one, here, "jane"));
    DONE(renku_project_get(one, here, id, NULL, NULL));
    REFUSED(renku_project_get(two, there, id, NULL, NULL), RENKU_ENOTFOUND, "");
    snprintf(id, sizeof(id), "%s", abi_project(two, there, "jane"));
    DONE(renku_project_get(two, there, id, NULL, NULL));
    REFUSED(renku_project_get(one, here, id, NULL, NULL), RENKU_ENOTFOUND, "");
    renku_caller_free(here);
    renku_ctx_free(one);
    DONE(renku_project_get(two, there, id, NULL, NULL));
    renku_caller_free(there);
    renku_ctx_free(two);
}
