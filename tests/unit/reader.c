/* SPDX-License-Identifier: Apache-2.0 */
/* The strict reader: each way a request may be wrong, each limit, and the same outcome however the
 * bytes are cut. */
#include "frontends/server/reader.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static const rk_reader_limits usual = {.head_bytes = 65535, .body_bytes = 1000};

/* Feeds text in pieces of @p step bytes; what came out is as rk_reader_take() says at the end. */
static rk_read feed(rk_reader *reader, const char *text, size_t size, size_t step)
{
    rk_read read = RK_READ_MORE;

    for (size_t at = 0; at < size && read == RK_READ_MORE;) {
        size_t room, part = size - at < step ? size - at : step;
        char *to = rk_reader_room(&room, reader, SIZE_MAX);

        ck_assert_ptr_nonnull(to);
        if (part > room)
            part = room;
        memcpy(to, text + at, part);
        at += part;
        read = rk_reader_take(reader, part);
    }
    return read;
}

static rk_read feed_text(rk_reader *reader, const char *text, size_t step)
{
    rk_reader_init(reader, &usual);
    return feed(reader, text, strlen(text), step);
}

static rk_request *read_one(const char *text)
{
    rk_reader reader;

    ck_assert_int_eq(feed_text(&reader, text, SIZE_MAX), RK_READ_REQUEST);

    rk_request *request = rk_reader_detach(&reader);

    rk_reader_clear(&reader);
    return request;
}

static const size_t cuts[] = {1, 2, 3, 5, 7, 64, SIZE_MAX};

/* Status and message of refusals. */
#define BAD 400, "Bad Request"
#define BAD_LENGTH 400, "Bad content-length"
#define NOT_ASCII 400, "URL may only contain US-ASCII characters."
#define TEA 417, "Unknown Expect: tea"
#define TOO_LARGE 413, "Request body exceeds the size limit"
#define BAD_VERSION 505, "HTTP Version Not Supported"

