/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/settings.h"

#include <stdio.h>
#include <string.h>

#include "librenku/base/log.h"
#include "tests/unit/unit.h"

typedef struct {
    const char *name, *value;
} variable;

/* What a start needs. */
static const variable needed[] = {
    {"DB_PASSWORD",                    "secret"         },
    {"KEYCLOAK_URL",                   "http://k/auth//"},
    {"KEYCLOAK_CLIENT_ID",             "id"             },
    {"KEYCLOAK_CLIENT_SECRET",         "s3cr3t"         },
    {"KEYCLOAK_TOKEN_SIGNATURE_ALGS",  "RS256"          },
    {"INTERNAL_AUTHN_SECRET_KEY_PATH", "/key"           },
};

enum { GIVEN_MAX = 8 };

/* Variables on top of what a start needs; NULL as value takes one away. */
static variable given[GIVEN_MAX];
static rk_settings *settings;

static const char *lookup(void *table, const char *name)
{
    for (size_t i = 0; i < GIVEN_MAX && given[i].name; i++)
        if (strcmp(given[i].name, name) == 0)
            return given[i].value;
    for (size_t i = 0; table && i < RK_COUNT(needed); i++)
        if (strcmp(needed[i].name, name) == 0)
            return needed[i].value;
    return NULL;
}

static int load(const char *name, const char *value)
{
    static int some;

    memset(given, 0, sizeof given);
    given[0] = (variable){name, value};
    return rk_settings_load(&settings, op, lookup, &some);
}

static void assert_refused(const char *name, const char *value, const char *said)
{
    ck_fails(load(name, value), RK_ERR_CONFIGURATION);
    ck_assert_msg(strstr(op->error.message, said) != NULL, "%s", op->error.message);
}

