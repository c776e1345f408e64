/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/kubeconfig.h"

#include <string.h>

#include "librenku/base/url.h"
#include "librenku/k8s/yaml.h"

typedef enum { TEXT, PATH, FLAG } member_kind;

typedef struct {
    const char *name;
    member_kind kind;
    size_t offset;
} member;

#define PLACE(field) offsetof(rk_kubeconfig, field)

static const member context_members[] = {
    {"namespace", TEXT, PLACE(namespace)},
};
static const member cluster_members[] = {
    {"server",                     TEXT, PLACE(server)          },
    {"tls-server-name",            TEXT, PLACE(tls_server_name) },
    {"insecure-skip-tls-verify",   FLAG, PLACE(insecure)        },
    {"certificate-authority-data", TEXT, PLACE(authorities.text)},
    {"certificate-authority",      PATH, PLACE(authorities.file)},
};
static const member user_members[] = {
    {"client-certificate-data", TEXT, PLACE(certificate.text)},
    {"client-certificate",      PATH, PLACE(certificate.file)},
    {"client-key-data",         TEXT, PLACE(key.text)        },
    {"client-key",              PATH, PLACE(key.file)        },
    {"token",                   TEXT, PLACE(token.text)      },
    {"tokenFile",               PATH, PLACE(token.file)      },
};
static const member exec_members[] = {
    {"command",    TEXT, PLACE(exec.command)    },
    {"apiVersion", TEXT, PLACE(exec.api_version)},
};

/* Where an entry stands. */
typedef struct {
    const rk_yaml *yaml;
    rk_yaml_node node;
} entry;

/* All files, and what is read from them. */
typedef struct {
    rk_op *op;
    rk_yaml **files;
    size_t count;
    rk_kubeconfig *out;
} reading;

static int fail(const reading *r, const rk_yaml *yaml, const char *problem)
{
    return rk_fail(r->op, RK_ERR_CONFIGURATION, "The kubeconfig '%s': %s.", rk_yaml_path(yaml),
                   problem);
}

/* --- members ---------------------------------------------------------------------------------- */

/* Seen from the folder of the kubeconfig. */
static int resolve(const char **path, rk_op *op, const rk_yaml *yaml)
{
    const char *file = rk_yaml_path(yaml);
    const char *slash = strrchr(file, '/');

    if (!*path || **path == '/' || !slash)
        return 0;
    *path = rk_printf(op, "%.*s%s", (int)(slash + 1 - file), file, *path);
    RK_CHECK(*path);
    return 0;
}

static int set_flag(bool *out, const reading *r, const entry *from, const member *m,
                    const char *text)
{
    if (!text || strcmp(text, "false") == 0) {
        *out = false;
        return 0;
    }
    *out = strcmp(text, "true") == 0;
    return *out ? 0
                : rk_fail(r->op, RK_ERR_CONFIGURATION,
                          "The kubeconfig '%s': '%s' must be true or false.",
                          rk_yaml_path(from->yaml), m->name);
}

static int read_member(const reading *r, const entry *from, const member *m)
{
    void *place = (char *)r->out + m->offset;
    const char *text;

    RK_TRY(rk_yaml_text(&text, r->op, from->yaml, from->node, m->name));
    if (m->kind == FLAG)
        return set_flag(place, r, from, m, text);
    if (text && !*text)
        text = NULL;
    if (m->kind == PATH)
        RK_TRY(resolve(&text, r->op, from->yaml));
    *(const char **)place = text;
    return 0;
}

static int read_members(const reading *r, const entry *from, const member *members, size_t count)
{
    for (size_t i = 0; from->node && i < count; i++)
        RK_TRY(read_member(r, from, &members[i]));
    return 0;
}

/* --- entries ---------------------------------------------------------------------------------- */

/* The first entry of that name in a list such as "clusters"; node 0 when there is none. @p inner is
 * where its content stands. */
