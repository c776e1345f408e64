/* SPDX-License-Identifier: Apache-2.0 */
/* A test double of the library, for tests of the server alone: no database, behaviour chosen by the
 * target. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "renku/renku.h"

#define HEADERS 8

struct renku_config {
    int unused;
};

struct renku_ctx {
    int unused;
};

struct renku_result {
    int status;
    char *body;
    size_t size;
    char headers[HEADERS][2][128];
    size_t header_count;
};

static renku_result *make(int status, const char *type, char *body, size_t size)
{
    renku_result *result = calloc(1, sizeof(*result));

    result->status = status;
    result->body = body;
    result->size = size;
    strcpy(result->headers[0][0], "content-type");
    snprintf(result->headers[0][1], 128, "%s", type);
    strcpy(result->headers[1][0], "x-request-id");
    snprintf(result->headers[1][1], 128, "fake-%ld", random());
    result->header_count = 2;
    return result;
}

static renku_result *make_text(int status, const char *type, const char *text)
{
    return make(status, type, strdup(text), strlen(text));
}

static void put_json(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static renku_result *echo(const renku_http_request *request)
{
    char *body;
    size_t size;
    unsigned long sum = 0;
    FILE *out = open_memstream(&body, &size);

    for (size_t i = 0; i < request->body_size; i++)
        sum = sum * 31 + ((const unsigned char *)request->body)[i];
    fputs("{\"method\":", out);
    put_json(out, request->method);
    fputs(",\"target\":", out);
    put_json(out, request->target);
    fputs(",\"peer\":", out);
    put_json(out, request->peer ? request->peer : "");
    fprintf(out, ",\"body_size\":%zu,\"body_sum\":%lu,\"headers\":[", request->body_size,
            sum & 0xffffffff);
    for (size_t i = 0; i < request->header_count; i++) {
        fputs(i ? ",[" : "[", out);
        put_json(out, request->headers[i].name);
        fputc(',', out);
        put_json(out, request->headers[i].value);
        fputc(']', out);
    }
    fputs("]}", out);
    fclose(out);
    return make(200, "application/json", body, size);
}

static long number(const char *target, const char *name)
{
    const char *at = strstr(target, name);

    return at ? atol(at + strlen(name)) : 0;
}

static renku_result *slow(const char *target)
{
    long ms = number(target, "ms=");
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
    return make_text(200, "text/plain", "slept");
}

static renku_result *big(const char *target)
{
    size_t size = (size_t)number(target, "size=");
    char *body = malloc(size + 1);

    memset(body, 'x', size);
    body[size] = '\0';
    return make(200, "text/plain", body, size);
}

/* What a broken worker could try: each call with arguments that would do no harm. */
static const struct {
    const char *name;
    long number, arguments[4];
} attempts[] = {
    {"execve",            SYS_execve,            {0}                                    },
    {"execveat",          SYS_execveat,          {-1}                                   },
    {"process",           SYS_clone,             {SIGCHLD}                              },
    {"clone3",            SYS_clone3,            {0}                                    },
    {"ptrace",            SYS_ptrace,            {PTRACE_ATTACH, 1}                     },
    {"process_vm_readv",  SYS_process_vm_readv,  {1}                                    },
    {"process_vm_writev", SYS_process_vm_writev, {1}                                    },
    {"mount",             SYS_mount,             {0}                                    },
    {"umount",            SYS_umount2,           {0}                                    },
    {"chroot",            SYS_chroot,            {0}                                    },
    {"unshare",           SYS_unshare,           {CLONE_NEWUSER}                        },
    {"setns",             SYS_setns,             {-1}                                   },
    {"bpf",               SYS_bpf,               {-1}                                   },
    {"perf_event_open",   SYS_perf_event_open,   {0}                                    },
    {"userfaultfd",       SYS_userfaultfd,       {-1}                                   },
    {"init_module",       SYS_init_module,       {0}                                    },
    {"keyctl",            SYS_keyctl,            {0}                                    },
    {"io_uring_setup",    SYS_io_uring_setup,    {1}                                    },
    {"kill",              SYS_kill,              {1}                                    },
    {"unlink",            SYS_unlinkat,          {AT_FDCWD, (long)"/nonexistent"}       },
    {"listen",            SYS_listen,            {-1}                                   },
    {"executable",        SYS_mprotect,          {0, 4096, PROT_READ | PROT_EXEC}       },
    {"raw-socket",        SYS_socket,            {AF_INET, SOCK_RAW, IPPROTO_ICMP}      },
    {"raw6-socket",       SYS_socket,            {AF_INET6, SOCK_RAW | SOCK_CLOEXEC, 58}},
    {"packet-socket",     SYS_socket,            {AF_PACKET, SOCK_RAW}                  },
    {"vsock-socket",      SYS_socket,            {AF_VSOCK, SOCK_STREAM}                },
    {"other-limits",      SYS_prlimit64,         {1, RLIMIT_CPU}                        },
    {"stream-socket",     SYS_socket,            {AF_INET, SOCK_STREAM | SOCK_CLOEXEC}  },
    {"datagram-socket",   SYS_socket,            {AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK} },
    {"unix-socket",       SYS_socket,            {AF_UNIX, SOCK_STREAM}                 },
    {"own-limits",        SYS_prlimit64,         {0, RLIMIT_CPU}                        },
    {"locked-memory",     SYS_mlock,             {0}                                    },
};

