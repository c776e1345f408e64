/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/rclone/attempt.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frontends/rclone/guard.h"

enum { MEMORY_BYTES = 768 * 1024 * 1024, FILES = 256, PROCESSOR_S = 60, EXEC_FAILED = 127 };

/* What rclone starts with, beside the configuration: nothing of ours, no home, no proxy. */
static const char *const environment[] = {
    "HOME=/nonexistent", "PATH=/nonexistent", "TMPDIR=/nonexistent",
    "GOMAXPROCS=2",      "GOMEMLIMIT=256MiB", "RCLONE_ASK_PASSWORD=false",
};
static const char *const passed_on[] = {"SSL_CERT_FILE", "SSL_CERT_DIR"};

/* One running rclone. */
typedef struct {
    pid_t pid;
    int process; /* pidfd */
    int said;    /* its standard error output */
    int channel;
    rk_guard guard;
    size_t length; /* of what it said, as far as it is kept */
} running;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- becoming rclone -------------------------------------------------------------------------- */

/* The configuration goes in by variables: no file, nothing that others see, no line to break. */
static char *variable(const char *name, const char *value)
{
    static const char prefix[] = "RCLONE_CONFIG_TEMP_";
    size_t size = sizeof(prefix) + strlen(name) + strlen(value) + 1;
    char *text = malloc(size);

    if (!text)
        return NULL;
    snprintf(text, size, "%s%s=%s", prefix, name, value);
    for (char *c = text + sizeof(prefix) - 1; *c != '='; c++)
        *c = (char)(*c == '-' ? '_' : toupper((unsigned char)*c));
    return text;
}

static char **make_environment(const rk_words *request)
{
    size_t fixed = sizeof(environment) / sizeof(environment[0]);
    char **items = calloc(fixed + 2 + request->count / 2 + 1, sizeof(*items));
    size_t count = 0;

    for (size_t i = 0; items && i < fixed; i++)
        items[count++] = strdup(environment[i]);
    for (size_t i = 0; items && i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
        const char *value = getenv(passed_on[i]);

        if (value && asprintf(&items[count], "%s=%s", passed_on[i], value) > 0)
            count++;
    }
    for (size_t i = 2; items && i + 1 < request->count; i += 2)
        items[count++] = variable(request->items[i], request->items[i + 1]);
    return items;
}

static void limit(int resource, rlim_t most)
{
    const struct rlimit both = {most, most};

    (void)setrlimit(resource, &both); /* a lower limit than that is kept */
}

static void confine(void)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, FILES);
    limit(RLIMIT_CPU, PROCESSOR_S);
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
}

static int redirect(int said)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(said, 2) < 0)
        return -1;
    return (int)syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
}

/* Tells why, on the channel that closes by itself when all goes well. */
static void give_up(int channel, const char *what)
{
    char text[256];
    int length = snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));

    (void)send(channel, text, (size_t)length, MSG_NOSIGNAL);
    _exit(EXEC_FAILED);
}

static void become_rclone(const rk_attempt *attempt, const rk_words *request, int said, int channel)
{
    char **variables = make_environment(request);
    char *place = NULL;
    sigset_t none;

    confine();
    if (!variables || asprintf(&place, "temp:%s", request->items[1]) < 0)
        give_up(channel, "no memory");
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0 || chdir("/") != 0 || redirect(said) != 0)
        give_up(channel, "it cannot be set apart");
    if (rk_guard_install(channel) != 0)
        give_up(channel, "its connections cannot be watched");
    limit(RLIMIT_DATA,
          MEMORY_BYTES); /* of rclone, not of this program, which a sanitizer may fill */
    execle(attempt->program, "rclone", "lsf", "--low-level-retries=1", "--retries=1",
           "--config=", place, (char *)NULL, variables);
    give_up(channel, attempt->program);
}

/* --- watching it ------------------------------------------------------------------------------ */

static int start(running *out, const rk_attempt *attempt, const rk_words *request)
{
    int said[2], channel[2];

    *out = (running){
        .guard = {.networks = attempt->networks, .fd = -1}
    };
    if (pipe2(said, O_CLOEXEC) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0)
        return -1;
    out->pid = fork();
    if (out->pid == 0)
        become_rclone(attempt, request, said[1], channel[1]);
    close(said[1]);
    close(channel[1]);
    out->said = said[0];
    out->channel = channel[0];
    if (out->pid < 0)
        return -1;
    out->process = out->guard.process = (int)syscall(SYS_pidfd_open, out->pid, 0);
    return out->process < 0 || fcntl(out->said, F_SETFL, O_NONBLOCK) != 0 ? -1 : 0;
}

