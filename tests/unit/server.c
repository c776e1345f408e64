/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the server beside the reader: threads, replies, metrics, users, the identity
 * provider. */
#include <check.h>
#include <errno.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontends/server/identity.h"
#include "frontends/server/jobs.h"
#include "frontends/server/log.h"
#include "frontends/server/metrics.h"
#include "frontends/server/reply.h"
#include "frontends/server/user.h"

#include "renku/renku.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

/* Threads */

typedef struct work {
    rk_job job;
    pthread_mutex_t *gate; /* taken while it runs */
    int done;
} work;

static void run_work(rk_job *job)
{
    work *mine = (work *)job;

    if (mine->gate) {
        pthread_mutex_lock(mine->gate);
        pthread_mutex_unlock(mine->gate);
    }
    mine->done++;
}

/* Waits for the bell and counts what has finished. */
static int take_finished(rk_jobs *jobs, int fd)
{
    uint64_t bell;
    int count = 0;

    ck_assert_int_eq(read(fd, &bell, sizeof(bell)), sizeof(bell));
    for (rk_job *job = rk_jobs_finished(jobs); job; job = job->next)
        count++;
    return count;
}

START_TEST(every_job_runs_once_and_comes_back)
{
    int fd = eventfd(0, EFD_CLOEXEC), finished = 0;
    rk_jobs *jobs = rk_jobs_new(4, fd);
    work all[200] = {0};

    for (int i = 0; i < COUNT(all); i++) {
        all[i].job.run = run_work;
        ck_assert_int_eq(rk_jobs_submit(jobs, &all[i].job), 0);
    }
    while (finished < COUNT(all))
        finished += take_finished(jobs, fd);
    for (int i = 0; i < COUNT(all); i++)
        ck_assert_int_eq(all[i].done, 1);
    ck_assert_uint_eq(rk_jobs_count(jobs), 0);
    ck_assert(!rk_jobs_are_busy(jobs));
    rk_jobs_free(jobs);
    close(fd);
}
END_TEST

START_TEST(a_job_that_waits_can_be_taken_back_and_one_that_runs_cannot)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    int fd = eventfd(0, EFD_CLOEXEC), finished = 0;
    rk_jobs *jobs = rk_jobs_new(1, fd);
    work first = {{.run = run_work}, &gate, 0}, second = {{.run = run_work}, NULL, 0},
         third = second;

    pthread_mutex_lock(&gate);
    rk_jobs_submit(jobs, &first.job);
    rk_jobs_submit(jobs, &second.job);
    rk_jobs_submit(jobs, &third.job);
    while (first.job.waiting)
        sched_yield();
    ck_assert(!rk_jobs_cancel(jobs, &first.job));
    ck_assert(rk_jobs_cancel(jobs, &third.job));
    ck_assert(!rk_jobs_cancel(jobs, &third.job));
    ck_assert_uint_eq(rk_jobs_count(jobs), 2);
    ck_assert(rk_jobs_are_busy(jobs));
    rk_jobs_submit(jobs, &third.job);
    ck_assert(rk_jobs_cancel(jobs, &second.job));
    pthread_mutex_unlock(&gate);
    while (finished < 2)
        finished += take_finished(jobs, fd);
    ck_assert_int_eq(first.done + third.done, 2);
    ck_assert_int_eq(second.done, 0);
    rk_jobs_free(jobs);
    close(fd);
}
END_TEST

/* Every wait with a limit is over at once, as if its time had come long ago. */
static atomic_int limited_waits;
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
                                  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
                                  const struct timespec *until)
{
    (void)condition, (void)lock, (void)until;
    limited_waits++;
    return ETIMEDOUT;
}