static int find_entry(entry *out, const reading *r, const char *list, const char *inner,
                      const char *name)
{
    *out = (entry){0};
    for (size_t file = 0; file < r->count && !out->node; file++) {
        const rk_yaml *yaml = r->files[file];
        rk_yaml_node all = rk_yaml_member(yaml, rk_yaml_root(), list);

        for (size_t i = 0; i < rk_yaml_count(yaml, all) && !out->node; i++) {
            rk_yaml_node item = rk_yaml_item(yaml, all, i);
            const char *own = rk_yaml_scalar(yaml, rk_yaml_member(yaml, item, "name"));

            if (own && strcmp(own, name) == 0)
                *out = (entry){yaml, rk_yaml_member(yaml, item, inner)};
        }
    }
    if (out->node && rk_yaml_is_mapping(out->yaml, out->node))
        return 0;
    return rk_fail(r->op, RK_ERR_CONFIGURATION,
                   "The kubeconfig '%s': among its %s there is no '%s' with a %s.", r->out->path,
                   list, name, inner);
}

/* --- users ------------------------------------------------------------------------------------ */

static int read_argument(const char **out, rk_op *op, const rk_yaml *yaml, rk_yaml_node item)
{
    const char *text = rk_yaml_scalar(yaml, item);

    if (!text)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The kubeconfig '%s': 'args' of 'exec' must be a list of texts.",
                       rk_yaml_path(yaml));
    *out = rk_strdup(op, text);
    RK_CHECK(*out);
    return 0;
}

static int read_variable(const char **out, rk_op *op, const rk_yaml *yaml, rk_yaml_node item)
{
    const char *name = rk_yaml_scalar(yaml, rk_yaml_member(yaml, item, "name"));
    const char *value = rk_yaml_scalar(yaml, rk_yaml_member(yaml, item, "value"));

    if (!name || !*name || strchr(name, '=') || !value)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The kubeconfig '%s': 'env' of 'exec' must be a list of name and value.",
                       rk_yaml_path(yaml));
    *out = rk_printf(op, "%s=%s", name, value);
    RK_CHECK(*out);
    return 0;
}

typedef int read_item(const char **out, rk_op *op, const rk_yaml *yaml, rk_yaml_node item);

static int read_list(rk_strings *out, const reading *r, const entry *from, const char *name,
                     read_item *read)
{
    rk_yaml_node list = rk_yaml_member(from->yaml, from->node, name);

    if (!rk_yaml_is_null(from->yaml, list) && !rk_yaml_is_list(from->yaml, list))
        return rk_fail(r->op, RK_ERR_CONFIGURATION,
                       "The kubeconfig '%s': '%s' of 'exec' must be a list.",
                       rk_yaml_path(from->yaml), name);
    *out = (rk_strings){.set = true, .count = rk_yaml_count(from->yaml, list)};
    out->items = rk_new_array(r->op, const char *, out->count);
    RK_CHECK(out->items);
    for (size_t i = 0; i < out->count; i++)
        RK_TRY(read(&out->items[i], r->op, from->yaml, rk_yaml_item(from->yaml, list, i)));
    return 0;
}

static bool is_known_exec(const char *version)
{
    return version && (strcmp(version, "client.authentication.k8s.io/v1") == 0 ||
                       strcmp(version, "client.authentication.k8s.io/v1beta1") == 0);
}

static int read_exec(const reading *r, const entry *user)
{
    const entry from = {user->yaml, rk_yaml_member(user->yaml, user->node, "exec")};
    rk_kube_exec *exec = &r->out->exec;

    if (rk_yaml_is_null(from.yaml, from.node))
        return 0;
    if (!rk_yaml_is_mapping(from.yaml, from.node))
        return fail(r, from.yaml, "'exec' must be a mapping");
    RK_TRY(read_members(r, &from, exec_members, RK_COUNT(exec_members)));
    if (!exec->command)
        return fail(r, from.yaml, "'exec' has no 'command'");
    if (!is_known_exec(exec->api_version))
        return fail(
            r, from.yaml,
            "the 'apiVersion' of 'exec' must be client.authentication.k8s.io/v1 or v1beta1");
    if (strchr(exec->command, '/'))
        RK_TRY(resolve(&exec->command, r->op, from.yaml));
    RK_TRY(read_list(&exec->arguments, r, &from, "args", read_argument));
    return read_list(&exec->environment, r, &from, "env", read_variable);
}