static void listen_to(rk_ending *ending, running *rclone)
{
    char chunk[4096];
    ssize_t got;

    while ((got = read(rclone->said, chunk, sizeof(chunk))) > 0) {
        size_t room = RK_SAID_MOST - rclone->length;
        size_t kept = (size_t)got < room ? (size_t)got : room;

        memcpy(ending->text + rclone->length, chunk, kept);
        rclone->length += kept;
    }
    if (got == 0) {
        close(rclone->said);
        rclone->said = -1;
    }
}

/* First the source of questions, then why it went wrong, or nothing. */
static void hear_channel(rk_ending *ending, running *rclone)
{
    if (rclone->guard.fd < 0 && (rclone->guard.fd = rk_guard_take(rclone->channel)) >= 0)
        return;
    ssize_t got = recv(rclone->channel, ending->text, RK_SAID_MOST, MSG_DONTWAIT);

    if (got > 0)
        ending->word = "broken";
    if (got > 0)
        rclone->length = (size_t)got;
    close(rclone->channel);
    rclone->channel = -1;
}

enum { SAID, QUESTIONS, CHANNEL, ASKER, PROCESS, SOURCES };

/* Takes what there is; whether there may be more. */
static bool attend(rk_ending *ending, running *rclone, const struct pollfd fds[SOURCES])
{
    if (fds[SAID].revents)
        listen_to(ending, rclone);
    if (fds[QUESTIONS].revents & POLLIN)
        rk_guard_answer(&rclone->guard);
    if (fds[CHANNEL].revents)
        hear_channel(ending, rclone);
    return !fds[PROCESS].revents && !(fds[ASKER].revents & (POLLHUP | POLLERR));
}

/* Until it ends, its time is up, or nobody waits any more. */
static void watch(rk_ending *ending, running *rclone, const rk_attempt *attempt, int64_t until_ms)
{
    bool goes_on = true;

    while (goes_on) {
        struct pollfd fds[SOURCES] = {
            [SAID] = {rclone->said,     POLLIN, 0},
            [QUESTIONS] = {rclone->guard.fd, POLLIN, 0},
            [CHANNEL] = {rclone->channel,  POLLIN, 0},
            [ASKER] = {attempt->asker,   0,      0}, /* only the end is of interest */
            [PROCESS] = {rclone->process,  POLLIN, 0},
        };
        int64_t left_ms = until_ms - now_ms();

        if (left_ms <= 0) {
            ending->word = "late";
            return;
        }
        if (poll(fds, SOURCES, (int)left_ms) < 0 && errno != EINTR)
            return;
        goes_on = attend(ending, rclone, fds);
    }
}

/* Ends it with all that it may have started. */
static int reap(const running *rclone)
{
    int status = 0;

    kill(-rclone->pid, SIGKILL);
    kill(rclone->pid, SIGKILL);
    while (waitpid(rclone->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static void conclude(rk_ending *ending, running *rclone, int status)
{
    if (rclone->said >= 0)
        listen_to(ending, rclone);
    if (rclone->channel >= 0)
        hear_channel(ending, rclone);
    while (rclone->length && isspace((unsigned char)ending->text[rclone->length - 1]))
        rclone->length--;
    ending->text[rclone->length] = '\0';
    if (ending->word)
        return;
    ending->word = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "done" : "failed";
    if (WIFSIGNALED(status))
        snprintf(ending->text, sizeof(ending->text), "rclone was ended: %s",
                 strsignal(WTERMSIG(status)));
    else if (rclone->guard.refused[0])
        snprintf(ending->text + rclone->length, sizeof(ending->text) - rclone->length,
                 "%sConnections to %s are not allowed.", rclone->length ? "\n" : "",
                 rclone->guard.refused);
}

void rk_attempt_run(rk_ending *out, const rk_attempt *attempt, const rk_words *request)
{
    int64_t until_ms = now_ms() + strtol(request->items[0], NULL, 10);
    running rclone;

    *out = (rk_ending){0};
    if (start(&rclone, attempt, request) != 0) {
        out->word = "broken";
        snprintf(out->text, sizeof(out->text), "it cannot be started: %s", strerror(errno));
        return;
    }
    watch(out, &rclone, attempt, until_ms);
    conclude(out, &rclone, reap(&rclone));
}