/* Spec: foundations.md 22.1 to 22.6, 2.5, 14; a default of NULL is none */
static const struct {
    rk_setting setting;
    const char *fallback;
} defaults[] = {
    {RK_SET_VERSION,                                                 "0.0.1"                                    },
    {RK_SET_DUMMY_STORES,                                            "false"                                    },
    {RK_SET_DUMMY_USERSTORE_USER_ALWAYS_EXISTS,                      "true"                                     },
    {RK_SET_ENABLE_INTERNAL_GITLAB,                                  "true"                                     },
    {RK_SET_GITLAB_URL,                                              NULL                                       },
    {RK_SET_K8S_NAMESPACE,                                           "default"                                  },
    {RK_SET_KUBERNETES_NAMESPACE,                                    NULL                                       },
    {RK_SET_K8S_CONFIGS_ROOT,                                        "/secrets/kube_configs"                    },
    {RK_SET_ALERTMANAGER_WEBHOOK_ROLE,                               "alertmanager-webhook"                     },
    {RK_SET_MAX_PINNED_PROJECTS,                                     "10"                                       },
    {RK_SET_CORS_ALLOW_ALL_ORIGINS,                                  "false"                                    },
    {RK_SET_PROXIES_COUNT,                                           "0"                                        },
    {RK_SET_REAL_IP_HEADER,                                          NULL                                       },
    {RK_SET_SSL_CERT_FILE,                                           NULL                                       },
    {RK_SET_PROMETHEUS_MULTIPROC_DIR,                                NULL                                       },
    {RK_SET_SANIC_REQUEST_MAX_SIZE,                                  "100000000"                                },
    {RK_SET_SANIC_REQUEST_MAX_HEADER_SIZE,                           "65535"                                    },
    {RK_SET_SANIC_REQUEST_TIMEOUT,                                   "60"                                       },
    {RK_SET_SANIC_RESPONSE_TIMEOUT,                                  "60"                                       },
    {RK_SET_SANIC_KEEP_ALIVE_TIMEOUT,                                "120"                                      },
    {RK_SET_SANIC_GRACEFUL_SHUTDOWN_TIMEOUT,                         "15"                                       },
    {RK_SET_DB_HOST,                                                 "localhost"                                },
    {RK_SET_DB_PORT,                                                 "5432"                                     },
    {RK_SET_DB_USER,                                                 "renku"                                    },
    {RK_SET_DB_NAME,                                                 "renku"                                    },
    {RK_SET_DB_PASSWORD,                                             NULL                                       },
    {RK_SET_DB_POOL_SIZE,                                            "4"                                        },
    {RK_SET_RENKU_DB_POOL_WAIT_MS,                                   "30000"                                    },
    {RK_SET_RENKU_SLOW_STATEMENT_MS,                                 "1000"                                     },
    {RK_SET_RENKU_DB_STATEMENT_TIMEOUT_MS,                           "0"                                        },
    {RK_SET_AUTHZ_DB_GRPC_PORT,                                      "50051"                                    },
    {RK_SET_AUTHZ_DB_NO_TLS_CONNECTION,                              "false"                                    },
    {RK_SET_SOLR_CORE,                                               "renku-search"                             },
    {RK_SET_SOLR_MAJOR_VERSION,                                      "9"                                        },
    {RK_SET_SOLR_REQUEST_TIMEOUT,                                    "600"                                      },
    {RK_SET_KEYCLOAK_REALM,                                          "Renku"                                    },
    {RK_SET_INTERNAL_AUTHN_DEFAULT_ACCESS_TOKEN_EXPIRATION_SECONDS,  "900"                                      },
    {RK_SET_INTERNAL_AUTHN_DEFAULT_REFRESH_TOKEN_EXPIRATION_SECONDS, "3600"                                     },
    {RK_SET_INTERNAL_AUTHN_LONG_REFRESH_TOKEN_EXPIRATION_SECONDS,    "86400"                                    },
    {RK_SET_INTERNAL_AUTHN_ISSUER,                                   "renku-self"                               },
    {RK_SET_INTERNAL_AUTHN_AUDIENCE,                                 "renku-self"                               },
    {RK_SET_SECRETS_SERVICE_PUBLIC_KEY_PATH,                         "/secret_service_public_key"               },
    {RK_SET_SECRETS_SERVICE_PRIVATE_KEY_PATH,                        "/secrets_service_private_key"             },
    {RK_SET_PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH,               NULL                                       },
    {RK_SET_ENCRYPTION_KEY_PATH,                                     "encryption_key"                           },
    {RK_SET_SENTRY_ENABLED,                                          "false"                                    },
    {RK_SET_SENTRY_SAMPLE_RATE,                                      "0.2"                                      },
    {RK_SET_POSTHOG_ENVIRONMENT,                                     "development"                              },
    {RK_SET_LOG_FORMAT_STYLE,                                        "plain"                                    },
    {RK_SET_LOG_ROOT_LEVEL,                                          "WARNING"                                  },
    {RK_SET_LOG_APP_LEVEL,                                           "INFO"                                     },
    {RK_SET_DEBUG_LOGGING,                                           ""                                         },
    {RK_SET_IMAGE_BUILDERS_ENABLED,                                  "false"                                    },
    {RK_SET_BUILD_OUTPUT_IMAGE_PREFIX,                               "harbor.dev.renku.ch/renku-builds/"        },
    {RK_SET_BUILD_OUTPUT_PRIVATE_IMAGE_PREFIX,                       "harbor.dev.renku.ch/renku-builds-private/"},
    {RK_SET_BUILD_PUSH_SECRET_NAME,                                  "renku-build-secret"                       },
    {RK_SET_ZENODO_URL,                                              "https://zenodo.org"                       },
    {RK_SET_ENVIDAT_URL,                                             "https://www.envidat.ch"                   },
    {RK_SET_NB_DATA_SERVICE_URL,                                     "http://127.0.0.1:8000"                    },
    {RK_SET_NB_SESSIONS__GIT_PROXY__PORT,                            "65480"                                    },
    {RK_SET_NB_SESSIONS__GIT_CLONE__SENTRY__SAMPLE_RATE,             "0.2"                                      },
    {RK_SET_NB_SESSIONS__CULLING__ANONYMOUS__IDLE_SECONDS,           "86400"                                    },
    {RK_SET_NB_SESSIONS__CULLING__REGISTERED__MAX_AGE_SECONDS,       "0"                                        },
    {RK_SET_NB_SESSIONS__ENFORCE_CPU_LIMITS,                         "off"                                      },
    {RK_SET_NB_CLOUD_STORAGE__MOUNT_FOLDER,                          "/cloudstorage"                            },
};

START_TEST(a_variable_has_the_default_of_the_contract)
{
    const char *fallback = rk_setting_default(defaults[_i].setting);

    if (!defaults[_i].fallback)
        ck_assert_ptr_null(fallback);
    else
        ck_assert_str_eq(fallback, defaults[_i].fallback);
}
END_TEST