/* Its id token counts when there is no other. */
static int read_provider(const reading *r, const entry *user)
{
    const rk_yaml *yaml = user->yaml;
    rk_yaml_node provider = rk_yaml_member(yaml, user->node, "auth-provider");
    const char *name;
    const char *token;

    if (rk_yaml_is_null(yaml, provider))
        return 0;
    RK_TRY(rk_yaml_text(&name, r->op, yaml, provider, "name"));
    if (!name || strcmp(name, "oidc") != 0)
        return fail(r, yaml, "the only 'auth-provider' that is known is oidc");
    RK_TRY(rk_yaml_text(&token, r->op, yaml, rk_yaml_member(yaml, provider, "config"), "id-token"));
    if (!token || !*token)
        return fail(r, yaml, "'auth-provider' has no 'id-token'");
    if (!r->out->token.text && !r->out->token.file)
        r->out->token.text = token;
    return 0;
}

static int read_user(const reading *r, const char *name)
{
    entry user;

    RK_TRY(find_entry(&user, r, "users", "user", name));
    if (rk_yaml_member(user.yaml, user.node, "username") ||
        rk_yaml_member(user.yaml, user.node, "password"))
        return fail(r, user.yaml, "users with a name and a password are not supported");
    RK_TRY(read_members(r, &user, user_members, RK_COUNT(user_members)));
    RK_TRY(read_exec(r, &user));
    return read_provider(r, &user);
}

/* --- clusters --------------------------------------------------------------------------------- */

static bool is_server(const char *server)
{
    rk_url url = rk_url_split(server);
    const rk_part *host = &url.authority;

    return (rk_part_is(&url.scheme, "https") || rk_part_is(&url.scheme, "http")) && host->length &&
           !memchr(host->text, '@', host->length) && *host->text != ':' &&
           rk_authority_is_sound(host) && !strpbrk(server, "?#") &&
           strspn(server, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                          "-._~:/[]%") == strlen(server);
}

static bool is_host(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
           strlen(name);
}

static int without_slashes(const char **server, rk_op *op)
{
    size_t length = strlen(*server);

    while (length && (*server)[length - 1] == '/')
        length--;
    *server = rk_strndup(op, *server, length);
    RK_CHECK(*server);
    return 0;
}

static int read_cluster(const reading *r, const char *name)
{
    rk_kubeconfig *out = r->out;
    entry cluster;

    RK_TRY(find_entry(&cluster, r, "clusters", "cluster", name));
    RK_TRY(read_members(r, &cluster, cluster_members, RK_COUNT(cluster_members)));
    if (!out->server || !is_server(out->server))
        return fail(r, cluster.yaml, "the 'server' of a cluster must be an http or https URL");
    if (out->tls_server_name && !is_host(out->tls_server_name))
        return fail(r, cluster.yaml, "'tls-server-name' must be the name of a host");
    return without_slashes(&out->server, r->op);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The first file that names a current context decides. */
static int find_context(const char **out, const reading *r)
{
    *out = NULL;
    for (size_t i = 0; i < r->count; i++) {
        RK_TRY(rk_yaml_text(out, r->op, r->files[i], rk_yaml_root(), "current-context"));
        if (!*out || !**out)
            continue;
        r->out->path = rk_yaml_path(r->files[i]);
        return 0;
    }
    *out = NULL;
    return 0;
}

static int read_context(const reading *r)
{
    const char *name;
    const char *cluster;
    const char *user;
    entry context;

    RK_TRY(find_context(&name, r));
    if (!name)
        return 0;
    RK_TRY(find_entry(&context, r, "contexts", "context", name));
    RK_TRY(read_members(r, &context, context_members, RK_COUNT(context_members)));
    RK_TRY(rk_yaml_text(&cluster, r->op, context.yaml, context.node, "cluster"));
    RK_TRY(rk_yaml_text(&user, r->op, context.yaml, context.node, "user"));
    if (!cluster || !*cluster)
        return 0;
    RK_TRY(read_cluster(r, cluster));
    return user && *user ? read_user(r, user) : 0;
}

int rk_kubeconfig_read(rk_kubeconfig *out, rk_op *op, const rk_kube_file *files, size_t count)
{
    reading r = {.op = op, .count = count, .out = out};

    *out = (rk_kubeconfig){.path = count ? files[0].path : NULL};
    r.files = rk_new_array(op, rk_yaml *, count);
    RK_CHECK(r.files);
    for (size_t i = 0; i < count; i++)
        RK_TRY(rk_yaml_read(&r.files[i], op, files[i].path, files[i].text));
    return read_context(&r);
}
