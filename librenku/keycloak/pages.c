/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "librenku/base/url.h"
#include "librenku/db/db.h"
#include "librenku/http/json.h"
#include "librenku/keycloak/access.h"

enum { PAGE = 20, EXCERPT_MAX = 200, HASH_BYTES = crypto_generichash_BYTES };

/* Who there is without a Keycloak. Spec: users.md 7 */
static const char development_users[] =
    "[{\"id\":\"user1\",\"firstName\":\"user1\",\"lastName\":\"doe\",\"email\":\"user1@doe.com\","
    "\"enabled\":true},"
    "{\"id\":\"user2\",\"firstName\":\"user2\",\"lastName\":\"doe\",\"email\":\"user2@doe.com\","
    "\"enabled\":true}]";

/* One list on its way. */
typedef struct {
    rk_keycloak *keycloak;
    const rk_keycloak_list *list;
    rk_keycloak_take *take;
    void *user;
    int64_t first;
    int status; /* of the last answer */
    bool ended;
    unsigned char before[HASH_BYTES]; /* of the last page */
} reading;

/* --- what came -------------------------------------------------------------------------------- */

/* What Keycloak said, on one line; nothing when it repeats our token. */
static const char *excerpt(rk_op *op, const rk_keycloak *keycloak, const rk_net_answer *answer)
{
    const rk_secret *token = keycloak->access.text;
    size_t length = answer->body_size < EXCERPT_MAX ? answer->body_size : EXCERPT_MAX;
    char *text = rk_strndup(op, answer->body, length);

    if (!text || (token && strstr(answer->body, (const char *)token->bytes)))
        return "";
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = ' ';
    return text;
}

static int refuse(reading *r, rk_op *op, const rk_net_answer *answer, const char *problem)
{
    const char *said = excerpt(op, r->keycloak, answer);

    const char *url = rk_url_shown(op, r->keycloak->admin_url);

    RK_CHECK(url);
    return rk_fail(op, RK_ERR_REMOTE, "Error on remote connection GET %s%s: %d, %s: %s", url,
                   r->list->path, answer->status, problem, said);
}

static int parse(json_object **out, rk_op *op, const char *text, size_t length)
{
    int result = rk_json_parse(out, op, text, length);

    if (result < 0 && result != RK_ERR_NO_MEMORY) {
        rk_error_clear(op);
        *out = NULL;
        return 0;
    }
    return result;
}

static bool holds_objects(json_object *page)
{
    for (size_t i = 0; i < json_object_array_length(page); i++)
        if (!json_object_is_type(json_object_array_get_idx(page, i), json_type_object))
            return false;
    return true;
}

/* A server that does not know "first" would give the same page for ever. */
static bool is_repeated(reading *r, const rk_net_answer *answer)
{
    unsigned char hash[HASH_BYTES];

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)answer->body, answer->body_size,
                       NULL, 0);
    bool same = r->first > 0 && memcmp(hash, r->before, sizeof(hash)) == 0;

    memcpy(r->before, hash, sizeof(hash));
    return same;
}

/* One item more than a page has says that another page follows. */
static int check_page(reading *r, rk_op *op, json_object *page, const rk_net_answer *answer)
{
    r->status = answer->status;
    if (answer->status != 200 || !json_object_is_type(page, json_type_array))
        return refuse(r, op, answer, "no list");
    if (json_object_array_length(page) > PAGE + 1)
        return refuse(r, op, answer, "more than was asked for");
    if (!holds_objects(page))
        return refuse(r, op, answer, "no list of objects");
    r->ended = json_object_array_length(page) <= PAGE;
    if (!r->ended && is_repeated(r, answer))
        return refuse(r, op, answer, "the same page again");
    if (!r->ended && json_object_array_del_idx(page, PAGE, 1) < 0)
        return rk_fail_default(op, RK_ERR_INTERNAL);
    return 0;
}

/* --- pages ------------------------------------------------------------------------------------ */

static int read_page(reading *r, rk_op *part)
{
    const char *query = r->list->query;
    const char *url =
        rk_printf(part, "%s%s?%s%sfirst=%lld&max=%d", r->keycloak->admin_url, r->list->path,
                  query ? query : "", query ? "&" : "", (long long)r->first, PAGE + 1);
    rk_net_answer answer;
    json_object *page;

    RK_CHECK(url);
    RK_TRY(rk_keycloak_get(&answer, part, r->keycloak, url));
    RK_TRY(parse(&page, part, answer.body, answer.body_size));
    RK_TRY(check_page(r, part, page, &answer));
    r->first += PAGE;
    return json_object_array_length(page) ? r->take(part, r->user, page) : 0;
}

static int read_development(reading *r, rk_op *part)
{
    json_object *page;

    r->ended = true;
    if (strcmp(r->list->path, "/users") != 0)
        return 0;
    RK_TRY(parse(&page, part, development_users, sizeof(development_users) - 1));
    return r->take(part, r->user, page);
}

static int run_part(reading *r, rk_op *op)
{
    rk_op part;

    RK_TRY(rk_op_check(op));
    RK_TRY(rk_op_begin_part(&part, op));
    int result = r->keycloak->admin_url ? read_page(r, &part) : read_development(r, &part);

    rk_db_end(&part);
    return rk_op_end_part(&part, op, result);
}

/* What a refusal means for whoever has set it up. */
static int advise(rk_op *op, int result, int status)
{
    static const char roles[] = "The service account of KEYCLOAK_CLIENT_ID needs the roles "
                                "view-users, view-realm and, for events, view-events of "
                                "realm-management.";
    static const char nothing[] = "KEYCLOAK_URL and KEYCLOAK_REALM lead to no such realm or role, "
                                  "or to no Keycloak. The identity provider of `renku up` has no "
                                  "directory.";

    if (status == 403)
        return rk_fail_detail(op, "%s", roles);
    return status == 404 ? rk_fail_detail(op, "%s", nothing) : result;
}

int rk_keycloak_pages(rk_op *op, rk_keycloak *keycloak, const rk_keycloak_list *list,
                      rk_keycloak_take *take, void *user)
{
    reading r = {.keycloak = keycloak, .list = list, .take = take, .user = user};

    RK_ASSERT(!rk_db_is_open(op));
    rk_db_end(op); /* nobody waits for a connection while we wait for Keycloak */
    int result = 0;

    while (result == 0 && !r.ended)
        result = run_part(&r, op);
    return result < 0 ? advise(op, result, r.status) : 0;
}

int rk_keycloak_text(const char **out, rk_op *op, json_object *object, const char *name)
{
    json_object *member = json_object_object_get(object, name);

    *out = json_object_is_type(member, json_type_string) ? json_object_get_string(member) : NULL;
    bool is_whole = *out && strlen(*out) == (size_t)json_object_get_string_len(member);

    if (!member || is_whole)
        return 0;
    return rk_fail(op, RK_ERR_REMOTE, "Keycloak gives a member '%s' that is no text.", name);
}