static const struct {
    const char *what, *text;
    int status;
    const char *message;
} refusals[] = {
    {"no method",                          " / HTTP/1.1\r\n\r\n",                                                   BAD        },
    {"no target",                          "GET HTTP/1.1\r\n\r\n",                                                  BAD        },
    {"two blanks",                         "GET  / HTTP/1.1\r\n\r\n",                                               BAD        },
    {"a blank at the end",                 "GET / HTTP/1.1 \r\n\r\n",                                               BAD        },
    {"a blank in the target",              "GET /a b HTTP/1.1\r\n\r\n",                                             BAD        },
    {"a tab for a blank",                  "GET\t/ HTTP/1.1\r\n\r\n",                                               BAD        },
    {"a method that is no token",          "G(T / HTTP/1.1\r\n\r\n",                                                BAD        },
    {"no version",                         "GET /\r\n\r\n",                                                         BAD        },
    {"version in lower case",              "GET / http/1.1\r\n\r\n",                                                BAD        },
    {"version of two digits",              "GET / HTTP/1.10\r\n\r\n",                                               BAD        },
    {"HTTP/2",                             "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",                                      BAD_VERSION},
    {"HTTP/1.2",                           "GET / HTTP/1.2\r\n\r\n",                                                BAD_VERSION},
    {"HTTP/0.9",                           "GET / HTTP/0.9\r\n\r\n",                                                BAD_VERSION},
    {"a target that is not ASCII",         "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n",                                NOT_ASCII  },
    {"a control byte in the target",       "GET /\x01 HTTP/1.1\r\n" HOST "\r\n",                                    BAD        },
    {"a fragment in the target",           "GET /a#b HTTP/1.1\r\n" HOST "\r\n",                                     BAD        },
    {"a target without slash",             "GET a HTTP/1.1\r\n" HOST "\r\n",                                        BAD        },
    {"* for another method than OPTIONS",  "GET * HTTP/1.1\r\n" HOST "\r\n",                                        BAD        },
    {"an authority as target",             "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n",                                 BAD        },
    {"a scheme other than http",           "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n",                                 BAD        },
    {"a user in the target",               "GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n",                              BAD        },
    {"no host in the target",              "GET http:///x HTTP/1.1\r\n" HOST "\r\n",                                BAD        },
    {"a host that comes late",             "GET http:/x?y=://b/ HTTP/1.1\r\n" HOST "\r\n",                          BAD        },
    {"line end without CR",                "GET / HTTP/1.1\nHost: a\n\n",                                           BAD        },
    {"field end without CR",               "GET / HTTP/1.1\r\nHost: a\n\r\n",                                       BAD        },
    {"CR in a value",                      GET "X: a\rb\r\n\r\n",                                                   BAD        },
    {"folded field",                       GET "X: a\r\n b\r\n\r\n",                                                BAD        },
    {"field without colon",                GET "X\r\n\r\n",                                                         BAD        },
    {"blank before the colon",             GET "X : a\r\n\r\n",                                                     BAD        },
    {"field without name",                 GET ": a\r\n\r\n",                                                       BAD        },
    {"a name that is no token",            GET "X(y): a\r\n\r\n",                                                   BAD        },
    {"a name that is not ASCII",           GET "X\xc3\xa4: a\r\n\r\n",                                              BAD        },
    {"a control byte in a value",          GET "X: a\x01\r\n\r\n",                                                  BAD        },
    {"DEL in a value",                     GET "X: a\x7f\r\n\r\n",                                                  BAD        },
    {"no Host",                            "GET / HTTP/1.1\r\nX: a\r\n\r\n",                                        BAD        },
    {"two Hosts",                          GET "Host: b\r\n\r\n",                                                   BAD        },
    {"two Hosts in HTTP/1.0",              "GET / HTTP/1.0\r\n" HOST HOST "\r\n",                                   BAD        },
    {"a Host that is none",                "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",                                   BAD        },
    {"two names in Host",                  "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",                                  BAD        },
    {"length of words",                    POST "Content-Length: ten\r\n\r\n",                                      BAD_LENGTH },
    {"length with sign",                   POST "Content-Length: +1\r\n\r\n",                                       BAD_LENGTH },
    {"negative length",                    POST "Content-Length: -1\r\n\r\n",                                       BAD_LENGTH },
    {"empty length",                       POST "Content-Length:\r\n\r\n",                                          BAD_LENGTH },
    {"list of lengths",                    POST "Content-Length: 5, 5\r\n\r\n",                                     BAD_LENGTH },
    {"length in hex",                      POST "Content-Length: 0x5\r\n\r\n",                                      BAD_LENGTH },
    {"two lengths that differ",            POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",                   BAD_LENGTH },
    {"length and chunked",                 POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",          BAD        },
    {"chunked and length",                 POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",          BAD        },
    {"an encoding that nobody knows",      POST "Transfer-Encoding: gzip, chunked\r\n\r\n",                         BAD        },
    {"chunked twice",                      POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", BAD        },
    {"a disguised chunked",                POST "Transfer-Encoding: xchunked\r\n\r\n",                              BAD        },
    {"chunked in HTTP/1.0",                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",                 BAD        },
    {"an expectation that nobody knows",   POST "Expect: tea\r\n\r\n",                                              TEA        },
    {"a body that is too large",           POST "Content-Length: 1001\r\n\r\n",                                     TOO_LARGE  },
    {"a length beyond 64 bits",            POST "Content-Length: 99999999999999999999999\r\n\r\n",                  TOO_LARGE  },
    {"chunk size that is none",            CHUNKED "x\r\n",                                                         BAD        },
    {"empty chunk size",                   CHUNKED "\r\n",                                                          BAD        },
    {"negative chunk size",                CHUNKED "-1\r\n",                                                        BAD        },
    {"chunk size with blank",              CHUNKED "1 \r\na\r\n",                                                   BAD        },
    {"chunk size without CR",              CHUNKED "1\na\r\n0\r\n\r\n",                                             BAD        },
    {"chunk size of 17 digits",            CHUNKED "00000000000000001\r\n",                                         BAD        },
    {"control byte in a chunk extension",  CHUNKED "1;\x01\r\na\r\n",                                               BAD        },
    {"a chunk that is too long",           CHUNKED "1\r\nab\r\n",                                                   BAD        },
    {"a chunk without CR",                 CHUNKED "1\r\na\n",                                                      BAD        },
    {"a chunk that is too large",          CHUNKED "3e9\r\n",                                                       TOO_LARGE  },
    {"a chunk size of 64 bits",            CHUNKED "ffffffffffffffff\r\n",                                          TOO_LARGE  },
    {"chunks that are too large together", CHUNKED "1\r\na\r\n3e8\r\n",                                             TOO_LARGE  },
    {"trailer that is none",               CHUNKED "0\r\nX\r\n\r\n",                                                BAD        },
    {"trailer without CR",                 CHUNKED "0\r\nX: a\n\r\n",                                               BAD        },
    {"three blank lines before",           "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",                                BAD        },
};

/* Spec: foundations.md 2.5 */
START_TEST(a_malformed_request_is_refused_with_its_status)
{
    for (int i = 0; i < COUNT(cuts); i++) {
        rk_reader reader;
        char message[200];

        ck_assert_msg(feed_text(&reader, refusals[_i].text, cuts[i]) == RK_READ_REFUSED,
                      "%s, in pieces of %zu", refusals[_i].what, cuts[i]);
        snprintf(message, sizeof(message), "%s%s", reader.text, reader.value ? reader.value : "");
        ck_assert_msg(reader.status == refusals[_i].status, "%s: %d", refusals[_i].what,
                      reader.status);
        ck_assert_str_eq(message, refusals[_i].message);
        rk_reader_clear(&reader);
    }
}
END_TEST

static const struct {
    const char *text, *method, *target, *body;
    int fields;
    bool keep_alive;
} accepted[] = {
    {GET "\r\n",                                                  "GET",      "/",                "",           1, true },
    {"\r\n" GET "\r\n",                                           "GET",      "/",                "",           1, true },
    {"GET / HTTP/1.0\r\n\r\n",                                    "GET",      "/",                "",           0, false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",          "GET",      "/",                "",           1, true },
    {GET "Connection: close\r\n\r\n",                             "GET",      "/",                "",           2, false},
    {GET "Connection: upgrade, Close\r\n\r\n",                    "GET",      "/",                "",           2, false},
    {GET "Connection: closed\r\n\r\n",                            "GET",      "/",                "",           2, true },
    {"GET /a%20b?x=1&y={|} HTTP/1.1\r\n" HOST "\r\n",             "GET",      "/a%20b?x=1&y={|}", "",           1, true },
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n",                        "OPTIONS",  "*",                "",           1, true },
    {"M-SEARCH / HTTP/1.1\r\n" HOST "\r\n",                       "M-SEARCH", "/",                "",           1, true },
    {"GET http://b:80/x?y HTTP/1.1\r\n" HOST "\r\n",              "GET",      "/x?y",             "",           1, true },
    {"GET HTTPS://b HTTP/1.1\r\n" HOST "\r\n",                    "GET",      "/",                "",           1, true },
    {"GET http://b?q HTTP/1.1\r\n" HOST "\r\n",                   "GET",      "/?q",              "",           1, true },
    {"GET http://b/x HTTP/1.0\r\n\r\n",                           "GET",      "/x",               "",           0, false},
    {GET "X-Empty:\r\nX-Blank: \t \r\n\r\n",                      "GET",      "/",                "",           3, true },
    {GET "X: \xc3\xa4\tb\r\n\r\n",                                "GET",      "/",                "",           2, true },
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n",                           "GET",      "/",                "",           1, true },
    {"GET / HTTP/1.1\r\nHostile: evil\r\nHost: [::1]:80\r\n\r\n", "GET",      "/",                "",           2, true },
    {GET "Authorization: a\r\nAuthorization: b\r\n\r\n",          "GET",      "/",                "",           3, true },
    {GET "Content-Length: 3\r\n\r\nabc",                          "GET",      "/",                "abc",        2, true },
    {POST "Content-Length: 0\r\n\r\n",                            "POST",     "/",                "",           2, true },
    {POST "Content-Length: 003\r\ncontent-length: 3\r\n\r\nabc",  "POST",     "/",                "abc",        3, true },
    {POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na",   "POST",     "/",                "a",          3, true },
    {CHUNKED "3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\n\r\n",          "POST",     "/",                "abcde",      2, true },
    {CHUNKED "0\r\n\r\n",                                         "POST",     "/",                "",           2, true },
    {CHUNKED "00A\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\n",      "POST",     "/",                "0123456789", 2, true },
};

/* Spec: foundations.md 2.5 */
START_TEST(a_proper_request_is_read_however_it_is_cut)
{
    for (int i = 0; i < COUNT(cuts); i++) {
        rk_reader reader;

        ck_assert_msg(feed_text(&reader, accepted[_i].text, cuts[i]) == RK_READ_REQUEST,
                      "row %d: %d %s", _i, reader.status, reader.text);

        rk_request *request = rk_reader_detach(&reader);

        ck_assert_str_eq(request->http.method, accepted[_i].method);
        ck_assert_str_eq(request->http.target, accepted[_i].target);
        ck_assert_int_eq((int)request->http.header_count, accepted[_i].fields);
        ck_assert_uint_eq(request->http.body_size, strlen(accepted[_i].body));
        if (request->http.body_size)
            ck_assert_mem_eq(request->http.body, accepted[_i].body, request->http.body_size);
        else
            ck_assert_ptr_null(request->http.body);
        ck_assert_int_eq(request->keep_alive, accepted[_i].keep_alive);
        rk_request_free(request);
        rk_reader_clear(&reader);
    }
}
END_TEST

START_TEST(fields_keep_their_order_and_lose_their_blanks)
{
    rk_request *request =
        read_one("GET / HTTP/1.1\r\nHost: a\r\nB:\t two words \r\nA: 1\r\na: 2\r\n\r\n");

    ck_assert_str_eq(request->headers[1].name, "B");
    ck_assert_str_eq(request->headers[1].value, "two words");
    ck_assert_str_eq(request->headers[3].value, "2");
    ck_assert_str_eq(rk_request_header(request, "a"), "1");
    ck_assert_ptr_null(rk_request_header(request, "c"));
    rk_request_free(request);
}
END_TEST

START_TEST(the_host_of_an_absolute_target_wins)
{
    rk_request *request = read_one("GET http://other:81/x HTTP/1.1\r\nHost: a\r\n\r\n");

    ck_assert_str_eq(rk_request_header(request, "host"), "other:81");
    rk_request_free(request);
}
END_TEST

/* FIELD: a header field after the 23rd is as good as any. */
START_TEST(a_hundred_fields_are_kept_and_one_more_is_refused)
{
    for (int count = 100; count <= 101; count++) {
        char text[4096] = "GET / HTTP/1.1\r\n" HOST, line[32];
        rk_reader reader;

        for (int i = 2; i < count; i++) {
            snprintf(line, sizeof(line), "X-%d: %d\r\n", i, i);
            strcat(text, line);
        }
        strcat(text, "Authorization: Bearer x\r\n\r\n");
        ck_assert_int_eq(feed_text(&reader, text, SIZE_MAX),
                         count == 100 ? RK_READ_REQUEST : RK_READ_REFUSED);
        if (count == 101)
            ck_assert_int_eq(reader.status, 431);
        rk_reader_clear(&reader);
    }
}
END_TEST

/* Spec: foundations.md 2.5 */
START_TEST(a_head_may_be_as_large_as_its_limit_and_no_larger)
{
    static const size_t limits[] = {100, 8192, 65535};
    size_t limit = limits[_i];

    for (size_t size = limit - 1; size <= limit + 1; size++) {
        const rk_reader_limits own = {.head_bytes = limit, .body_bytes = 10};
        char *text = malloc(size + 1);
        int start = sprintf(text, GET "X: ");
        rk_reader reader;

        memset(text + start, 'x', size - (size_t)start);
        memcpy(text + size - 4, "\r\n\r\n", 4);
        rk_reader_init(&reader, &own);
        ck_assert_int_eq(feed(&reader, text, size, _i ? 1000 : 1),
                         size > limit ? RK_READ_REFUSED : RK_READ_REQUEST);
        if (size > limit) {
            ck_assert_int_eq(reader.status, 413);
            ck_assert_str_eq(reader.text, "Request header exceeds the size limit");
        }
        rk_reader_clear(&reader);
        free(text);
    }
}
END_TEST

START_TEST(a_head_without_end_is_refused_at_the_limit)
{
    const rk_reader_limits own = {.head_bytes = 100, .body_bytes = 10};
    rk_reader reader;
    char text[101];

    memset(text, 'x', sizeof(text));
    rk_reader_init(&reader, &own);
    ck_assert_int_eq(feed(&reader, text, 100, 7), RK_READ_MORE);
    ck_assert_int_eq(feed(&reader, text, 1, 1), RK_READ_REFUSED);
    ck_assert_int_eq(reader.status, 413);
    rk_reader_clear(&reader);
}
END_TEST

START_TEST(trailers_count_against_the_limit_of_a_head)
{
    const rk_reader_limits own = {.head_bytes = 100, .body_bytes = 10};
    rk_reader reader;
    char text[300] = CHUNKED "0\r\n";

    for (int i = 0; i < 20; i++)
        strcat(text, "X: 12\r\n");
    for (int i = 0; i < COUNT(cuts); i++) {
        rk_reader_init(&reader, &own);
        ck_assert_int_eq(feed(&reader, text, strlen(text), cuts[i]), RK_READ_REFUSED);
        ck_assert_int_eq(reader.status, 413);
        rk_reader_clear(&reader);
    }
}
END_TEST

/* FIELD: POST with one byte too many, or two GETs in one packet. */
START_TEST(what_follows_a_request_is_the_next_one)
{
    static const char text[] =
        POST "Content-Length: 1\r\n\r\naGET /2 HTTP/1.1\r\n" HOST "\r\n" CHUNKED
             "1\r\nx\r\n0\r\n\r\nGET /4 HTTP/1.1\r\n" HOST "\r\n";
    static const char *const targets[] = {"/", "/2", "/", "/4"};

    for (int i = 0; i < COUNT(cuts); i++) {
        size_t at = 0, part = cuts[i] < strlen(text) ? cuts[i] : strlen(text);
        rk_reader reader;
        int seen = 0;

        rk_reader_init(&reader, &usual);
        while (seen < 4) {
            rk_read read = rk_reader_take(&reader, 0);

            if (read == RK_READ_MORE) {
                size_t size = strlen(text) - at < part ? strlen(text) - at : part;

                ck_assert_uint_gt(size, 0);
                read = feed(&reader, text + at, size, SIZE_MAX);
                at += size;
            }
            if (read != RK_READ_REQUEST)
                continue;

            rk_request *request = rk_reader_detach(&reader);

            ck_assert_str_eq(request->http.target, targets[seen++]);
            rk_request_free(request);
        }
        ck_assert(!rk_reader_is_begun(&reader));
        rk_reader_clear(&reader);
    }
}
END_TEST

START_TEST(a_byte_too_many_is_a_bad_request_of_its_own)
{
    rk_reader reader;

    ck_assert_int_eq(feed_text(&reader, POST "Content-Length: 1\r\n\r\nab\r\n", SIZE_MAX),
                     RK_READ_REQUEST);
    rk_request_free(rk_reader_detach(&reader));
    ck_assert_int_eq(rk_reader_take(&reader, 0), RK_READ_REFUSED);
    ck_assert_int_eq(reader.status, 400);
    rk_reader_clear(&reader);
}
END_TEST

START_TEST(a_client_is_told_to_continue_only_when_it_waits)
{
    static const struct {
        const char *text;
        bool expects;
    } rows[] = {
        {POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",               true },
        {POST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",      true },
        {POST "Content-Length: 5\r\n\r\n",                                       false},
        {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", false},
    };

    for (int i = 0; i < COUNT(rows); i++) {
        rk_reader reader;

        ck_assert_int_eq(feed_text(&reader, rows[i].text, 3), RK_READ_MORE);
        ck_assert_int_eq(reader.expects, rows[i].expects);
        rk_reader_clear(&reader);
    }
}
END_TEST

START_TEST(nul_bytes_are_refused_in_the_head_and_kept_in_the_body)
{
    static const char in_line[] = "GET /\0 HTTP/1.1\r\n" HOST "\r\n",
                      in_name[] = GET "X\0: a\r\n\r\n";
    static const char in_value[] = GET "X: a\0b\r\n\r\n",
                      in_body[] = POST "Content-Length: 3\r\n\r\na\0b";
    static const struct {
        const char *text;
        size_t size;
        rk_read read;
    } rows[] = {
        {in_line,  sizeof(in_line) - 1,  RK_READ_REFUSED},
        {in_name,  sizeof(in_name) - 1,  RK_READ_REFUSED},
        {in_value, sizeof(in_value) - 1, RK_READ_REFUSED},
        {in_body,  sizeof(in_body) - 1,  RK_READ_REQUEST},
    };

    for (int i = 0; i < COUNT(rows); i++) {
        rk_reader reader;

        rk_reader_init(&reader, &usual);
        ck_assert_int_eq(feed(&reader, rows[i].text, rows[i].size, SIZE_MAX), rows[i].read);
        rk_reader_clear(&reader);
    }
}
END_TEST

START_TEST(memory_follows_what_arrives_and_not_what_is_announced)
{
    const rk_reader_limits own = {.head_bytes = 8192, .body_bytes = 100000000};
    static const char text[] = POST "Content-Length: 100000000\r\n\r\n";
    char piece[1000];
    rk_reader reader;

    memset(piece, 'x', sizeof(piece));
    rk_reader_init(&reader, &own);
    ck_assert_int_eq(feed(&reader, text, strlen(text), SIZE_MAX), RK_READ_MORE);
    ck_assert_uint_le(reader.capacity, 4096);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(feed(&reader, piece, sizeof(piece), SIZE_MAX), RK_READ_MORE);
    ck_assert_uint_le(reader.capacity, 262144);
    rk_reader_clear(&reader);
}
END_TEST

START_TEST(a_buffer_does_not_grow_beyond_its_allowance)
{
    rk_reader reader;
    size_t room;

    rk_reader_init(&reader, &usual);
    ck_assert_ptr_null(rk_reader_room(&room, &reader, 100));
    ck_assert_ptr_nonnull(rk_reader_room(&room, &reader, 4096));
    ck_assert_uint_eq(room, 4096);
    rk_reader_clear(&reader);
}
END_TEST

START_TEST(chunks_of_one_byte_cost_no_more_memory_than_their_body)
{
    const rk_reader_limits own = {.head_bytes = 8192, .body_bytes = 100000};
    rk_reader reader;

    rk_reader_init(&reader, &own);
    ck_assert_int_eq(feed(&reader, CHUNKED, strlen(CHUNKED), SIZE_MAX), RK_READ_MORE);
    for (int i = 0; i < 20000; i++)
        ck_assert_int_eq(feed(&reader, "1;aaaaaaaaaaaaaaaa\r\nx\r\n", 23, SIZE_MAX), RK_READ_MORE);
    ck_assert_uint_le(reader.capacity, 65536);
    ck_assert_int_eq(feed(&reader, "0\r\n\r\n", 5, SIZE_MAX), RK_READ_REQUEST);
    ck_assert_uint_eq(reader.body_size, 20000);
    rk_reader_clear(&reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reader");
    TCase *cases = tcase_create("foundations.md 2.5");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, cases);
    tcase_add_loop_test(cases, a_malformed_request_is_refused_with_its_status, 0, COUNT(refusals));
    tcase_add_loop_test(cases, a_proper_request_is_read_however_it_is_cut, 0, COUNT(accepted));
    tcase_add_loop_test(cases, a_head_may_be_as_large_as_its_limit_and_no_larger, 0, 3);
    tcase_add_test(cases, fields_keep_their_order_and_lose_their_blanks);
    tcase_add_test(cases, the_host_of_an_absolute_target_wins);
    tcase_add_test(cases, a_hundred_fields_are_kept_and_one_more_is_refused);
    tcase_add_test(cases, a_head_without_end_is_refused_at_the_limit);
    tcase_add_test(cases, trailers_count_against_the_limit_of_a_head);
    tcase_add_test(cases, what_follows_a_request_is_the_next_one);
    tcase_add_test(cases, a_byte_too_many_is_a_bad_request_of_its_own);
    tcase_add_test(cases, a_client_is_told_to_continue_only_when_it_waits);
    tcase_add_test(cases, nul_bytes_are_refused_in_the_head_and_kept_in_the_body);
    tcase_add_test(cases, memory_follows_what_arrives_and_not_what_is_announced);
    tcase_add_test(cases, a_buffer_does_not_grow_beyond_its_allowance);
    tcase_add_test(cases, chunks_of_one_byte_cost_no_more_memory_than_their_body);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
