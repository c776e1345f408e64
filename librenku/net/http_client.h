/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_HTTP_CLIENT_H
#define RK_HTTP_CLIENT_H

#include "librenku/base/op.h"

/* Requests to other services. Spec: foundations.md 20
 *
 * HTTP and HTTPS only, certificates are verified, nothing is read from ~/.netrc, no signal is used.
 * One connection per request. The first handle sets libcurl up, under a lock of libcurl's own
 * (since 7.84). */

typedef struct {
    const char *name;
    const char *value;
} rk_net_header;

/* How both sides show who they are. The texts are PEM, NULL is none. */
typedef struct {
    const char *authorities; /* trusted in place of those of the system and of ca_file */
    const char *certificate; /* of ours, with the key */
    const char *key;
    const char *server_name; /* in the certificate of the server; NULL is the host of the URL */
    bool insecure;           /* whatever the server shows is believed */
} rk_net_tls;

typedef struct {
    const char *method; /* NULL is GET */
    const char *url;
    const rk_net_header *headers;
    size_t header_count;
    const void *body; /* NULL is none; borrowed */
    size_t body_size;
    int timeout_ms; /* 0 is 5 000; the deadline of the operation may shorten it */
    bool
        follow_redirects; /* at most 5, and none when the request carries an Authorization header */
    size_t max_bytes;     /* of the body of the answer; 0 is 1 MiB */
    const char *ca_file;  /* trusted beside the system's store; NULL is SSL_CERT_FILE of the
                             operation's settings */
    const rk_net_tls *tls; /* NULL is the usual: no certificate of ours */
    bool traced;           /* a service of the deployment: it learns the trace of the request */
    bool (*cancelled)(void *user); /* asked about once a second; NULL is never */
    void *user;
} rk_net_request;

typedef struct rk_net_field {
    const struct rk_net_field *next;
    const char *name; /* as received */
    const char *value;
} rk_net_field;

/* Lives in the arena of the operation. */
typedef struct {
    int status;
    const rk_net_field *fields; /* headers of the last answer, newest first */
    const char *body;           /* NUL-terminated after body_size bytes */
    size_t body_size;
    bool tls_failed; /* there is no answer, because of a certificate: set when the call fails */
    bool unreached;  /* there is no answer, because of the connection or of the time that it took:
                        another attempt may get one; set when the call fails */
} rk_net_answer;

/* Any status is an answer; no answer is REMOTE, "Error on remote connection <METHOD> <URL>:
 * <reason>". */
int rk_net_send(rk_net_answer *out, rk_op *op, const rk_net_request *request);
int rk_net_get(rk_net_answer *out, rk_op *op, const char *url, int timeout_ms);
int rk_net_post(rk_net_answer *out, rk_op *op, const char *url, const char *type, const char *body);
/* NULL when the answer has no such header; names are compared in any case. */
const char *rk_net_answer_header(const rk_net_answer *answer, const char *name);
/* How long Retry-After, seconds or a date, asks to wait; 1 s when it says nothing. */
int64_t rk_net_retry_after_ms(const rk_net_answer *answer);

#endif
