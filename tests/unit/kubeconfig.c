/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/kubeconfig.h"

#include <string.h>

#include "librenku/k8s/exec.h"
#include "librenku/k8s/path.h"
#include "tests/unit/unit.h"

#define CONTEXT "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
#define CLUSTER "clusters: [{name: k, cluster: {server: 'https://k:6443/'}}]\n"
#define USERS(user) "users: [{name: u, user: {" user "}}]\n"
#define SERVER(text) CONTEXT USERS("") "clusters: [{name: k, cluster: {server: " text "}}]\n"

static int read_one(rk_kubeconfig *out, const char *text)
{
    const rk_kube_file file = {"/etc/kube/config", text};

    return rk_kubeconfig_read(out, op, &file, 1);
}

/* Spec: kubernetes.md 3.3 */
START_TEST(a_kubeconfig_tells_all_that_is_needed)
{
    static const char text[] =
        "apiVersion: v1\nkind: Config\ncurrent-context: second\n"
        "contexts:\n"
        "- {name: first, context: {cluster: other, user: other}}\n"
        "- {name: second, context: {cluster: k, user: u, namespace: ours}}\n"
        "clusters:\n"
        "- name: k\n"
        "  cluster: {server: 'https://[::1]:6443/prefix//', tls-server-name: k.example.org,\n"
        "    insecure-skip-tls-verify: true, certificate-authority: ../ca.crt,\n"
        "    certificate-authority-data: QUJD}\n"
        "users:\n"
        "- name: u\n"
        "  user: {client-certificate: /c.pem, client-certificate-data: Yw==, client-key: k.pem,\n"
        "    client-key-data: aw==, token: 12345, tokenFile: t}\n";
    rk_kubeconfig got;

    ck_ok(read_one(&got, text));
    ck_assert_str_eq(got.server, "https://[::1]:6443/prefix");
    ck_assert_str_eq(got.namespace, "ours");
    ck_assert_str_eq(got.tls_server_name, "k.example.org");
    ck_assert(got.insecure);
    ck_assert_str_eq(got.authorities.text, "QUJD");
    ck_assert_str_eq(got.authorities.file, "/etc/kube/../ca.crt");
    ck_assert_str_eq(got.certificate.text, "Yw==");
    ck_assert_str_eq(got.certificate.file, "/c.pem");
    ck_assert_str_eq(got.key.file, "/etc/kube/k.pem");
    ck_assert_str_eq(got.token.text, "12345");
    ck_assert_str_eq(got.token.file, "/etc/kube/t");
}
END_TEST

START_TEST(json_is_a_kubeconfig_too)
{
    rk_kubeconfig got;

    ck_ok(read_one(&got,
                   "{\"current-context\": \"c\", \"contexts\": [{\"name\": \"c\", \"context\":"
                   " {\"cluster\": \"k\"}}], \"clusters\": [{\"name\": \"k\", \"cluster\":"
                   " {\"server\": \"http://k\"}}]}"));
    ck_assert_str_eq(got.server, "http://k");
    ck_assert_ptr_null(got.token.text);
    ck_assert_ptr_null(got.exec.command);
}
END_TEST

/* Spec: kubernetes.md 3.1 */
START_TEST(what_stands_in_an_earlier_file_counts)
{
    static const rk_kube_file files[] = {
        {"/a/one",   "current-context: c\nclusters: [{name: k, cluster: {server: 'https://one'}}]\n"  },
        {"/b/two",   "current-context: d\n"
                   "contexts: [{name: c, context: {cluster: k, user: u}}]\n" CLUSTER},
        {"/c/three", CONTEXT USERS("client-key: key.pem, client-certificate: c.pem")                  },
    };
    rk_kubeconfig got;

    ck_ok(rk_kubeconfig_read(&got, op, files, RK_COUNT(files)));
    ck_assert_str_eq(got.server, "https://one");
    ck_assert_str_eq(got.key.file, "/c/key.pem");
    ck_assert_str_eq(got.path, "/a/one");
}
END_TEST

