/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frontends/server/activation.h"
#include "frontends/server/handover.h"
#include "frontends/server/identity.h"
#include "frontends/server/log.h"
#include "frontends/server/rclone.h"
#include "frontends/server/sanitizer.h"
#include "frontends/server/user.h"

#include "renku/renku.h"

#ifndef RENKU_KORE
#define RENKU_KORE "/usr/bin/kore"
#endif
#ifndef RENKU_PKGLIBDIR
#define RENKU_PKGLIBDIR "/usr/local/lib/librenku"
#endif

#define WORKERS 2
#define WORKERS_MOST 64
#define CONNECTIONS 4096
#define OTHER_FILES 256L /* of one worker: database, peers, logs, Kore's own */

typedef struct rk_launch {
    const char *service, *host, *port;
    int workers;
    bool debug, fast, dev, single, no_migrate;
    int listen_fd;
    bool keeps_socket; /* it was handed over and outlives the server */
    rk_user runs_as;
    bool changes_user;
    char url[300];
    char module[PATH_MAX];
} rk_launch;

static const char usage[] =
    "Usage: renku server [options]\n"
    "Serves the API in the foreground, configured by the environment.\n"
    "\n"
    "      --service NAME    data, secrets (the secrets storage), or identity (the local identity\n"
    "                        provider); default RENKU_SERVICE, else data\n"
    "  -H, --host HOST       address to listen on (default 0.0.0.0)\n"
    "  -p, --port PORT       port to listen on (default 8000); 0 takes a free one\n"
    "      --workers N       worker processes (default 2)\n"
    "      --fast            one worker per processor\n"
    "      --single-process  one worker\n"
    "      --debug           more in the log\n"
    "  -d, --dev             development: as --debug\n"
    "      --no-migrate      do not bring the database to the newest revision first\n"
    "  -h, --help            this text\n"
    "\n"
    "Started as root, it serves as the user RENKU_RUN_AS (default nobody).\n";

static const struct option options[] = {
    {"service",        required_argument, NULL, 's'},
    {"host",           required_argument, NULL, 'H'},
    {"port",           required_argument, NULL, 'p'},
    {"workers",        required_argument, NULL, 'w'},
    {"fast",           no_argument,       NULL, 'f'},
    {"single-process", no_argument,       NULL, '1'},
    {"debug",          no_argument,       NULL, 'D'},
    {"dev",            no_argument,       NULL, 'd'},
    {"no-migrate",     no_argument,       NULL, 'm'},
    {"help",           no_argument,       NULL, 'h'},
    {NULL,             0,                 NULL, 0  },
};

static int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int complain(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("renku server: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return status;
}

/* A number without anything behind it, -1 for all else. */
static long number_of(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' ? number : -1;
}

static void take_option(rk_launch *launch, int option)
{
    switch (option) {
    case 's':
        launch->service = optarg;
        break;
    case 'H':
        launch->host = optarg;
        break;
    case 'p':
        launch->port = optarg;
        break;
    case 'w':
        launch->workers = (int)number_of(optarg);
        break;
    case 'f':
        launch->fast = true;
        break;
    case '1':
        launch->single = true;
        break;
    case 'd':
        launch->dev = launch->debug = true;
        break;
    case 'D':
        launch->debug = true;
        break;
    case 'm':
        launch->no_migrate = true;
        break;
    }
}

static int check_options(rk_launch *launch)
{
    static const char *const services[] = {"data", "secrets", "identity"};
    size_t i = 0;

    while (i < 3 && strcmp(services[i], launch->service) != 0)
        i++;
    if (i == 3)
        return complain(2, "unknown service \"%s\": data, secrets or identity", launch->service);
    if (number_of(launch->port) < 0 || number_of(launch->port) > 65535)
        return complain(2, "\"%s\" is no port: a number from 0 to 65535", launch->port);
    if (launch->single && (launch->fast || launch->dev))
        return complain(2, "--single-process excludes --fast and --dev");
    if (launch->workers < 0 || launch->workers > WORKERS_MOST)
        return complain(2, "--workers takes a number from 1 to %d", WORKERS_MOST);
    return 0;
}

static int processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    return CPU_COUNT(&set) < WORKERS_MOST ? CPU_COUNT(&set) : WORKERS_MOST;
}