START_TEST(unset_variables_have_their_defaults)
{
    ck_ok(load(NULL, NULL));
    for (int i = 0; i < RK_SETTING_COUNT_; i++) {
        rk_setting setting = (rk_setting)i;

        if (!rk_settings_is_set(settings, setting))
            ck_assert_pstr_eq(rk_settings_text(settings, setting), rk_setting_default(setting));
    }
    ck_assert_int_eq(rk_settings_int(settings, RK_SET_DB_PORT), 5432);
    ck_assert(rk_settings_number(settings, RK_SET_SENTRY_SAMPLE_RATE) == 0.2);
    ck_assert(rk_settings_bool(settings, RK_SET_DUMMY_USERSTORE_USER_ALWAYS_EXISTS));
    ck_assert(!rk_settings_bool(settings, RK_SET_DUMMY_STORES));
}
END_TEST

START_TEST(names_are_unique_and_have_help)
{
    for (int one = 0; one < RK_SETTING_COUNT_; one++) {
        ck_assert_str_ne(rk_setting_help((rk_setting)one), "");
        for (int other = 0; other < one; other++)
            ck_assert_str_ne(rk_setting_name((rk_setting)one), rk_setting_name((rk_setting)other));
    }
    ck_assert_str_eq(rk_setting_name(RK_SET_PROMETHEUS_MULTIPROC_DIR), "prometheus_multiproc_dir");
}
END_TEST

static const struct {
    rk_setting setting;
    const char *kind, *required;
    bool secret;
} traits[] = {
    {RK_SET_DB_PASSWORD,            "text",    "always",              true },
    {RK_SET_DB_PORT,                "integer", "no",                  false},
    {RK_SET_SENTRY_SAMPLE_RATE,     "number",  "no",                  false},
    {RK_SET_DUMMY_STORES,           "boolean", "no",                  false},
    {RK_SET_KEYCLOAK_URL,           "text",    "unless DUMMY_STORES", false},
    {RK_SET_KEYCLOAK_CLIENT_SECRET, "text",    "unless DUMMY_STORES", true },
    {RK_SET_SOLR_URL,               "text",    "later",               false},
    {RK_SET_AUTHZ_DB_KEY,           "text",    "later",               true },
};

START_TEST(a_row_can_be_rendered)
{
    ck_assert_str_eq(rk_setting_kind(traits[_i].setting), traits[_i].kind);
    ck_assert_str_eq(rk_setting_required(traits[_i].setting), traits[_i].required);
    ck_assert_int_eq(rk_setting_is_secret(traits[_i].setting), traits[_i].secret);
}
END_TEST

/* Spec: foundations.md 22 */
static const struct {
    const char *text;
    bool truth;
} booleans[] = {
    {"true",  true },
    {"TRUE",  true },
    {"True",  true },
    {"false", false},
    {"1",     false},
    {"yes",   false},
    {"on",    false},
    {"",      false},
    {" true", false},
    {"truee", false},
};

START_TEST(only_the_word_true_is_true)
{
    ck_ok(load("CORS_ALLOW_ALL_ORIGINS", booleans[_i].text));
    ck_assert_int_eq(rk_settings_bool(settings, RK_SET_CORS_ALLOW_ALL_ORIGINS), booleans[_i].truth);
}
END_TEST

START_TEST(the_cluster_certificate_needs_lower_case)
{
    rk_setting setting = RK_SET_NB_SESSIONS__INGRESS__USE_DEFAULT_CLUSTER_TLS_CERT;

    ck_ok(load(rk_setting_name(setting), "True"));
    ck_assert(!rk_settings_bool(settings, setting));
    ck_ok(load(rk_setting_name(setting), "true"));
    ck_assert(rk_settings_bool(settings, setting));
}
END_TEST

