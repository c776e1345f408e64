/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/up.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { START_S = 60, MOMENTS_PER_S = 200, OLDEST_POSTGRES = 15 };

static const char programs[] = "/usr/lib/postgresql/*/bin/initdb";
static const char *const database_users[] = {"postgres", "nobody"};

/* The role of the deployment has a password; the owner of the cluster comes in by being who it is.
 */
static const char access_rules[] = "local renku renku scram-sha-256\n"
                                   "local all all peer\n";

static char *const environment[] = {(char[]){"LANG=C.UTF-8"}, (char[]){"PATH=/usr/bin:/bin"}, NULL};

static int tell(const char *what, const char *path)
{
    (void)rk_cli_fail_errno(what, path);
    return -1;
}

/* The major version of a cluster that exists; 0 when there is none. */
static int cluster_version(rk_up *up)
{
    const char *text = rk_cli_read_file(up->cli, rk_up_path(up, "postgres/PG_VERSION"), NULL);

    return text ? atoi(text) : 0;
}

/* The newest PostgreSQL on this machine, or the one that an existing cluster needs. */
static const char *choose_programs(rk_up *up, int needed)
{
    const char *best = NULL;
    int best_version = 0;
    glob_t found;

    if (glob(programs, 0, NULL, &found) != 0)
        return NULL;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int version = atoi(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"));

        if (needed ? version != needed : version <= best_version)
            continue;
        best_version = version;
        best = rk_cli_format(up->cli, "%.*s", (int)(strlen(found.gl_pathv[i]) - strlen("/initdb")),
                             found.gl_pathv[i]);
    }
    globfree(&found);
    return best_version >= OLDEST_POSTGRES ? best : NULL;
}

/* PostgreSQL refuses to run as root. */
static int choose_user(rk_up *up)
{
    const struct passwd *entry = NULL;

    up->is_root = geteuid() == 0;
    if (!up->is_root)
        return 0;
    for (size_t i = 0; !entry && i < sizeof(database_users) / sizeof(*database_users); i++)
        entry = getpwnam(database_users[i]);
    if (!entry)
        return rk_cli_fail("there is no user 'postgres' or 'nobody' to run PostgreSQL as"), -1;
    up->database_user = entry->pw_uid;
    up->database_group = entry->pw_gid;
    return 0;
}

int rk_up_find_postgres(rk_up *up)
{
    int needed = cluster_version(up);

    up->postgres = choose_programs(up, needed);
    if (up->postgres)
        return choose_user(up);
    if (needed)
        (void)rk_cli_fail("the data in '%s' need PostgreSQL %d: apt-get install postgresql-%d",
                          up->folder, needed, needed);
    else
        (void)rk_cli_fail("there is no PostgreSQL %d or newer in /usr/lib/postgresql: "
                          "apt-get install postgresql",
                          OLDEST_POSTGRES);
    return -1;
}

static int give_to_database_user(const rk_up *up, const char *path)
{
    if (up->is_root && chown(path, up->database_user, up->database_group) < 0)
        return tell("cannot hand over", path);
    return 0;
}

/* Folders above may be closed to the user of the database; so it gets the cluster as an open
 * descriptor. */
static const char *through_descriptor(rk_up *up, int fd)
{
    return rk_cli_format(up->cli, "/proc/self/fd/%d", fd);
}

/* Runs a program of PostgreSQL on the cluster behind @p fd. */
static int run_program(rk_up *up, int fd, int input, char *const *arguments)
{
    const rk_start start = {
        .arguments = arguments,
        .environment = environment,
        .log = rk_up_path(up, "log/database.log"),
        .input = input,
        .keep = fd,
        .is_database_user = true,
    };

    return rk_up_run(up, &start);
}

static int init_cluster(rk_up *up, int fd)
{
    char *const arguments[] = {
        rk_cli_format(up->cli, "%s/initdb", up->postgres),
        rk_cli_format(up->cli, "--pgdata=%s", through_descriptor(up, fd)),
        rk_cli_format(up->cli, "--encoding=UTF8"),
        rk_cli_format(up->cli, "--locale=C.UTF-8"),
        rk_cli_format(up->cli, "--auth-local=peer"),
        rk_cli_format(up->cli, "--auth-host=reject"),
        NULL,
    };

    return run_program(up, fd, -1, arguments);
}

