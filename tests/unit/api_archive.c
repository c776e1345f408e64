/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/archive.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "librenku/api/backup.h"
#include "tests/unit/unit.h"

static int fd = -1;

static void begin(void)
{
    fd = memfd_create("archive", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
}

static void end(void)
{
    (void)close(fd);
}

static void write_two(void)
{
    rk_archive_out out = {.fd = fd, .time_s = 1};

    ck_ok(rk_archive_put(&out, op, "one", "first", 5));
    ck_ok(rk_archive_put(&out, op, "two", "", 0));
    ck_ok(rk_archive_finish(&out, op));
    ck_assert_int_eq(out.written, 512 + 512 + 512 + 1024);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
}

START_TEST(what_was_written_is_read)
{
    rk_archive_in in;
    size_t length;

    write_two();
    ck_ok(rk_archive_open(&in, op, fd));
    ck_assert_str_eq(in.name, "one");
    ck_ok(rk_archive_take(&in, op, &length));
    ck_assert_uint_eq(length, 5);
    ck_assert_str_eq(in.content, "first");
    ck_assert_str_eq(in.name, "two");
    ck_ok(rk_archive_take(&in, op, &length));
    ck_assert_uint_eq(length, 0);
    ck_assert_str_eq(in.name, "");
}
END_TEST

START_TEST(without_memory_nothing_is_read)
{
    rk_archive_in in;

    write_two();
    ck_assert_int_eq(unit_without(1, rk_archive_open(&in, op, fd)), RK_ERR_NO_MEMORY);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_refused)
{
    rk_archive_out out = {.fd = fd};
    char name[RK_ARCHIVE_NAME_MAX + 2];

    memset(name, 'n', sizeof(name));
    name[RK_ARCHIVE_NAME_MAX + 1] = '\0';
    ck_fails(rk_archive_put(&out, op, name, "", 0), RK_ERR_INTERNAL);
    ck_assert_int_eq(out.written, 0);
}
END_TEST

START_TEST(a_member_that_is_too_large_is_refused)
{
    rk_archive_out out = {.fd = fd};

    ck_fails(rk_archive_put(&out, op, "n", "", RK_ARCHIVE_MEMBER_MAX + 1), RK_ERR_INTERNAL);
}
END_TEST

START_TEST(what_cannot_be_written_or_read_is_told)
{
    rk_archive_out out = {.fd = -1};
    rk_archive_in in;

    ck_fails(rk_archive_put(&out, op, "n", "", 0), RK_ERR_INVALID);
    rk_error_clear(op);
    ck_fails(rk_archive_open(&in, op, -1), RK_ERR_INVALID);
}
END_TEST

START_TEST(each_changed_byte_is_noticed)
{
    size_t length;
    char byte;

    write_two();
    for (off_t at = 0; at < 512 + 512 + 512 + 1024; at++) {
        rk_archive_in in = {0};
        int err;

        if (at >= 512 && at < 517)
            continue; /* the content, which digests look after */
        ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
        byte ^= 4;
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
        ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
        err = rk_archive_open(&in, op, fd);
        while (err == 0 && in.name[0])
            err = rk_archive_take(&in, op, &length);
        if (err != RK_ERR_INVALID)
            ck_abort_msg("byte %d was not noticed", (int)at);
        rk_error_clear(op);
        byte ^= 4;
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
        rk_op_end(op);
        ck_assert_int_eq(rk_op_begin(op), 0);
    }
}
END_TEST

static const char *const bad_manifests[] = {
    "",
    "[]",
    "{}",
    "{\"format\":1}",
    "{\"format\":\"1\",\"library\":\"l\",\"checksum\":\"c\",\"taken\":\"t\",\"tables\":[]}",
    "{\"format\":1,\"library\":\"l\",\"checksum\":\"c\",\"taken\":\"t\"}",
    "{\"format\":1,\"library\":\"l\",\"checksum\":\"c\",\"taken\":\"t\",\"tables\":[1]}",
    "{\"format\":1,\"library\":\"l\",\"checksum\":\"c\",\"taken\":\"t\",\"tables\":[{\"name\":1}]}",
    "{\"format\":1,\"library\":\"l\",\"checksum\":\"c\",\"taken\":\"t\","
    "\"tables\":[{\"name\":\"n\",\"columns\":[]}]}",
    "{\"format\":1,\"library\":\"l\",\"checksum\":\"c\",\"taken\":\"t\","
    "\"tables\":[{\"name\":\"n\",\"columns\":[1]}]}",
};

START_TEST(a_manifest_that_lacks_something_is_refused)
{
    const char *text = bad_manifests[_i];
    rk_backup backup;

    ck_fails(rk_backup_parse_manifest(&backup, op, text, strlen(text)), RK_ERR_INVALID);
}
END_TEST

START_TEST(a_manifest_is_read_as_it_was_written)
{
    static const char text[] = "{\"format\":1,\"library\":\"l\",\"revision\":3,\"checksum\":\"c\","
                               "\"taken\":\"t\",\"tables\":[\n"
                               "{\"name\":\"a.b\",\"columns\":[\"c\",\"d\"]}]}\n";
    rk_backup backup;
    rk_buf out;

    ck_ok(rk_backup_parse_manifest(&backup, op, text, sizeof(text) - 1));
    ck_assert_int_eq(backup.mark.revision, 3);
    rk_buf_begin(&out, op, 0);
    rk_backup_print_manifest(&out, &backup);
    ck_assert_str_eq(out.text, text);
}
END_TEST

UNIT_SUITE(api_archive)
{
    TCase *tcase = unit_case(suite, "archive");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, what_was_written_is_read);
    tcase_add_test(tcase, without_memory_nothing_is_read);
    tcase_add_test(tcase, a_name_that_is_too_long_is_refused);
    tcase_add_test(tcase, a_member_that_is_too_large_is_refused);
    tcase_add_test(tcase, what_cannot_be_written_or_read_is_told);
    tcase_add_test(tcase, each_changed_byte_is_noticed);
    tcase = unit_case(suite, "manifest");
    unit_table(tcase, a_manifest_that_lacks_something_is_refused, bad_manifests);
    tcase_add_test(tcase, a_manifest_is_read_as_it_was_written);
}