/* Spec: foundations.md 22 */
static const struct {
    const char *text;
    bool good;
    int64_t value;
} integers[] = {
    {"5",                                                                true,  5        },
    {" 5\n",                                                             true,  5        },
    {"+5",                                                               true,  5        },
    {"-5",                                                               true,  -5       },
    {"1_000",                                                            true,  1000     },
    {"007",                                                              true,  7        },
    {"9223372036854775807",                                              true,  INT64_MAX},
    {"-9223372036854775808",                                             true,  INT64_MIN},
    {"9223372036854775808",                                              false, 0        },
    {"-9223372036854775809",                                             false, 0        },
    {"",                                                                 false, 0        },
    {" ",                                                                false, 0        },
    {"-",                                                                false, 0        },
    {"5.0",                                                              false, 0        },
    {"1e3",                                                              false, 0        },
    {"0x10",                                                             false, 0        },
    {"_1",                                                               false, 0        },
    {"1_",                                                               false, 0        },
    {"1__0",                                                             false, 0        },
    {"5 5",                                                              false, 0        },
    {"five",                                                             false, 0        },
    {"1111111111222222222233333333334444444444555555555566666666667777", false, 0        },
};

START_TEST(an_integer_is_read_or_stops_the_start)
{
    if (!integers[_i].good) {
        assert_refused("MAX_PINNED_PROJECTS", integers[_i].text, "MAX_PINNED_PROJECTS is \"");
        return;
    }
    ck_ok(load("MAX_PINNED_PROJECTS", integers[_i].text));
    ck_assert_int_eq(rk_settings_int(settings, RK_SET_MAX_PINNED_PROJECTS), integers[_i].value);
}
END_TEST

/* Spec: foundations.md 22.6 */
static const struct {
    const char *text;
    bool good;
    int64_t value;
} exponents[] = {
    {"3e3",   true,  3000},
    {"3.5e3", true,  3500},
    {"1.9",   true,  1   },
    {"60",    true,  60  },
    {"1e300", false, 0   },
    {"1e999", false, 0   },
    {"nan",   false, 0   },
    {"e",     false, 0   },
};

START_TEST(session_integers_may_have_an_exponent)
{
    rk_setting setting = RK_SET_NB_SESSIONS__CULLING__REGISTERED__IDLE_SECONDS;

    if (!exponents[_i].good) {
        assert_refused(rk_setting_name(setting), exponents[_i].text, "not an integer");
        return;
    }
    ck_ok(load(rk_setting_name(setting), exponents[_i].text));
    ck_assert_int_eq(rk_settings_int(settings, setting), exponents[_i].value);
}
END_TEST

static const struct {
    const char *text;
    bool good;
    double value;
} numbers[] = {
    {"0.25",   true,  0.25},
    {"1",      true,  1   },
    {" 1e-2 ", true,  0.01},
    {".5",     true,  0.5 },
    {"",       false, 0   },
    {"x",      false, 0   },
    {"0,5",    false, 0   },
    {"inf",    false, 0   },
    {"1e999",  false, 0   },
    {"0x1p3",  false, 0   },
    {"1.2.3",  false, 0   },
};

START_TEST(a_number_is_read_or_stops_the_start)
{
    if (!numbers[_i].good) {
        assert_refused("SENTRY_SAMPLE_RATE", numbers[_i].text, "not a number");
        return;
    }
    ck_ok(load("SENTRY_SAMPLE_RATE", numbers[_i].text));
    ck_assert(rk_settings_number(settings, RK_SET_SENTRY_SAMPLE_RATE) == numbers[_i].value);
}
END_TEST

static const variable out_of_range[] = {
    {"DB_PORT",                       "0"         },
    {"DB_PORT",                       "65536"     },
    {"DB_POOL_SIZE",                  "0"         },
    {"DB_POOL_SIZE",                  "-1"        },
    {"RENKU_DB_POOL_WAIT_MS",         "-1"        },
    {"RENKU_DB_STATEMENT_TIMEOUT_MS", "2147483648"},
    {"PROXIES_COUNT",                 "-1"        },
    {"SANIC_REQUEST_MAX_SIZE",        "-5"        },
    {"SANIC_RESPONSE_TIMEOUT",        "-0.5"      },
};

START_TEST(a_number_out_of_range_stops_the_start)
{
    assert_refused(out_of_range[_i].name, out_of_range[_i].value, "not between");
}
END_TEST

/* Spec: foundations.md 22.2, 22.3, 22.1 */
static const struct {
    const char *name;
    const char *text;
} empty_is_default[] = {
    {"DB_HOST",                                                "localhost" },
    {"DB_PORT",                                                "5432"      },
    {"DB_USER",                                                "renku"     },
    {"DB_NAME",                                                "renku"     },
    {"PROXIES_COUNT",                                          "0"         },
    {"INTERNAL_AUTHN_ISSUER",                                  "renku-self"},
    {"INTERNAL_AUTHN_AUDIENCE",                                "renku-self"},
    {"INTERNAL_AUTHN_DEFAULT_ACCESS_TOKEN_EXPIRATION_SECONDS", "900"       },
};