/* 0 to go on, -1 after --help, else the exit status. */
static int parse(rk_launch *launch, int argc, char **argv)
{
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "H:p:dh", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return -1;
        }
        if (option == '?')
            return complain(2, "see \"renku server --help\"");
        if (option == 'w' && number_of(optarg) < 1)
            return complain(2, "--workers takes a number from 1 to %d", WORKERS_MOST);
        take_option(launch, option);
    }
    if (optind < argc)
        return complain(2, "unknown argument \"%s\"", argv[optind]);
    if (check_options(launch) != 0)
        return 2;
    if (launch->single)
        launch->workers = 1;
    else if (launch->workers == 0)
        launch->workers = launch->fast ? processors() : WORKERS;
    return 0;
}

/* Prints why a call failed; the exit status. */
static int explain(const renku_result *result)
{
    const char *detail = renku_result_detail(result);

    return complain(1, "%s%s%s", renku_result_message(result), detail ? " " : "",
                    detail ? detail : "");
}

/* The exit status of a step whose result is needed no longer. */
static int finish(renku_result *result)
{
    int status = renku_result_ok(result) ? 0 : explain(result);

    renku_result_free(result);
    return status;
}

static int prepare_with(rk_launch *launch, renku_ctx *ctx)
{
    if (finish(renku_http_discover(ctx)) != 0)
        return 1;
    if (!launch->no_migrate && strcmp(launch->service, "data") == 0 &&
        finish(renku_db_migrate(ctx)) != 0)
        return 1;
    const rk_user *user = launch->changes_user ? &launch->runs_as : NULL;

    if (rk_handover_files(ctx, user, launch->service) != 0)
        return 1;
    return strcmp(launch->service, "data") == 0 && rk_rclone_start(ctx, user) != 0 ? 1 : 0;
}

/* Everything that must be right before the port is opened to anybody. Spec: foundations.md 19.2 */
static int prepare(rk_launch *launch)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = NULL;

    if (!config || renku_config_from_environment(config) != 0) {
        renku_config_free(config);
        return complain(1, "out of memory");
    }
    renku_config_log(config, rk_log_line, NULL);

    renku_result *result = renku_ctx_new(&ctx, config);
    int status = renku_result_ok(result) ? prepare_with(launch, ctx) : explain(result);

    renku_result_free(result);
    renku_ctx_free(ctx);
    renku_config_free(config);
    return status;
}

/* Root opens the port and reads the keys, but does not serve. */
static int choose_user(rk_launch *launch)
{
    char why[256];

    if (geteuid() != 0)
        return 0;
    launch->changes_user = true;
    return rk_user_serving(&launch->runs_as, why, sizeof(why)) ? 0 : complain(1, "%s", why);
}

/* The folder of the identity provider: its key is made when it is missing. */
static int prepare_identity(const rk_launch *launch)
{
    const char *folder = getenv("RENKU_IDENTITY_DIR");
    char key[PATH_MAX], users[PATH_MAX];

    if (!folder)
        return complain(1, "RENKU_IDENTITY_DIR is missing: the folder of the signing key");
    if (rk_identity_create(folder) != 0)
        return complain(1, "cannot make a signing key in \"%s\": %s", folder, strerror(errno));

    rk_identity *identity = rk_identity_open_folder(folder);

    if (!identity)
        return complain(1, "cannot read the signing key or the users in \"%s\": %s", folder,
                        strerror(errno));
    rk_identity_free(identity);
    snprintf(key, sizeof(key), "%s/signing-key.pem", folder);
    snprintf(users, sizeof(users), "%s/users.json", folder);
    if (access(users, R_OK) != 0)
        users[0] = '\0';
    if (setenv("RENKU_IDENTITY_KEY", key, 1) != 0 || setenv("RENKU_IDENTITY_USERS", users, 1) != 0)
        return complain(1, "out of memory");
    return rk_handover_files(NULL, launch->changes_user ? &launch->runs_as : NULL,
                             launch->service) == 0
               ? 0
               : 1;
}

