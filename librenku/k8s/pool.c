/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/pool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"

struct rk_k8s {
    rk_op op; /* owns all clusters; guarded by the lock */
    const rk_settings *settings;
    rk_setting configs;
    pthread_mutex_t lock;
    bool filled;
    rk_k8s_cluster *first;
};

/* A row of the clusters table, as far as it says how to get there. */
typedef struct {
    const char *id;
    const char *config_name;
} remote;

/* --- opening ---------------------------------------------------------------------------------- */

int rk_k8s_open(rk_k8s **out, rk_op *op, const rk_settings *settings, rk_setting configs)
{
    rk_k8s *k8s = calloc(1, sizeof(*k8s));

    if (!k8s || rk_op_begin(&k8s->op) < 0) {
        free(k8s);
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    pthread_mutex_init(&k8s->lock, NULL);
    k8s->settings = settings;
    k8s->configs = configs;
    *out = k8s;
    return 0;
}

void rk_k8s_close(rk_k8s *k8s)
{
    if (!k8s)
        return;
    for (rk_k8s_cluster *cluster = k8s->first; cluster; cluster = cluster->next) {
        rk_k8s_access_free(cluster->access);
        pthread_mutex_destroy(&cluster->lock);
    }
    pthread_mutex_destroy(&k8s->lock);
    rk_op_end(&k8s->op);
    free(k8s);
}

/* --- filling ---------------------------------------------------------------------------------- */

static int add_cluster(rk_k8s_cluster **out, rk_k8s *k8s, const char *id)
{
    rk_k8s_cluster *cluster = rk_new(&k8s->op, rk_k8s_cluster);

    RK_CHECK(cluster);
    cluster->id = rk_strdup(&k8s->op, id);
    RK_CHECK(cluster->id);
    *out = cluster;
    return 0;
}

static void link_cluster(rk_k8s *k8s, rk_k8s_cluster *cluster)
{
    pthread_mutex_init(&cluster->lock, NULL);
    cluster->next = k8s->first;
    k8s->first = cluster;
}

static int add_default(rk_k8s *k8s)
{
    const rk_settings *settings = k8s->settings;
    const char *config = rk_settings_text(settings, RK_SET_KUBECONFIG);
    const char *home = rk_settings_text(settings, RK_SET_HOME);
    rk_k8s_cluster *cluster;

    RK_TRY(add_cluster(&cluster, k8s, RK_K8S_DEFAULT_CLUSTER));
    if (!config || !*config)
        config = home && *home ? rk_printf(&k8s->op, "%s/.kube/config", home) : "";
    RK_CHECK(config);
    cluster->namespace = rk_settings_text(settings, RK_SET_K8S_NAMESPACE);
    cluster->source = (rk_k8s_source){
        .kubeconfig = config,
        .account = rk_settings_text(settings, RK_SET_RENKU_SERVICE_ACCOUNT),
        .host = rk_settings_text(settings, RK_SET_KUBERNETES_SERVICE_HOST),
        .port = rk_settings_text(settings, RK_SET_KUBERNETES_SERVICE_PORT),
    };
    link_cluster(k8s, cluster);
    return 0;
}

static rk_k8s_cluster *lookup(rk_k8s_cluster *first, const char *id)
{
    while (first && strcmp(first->id, id) != 0)
        first = first->next;
    return first;
}

/* A row that was changed gives a cluster that hides the one before; what was read before is read
 * anew. */
static int add_remote(rk_k8s *k8s, const char *id, const char *path)
{
    rk_k8s_cluster *cluster = lookup(k8s->first, id);

    if (!cluster || strcmp(cluster->source.kubeconfig, path) != 0) {
        RK_TRY(add_cluster(&cluster, k8s, id));
        cluster->source.kubeconfig = rk_strdup(&k8s->op, path);
        RK_CHECK(cluster->source.kubeconfig);
        link_cluster(k8s, cluster);
    }
    pthread_mutex_lock(&cluster->lock);
    rk_k8s_access_free(cluster->access);
    cluster->access = NULL;
    pthread_mutex_unlock(&cluster->lock);
    return 0;
}

/* 0 when it can be used; else the reason stands in the slot of @p op. */
static int try_remote(rk_k8s *k8s, rk_op *op, const char *folder, const remote *row)
{
    const char *name = row->config_name;

    if (strchr(name, '/') || strcmp(name, "..") == 0)
        return rk_fail(op, RK_ERR_CONFIGURATION, "'%s' is no name of a file.", name);
    const char *path = rk_printf(op, "%s/%s", folder, name);

    RK_CHECK(path);
    RK_TRY(rk_k8s_access_check(op, &(rk_k8s_source){.kubeconfig = path}));
    pthread_mutex_lock(&k8s->lock);
    int result = add_remote(k8s, row->id, path);

    pthread_mutex_unlock(&k8s->lock);
    return result < 0 ? rk_fail_default(op, RK_ERR_NO_MEMORY) : 0;
}

static int load_remote(rk_k8s *k8s, rk_op *op, const char *folder, const remote *row)
{
    int result = try_remote(k8s, op, folder, row);

    if (result == 0 || result == RK_ERR_NO_MEMORY || result == RK_ERR_CANCELLED)
        return result;
    rk_log_warning(op, "k8s", "The cluster %s is left out. %s", row->id, op->error.message);
    rk_error_clear(op);
    return 0;
}

static int load_remotes(rk_k8s *k8s, rk_op *op)
{
    static const rk_column columns[] = {
        {"c.id",          RK_COLUMN_TEXT, offsetof(remote, id)         },
        {"c.config_name", RK_COLUMN_TEXT, offsetof(remote, config_name)},
    };
    static const rk_row row = RK_ROW(remote, columns);
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM resource_pools.clusters c"
               " ORDER BY c.id",
        .row = &row,
    };
    const char *folder = rk_settings_text(k8s->settings, k8s->configs);
    rk_array rows;

    if (!op->pool)
        return 0;
    if (!folder || access(folder, F_OK) != 0) {
        rk_log_warning(op, "k8s", "There is no folder %s: remote clusters are left out.",
                       folder ? folder : rk_setting_name(k8s->configs));
        return 0;
    }
    RK_TRY(rk_db_all(&rows, op, &query, RK_NO_PARAMS));
    for (size_t i = 0; i < rows.count; i++)
        RK_TRY(load_remote(k8s, op, folder, (const remote *)rows.items + i));
    return 0;
}