static rk_setting by_name(const char *name)
{
    int i = 0;

    while (strcmp(rk_setting_name((rk_setting)i), name) != 0)
        i++;
    return (rk_setting)i;
}

START_TEST(an_empty_variable_counts_as_unset_where_the_contract_says_so)
{
    rk_setting setting = by_name(empty_is_default[_i].name);

    ck_ok(load(empty_is_default[_i].name, ""));
    ck_assert_str_eq(rk_settings_text(settings, setting), empty_is_default[_i].text);
    ck_assert(!rk_settings_is_set(settings, setting));
}
END_TEST

START_TEST(other_empty_variables_stay_empty)
{
    ck_ok(load("KEYCLOAK_REALM", ""));
    ck_assert_str_eq(rk_settings_text(settings, RK_SET_KEYCLOAK_REALM), "");
    ck_ok(load("DB_PASSWORD", ""));
    ck_assert_str_eq(rk_settings_text(settings, RK_SET_DB_PASSWORD), "");
}
END_TEST

START_TEST(trailing_slashes_of_the_identity_provider_are_cut)
{
    ck_ok(load(NULL, NULL));
    ck_assert_str_eq(rk_settings_text(settings, RK_SET_KEYCLOAK_URL), "http://k/auth");
}
END_TEST

START_TEST(a_missing_required_variable_stops_the_start)
{
    char said[128];

    snprintf(said, sizeof said, "%s is required but not set", needed[_i].name);
    assert_refused(needed[_i].name, NULL, said);
}
END_TEST

START_TEST(an_empty_identity_setting_counts_as_missing)
{
    assert_refused("KEYCLOAK_URL", "", "KEYCLOAK_URL is required but not set");
}
END_TEST

START_TEST(all_problems_are_named_at_once)
{
    memset(given, 0, sizeof given);
    given[0] = (variable){"DB_PORT", "x"};
    given[1] = (variable){"LOG_APP_LEVEL", "LOUD"};
    ck_fails(rk_settings_load(&settings, op, lookup, NULL), RK_ERR_CONFIGURATION);
    ck_assert_str_eq(op->error.message,
                     "The configuration is not valid: DB_PORT is \"x\", not an integer; "
                     "DB_PASSWORD is required but not set; KEYCLOAK_URL is required but not set; "
                     "KEYCLOAK_CLIENT_ID is required but not set; "
                     "KEYCLOAK_CLIENT_SECRET is required but not set; "
                     "KEYCLOAK_TOKEN_SIGNATURE_ALGS is required but not set; "
                     "INTERNAL_AUTHN_SECRET_KEY_PATH is required but not set; "
                     "LOG_APP_LEVEL is no log level.");
}
END_TEST

static const char *const without_identity[] = {"DUMMY_STORES", "RENKU_ADMIN_ONLY"};

START_TEST(development_and_operator_tools_need_no_identity_provider)
{
    memset(given, 0, sizeof given);
    given[0] = (variable){without_identity[_i], "true"};
    given[1] = (variable){"DB_PASSWORD", "x"};
    ck_ok(rk_settings_load(&settings, op, lookup, NULL));
    ck_assert_ptr_null(rk_settings_text(settings, RK_SET_KEYCLOAK_URL));
}
END_TEST

START_TEST(a_unix_socket_needs_no_password)
{
    memset(given, 0, sizeof given);
    given[0] = (variable){"DB_HOST", "/run/postgresql"};
    given[1] = (variable){"DUMMY_STORES", "true"};
    ck_ok(rk_settings_load(&settings, op, lookup, NULL));
    ck_assert_str_eq(rk_settings_text(settings, RK_SET_DB_HOST), "/run/postgresql");
}
END_TEST