static int why_no_bind(const rk_launch *launch)
{
    if (errno == EADDRINUSE)
        return complain(
            1,
            "port %s of %s is taken by another process: choose another with --port, or 0 for any",
            launch->port, launch->host);
    return complain(1, "cannot listen on port %s of %s: %s", launch->port, launch->host,
                    strerror(errno));
}

static int bind_one(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;

    int saved = errno;

    close(fd);
    errno = saved;
    return -1;
}

static int note_url(rk_launch *launch)
{
    struct sockaddr_in6 address = {0}; /* the port stands at the same place for IPv4 */
    socklen_t size = sizeof(address);
    bool is_v6 = strchr(launch->host, ':') != NULL;

    if (getsockname(launch->listen_fd, (struct sockaddr *)&address, &size) != 0)
        return why_no_bind(launch);

    snprintf(launch->url, sizeof(launch->url), "http://%s%.255s%s:%d", is_v6 ? "[" : "",
             launch->host, is_v6 ? "]" : "", ntohs(address.sin6_port));
    return 0;
}

/* Takes the port, but does not listen on it yet. */
static int bind_port(rk_launch *launch)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    int failed = getaddrinfo(launch->host, launch->port, &hints, &found);

    if (failed)
        return complain(1, "\"%s\" is no address to listen on: %s", launch->host,
                        gai_strerror(failed));
    launch->listen_fd = -1;
    for (const struct addrinfo *address = found; address && launch->listen_fd < 0;
         address = address->ai_next)
        launch->listen_fd = bind_one(address);
    freeaddrinfo(found);
    return launch->listen_fd < 0 ? why_no_bind(launch) : note_url(launch);
}

/* The address of a socket that a service manager has bound. */
static int note_handed_url(rk_launch *launch)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getsockname(launch->listen_fd, (struct sockaddr *)&address, &size) != 0 ||
        (address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return complain(1, "the socket that was handed over is none of TCP");
    snprintf(launch->url, sizeof(launch->url),
             strchr(host, ':') ? "http://[%.200s]:%.10s" : "http://%.200s:%.10s", host, port);
    return 0;
}

/* A socket from the service manager, or one of our own on --host and --port. */
static int take_port(rk_launch *launch)
{
    launch->listen_fd = rk_activation_socket();
    if (launch->listen_fd == -2)
        return complain(1, "it was handed several sockets; it takes one");
    launch->keeps_socket = launch->listen_fd >= 0;
    return launch->keeps_socket ? note_handed_url(launch) : bind_port(launch);
}

/* In the order of preference: in the build folder the module stands where libtool puts it. */
static int find_module(rk_launch *launch)
{
    static const char installed[] = "%.0s" RENKU_PKGLIBDIR "/renku_server.so"; /* needs no folder */
    static const char *const places[] = {
        "%.*s/renku_server.so",
        "%.*s/.libs/renku_server.so",
        "%.*s/../server/.libs/renku_server.so",
        "%.*s/../../server/.libs/renku_server.so",
        "%.*s/../frontends/server/.libs/renku_server.so",
        "%.*s/../../frontends/server/.libs/renku_server.so",
        "%.*s/../lib/librenku/renku_server.so",
        installed,
    };
    const char *wanted = getenv("RENKU_SERVER_MODULE");
    char self[PATH_MAX], candidate[PATH_MAX * 2];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (wanted)
        return realpath(wanted, launch->module)
                   ? 0
                   : complain(1, "no module \"%s\": %s", wanted, strerror(errno));
    self[size > 0 ? size : 0] = '\0';

    int folder = strrchr(self, '/') ? (int)(strrchr(self, '/') - self) : 0;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(candidate, sizeof(candidate), places[i], folder, self);
#pragma GCC diagnostic pop
        if (realpath(candidate, launch->module))
            return 0;
    }
    return complain(1, "renku_server.so is not installed: name it with RENKU_SERVER_MODULE");
}

/* How many connections a worker may hold. Kore looks at each possible descriptor once, so the limit
 * is kept low. */
