/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/claims.h"

#include <json-c/json.h>
#include <string.h>

#include "librenku/crypto/json.h"
#include "tests/unit/unit.h"

static struct json_object *claims_of(const char *text)
{
    struct json_object *claims = NULL;

    ck_ok(rk_crypto_json_read(&claims, op, text, strlen(text)));
    return claims;
}

/* The clock stands at 1000.5 s. */
static const struct {
    const char *claims;
    bool valid;
    int64_t expires;
} times[] = {
    {"{}",                                       true,  -1                 },
    {"{\"exp\":1001}",                           true,  1001               },
    {"{\"exp\":1000}",                           false, 0                  },
    {"{\"exp\":1000.9}",                         false, 0                  },
    {"{\"exp\":1001.9}",                         true,  1001               },
    {"{\"exp\":\"1001\"}",                       true,  1001               },
    {"{\"exp\":\"+1001\"}",                      true,  1001               },
    {"{\"exp\":\"1001.5\"}",                     false, 0                  },
    {"{\"exp\":\"1001 \"}",                      false, 0                  },
    {"{\"exp\":\"\"}",                           false, 0                  },
    {"{\"exp\":\"-\"}",                          false, 0                  },
    {"{\"exp\":\"99999999999999999999\"}",       false, 0                  },
    {"{\"exp\":\"1001\\u0000\"}",                false, 0                  },
    {"{\"exp\":true}",                           false, 0                  },
    {"{\"exp\":null}",                           false, 0                  },
    {"{\"exp\":[]}",                             false, 0                  },
    {"{\"exp\":1e400}",                          false, 0                  },
    {"{\"exp\":1e18}",                           true,  1000000000000000000},
    {"{\"exp\":9223372036854775807}",            true,  INT64_MAX          },
    {"{\"exp\":18446744073709551616}",           true,  INT64_MAX          },
    {"{\"exp\":-9223372036854775808}",           false, 0                  },
    {"{\"iat\":1000}",                           true,  -1                 },
    {"{\"iat\":1000.99}",                        true,  -1                 },
    {"{\"iat\":1001}",                           false, 0                  },
    {"{\"iat\":\"x\"}",                          false, 0                  },
    {"{\"nbf\":1000}",                           true,  -1                 },
    {"{\"nbf\":1001}",                           false, 0                  },
    {"{\"nbf\":-1}",                             true,  -1                 },
    {"{\"nbf\":{}}",                             false, 0                  },
    {"{\"nbf\":1000,\"iat\":1000,\"exp\":1001}", true,  1001               },
};

/* Spec: authentication.md 3.2, 10 */
START_TEST(times_are_compared_with_parts_of_a_second)
{
    struct json_object *claims = claims_of(times[_i].claims);
    rk_opt_int expires;
    int result = rk_claims_times(&expires, op, claims, 1000500000);

    ck_assert_int_eq(result, times[_i].valid ? 0 : RK_ERR_INVALID_TOKEN);
    if (!times[_i].valid)
        return;
    ck_assert_int_eq(expires.set, times[_i].expires >= 0);
    if (expires.set)
        ck_assert_int_eq(expires.value, times[_i].expires);
}
END_TEST

static const struct {
    const char *claims;
    bool valid;
} audiences[] = {
    {"{\"aud\":\"b\"}",         true },
    {"{\"aud\":[\"x\",\"a\"]}", true },
    {"{\"aud\":[\"x\"]}",       false},
    {"{\"aud\":[]}",            false},
    {"{\"aud\":[\"a\",1]}",     false},
    {"{\"aud\":[\"a\",null]}",  false},
    {"{\"aud\":\"a\\u0000\"}",  false},
    {"{\"aud\":\"\"}",          false},
    {"{\"aud\":null}",          false},
    {"{\"aud\":1}",             false},
    {"{\"aud\":{\"a\":true}}",  false},
    {"{}",                      false},
};

/* Spec: authentication.md 3.2 */
START_TEST(the_audience_must_name_us)
{
    static const char *const accepted[] = {"a", "b"};

    ck_assert_int_eq(rk_claims_audience(op, claims_of(audiences[_i].claims), accepted, 2),
                     audiences[_i].valid ? 0 : RK_ERR_INVALID_TOKEN);
}
END_TEST

static const struct {
    const char *claims;
    bool valid;
} ids[] = {
    {"{}",                            true },
    {"{\"sub\":\"a\",\"jti\":\"b\"}", true },
    {"{\"sub\":1}",                   false},
    {"{\"sub\":null}",                false},
    {"{\"jti\":[]}",                  false},
};

/* Spec: authentication.md 3.2 */
START_TEST(ids_must_be_texts)
{
    ck_assert_int_eq(rk_claims_ids(op, claims_of(ids[_i].claims)),
                     ids[_i].valid ? 0 : RK_ERR_INVALID_TOKEN);
}
END_TEST

static const struct {
    const char *claims;
    const char *roles; /* each with a blank behind it */
} roles[] = {
    {"{}",                                                               ""    },
    {"{\"realm_access\":{\"roles\":[\"a\",\"b\"]}}",                     "a b "},
    {"{\"realm_access\":{\"roles\":[\"a\",1,null,\"x\\u0000\",\"b\"]}}", "a b "},
    {"{\"realm_access\":{\"roles\":\"a\"}}",                             ""    },
    {"{\"realm_access\":{}}",                                            ""    },
    {"{\"realm_access\":[\"a\"]}",                                       ""    },
    {"{\"realm_access\":null}",                                          ""    },
};

/* Spec: authentication.md 3.3 */
START_TEST(roles_are_texts_of_a_list)
{
    char text[16] = "";
    rk_strings found;

    ck_ok(rk_claims_roles(&found, op, claims_of(roles[_i].claims)));
    for (size_t i = 0; i < found.count; i++) {
        strcat(text, found.items[i]);
        strcat(text, " ");
    }
    ck_assert_str_eq(text, roles[_i].roles);
}
END_TEST

/* Spec: authentication.md 3.3 */
START_TEST(a_name_that_is_no_text_is_none)
{
    struct json_object *claims = claims_of("{\"a\":\"x\",\"b\":1,\"c\":null,\"d\":\"x\\u0000y\"}");
    static const char *const none[] = {"b", "c", "d", "e"};
    const char *name;

    ck_ok(rk_claims_name(&name, op, claims, "a"));
    ck_assert_str_eq(name, "x");
    for (size_t i = 0; i < RK_COUNT(none); i++) {
        ck_ok(rk_claims_name(&name, op, claims, none[i]));
        ck_assert_ptr_null(name);
    }
}
END_TEST

UNIT_SUITE(claims)
{
    TCase *claims = unit_case(suite, "claims");

    unit_table(claims, times_are_compared_with_parts_of_a_second, times);
    unit_table(claims, the_audience_must_name_us, audiences);
    unit_table(claims, ids_must_be_texts, ids);
    unit_table(claims, roles_are_texts_of_a_list, roles);
    tcase_add_test(claims, a_name_that_is_no_text_is_none);
}