/* Answers with the name of the error, or "done". */
static renku_result *attempt(const char *name)
{
    char answer[64] = "no such attempt";

    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        const long *a = attempts[i].arguments;

        if (strcmp(attempts[i].name, name) != 0)
            continue;
        long result = syscall(attempts[i].number, a[0], a[1], a[2], a[3], 0L, 0L);

        snprintf(answer, sizeof(answer), "%s", result < 0 ? strerrorname_np(errno) : "done");
    }
    return make_text(200, "text/plain", answer);
}

static renku_result *answer(const renku_http_request *request)
{
    const char *target = request->target;

    if (strncmp(target, "/api/data/echo", 14) == 0)
        return echo(request);
    if (strncmp(target, "/api/data/slow", 14) == 0)
        return slow(target);
    if (strncmp(target, "/api/data/big", 13) == 0)
        return big(target);
    if (strncmp(target, "/api/data/line/", 15) == 0)
        return make_text(200, "text/plain", "thread");
    if (strncmp(target, "/api/data/none", 14) == 0)
        return make_text(204, "text/plain", "");
    if (strncmp(target, "/api/data/attempt/", 18) == 0)
        return attempt(target + 18);
    if (strncmp(target, "/api/data/crash", 15) == 0)
        raise(SIGSEGV);
    return make_text(404, "application/json",
                     "{\"error\":{\"code\":1404,\"message\":\"not found\"}}");
}

renku_config *renku_config_new(void)
{
    return calloc(1, sizeof(renku_config));
}

int renku_config_from_environment(renku_config *config)
{
    (void)config;
    return 0;
}

int renku_config_set(renku_config *config, const char *name, const char *value)
{
    (void)config;
    return setenv(name, value, 1);
}

void renku_config_free(renku_config *config)
{
    free(config);
}

void renku_config_log(renku_config *config, renku_log_callback *callback, void *user)
{
    (void)config;
    (void)callback;
    (void)user;
}

renku_result *renku_ctx_new(renku_ctx **out, const renku_config *config)
{
    (void)config;
    *out = NULL;
    if (getenv("FAKE_BROKEN"))
        return make_text(500, "text/plain", "");
    *out = calloc(1, sizeof(renku_ctx));
    return make_text(200, "text/plain", "");
}

void renku_ctx_free(renku_ctx *ctx)
{
    free(ctx);
}

renku_result *renku_http_handle(renku_ctx *ctx, const renku_http_request *request)
{
    renku_result *result = answer(request);

    (void)ctx;
    if (strcmp(request->method, "HEAD") == 0) {
        result->body[0] = '\0';
        result->size = 0;
    }
    return result;
}

/* --- a line: /api/data/line/now, soon, never, and refused, which a thread has to answer --- */

#define GUESTS 256

typedef struct {
    void *user;
    int state; /* 0: this place is free; 1: under way; 2: done; 3: left to a thread */
    int never;
} guest;

struct renku_http_line {
    int bell;
    guest guests[GUESTS];
};

renku_http_line *renku_http_line_new(renku_ctx *ctx)
{
    renku_http_line *line = calloc(1, sizeof(*line));

    (void)ctx;
    line->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return line;
}

void renku_http_line_free(renku_http_line *line)
{
    if (line)
        close(line->bell);
    free(line);
}

int renku_http_line_begin(renku_result **answer, renku_http_line *line,
                          const renku_http_request *request, void *user)
{
    const char *word = request->target + 15;
    uint64_t one = 1;

    *answer = NULL;
    if (strncmp(request->target, "/api/data/line/", 15) != 0)
        return 0;
    if (strcmp(word, "now") == 0) {
        *answer = make_text(200, "text/plain", "line");
        return 1;
    }
    for (guest *g = line->guests; g < line->guests + GUESTS; g++) {
        if (g->state)
            continue;
        *g = (guest){user, strcmp(word, "refused") == 0 ? 3 : 1, strcmp(word, "never") == 0};
        return write(line->bell, &one, sizeof(one)) > 0;
    }
    return 0;
}