START_TEST(a_thread_that_is_kept_sleeps_until_there_is_work)
{
    int fd = eventfd(0, EFD_CLOEXEC);
    rk_jobs *jobs = rk_jobs_new(4, fd);

    limited_waits = 0;
    for (int i = 0; i < 50; i++) {
        work one = {{.run = run_work}, NULL, 0};

        ck_assert_int_eq(rk_jobs_submit(jobs, &one.job), 0);
        ck_assert_int_eq(take_finished(jobs, fd), 1);
    }
    rk_jobs_free(jobs);
    ck_assert_int_eq(limited_waits, 0);
    close(fd);
}
END_TEST

/* Replies */

static renku_result *result_of(const char *method, const char *target)
{
    renku_http_request request = RENKU_HTTP_REQUEST_INIT;

    request.method = method;
    request.target = target;
    return renku_http_handle(NULL, &request);
}

static void has_line(const rk_reply *reply, const char *line, bool wanted)
{
    char *head = strndup(reply->head, reply->head_size);

    ck_assert_msg((strstr(head, line) != NULL) == wanted, "%s in %s", line, head);
    free(head);
}

START_TEST(a_reply_has_the_length_of_its_body)
{
    rk_reply *reply = rk_reply_of_result(result_of("GET", "/api/data/big?size=1000"), false);

    has_line(reply, "HTTP/1.1 200 OK\r\n", true);
    has_line(reply, "\r\ncontent-length: 1000\r\n", true);
    has_line(reply, "\r\nx-request-id: ", true);
    has_line(reply, "\r\ndate: ", true);
    has_line(reply, "server:", false);
    ck_assert_uint_eq(reply->body_size, 1000);
    rk_reply_free(reply);

    reply = rk_reply_of_result(result_of("GET", "/api/data/none"), false);
    has_line(reply, "HTTP/1.1 204 No Content\r\n", true);
    has_line(reply, "content-length", false);
    rk_reply_free(reply);
}
END_TEST

START_TEST(without_memory_there_is_still_a_reply)
{
    rk_reply *reply = rk_reply_of_text(200, "text/plain", NULL, false);

    has_line(reply, "HTTP/1.1 500 ", true);
    has_line(reply, "content-length: 69\r\n", true);
    ck_assert_uint_eq(reply->body_size, 69);
    ck_assert_uint_eq(strlen(reply->body), 69);
    rk_reply_free(reply);
}
END_TEST

START_TEST(a_refusal_is_json_whatever_its_message)
{
    rk_reply *reply = rk_reply_refuse(417, "Unknown Expect: \"\\\x01\xc3\xa4", false);
    json_object *body = json_tokener_parse(reply->body), *error = NULL, *code = NULL;

    ck_assert(json_object_object_get_ex(body, "error", &error));
    ck_assert(json_object_object_get_ex(error, "code", &code));
    ck_assert_int_eq(json_object_get_int(code), 1417);
    json_object_put(body);
    rk_reply_free(reply);

    reply = rk_reply_refuse(400, "Bad Request", true);
    ck_assert_uint_eq(reply->body_size, 0);
    rk_reply_free(reply);
}
END_TEST

/* Metrics */

static void has_metric(const char *line, bool wanted)
{
    char *text = rk_metrics_text(true);

    ck_assert_ptr_nonnull(text);
    ck_assert_msg((strstr(text, line) != NULL) == wanted, "%s", line);
    free(text);
}

