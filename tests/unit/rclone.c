/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of renku-rclone that need no rclone. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/rclone/network.h"
#include "frontends/rclone/words.h"

static bool allows(const rk_networks *networks, const char *text, int port)
{
    struct sockaddr_in6 new = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in old = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    if (inet_pton(AF_INET6, text, &new.sin6_addr) == 1)
        return rk_networks_allow(networks, (struct sockaddr *)&new, sizeof(new));
    ck_assert_int_eq(inet_pton(AF_INET, text, &old.sin_addr), 1);
    return rk_networks_allow(networks, (struct sockaddr *)&old, sizeof(old));
}

static const struct {
    const char *networks, *address;
    int port;
    bool allowed;
} addresses[] = {
    {"",                     "8.8.8.8",          443, true },
    {"",                     "2606:4700::1111",  443, true },
    {"",                     "::ffff:8.8.8.8",   443, true },
    {"",                     "0.0.0.0",          80,  false},
    {"",                     "10.1.2.3",         80,  false},
    {"",                     "100.64.0.1",       80,  false},
    {"",                     "127.0.0.1",        80,  false},
    {"",                     "127.255.255.254",  80,  false},
    {"",                     "169.254.169.254",  80,  false},
    {"",                     "172.16.0.1",       80,  false},
    {"",                     "172.31.255.255",   80,  false},
    {"",                     "172.32.0.1",       80,  true },
    {"",                     "192.168.1.1",      80,  false},
    {"",                     "198.19.0.1",       80,  false},
    {"",                     "224.0.0.1",        80,  false},
    {"",                     "255.255.255.255",  80,  false},
    {"",                     "::",               80,  false},
    {"",                     "::1",              80,  false},
    {"",                     "::ffff:127.0.0.1", 80,  false},
    {"",                     "::127.0.0.1",      80,  false},
    {"",                     "64:ff9b::7f00:1",  80,  false},
    {"",                     "2002:7f00:1::",    80,  false},
    {"",                     "2001::1",          80,  false},
    {"",                     "fc00::1",          80,  false},
    {"",                     "fe80::1",          80,  false},
    {"",                     "ff02::1",          80,  false},
    {"127.0.0.2",            "127.0.0.2",        80,  true },
    {"127.0.0.2",            "127.0.0.3",        80,  false},
    {"10.0.0.0/9",           "10.127.255.255",   80,  true },
    {"10.0.0.0/9",           "10.128.0.0",       80,  false},
    {"10.0.0.0/8, fd00::/8", "fd12::1",          80,  true },
    {"fd00::/8 10.0.0.0/8",  "::ffff:10.0.0.1",  80,  true },
    {"0.0.0.0/0",            "127.0.0.1",        80,  true },
    {"0.0.0.0/0",            "::1",              80,  false},
    {"all",                  "127.0.0.1",        80,  true },
    {"all",                  "fd00::1",          80,  true },
    {"all",                  "169.254.169.254",  80,  false},
    {"all",                  "fe80::1",          80,  false},
    {"all, 169.254.0.0/16",  "169.254.169.254",  80,  true },
    {"",                     "10.9.9.9",         53,  true },
    {"",                     "10.9.9.9",         80,  false},
    {"",                     "10.9.9.8",         53,  false},
};

START_TEST(only_public_and_listed_addresses_are_reached)
{
    rk_networks networks;
    char path[] = "/tmp/renku-resolv-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_gt(dprintf(fd, "# none\nnameserver 10.9.9.9\nsearch x\n"), 0);
    ck_assert(rk_networks_parse(&networks, addresses[_i].networks));
    rk_networks_read_resolvers(&networks, path);
    remove(path);
    ck_assert_msg(allows(&networks, addresses[_i].address, addresses[_i].port) ==
                      addresses[_i].allowed,
                  "%s with \"%s\"", addresses[_i].address, addresses[_i].networks);
}
END_TEST

START_TEST(what_is_no_network_is_never_reached)
{
    const struct sockaddr local = {.sa_family = AF_UNIX};
    const struct sockaddr_in cut = {.sin_family = AF_INET};
    rk_networks networks;

    ck_assert(rk_networks_parse(&networks, "all, 0.0.0.0/0, ::/0"));
    ck_assert(!rk_networks_allow(&networks, &local, sizeof(local)));
    ck_assert(!rk_networks_allow(&networks, (const struct sockaddr *)&cut, 4));
}
END_TEST

static const char *const no_networks[] = {
    "10.0.0.0/33", "10.0.0/8", "::/129", "x", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "all 1",
};

START_TEST(a_list_of_other_things_is_refused)
{
    rk_networks networks;

    ck_assert(!rk_networks_parse(&networks, no_networks[_i]));
}
END_TEST

START_TEST(without_name_servers_this_machine_is_asked)
{
    rk_networks networks;

    ck_assert(rk_networks_parse(&networks, ""));
    rk_networks_read_resolvers(&networks, "/nonexistent");
    ck_assert(allows(&networks, "127.0.0.1", 53));
    ck_assert(allows(&networks, "::1", 53));
    ck_assert(!allows(&networks, "127.0.0.1", 54));
}
END_TEST

START_TEST(words_are_cut)
{
    char text[] = "2:ab,0:,3:c,:,";
    rk_words words;

    ck_assert(rk_words_cut(&words, text, sizeof(text) - 1));
    ck_assert_uint_eq(words.count, 3);
    ck_assert_str_eq(words.items[0], "ab");
    ck_assert_str_eq(words.items[1], "");
    ck_assert_str_eq(words.items[2], "c,:");
}
END_TEST

static const char *const no_words[] = {
    "x",     "1",     "1:", "1:a", "1:a;", "2:a,", ":a,", "-1:a,", "99999999999999999999:a,",
    "1:a,1", " 1:a,",
};

START_TEST(malformed_words_are_refused)
{
    rk_words words;
    size_t size = strlen(no_words[_i]);
    char *text = malloc(size); /* without an end, so that a sanitizer sees who reads too far */

    memcpy(text, no_words[_i], size);
    ck_assert(!rk_words_cut(&words, text, size));
    free(text);
}
END_TEST

START_TEST(a_word_has_no_nul)
{
    char text[] = "3:a\0b,";
    rk_words words;

    ck_assert(!rk_words_cut(&words, text, sizeof(text) - 1));
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
    Suite *suite = suite_create("rclone");
    TCase *networks = tcase_create("networks"), *words = tcase_create("words");

    tcase_add_loop_test(networks, only_public_and_listed_addresses_are_reached, 0,
                        COUNT(addresses));
    tcase_add_test(networks, what_is_no_network_is_never_reached);
    tcase_add_loop_test(networks, a_list_of_other_things_is_refused, 0, COUNT(no_networks));
    tcase_add_test(networks, without_name_servers_this_machine_is_asked);
    tcase_add_test(words, words_are_cut);
    tcase_add_loop_test(words, malformed_words_are_refused, 0, COUNT(no_words));
    tcase_add_test(words, a_word_has_no_nul);
    suite_add_tcase(suite, networks);
    suite_add_tcase(suite, words);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed ? 1 : 0;
}