int renku_http_line_socket(const renku_http_line *line)
{
    return line->bell;
}

void renku_http_line_read(renku_http_line *line)
{
    uint64_t ignored;

    (void)!read(line->bell, &ignored, sizeof(ignored)); /* it is only a bell */
    for (guest *g = line->guests; g < line->guests + GUESTS; g++)
        if (g->state == 1 && !g->never)
            g->state = 2;
}

void renku_http_line_drop(renku_http_line *line)
{
    for (guest *g = line->guests; g < line->guests + GUESTS; g++)
        if (g->state)
            g->state = 3;
}

int renku_http_line_next(renku_result **answer, void **user, renku_http_line *line)
{
    *answer = NULL;
    for (guest *g = line->guests; g < line->guests + GUESTS; g++) {
        if (g->state < 2)
            continue;
        *answer = g->state == 2 ? make_text(200, "text/plain", "line") : NULL;
        *user = g->user;
        g->state = 0;
        return 1;
    }
    return 0;
}

/* Shows the id of the request that was refused. */
static void take_id(renku_result *result, const renku_http_request *request)
{
    for (size_t i = 0; request && i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, "x-request-id") == 0)
            snprintf(result->headers[1][1], 128, "%s", request->headers[i].value);
}

renku_result *renku_http_refuse(renku_ctx *ctx, const renku_http_request *request, int status,
                                const char *message)
{
    renku_result *result;
    char *body;
    size_t size;
    FILE *out = open_memstream(&body, &size);

    (void)ctx;
    fprintf(out, "{\"error\":{\"code\":%d,\"message\":", 1000 + status);
    put_json(out, message);
    fputs("}}", out);
    fclose(out);
    result = make(status, "application/json", body, size);
    take_id(result, request);
    return result;
}

renku_result *renku_http_discover(renku_ctx *ctx)
{
    (void)ctx;
    return make_text(200, "application/json", "");
}

renku_result *renku_http_ready(renku_ctx *ctx, int verbose)
{
    (void)ctx;
    return make_text(200, "text/plain", verbose ? "database ok\nok\n" : "ok\n");
}

int renku_ctx_metric(renku_ctx *ctx, size_t index, renku_metric *out)
{
    (void)ctx;
    (void)index;
    (void)out;
    return 0;
}

void renku_ctx_measure(renku_ctx *ctx)
{
    (void)ctx;
}

const char *renku_ctx_setting(renku_ctx *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

renku_result *renku_db_migrate(renku_ctx *ctx)
{
    (void)ctx;
    return make_text(200, "application/json", "{}");
}

const char *renku_version(void)
{
    return "0.1.0";
}

void renku_result_free(renku_result *result)
{
    if (result)
        free(result->body);
    free(result);
}

int renku_result_ok(const renku_result *result)
{
    return result && result->status < 400;
}

int renku_result_status(const renku_result *result)
{
    return result ? result->status : 500;
}

int renku_result_code(const renku_result *result)
{
    return renku_result_ok(result) ? 0 : 1000 + renku_result_status(result);
}

const char *renku_result_message(const renku_result *result)
{
    return renku_result_ok(result) ? "" : "DB_PASSWORD is missing";
}

const char *renku_result_detail(const renku_result *result)
{
    (void)result;
    return NULL;
}

const char *renku_result_body(const renku_result *result, size_t *size)
{
    if (size)
        *size = result ? result->size : 0;
    return result ? result->body : "";
}

size_t renku_result_header_count(const renku_result *result)
{
    return result ? result->header_count : 0;
}

int renku_result_header(const renku_result *result, size_t index, const char **name,
                        const char **value)
{
    if (!result || index >= result->header_count)
        return 0;
    *name = result->headers[index][0];
    *value = result->headers[index][1];
    return 1;
}

int renku_result_error(const renku_result *result)
{
    return renku_result_ok(result) ? 0 : RENKU_EINTERNAL;
}

renku_cancel *renku_cancel_new(void)
{
    return malloc(1);
}

void renku_cancel_now(renku_cancel *cancel)
{
    (void)cancel;
}

void renku_cancel_free(renku_cancel *cancel)
{
    free(cancel);
}

renku_result *renku_secrets_rotate_with(renku_ctx *ctx, const renku_rotation *how)
{
    (void)ctx;
    (void)how;
    return make_text(200, "application/json", "");
}