START_TEST(a_context_without_cluster_leads_nowhere)
{
    static const char *const texts[] = {
        "{}",
        "current-context: ''\n",
        "current-context: null\n" CLUSTER,
        "current-context: c\ncontexts: [{name: c, context: {user: u}}]\n",
        CLUSTER USERS("token: t"),
    };

    for (size_t i = 0; i < RK_COUNT(texts); i++) {
        rk_kubeconfig got;

        ck_ok(read_one(&got, texts[i]));
        ck_assert_ptr_null(got.server);
    }
    rk_kubeconfig none;

    ck_ok(rk_kubeconfig_read(&none, op, NULL, 0));
    ck_assert_ptr_null(none.server);
}
END_TEST

START_TEST(a_credential_program_comes_with_its_arguments)
{
    rk_kubeconfig got;

    ck_ok(read_one(&got, CONTEXT CLUSTER USERS(
                             "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get,"
                             " args: [a, '', \"b c\"], env: [{name: N, value: 'x=y'}]}")));
    ck_assert_str_eq(got.exec.command, "/etc/kube/./get");
    ck_assert_uint_eq(got.exec.arguments.count, 3);
    ck_assert_str_eq(got.exec.arguments.items[2], "b c");
    ck_assert_uint_eq(got.exec.environment.count, 1);
    ck_assert_str_eq(got.exec.environment.items[0], "N=x=y");
    ck_ok(read_one(&got, CONTEXT CLUSTER USERS("exec: {apiVersion: client.authentication.k8s.io/"
                                               "v1beta1, command: get-token, args: null}")));
    ck_assert_str_eq(got.exec.command, "get-token");
    ck_assert_uint_eq(got.exec.arguments.count, 0);
}
END_TEST

START_TEST(an_identity_provider_left_its_token)
{
    rk_kubeconfig got;

    ck_ok(read_one(
        &got, CONTEXT CLUSTER USERS("auth-provider: {name: oidc, config: {id-token: a.b.c}}")));
    ck_assert_str_eq(got.token.text, "a.b.c");
}
END_TEST

static const struct {
    const char *text;
    const char *problem;
} bad[] = {
    {"",                                                                                             "is no mapping"                          },
    {"- a\n",                                                                                        "is no mapping"                          },
    {"text",                                                                                         "is no mapping"                          },
    {"a: [",                                                                                         "is no YAML"                             },
    {"a: \x01",                                                                                      "is no YAML"                             },
    {"a: \xff",                                                                                      "is no YAML"                             },
    {"a: *missing",                                                                                  "is no YAML"                             },
    {"a: 1\n---\nb: 2\n",                                                                            "more than one YAML document"            },
    {"current-context: [c]\n",                                                                       "'current-context' must be a text"       },
    {"current-context: c\n",                                                                         "among its contexts there is no 'c'"     },
    {"current-context: c\ncontexts: {name: c}\n",                                                    "among its contexts there is no 'c'"     },
    {"current-context: c\ncontexts: [{name: c}]\n",                                                  "among its contexts there is no 'c'"     },
    {"current-context: c\ncontexts: [{name: c, context: x}]",                                        "among its contexts there is no 'c'"     },
    {"current-context: &a c\ncontexts: &b [*b, *a]\n",                                               "among its contexts there is no 'c'"     },
    {CONTEXT,                                                                                        "among its clusters there is no 'k'"     },
    {CONTEXT CLUSTER,                                                                                "among its users there is no 'u'"        },
    {SERVER("null"),                                                                                 "must be an http or https URL"           },
    {SERVER("'k:6443'"),                                                                             "must be an http or https URL"           },
    {SERVER("'ftp://k'"),                                                                            "must be an http or https URL"           },
    {SERVER("'https://'"),                                                                           "must be an http or https URL"           },
    {SERVER("'https://u:p@k'"),                                                                      "must be an http or https URL"           },
    {SERVER("'https://k?q'"),                                                                        "must be an http or https URL"           },
    {SERVER("'https://k#f'"),                                                                        "must be an http or https URL"           },
    {SERVER("'https://k /x'"),                                                                       "must be an http or https URL"           },
    {SERVER("\"https://k\\nx\""),                                                                    "must be an http or https URL"           },
    {SERVER("\"https://k\\0x\""),                                                                    "'server' must be a text"                },
    {SERVER("'https://[::1'"),                                                                       "must be an http or https URL"           },
    {SERVER("'https://::1'"),                                                                        "must be an http or https URL"           },
    {SERVER("[x]"),                                                                                  "'server' must be a text"                },
    {SERVER("'https://k', tls-server-name: 'a b'"),                                                  "must be the name of a host"             },
    {SERVER("'https://k', insecure-skip-tls-verify: 1"),                                             "must be true or false"                  },
    {SERVER("'https://k', insecure-skip-tls-verify: {}"),                                            "must be a text"                         },
    {CONTEXT CLUSTER USERS("username: u, password: p"),                                              "a name and a password are not supported"},
    {CONTEXT CLUSTER USERS("password: p"),                                                           "a name and a password are not supported"},
    {CONTEXT CLUSTER USERS("token: {}"),                                                             "'token' must be a text"                 },
    {CONTEXT CLUSTER USERS("auth-provider: {name: gcp}"),                                            "the only 'auth-provider' that is known" },
    {CONTEXT CLUSTER USERS("auth-provider: {name: oidc}"),                                           "'auth-provider' has no 'id-token'"      },
    {CONTEXT CLUSTER USERS("auth-provider: oidc"),                                                   "the only 'auth-provider' that is known" },
    {CONTEXT CLUSTER USERS("exec: x"),                                                               "'exec' must be a mapping"               },
    {CONTEXT CLUSTER USERS(
         "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, args: x}"),
     "'args' of 'exec' must be a list"                                                                                                        },
    {CONTEXT CLUSTER USERS("exec: {}"),                                                              "'exec' has no 'command'"                },
    {CONTEXT CLUSTER USERS("exec: {command: x}"),                                                    "the 'apiVersion' of 'exec' must be"     },
    {CONTEXT CLUSTER USERS("exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}"),
     "the 'apiVersion' of 'exec' must be"                                                                                                     },
    {CONTEXT CLUSTER USERS(
         "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, args: [[x]]}"),
     "'args' of 'exec' must be a list of texts"                                                                                               },
    {CONTEXT CLUSTER USERS(
         "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, env: [{name: A}]}"),
     "'env' of 'exec' must be a list of name and value"                                                                                       },
    {CONTEXT CLUSTER USERS("exec: {command: x, apiVersion: client.authentication.k8s.io/v1, env: "
                           "[{name: A=B, value: c}]}"),
     "'env' of 'exec' must be a list of name and value"                                                                                       },
};