/* Spec: foundations.md 16 */
START_TEST(metrics_count_what_all_processes_did)
{
    ck_assert_int_eq(rk_metrics_open(4), 0);
    for (unsigned i = 1; i <= 4; i++) {
        pid_t child = fork();

        if (child == 0) {
            rk_metrics_worker(i, NULL);
            rk_metrics_in_flight(1);
            for (int n = 0; n < 1000; n++)
                rk_metrics_request("GET", "/a?x=1", 200, 30000);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    rk_metrics_refused(400);
    has_metric(
        "sanic_request_count_total{method=\"GET\",endpoint=\"/a\",http_status=\"200\"} 4000\n",
        true);
    has_metric(
        "latency_sec_bucket{method=\"GET\",endpoint=\"/a\",http_status=\"200\",le=\"0.025\"} 0\n",
        true);
    has_metric(
        "latency_sec_bucket{method=\"GET\",endpoint=\"/a\",http_status=\"200\",le=\"0.05\"} 4000\n",
        true);
    has_metric(
        "latency_sec_bucket{method=\"GET\",endpoint=\"/a\",http_status=\"200\",le=\"+Inf\"} 4000\n",
        true);
    has_metric("latency_sec_sum{method=\"GET\",endpoint=\"/a\",http_status=\"200\"} 120.000000\n",
               true);
    has_metric("renku_http_requests_in_flight 4\n", true);
    has_metric("renku_http_refused_total{http_status=\"400\"} 1\n", true);
    rk_metrics_worker(1, NULL); /* what the dead worker left does not count on */
    has_metric("renku_http_requests_in_flight 3\n", true);
}
END_TEST

START_TEST(metrics_escape_their_labels_and_never_run_out)
{
    char target[300], long_target[400];

    ck_assert_int_eq(rk_metrics_open(4), 0);
    rk_metrics_request("GET", "/a\"b\\c", 200, 1);
    has_metric("endpoint=\"/a\\\"b\\\\c\"", true);
    memset(long_target, 'x', sizeof(long_target) - 1);
    long_target[0] = '/';
    long_target[sizeof(long_target) - 1] = '\0';
    rk_metrics_request("BREW", long_target, 200, 1);
    has_metric("{method=\"OTHER\",endpoint=\"other\",http_status=\"200\"} 1\n", true);
    for (int i = 0; i < 10000; i++) {
        snprintf(target, sizeof(target), "/%d", i);
        rk_metrics_request("GET", target, 200, 1);
        rk_metrics_request("GET", target, 404, 1);
    }
    has_metric("{method=\"GET\",endpoint=\"other\",http_status=\"404\"} 9488\n", true);
    has_metric("{method=\"GET\",endpoint=\"/511\",http_status=\"404\"} 1\n", true);
    has_metric("{method=\"GET\",endpoint=\"/512\",http_status=\"404\"}", false);
    has_metric("{method=\"GET\",endpoint=\"/1000\",http_status=\"200\"} 1\n", true);
    has_metric("{method=\"GET\",endpoint=\"/2100\",http_status=\"200\"}", false);
}
END_TEST

/* Users */

START_TEST(a_user_is_found_by_name_or_number)
{
    rk_user user, same;
    char text[600];

    ck_assert(rk_user_find(&user, "nobody"));
    ck_assert_uint_gt(user.uid, 0);
    rk_user_format(text, sizeof(text), &user);
    ck_assert(rk_user_parse(&same, text));
    ck_assert_uint_eq(same.uid, user.uid);
    ck_assert_int_eq(same.group_count, user.group_count);
    ck_assert(rk_user_find(&user, "12345:54321"));
    ck_assert_uint_eq(user.gid, 54321);
    ck_assert(rk_user_find(&user, "12345"));
    ck_assert_uint_eq(user.gid, 12345);
    ck_assert(!rk_user_find(&user, "no-such-user"));
    ck_assert(!rk_user_find(&user, "12x"));
    ck_assert(!rk_user_find(&user, ""));
    ck_assert(!rk_user_parse(&user, "12"));
    ck_assert(!rk_user_parse(&user, "12:13,x"));
}
END_TEST

/* Identity */

static char folder[40];

static void make_folder(void)
{
    strcpy(folder, "/tmp/renku-identity-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void write_users(const char *text)
{
    char path[100];

    snprintf(path, sizeof(path), "%s/users.json", folder);

    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void remove_folder(void)
{
    char path[100];

    snprintf(path, sizeof(path), "%s/users.json", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/signing-key.pem", folder);
    unlink(path);
    rmdir(folder);
}

START_TEST(a_key_is_made_once_and_closed_to_others)
{
    struct stat before, after;
    char path[100];

    snprintf(path, sizeof(path), "%s/signing-key.pem", folder);
    ck_assert_int_eq(rk_identity_create(folder), 0);
    ck_assert_int_eq(stat(path, &before), 0);
    ck_assert_uint_eq(before.st_mode & 0777, 0600);
    ck_assert_int_eq(rk_identity_create(folder), 0);
    ck_assert_int_eq(stat(path, &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert_int_eq(rk_identity_create("/nonexistent"), -1);
}
END_TEST

START_TEST(a_token_has_three_parts_and_the_same_id_each_time)
{
    rk_identity_request request = {
        .issuer = "i", .username = "alice", .client = "renku", .lifetime_seconds = 60};
    char id[37], again[37];

    ck_assert_int_eq(rk_identity_create(folder), 0);

    rk_identity *identity = rk_identity_open_folder(folder);

    ck_assert_ptr_nonnull(identity);

    char *token = rk_identity_token(identity, &request);
    char *jwks = rk_identity_jwks(identity);

    ck_assert_ptr_nonnull(token);
    ck_assert_int_eq(strncmp(token, "eyJ", 3), 0);
    ck_assert_ptr_nonnull(strchr(strchr(token, '.') + 1, '.'));
    ck_assert_ptr_nonnull(strstr(jwks, "\"use\":\"sig\""));
    rk_identity_user_id(id, identity, "alice");
    rk_identity_user_id(again, identity, "alice");
    ck_assert_str_eq(id, again);
    rk_identity_user_id(again, identity, "bob");
    ck_assert_str_ne(id, again);
    free(token);
    free(jwks);
    rk_identity_free(identity);
}
END_TEST

START_TEST(only_the_list_lets_in)
{
    ck_assert_int_eq(rk_identity_create(folder), 0);
    write_users("{\"users\":[{\"username\":\"a\",\"password\":\"p\",\"id\":\"own\"},{\"username\":"
                "\"b\"},7],"
                "\"clients\":[{\"client_id\":\"c\",\"client_secret\":\"s\"}]}");

    rk_identity *identity = rk_identity_open_folder(folder);
    char id[37];

    ck_assert(rk_identity_is_user(identity, "a", "p"));
    ck_assert(!rk_identity_is_user(identity, "a", "q"));
    ck_assert(!rk_identity_is_user(identity, "a", NULL));
    ck_assert(!rk_identity_is_user(identity, "b", ""));
    ck_assert(!rk_identity_is_user(identity, "x", "p"));
    ck_assert(rk_identity_is_client(identity, "c", "s"));
    ck_assert(!rk_identity_is_client(identity, "a", "p"));
    rk_identity_user_id(id, identity, "a");
    ck_assert_str_eq(id, "own");
    rk_identity_free(identity);
}
END_TEST

START_TEST(a_list_that_is_no_json_is_refused)
{
    ck_assert_int_eq(rk_identity_create(folder), 0);
    write_users("[1,");
    errno = 0;
    ck_assert_ptr_null(rk_identity_open_folder(folder));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* Log */

static char logged[8192];

/* Writes one record and reads what has come of it. */
static void take_log(int level, const char *text)
{
    int ends[2], before = dup(STDERR_FILENO);

    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    rk_log(level, "%s", text);
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);

    ssize_t got = read(ends[0], logged, sizeof(logged) - 1);

    close(ends[0]);
    logged[got > 0 ? got : 0] = '\0';
}

/* Spec: foundations.md 14 */
START_TEST(a_record_is_one_line_and_names_its_source)
{
    int year, micros, pid, line, size = 0;

    take_log(RK_LOG_WARNING, "one\ntwo\x1b");
    ck_assert_int_eq(sscanf(logged,
                            "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%6d [WARNING] %d/MainThread "
                            "renku_data_services.server (server.c:%d) [-][-] - %n",
                            &year, &micros, &pid, &line, &size),
                     4);
    ck_assert_int_eq(pid, getpid());
    ck_assert_int_gt(line, 0);
    ck_assert_str_eq(logged + size, "one\\ntwo\\x1b\n");
}
END_TEST

/* Spec: foundations.md 14 */
START_TEST(a_record_is_an_object_when_that_is_wanted)
{
    setenv("LOG_FORMAT_STYLE", "JSON", 1);
    take_log(RK_LOG_ERROR, "one\n\"two\"\\");

    struct json_object *record = json_tokener_parse(logged);

    ck_assert_str_eq(json_object_get_string(json_object_object_get(record, "message")),
                     "one\n\"two\"\\");
    ck_assert_int_eq(json_object_get_int(json_object_object_get(record, "levelno")), 40);
    ck_assert_str_eq(json_object_get_string(json_object_object_get(record, "filename")),
                     "server.c");
    ck_assert_str_eq(json_object_get_string(json_object_object_get(record, "module")), "server");
    ck_assert_int_gt(json_object_get_int(json_object_object_get(record, "lineno")), 0);
    json_object_put(record);
    unsetenv("LOG_FORMAT_STYLE");
}
END_TEST

/* Spec: foundations.md 14; the least level that is written */
static const struct {
    const char *name, *value;
    int level;
} log_levels[] = {
    {"LOG_APP_LEVEL",    "error",                                         40},
    {"LOG_APP_LEVEL",    "Debug",                                         10},
    {"ERROR_LOGGING",    "x, renku_data_services.server ,y",              40},
    {"DEBUG_LOGGING",    "renku_data_services",                           10},
    {"ERROR_LOGGING",    "renku_data_services.server2",                   20},
    {"ERROR_LOGGING",    "renku_data",                                    20},
    {"WARNING_LOGGING",  "renku_data_services.serve,renku_data_services", 30},
    {"CRITICAL_LOGGING", "",                                              20},
};

START_TEST(a_logger_has_the_level_that_is_set_for_it)
{
    setenv(log_levels[_i].name, log_levels[_i].value, 1);
    for (int level = RK_LOG_DEBUG; level <= RK_LOG_ERROR; level += 10) {
        take_log(level, "text");
        ck_assert_msg((*logged != '\0') == (level >= log_levels[_i].level), "level %d: %s", level,
                      logged);
    }
    unsetenv(log_levels[_i].name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server");
    TCase *cases = tcase_create("parts"), *identity = tcase_create("identity");
    TCase *log = tcase_create("foundations.md 14");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, cases);
    tcase_add_test(cases, every_job_runs_once_and_comes_back);
    tcase_add_test(cases, a_thread_that_is_kept_sleeps_until_there_is_work);
    tcase_add_test(cases, a_job_that_waits_can_be_taken_back_and_one_that_runs_cannot);
    tcase_add_test(cases, a_reply_has_the_length_of_its_body);
    tcase_add_test(cases, without_memory_there_is_still_a_reply);
    tcase_add_test(cases, a_refusal_is_json_whatever_its_message);
    tcase_add_test(cases, metrics_count_what_all_processes_did);
    tcase_add_test(cases, metrics_escape_their_labels_and_never_run_out);
    tcase_add_test(cases, a_user_is_found_by_name_or_number);
    suite_add_tcase(suite, log);
    tcase_add_test(log, a_record_is_one_line_and_names_its_source);
    tcase_add_test(log, a_record_is_an_object_when_that_is_wanted);
    tcase_add_loop_test(log, a_logger_has_the_level_that_is_set_for_it, 0, COUNT(log_levels));
    suite_add_tcase(suite, identity);
    tcase_set_timeout(identity, 60);
    tcase_add_checked_fixture(identity, make_folder, remove_folder);
    tcase_add_test(identity, a_key_is_made_once_and_closed_to_others);
    tcase_add_test(identity, a_token_has_three_parts_and_the_same_id_each_time);
    tcase_add_test(identity, only_the_list_lets_in);
    tcase_add_test(identity, a_list_that_is_no_json_is_refused);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