static long limit_files(void)
{
    const char *wanted = getenv("RENKU_SERVER_CONNECTIONS");
    long connections = wanted && number_of(wanted) > 0 ? number_of(wanted) : CONNECTIONS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    if (limit.rlim_max != RLIM_INFINITY && connections > (long)limit.rlim_max - 2 * OTHER_FILES)
        connections = (long)limit.rlim_max - 2 * OTHER_FILES;
    if (connections < 16)
        connections = 16;
    limit.rlim_cur = (rlim_t)connections + 2 * OTHER_FILES;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* then it stays as it was */
    return connections;
}

/* Kore's configuration in memory, so that nothing is left to remove. It writes its pid over it. */
static int write_configuration(const rk_launch *launch)
{
    int fd = memfd_create("renku-server.conf", 0);
    long connections = limit_files();
    char number[24];

    snprintf(number, sizeof(number), "%ld", connections);
    if (fd < 0 || setenv("RENKU_SERVER_CONNECTIONS", number, 1) != 0)
        return -1;
    dprintf(fd,
            "root /\n"
            "pidfile /proc/self/fd/%d\n"
            "workers %d\n"
            "worker_max_connections 256\n" /* Kore takes memory for so many at once; the module
                                              raises it */
            "worker_rlimit_nofiles %ld\n"
            "worker_accept_threshold 1\n"
            "worker_set_affinity 0\n"
            "http_request_limit 1\n"
            "load %s\n",
            fd, launch->workers, connections + OTHER_FILES, launch->module);
    return fd;
}

static int set_environment(const rk_launch *launch)
{
    char number[16], user[16 * (RK_USER_GROUPS + 2)];

    snprintf(number, sizeof(number), "%d", launch->listen_fd);
    rk_user_format(user, sizeof(user), &launch->runs_as);
    unsetenv("RENKU_SERVER_USER");
    unsetenv("RENKU_SERVER_SOCKET_KEPT");
    if (setenv("RENKU_SERVER_LISTEN_FD", number, 1) != 0 ||
        setenv("RENKU_SERVER_URL", launch->url, 1) != 0 ||
        (launch->changes_user && setenv("RENKU_SERVER_USER", user, 1) != 0) ||
        (launch->keeps_socket && setenv("RENKU_SERVER_SOCKET_KEPT", "1", 1) != 0) ||
        (launch->debug && setenv("LOG_APP_LEVEL", "DEBUG", 1) != 0))
        return complain(1, "out of memory");
    return 0;
}

static int become_kore(const rk_launch *launch)
{
    const char *kore = getenv("RENKU_KORE");
    char path[64];
    int fd = write_configuration(launch);

    if (fd < 0 || listen(launch->listen_fd, SOMAXCONN) != 0 ||
        fcntl(launch->listen_fd, F_SETFD, 0) != 0)
        return complain(1, "cannot start: %s", strerror(errno));
    if (set_environment(launch) != 0)
        return 1;
    if (!kore)
        kore = RENKU_KORE;
    rk_sanitizer_prepare(launch->module);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    execl(kore, "renku-server", "-f", "-n", "-r", launch->debug ? "-f" : "-q", "-c", path,
          (char *)NULL);
    return complain(1, "cannot start Kore at \"%s\": %s", kore, strerror(errno));
}

int renku_server_main(int argc, char **argv)
{
    const char *service = getenv("RENKU_SERVICE");
    rk_launch launch = {
        .service = service && *service ? service : "data", .host = "0.0.0.0", .port = "8000"};
    int status = parse(&launch, argc, argv);

    if (status != 0)
        return status < 0 ? 0 : status;
    if (setenv("RENKU_SERVICE", launch.service, 1) != 0) /* which the settings follow */
        return complain(1, "out of memory");
    if ((status = choose_user(&launch)) != 0 || (status = find_module(&launch)) != 0 ||
        (status = take_port(&launch)) != 0)
        return status;
    status = strcmp(launch.service, "identity") == 0 ? prepare_identity(&launch) : prepare(&launch);
    return status != 0 ? status : become_kore(&launch);
}