/* Makes role and database with the server not yet reachable; the password is in no argument and in
 * no file. */
static int make_database(rk_up *up, int fd)
{
    const char *password = rk_up_key(up, "db_password");
    int input = memfd_create("sql", MFD_CLOEXEC);
    char *const arguments[] = {
        rk_cli_format(up->cli, "%s/postgres", up->postgres),
        rk_cli_format(up->cli, "--single"),
        rk_cli_format(up->cli, "-D"),
        rk_cli_format(up->cli, "%s", through_descriptor(up, fd)),
        rk_cli_format(up->cli, "-c"),
        rk_cli_format(up->cli, "exit_on_error=on"),
        rk_cli_format(up->cli, "postgres"),
        NULL,
    };
    int status = -1;

    if (password && input >= 0 &&
        dprintf(input,
                "CREATE ROLE renku LOGIN PASSWORD '%s';\n"
                "CREATE DATABASE renku OWNER renku;\n",
                password) > 0 &&
        lseek(input, 0, SEEK_SET) == 0)
        status = run_program(up, fd, input, arguments);
    if (input >= 0)
        close(input);
    return status;
}

static int write_access_rules(rk_up *up)
{
    const char *path = rk_up_path(up, "postgres.new/pg_hba.conf");
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    if (fd < 0 || write(fd, access_rules, strlen(access_rules)) < 0 || fsync(fd) < 0 ||
        close(fd) < 0)
        return tell("cannot write", path);
    return 0;
}

/* Removes what an interrupted start has left of a cluster, also while an initdb without a parent
 * still writes to it: in ten seconds at most. */
static int remove_tree(rk_up *up, const char *path)
{
    static const char script[] = "i=0; until rm -rf -- \"$1\" 2>/dev/null || [ $i -ge 100 ]; "
                                 "do i=$((i + 1)); sleep 0.1; done; [ ! -e \"$1\" ]";
    char *const arguments[] = {
        rk_cli_format(up->cli, "/bin/sh"),    rk_cli_format(up->cli, "-c"),
        rk_cli_format(up->cli, "%s", script), rk_cli_format(up->cli, "remove"),
        rk_cli_format(up->cli, "%s", path),   NULL,
    };
    const rk_start start = {.arguments = arguments,
                            .environment = environment,
                            .log = rk_up_path(up, "log/database.log"),
                            .input = -1,
                            .keep = -1};

    return access(path, F_OK) < 0 ? 0 : rk_up_run(up, &start);
}

/* Everything is made under another name, so that a cluster is there whole or not at all. */
int rk_up_make_cluster(rk_up *up)
{
    const char *next = rk_up_path(up, "postgres.new");

    if (cluster_version(up))
        return 0;
    fputs("making the database cluster\n", stderr);
    if (remove_tree(up, next) < 0)
        return -1;
    if (mkdir(next, 0700) < 0)
        return tell("cannot make the folder", next);
    if (give_to_database_user(up, next) < 0)
        return -1;
    int fd = open(next, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return tell("cannot open", next);
    int status = init_cluster(up, fd);

    if (status == 0)
        status = make_database(up, fd);
    close(fd);
    if (status == 0)
        status = write_access_rules(up);
    if (status == 0 && rename(next, rk_up_path(up, "postgres")) < 0)
        status = tell("cannot rename", next);
    return status;
}

static bool fits_socket(const char *folder)
{
    static const char name[] = "/.s.PGSQL.5432.lock";

    return strlen(folder) + sizeof(name) <= sizeof(((struct sockaddr_un *)0)->sun_path);
}

/* A folder of its own for the socket, with a name that nobody can foresee. */
static int make_sockets(rk_up *up)
{
    const char *runtime = up->is_root ? "/run" : getenv("XDG_RUNTIME_DIR");
    const char *const bases[] = {runtime, "/tmp"};

    for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
        char *path = rk_cli_format(up->cli, "%s/renku-XXXXXX", bases[i] ? bases[i] : "/tmp");

        if (!fits_socket(path) || !mkdtemp(path))
            continue;
        up->sockets = path;
        if (chmod(path, 0755) < 0) /* who may come in is decided by the password */
            return tell("cannot open up", path);
        return give_to_database_user(up, path);
    }
    return tell("cannot make a folder below", "/tmp");
}