START_TEST(a_bad_kubeconfig_is_told_with_its_name)
{
    rk_kubeconfig got;

    ck_fails(read_one(&got, bad[_i].text), RK_ERR_CONFIGURATION);
    ck_assert_msg(strstr(op->error.message, bad[_i].problem) &&
                      strstr(op->error.message, "'/etc/kube/config'"),
                  "%s", op->error.message);
}
END_TEST

START_TEST(each_allocation_may_fail)
{
    static const char text[] = CONTEXT CLUSTER USERS(
        "token: t, exec: {apiVersion: client.authentication.k8s.io/v1, command: x, args: [a]}");
    rk_kubeconfig got;

    for (int n = 1; n < 40; n++) {
        rk_op one;

        ck_assert_int_eq(rk_op_begin(&one), 0);
        const rk_kube_file file = {"config", text};
        int result = unit_without(n, rk_kubeconfig_read(&got, &one, &file, 1));

        ck_assert(result == 0 || result == RK_ERR_NO_MEMORY);
        rk_op_end(&one);
    }
}
END_TEST

/* --- answers of credential programs ----------------------------------------------------------- */

#define ANSWER(status)                                                                             \
    "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","             \
    "\"status\":{" status "}}"

static const rk_kube_exec program = {
    .command = "/bin/program",
    .api_version = "client.authentication.k8s.io/v1",
};

START_TEST(a_credential_program_tells_token_and_certificate)
{
    static const char text[] = ANSWER("\"token\":\"t\",\"clientCertificateData\":\"c\","
                                      "\"clientKeyData\":\"k\","
                                      "\"expirationTimestamp\":\"1970-01-01T00:00:01Z\"");
    rk_kube_credential got;

    ck_ok(rk_kube_credential_read(&got, op, &program, text, strlen(text)));
    ck_assert_str_eq(got.token, "t");
    ck_assert_str_eq(got.certificate, "c");
    ck_assert_str_eq(got.key, "k");
    ck_assert_int_eq(got.expires.micros, 1000000);
}
END_TEST