static bool is_filled(rk_k8s *k8s)
{
    pthread_mutex_lock(&k8s->lock);
    bool filled = k8s->filled;
    pthread_mutex_unlock(&k8s->lock);
    return filled;
}

/* Also when another thread does the same at this moment: nothing is there twice. */
static int fill(rk_k8s *k8s, rk_op *op)
{
    pthread_mutex_lock(&k8s->lock);
    int result = lookup(k8s->first, RK_K8S_DEFAULT_CLUSTER) ? 0 : add_default(k8s);
    pthread_mutex_unlock(&k8s->lock);

    if (result < 0)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    RK_TRY(load_remotes(k8s, op));
    pthread_mutex_lock(&k8s->lock);
    k8s->filled = true;
    pthread_mutex_unlock(&k8s->lock);
    return 0;
}

/* --- finding ---------------------------------------------------------------------------------- */

/* Links never change once set, so what was first at a moment can be followed without the lock. */
int rk_k8s_clusters(rk_k8s_cluster **out, rk_op *op)
{
    rk_k8s *k8s = op->k8s;

    if (!k8s)
        return rk_fail(op, RK_ERR_CONFIGURATION, "This operation reaches no Kubernetes cluster.");
    if (!is_filled(k8s) || rk_settings_is_set(k8s->settings, RK_SET_ALWAYS_READ_CLUSTERS))
        RK_TRY(fill(k8s, op));
    pthread_mutex_lock(&k8s->lock);
    *out = k8s->first;
    pthread_mutex_unlock(&k8s->lock);
    return 0;
}

int rk_k8s_cluster_find(rk_k8s_cluster **out, rk_op *op, const char *id)
{
    const char *wanted = id ? id : RK_K8S_DEFAULT_CLUSTER;
    rk_k8s_cluster *first;

    RK_TRY(rk_k8s_clusters(&first, op));
    *out = lookup(first, wanted);
    return *out ? 0
                : rk_fail(op, RK_ERR_NOT_FOUND, "There is no cluster '%s' that can be used.",
                          wanted);
}

/* --- credentials ------------------------------------------------------------------------------ */

static bool is_fresh(const rk_k8s_access *access)
{
    return !access->expires_ms || rk_time_monotonic_ms() < access->expires_ms;
}

/* What is kept and good, apart from @p refused; NULL when nothing is. */
static rk_k8s_access *kept(rk_k8s_cluster *cluster, const rk_k8s_access *refused)
{
    rk_k8s_access *found = NULL;

    pthread_mutex_lock(&cluster->lock);
    if (cluster->access && cluster->access != refused && is_fresh(cluster->access))
        found = rk_k8s_access_share(cluster->access);
    pthread_mutex_unlock(&cluster->lock);
    return found;
}

static void keep(rk_k8s_cluster *cluster, rk_k8s_access *access)
{
    pthread_mutex_lock(&cluster->lock);
    rk_k8s_access *before = cluster->access;
    cluster->access = rk_k8s_access_share(access);
    pthread_mutex_unlock(&cluster->lock);
    rk_k8s_access_free(before);
}

int rk_k8s_cluster_renew(rk_k8s_access **out, rk_op *op, rk_k8s_cluster *cluster,
                         const rk_k8s_access *refused)
{
    rk_k8s_access *found = kept(cluster, refused);

    if (!found) {
        RK_TRY(rk_k8s_access_open(&found, op, &cluster->source));
        keep(cluster, found);
    }
    *out = found;
    return 0;
}

int rk_k8s_cluster_access(rk_k8s_access **out, rk_op *op, rk_k8s_cluster *cluster)
{
    return rk_k8s_cluster_renew(out, op, cluster, NULL);
}

int rk_k8s_cluster_namespace(const char **out, rk_op *op, rk_k8s_cluster *cluster)
{
    RK_AUTO(rk_k8s_access) *access = NULL;

    *out = cluster->namespace;
    if (*out)
        return 0;
    RK_TRY(rk_k8s_cluster_access(&access, op, cluster));
    *out = rk_strdup(op, access->namespace ? access->namespace : "default");
    RK_CHECK(*out);
    return 0;
}