static int choose_sockets(rk_up *up)
{
    const char *inside = rk_up_path(up, "run"), *record = rk_up_path(up, "run/sockets");

    /* Nothing of an earlier run is alive here: its files may go, whatever process bears its number
     * now. */
    up->sockets = rk_cli_read_file(up->cli, record, NULL);
    rk_up_drop_sockets(up);
    up->sockets = inside;
    rk_up_drop_sockets(up);
    if (!up->is_root && fits_socket(inside))
        return 0;
    if (make_sockets(up) < 0)
        return -1;
    FILE *file = fopen(record, "we");

    if (!file || fputs(up->sockets, file) < 0 || fclose(file) != 0)
        return tell("cannot write", record);
    return 0;
}

void rk_up_drop_sockets(rk_up *up)
{
    if (!up->sockets)
        return;
    unlink(rk_cli_format(up->cli, "%s/.s.PGSQL.5432", up->sockets));
    unlink(rk_cli_format(up->cli, "%s/.s.PGSQL.5432.lock", up->sockets));
    if (strncmp(up->sockets, up->folder, strlen(up->folder)) == 0)
        return;
    rmdir(up->sockets);
    unlink(rk_up_path(up, "run/sockets"));
}

static int spawn_cluster(rk_up *up, int fd)
{
    char *const arguments[] = {
        rk_cli_format(up->cli, "%s/postgres", up->postgres),
        rk_cli_format(up->cli, "-D"),
        rk_cli_format(up->cli, "%s", through_descriptor(up, fd)),
        rk_cli_format(up->cli, "-k"),
        rk_cli_format(up->cli, "%s", up->sockets),
        rk_cli_format(up->cli, "-h"),
        rk_cli_format(up->cli, "%s", ""), /* no TCP */
        NULL,
    };
    const rk_start start = {
        .arguments = arguments,
        .environment = environment,
        .log = rk_up_path(up, "log/database.log"),
        .input = -1,
        .keep = fd,
        .is_database_user = true,
    };

    return rk_up_start_child(up, RK_CHILD_DATABASE, &start);
}

/* The eighth line of its lock file says "ready" once the server takes connections. */
static bool is_ready(rk_up *up, pid_t pid)
{
    char line[256];
    FILE *file = fopen(rk_up_path(up, "postgres/postmaster.pid"), "re");
    bool own = false, ready = false;

    for (int number = 1; file && fgets(line, sizeof(line), file); number++) {
        own = number == 1 ? atoi(line) == pid : own;
        ready = number == 8 && strncmp(line, "ready", 5) == 0;
    }
    if (file)
        fclose(file);
    return own && ready;
}

static int wait_until_ready(rk_up *up)
{
    const rk_child *child = &up->children[RK_CHILD_DATABASE];

    for (int i = 0; i < START_S * MOMENTS_PER_S; i++) {
        if (rk_up_wait_moment(up, child) < 0)
            return -1;
        if (is_ready(up, child->pid))
            return 0;
    }
    return rk_cli_fail("PostgreSQL is not ready after %d s", START_S), -1;
}

int rk_up_start_cluster(rk_up *up)
{
    const char *path = rk_up_path(up, "postgres");

    if (choose_sockets(up) < 0)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return tell("cannot open", path);
    int status = spawn_cluster(up, fd);

    close(fd);
    if (status == 0)
        status = wait_until_ready(up);
    if (status < 0 && !up->signal)
        rk_up_show_log(up, rk_up_path(up, "log/database.log"));
    return status;
}