/* Spec: foundations.md 22.1, 22.5, 22.6, 14 */
static const struct {
    variable given[5];
    const char *said; /* NULL: accepted */
} rules[] = {
    {{{"ENABLE_INTERNAL_GITLAB", "true"}},                                               "GITLAB_URL is required"         },
    {{{"ENABLE_INTERNAL_GITLAB", "true"}, {"GITLAB_URL", ""}},                           "GITLAB_URL is required"         },
    {{{"ENABLE_INTERNAL_GITLAB", "true"}, {"GITLAB_URL", "https://g"}},                  NULL                             },
    {{{"ENABLE_INTERNAL_GITLAB", "true"}, {"DUMMY_STORES", "true"}},                     NULL                             },
    {{{"ENABLE_INTERNAL_GITLAB", "false"}},                                              NULL                             },
    {{{"RENKU_SERVICE", "data"}},                                                        NULL                             },
    {{{"RENKU_SERVICE", ""}},                                                            NULL                             },
    {{{"RENKU_SERVICE", "identity"}},                                                    "RENKU_SERVICE is neither"       },
    {{{"RENKU_SERVICE", "secrets"}, {"ENABLE_INTERNAL_GITLAB", "true"}},                 NULL                             },
    {{{"RENKU_SERVICE", "secrets"}, {"INTERNAL_AUTHN_SECRET_KEY_PATH", NULL}},           NULL                             },
    {{{"RENKU_SERVICE", "secrets"}, {"KEYCLOAK_CLIENT_ID", NULL}},
     "KEYCLOAK_CLIENT_ID is required"                                                                                     },
    {{{"INTERNAL_AUTHN_SECRET_KEY_PATH", NULL}},                                         "_SECRET_KEY_PATH is required"   },
    {{{"BUILD_PRIVATE_REPO_BUILDS_ENABLED", "true"}},                                    NULL                             },
    {{{"BUILD_PRIVATE_REPO_BUILDS_ENABLED", "true"},
      {"BUILD_OUTPUT_IMAGE_PREFIX", "a/"},
      {"BUILD_OUTPUT_PRIVATE_IMAGE_PREFIX", "a/b/"}},
     "BUILD_OUTPUT_IMAGE_PREFIX"                                                                                          },
    {{{"BUILD_PRIVATE_REPO_BUILDS_ENABLED", "true"},
      {"BUILD_OUTPUT_IMAGE_PREFIX", "a/b/"},
      {"BUILD_OUTPUT_PRIVATE_IMAGE_PREFIX", "a/"}},
     "BUILD_OUTPUT_IMAGE_PREFIX"                                                                                          },
    {{{"BUILD_PRIVATE_REPO_BUILDS_ENABLED", "true"},
      {"BUILD_OUTPUT_IMAGE_PREFIX", "a/"},
      {"BUILD_OUTPUT_PRIVATE_IMAGE_PREFIX", "a/"}},
     "BUILD_OUTPUT_IMAGE_PREFIX"                                                                                          },
    {{{"BUILD_OUTPUT_IMAGE_PREFIX", "a/"}, {"BUILD_OUTPUT_PRIVATE_IMAGE_PREFIX", "a/"}}, NULL                             },
    {{{"ENVIDAT_EXPORTS_ENABLED", "true"}},                                              "ENVIDAT_S3_ENDPOINT"            },
    {{{"ENVIDAT_EXPORTS_ENABLED", "true"},
      {"ENVIDAT_S3_ENDPOINT", "e"},
      {"ENVIDAT_S3_BUCKET", "b"},
      {"ENVIDAT_S3_ACCESS_KEY_ID", "k"}},
     "ENVIDAT_S3_SECRET_ACCESS_KEY"                                                                                       },
    {{{"ENVIDAT_EXPORTS_ENABLED", "true"},
      {"ENVIDAT_S3_ENDPOINT", "e"},
      {"ENVIDAT_S3_BUCKET", "b"},
      {"ENVIDAT_S3_ACCESS_KEY_ID", "k"},
      {"ENVIDAT_S3_SECRET_ACCESS_KEY", "s"}},
     NULL                                                                                                                 },
    {{{"NB_SESSIONS__ENFORCE_CPU_LIMITS", "strict"}},                                    NULL                             },
    {{{"NB_SESSIONS__ENFORCE_CPU_LIMITS", "Strict"}},                                    "NB_SESSIONS__ENFORCE_CPU_LIMITS"},
    {{{"LOG_ROOT_LEVEL", "fatal"}, {"LOG_APP_LEVEL", "warn"}},                           NULL                             },
    {{{"LOG_ROOT_LEVEL", "LOUD"}},                                                       "LOG_ROOT_LEVEL"                 },
    {{{"LOG_APP_LEVEL", ""}},                                                            "LOG_APP_LEVEL"                  },
    {{{"LOG_FORMAT_STYLE", "anything"}},                                                 NULL                             },
};