static const struct {
    const char *text;
    const char *problem;
} answers[] = {
    {"",                                                                       "ExecCredential"   },
    {"sesame-4711",                                                            "ExecCredential"   },
    {"[]",                                                                     "ExecCredential"   },
    {"{\"kind\":1}",                                                           "ExecCredential"   },
    {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"v1\"}",                    "another version"  },
    {ANSWER(""),                                                               "neither a token"  },
    {ANSWER("\"token\":\"\""),                                                 "neither a token"  },
    {ANSWER("\"token\":7"),                                                    "neither a token"  },
    {ANSWER("\"clientKeyData\":\"sesame-4711\""),                              "without the other"},
    {ANSWER("\"token\":\"sesame-4711\",\"expirationTimestamp\":\"tomorrow\""), "that is no time"  },
};

START_TEST(a_bad_answer_is_refused_without_repeating_it)
{
    rk_kube_credential got;

    ck_fails(
        rk_kube_credential_read(&got, op, &program, answers[_i].text, strlen(answers[_i].text)),
        RK_ERR_CONFIGURATION);
    ck_assert_msg(strstr(op->error.message, answers[_i].problem) &&
                      strstr(op->error.message, "/bin/program") &&
                      !strstr(op->error.message, "sesame"),
                  "%s", op->error.message);
}
END_TEST

/* --- paths ------------------------------------------------------------------------------------ */

static const struct {
    rk_k8s_kind kind;
    const char *namespace;
    const char *name;
    const char *path;
} paths[] = {
    {RK_K8S_SECRET,         "n",   "s",     "/api/v1/namespaces/n/secrets/s"                                  },
    {RK_K8S_SECRET,         "n",   NULL,    "/api/v1/namespaces/n/secrets"                                    },
    {RK_K8S_SESSION,        "n",   "s",     "/apis/amalthea.dev/v1alpha1/namespaces/n/amaltheasessions/s"     },
    {RK_K8S_PRIORITY_CLASS, "n",   "p",     "/apis/scheduling.k8s.io/v1/priorityclasses/p"                    },
    {RK_K8S_NODE,           NULL,  "x",     "/api/v1/nodes/x"                                                 },
    {RK_K8S_SECRET,         "a b",
     "\xc3\xa4?x=1&y#z;\n:",                "/api/v1/namespaces/a%20b/secrets/%C3%A4%3Fx%3D1%26y%23z%3B%0A%3A"},
    {RK_K8S_SECRET,         "n",   "",      NULL                                                              },
    {RK_K8S_SECRET,         "",    "s",     NULL                                                              },
    {RK_K8S_SECRET,         "n",   ".",     NULL                                                              },
    {RK_K8S_SECRET,         "..",  "s",     NULL                                                              },
    {RK_K8S_SECRET,         "n",   "a/b",   NULL                                                              },
    {RK_K8S_SECRET,         "n",   "a%2Fb", NULL                                                              },
    {RK_K8S_SECRET,         "n/x", "s",     NULL                                                              },
};

/* Spec: kubernetes.md 5.1 */
START_TEST(no_name_leads_to_another_path)
{
    const rk_k8s_ref ref = {.kind = paths[_i].kind, .name = paths[_i].name};
    const char *path;
    int result = rk_k8s_path(&path, op, &ref, paths[_i].namespace);

    if (paths[_i].path)
        ck_assert_str_eq(path, paths[_i].path);
    ck_assert_int_eq(result, paths[_i].path ? 0 : RK_ERR_INVALID);
}
END_TEST

UNIT_SUITE(kubeconfig)
{
    TCase *tcase = unit_case(suite, "kubernetes.md 3.3");

    tcase_add_test(tcase, a_kubeconfig_tells_all_that_is_needed);
    tcase_add_test(tcase, json_is_a_kubeconfig_too);
    tcase_add_test(tcase, what_stands_in_an_earlier_file_counts);
    tcase_add_test(tcase, a_context_without_cluster_leads_nowhere);
    tcase_add_test(tcase, a_credential_program_comes_with_its_arguments);
    tcase_add_test(tcase, an_identity_provider_left_its_token);
    unit_table(tcase, a_bad_kubeconfig_is_told_with_its_name, bad);
    tcase_add_test(tcase, each_allocation_may_fail);
    tcase_add_test(tcase, a_credential_program_tells_token_and_certificate);
    unit_table(tcase, a_bad_answer_is_refused_without_repeating_it, answers);
    unit_table(tcase, no_name_leads_to_another_path, paths);
}