START_TEST(settings_fit_together)
{
    static int some;

    memset(given, 0, sizeof given);
    memcpy(given, rules[_i].given, sizeof rules[_i].given);
    if (!rules[_i].said) {
        ck_ok(rk_settings_load(&settings, op, lookup, &some));
        return;
    }
    ck_fails(rk_settings_load(&settings, op, lookup, &some), RK_ERR_CONFIGURATION);
    ck_assert_msg(strstr(op->error.message, rules[_i].said) != NULL, "%s", op->error.message);
}
END_TEST

START_TEST(a_secret_is_not_told)
{
    for (int i = 0; i < RK_SETTING_COUNT_; i++)
        ck_assert_msg(!rk_setting_is_secret((rk_setting)i) ||
                          strcmp(rk_setting_kind((rk_setting)i), "text") == 0,
                      "%s", rk_setting_name((rk_setting)i));
    assert_refused("DB_PORT", "x", "DB_PORT");
    ck_assert_ptr_null(strstr(op->error.message, "s3cr3t"));
}
END_TEST

static char warning[512];

static void keep(void *user, int level, const char *line)
{
    (void)user;
    ck_assert_int_eq(level, RK_LOG_WARNING);
    snprintf(warning, sizeof warning, "%s", line);
}

START_TEST(a_bad_timeout_of_the_search_engine_is_a_warning)
{
    rk_log log = {.sink = keep, .app_level = RK_LOG_INFO};

    op->log = &log;
    ck_ok(load("SOLR_REQUEST_TIMEOUT", "soon"));
    ck_assert_int_eq(rk_settings_int(settings, RK_SET_SOLR_REQUEST_TIMEOUT), 600);
    ck_assert_ptr_nonnull(strstr(warning, "SOLR_REQUEST_TIMEOUT"));
}
END_TEST

START_TEST(no_memory_is_passed_on)
{
    int total;

    unit_fail_allocation(0);
    (void)load(NULL, NULL); /* only counted */
    total = unit_allocations();
    ck_assert_int_ge(total, 1);
    for (int n = 1; n <= total; n++) {
        rk_op_end(op);
        unit_fail_allocation(0);
        ck_assert_int_eq(rk_op_begin(op), 0);
        ck_fails(unit_without(n, load(NULL, NULL)), RK_ERR_NO_MEMORY);
    }
}
END_TEST

UNIT_SUITE(base_settings)
{
    TCase *tcase = unit_case(suite, "foundations.md 22");

    unit_table(tcase, a_variable_has_the_default_of_the_contract, defaults);
    tcase_add_test(tcase, unset_variables_have_their_defaults);
    tcase_add_test(tcase, names_are_unique_and_have_help);
    unit_table(tcase, a_row_can_be_rendered, traits);
    unit_table(tcase, only_the_word_true_is_true, booleans);
    tcase_add_test(tcase, the_cluster_certificate_needs_lower_case);
    unit_table(tcase, an_integer_is_read_or_stops_the_start, integers);
    unit_table(tcase, session_integers_may_have_an_exponent, exponents);
    unit_table(tcase, a_number_is_read_or_stops_the_start, numbers);
    unit_table(tcase, a_number_out_of_range_stops_the_start, out_of_range);
    unit_table(tcase, an_empty_variable_counts_as_unset_where_the_contract_says_so,
               empty_is_default);
    tcase_add_test(tcase, other_empty_variables_stay_empty);
    tcase_add_test(tcase, trailing_slashes_of_the_identity_provider_are_cut);
    unit_table(tcase, a_missing_required_variable_stops_the_start, needed);
    tcase_add_test(tcase, an_empty_identity_setting_counts_as_missing);
    tcase_add_test(tcase, all_problems_are_named_at_once);
    unit_table(tcase, development_and_operator_tools_need_no_identity_provider, without_identity);
    tcase_add_test(tcase, a_unix_socket_needs_no_password);
    unit_table(tcase, settings_fit_together, rules);
    tcase_add_test(tcase, a_secret_is_not_told);
    tcase_add_test(tcase, a_bad_timeout_of_the_search_engine_is_a_warning);
    tcase_add_test(tcase, no_memory_is_passed_on);
}
