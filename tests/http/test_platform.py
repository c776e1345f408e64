# SPDX-License-Identifier: Apache-2.0
"""The platform: its configuration, who may create what, redirects. Spec: platform.md"""

import hashlib
import posixpath
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from urllib.parse import urlparse

import pytest

from support.api import Api, Caller, at_once, check_error, total_headers, unique
from support.database import Rows
from support.server import renku

CONFIG, AUTHORIZATION, REDIRECTS = (
    "/platform/config",
    "/platform/authorization_config",
    "/platform/redirects",
)
TARGET = "/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ"
OTHER_TARGET = "https://code.example.org/a"
STALE = '"00000000000000000000000000000000"'
BOTH = {"create_projects": "registered_users", "create_groups": "registered_users"}


@pytest.fixture(scope="module")
def own_database(make_database):
    return make_database()


@pytest.fixture(scope="module")
def own_server(own_database, environment, start_server):
    """A server of this file's own: what it changes counts for the whole platform."""
    server = start_server(own_database, base=environment, workers=2)
    yield server
    server.stop()


@pytest.fixture
def own(own_server, make_api) -> Api:
    return make_api(own_server)


@pytest.fixture(scope="module")
def own_rows(own_database):
    rows = Rows(own_database)
    yield rows
    rows.close()


@pytest.fixture
def root(own) -> Caller:
    return own.token_admin()


@pytest.fixture
def somebody(own) -> Caller:
    return own.user()


@pytest.fixture
def nobody(own) -> Caller:
    return own.anonymous()


def escaped(text: str) -> str:
    """Every byte as an escape."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def redirect_path(source: str) -> str:
    return f"{REDIRECTS}/{escaped(source)}"


def source_url() -> str:
    return f"/projects/ns/{unique('slug')}"


def create(caller: Caller, source: str | None = None, target: str = TARGET) -> dict:
    body = {"source_url": source or source_url(), "target_url": target}
    response = caller.post(REDIRECTS, json=body)
    assert response.status_code == 201, response.text
    return response.json()


def etag_of(text: str) -> str:
    return f'"{hashlib.md5(text.encode()).hexdigest().upper()}"'


def etag_of_time(when) -> str:
    """Spec: platform.md 3.1"""
    return etag_of(when.astimezone(UTC).isoformat())


# --- the order of the common checks --------------------------------------------------------------

WRITES = {
    "PATCH config": ("PATCH", CONFIG, {"incident_banner": "x"}),
    "PATCH authorization": ("PATCH", AUTHORIZATION, {"create_groups": "admins_only"}),
    "POST redirect": (
        "POST",
        REDIRECTS,
        {"source_url": "/projects/order/x", "target_url": TARGET},
    ),
    "PATCH redirect": ("PATCH", redirect_path("/projects/order/y"), {"target_url": TARGET}),
    "DELETE redirect": ("DELETE", redirect_path("/projects/order/y"), None),
}
each_write = pytest.mark.parametrize(
    "method, path, body", WRITES.values(), ids=[name.replace(" ", "-") for name in WRITES]
)


# Spec: platform.md 4, 7 (2): 401, 403, 428, 400, 422, whatever follows is wrong as well
@each_write
def test_checks_of_a_change_have_their_order(own, somebody, root, own_rows, method, path, body):
    before = own_rows.fingerprint()
    tag = {"if-match": STALE} if method != "POST" else {}
    for headers in ({}, tag):
        check_error(own.anonymous().send(method, path, b"{", headers=headers), 401)
        check_error(somebody.send(method, path, b"{", headers=headers), 403)
    if tag:
        check_error(root.send(method, path, b"{"), 428, "If-Match header not provided.")
    if body:
        check_error(root.send(method, path, b"{", headers=tag), 400)
        for wrong in (b"", b"null", b"[]", b'{"unknown": 1}'):
            check_error(root.send(method, path, wrong, headers=tag), 422)
        name = next(iter(body))
        response = root.request(method, path, json=body | {name: 1}, headers=tag)
        check_error(response, 422, contains=name)
    assert own_rows.fingerprint() == before


# Spec: platform.md 4: an unreadable token is no credential
@each_write
def test_a_bad_token_changes_nothing(own, method, path, body):
    response = own.with_token("x.y.z").request(method, path, json=body, headers={"if-match": STALE})
    check_error(response, 401)


# --- 2.1, 3.1, 4.1, 4.2 the configuration --------------------------------------------------------


@pytest.fixture
def config(nobody) -> dict:
    response = nobody.get(CONFIG)
    assert response.status_code == 200, response.text
    return response.json()


def patch_config(caller: Caller, etag: str, **body):
    return caller.patch(CONFIG, json=body, headers={"if-match": etag})


# Spec: platform.md 2.1, 4.1, 4.2 (1), 7 (3)
def test_the_first_get_makes_the_configuration(own_server, root, nobody, own_rows):
    own_rows.run("DELETE FROM platform.config")
    check_error(patch_config(root, STALE, incident_banner="x"), 404)
    assert own_rows.all("SELECT * FROM platform.config") == []
    response = nobody.get(CONFIG)
    assert response.status_code == 200
    assert own_rows.all("SELECT id::text, incident_banner FROM platform.config") == [("config", "")]
    when = own_rows.one("SELECT updated_at FROM platform.config")
    assert response.json() == {"etag": etag_of_time(when), "incident_banner": ""}
    assert response.headers["etag"] == response.json()["etag"]


# Spec: platform.md 4.1: two first calls at once make one row
def test_first_gets_at_once_make_one_configuration(nobody, own_rows):
    own_rows.run("DELETE FROM platform.config")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: nobody.get(CONFIG), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert own_rows.one("SELECT count(*) FROM platform.config") == 1


# Spec: platform.md 4.1: who waits for the first one sees its row
def test_a_first_get_waits_for_another(nobody, own_rows):
    own_rows.run("DELETE FROM platform.config")
    insert = "INSERT INTO platform.config (id, incident_banner) VALUES ('config', 'mine')"
    response = own_rows.let_wait([(insert,)], lambda: nobody.get(CONFIG))
    assert response.json()["incident_banner"] == "mine"


# Spec: platform.md 4.1: credentials are not even looked at
@pytest.mark.parametrize("path", [CONFIG, AUTHORIZATION])
def test_everybody_reads_without_credentials(own, somebody, path):
    answers = [caller.get(path) for caller in (own.anonymous(), somebody, own.with_token("x.y.z"))]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.text for answer in answers}) == 1


# Spec: platform.md 3.3, 4.1, 4.3: whole strings, no lists, no *, no weak tags
@pytest.mark.parametrize("path", [CONFIG, AUTHORIZATION])
def test_a_known_etag_answers_304(nobody, path):
    etag = nobody.get(path).json()["etag"]
    response = nobody.get(path, headers={"if-none-match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert "etag" not in response.headers
    for other in ("*", f"W/{etag}", f"{etag}, {STALE}", etag.strip('"'), etag.lower(), STALE):
        response = nobody.get(path, headers={"if-none-match": other})
        assert (response.status_code, response.headers["etag"]) == (200, etag), other


# Spec: platform.md 2.1, 4.2 (3): stored as it is, and dated
@pytest.mark.parametrize(
    "banner", ["# <b>Down</b> & 'out'\n", "ä\N{GRINNING FACE}" * 5000, " ", "\u202e", ""]
)
def test_a_banner_is_stored_as_it_is(root, nobody, config, own_rows, banner):
    own_rows.run("UPDATE platform.config SET incident_banner = 'before'")
    response = patch_config(root, config["etag"], incident_banner=banner)
    assert response.status_code == 200, response.text
    when = own_rows.one("SELECT updated_at FROM platform.config")
    assert response.json() == {"etag": etag_of_time(when), "incident_banner": banner}
    assert response.headers["etag"] == response.json()["etag"] != config["etag"]
    assert nobody.get(CONFIG).json() == response.json()


# Spec: platform.md 2.2, 4.2 (3), 7 (4)
def test_a_patch_that_changes_nothing_keeps_the_etag(root, config):
    for body in ({}, {"incident_banner": None}, {"incident_banner": config["incident_banner"]}):
        response = patch_config(root, config["etag"], **body)
        assert (response.status_code, response.json()) == (200, config)
        assert response.headers["etag"] == config["etag"]


# Spec: platform.md 3.1: without a fraction when there is none
def test_the_etag_of_a_full_second(nobody, config, own_rows):
    own_rows.run("UPDATE platform.config SET updated_at = '2024-05-10T08:54:22+00:00'")
    assert nobody.get(CONFIG).json()["etag"] == '"F37D44474D60F02C892EC348EAF05A43"'
    own_rows.run("UPDATE platform.config SET updated_at = '2024-05-10T08:54:22.031163+00:00'")
    assert nobody.get(CONFIG).json()["etag"] == '"51AE94DA3A4DF801A433D81DAF019592"'


# Spec: platform.md 3.3, 4.2 (2), 7 (1)
def test_another_etag_is_a_conflict_that_names_both(root, config):
    for tag in (STALE, "*", config["etag"].strip('"'), f"W/{config['etag']}"):
        error = check_error(patch_config(root, tag, incident_banner="no"), 409)
        assert config["etag"] in error["message"] and tag in error["message"]


# Spec: platform.md 4.2: of changes with one ETag only the first one counts
def test_of_changes_at_once_one_wins(root, config):
    with ThreadPoolExecutor(8) as pool:
        changes = [
            pool.submit(patch_config, root, config["etag"], incident_banner=unique("banner"))
            for _ in range(8)
        ]
    assert sorted(change.result().status_code for change in changes) == [200] + [409] * 7


# Spec: platform.md 4.2: If-None-Match means nothing to a change
def test_a_change_never_answers_304(root, config):
    headers = {"if-match": config["etag"], "if-none-match": config["etag"]}
    assert root.patch(CONFIG, json={}, headers=headers).status_code == 200


# --- 2.3, 3.2, 4.3, 4.4 who may create what ------------------------------------------------------


def patch_authorization(caller: Caller, etag: str, **body):
    return caller.patch(AUTHORIZATION, json=body, headers={"if-match": etag})


@pytest.fixture
def authorization(root, nobody) -> dict:
    """Everybody may create everything, before and after."""
    etag = nobody.get(AUTHORIZATION).json()["etag"]
    response = patch_authorization(root, etag, **BOTH)
    assert response.status_code == 200, response.text
    yield response.json()
    etag = nobody.get(AUTHORIZATION).json()["etag"]
    assert patch_authorization(root, etag, **BOTH).status_code == 200


def creators(own_rows) -> set[tuple]:
    return {row for row in own_rows.relations("L", "renku") if row[0] in "PG"}


# Spec: platform.md 2.3: the state after the migration
def test_registered_users_create_at_first(make_database):
    rows = Rows(make_database())
    try:
        assert creators(rows) == {("P", "u", "*"), ("G", "u", "*")}
    finally:
        rows.close()


ETAGS = [
    ("registered_users", "registered_users", '"34DB2F0F8727FD4128F7380322CFA9B5"'),
    ("registered_users", "admins_only", '"A04A9373DE839E18947917BA5AB2AC1A"'),
    ("admins_only", "registered_users", '"05F07EFCBB11AA02D7B8952E4717640E"'),
    ("admins_only", "admins_only", '"89862D04B03890324EFDF1F937E313AC"'),
]


# Spec: platform.md 2.3, 3.2, 4.3, 4.4
@pytest.mark.parametrize("projects, groups, etag", ETAGS)
def test_each_setting_has_its_relationships_and_etag(
    root, nobody, authorization, own_rows, projects, groups, etag
):
    body = {"create_projects": projects, "create_groups": groups}
    response = patch_authorization(root, authorization["etag"], **body)
    assert (response.status_code, response.json()) == (200, {"etag": etag} | body)
    assert response.headers["etag"] == etag
    read = nobody.get(AUTHORIZATION)
    assert (read.json(), read.headers["etag"]) == (response.json(), etag)
    wanted = {("P", "u", "*")} if projects == "registered_users" else set()
    wanted |= {("G", "u", "*")} if groups == "registered_users" else set()
    assert creators(own_rows) == wanted


# Spec: platform.md 4.4: what is absent or null stays
@pytest.mark.parametrize("name", ["create_projects", "create_groups"])
def test_one_switch_leaves_the_other(root, authorization, name):
    other = ({"create_projects", "create_groups"} - {name}).pop()
    response = patch_authorization(
        root, authorization["etag"], **{name: "admins_only", other: None}
    )
    assert response.status_code == 200, response.text
    assert (response.json()[name], response.json()[other]) == ("admins_only", "registered_users")
    etag = response.json()["etag"]
    assert patch_authorization(root, etag).json() == response.json()
    again = patch_authorization(root, etag, **{name: "admins_only"})
    assert (again.status_code, again.json()) == (200, response.json())


# Spec: platform.md 4.4
@pytest.mark.parametrize("value", ["nobody", "REGISTERED_USERS", "", 1, True, []])
def test_a_switch_has_two_values(root, authorization, value):
    for name in ("create_projects", "create_groups"):
        response = patch_authorization(root, authorization["etag"], **{name: value})
        check_error(response, 422, contains=name)


# Spec: platform.md 4.4 (1)
def test_an_outdated_authorization_configuration_is_a_conflict(root, authorization, own_rows):
    error = check_error(patch_authorization(root, STALE, create_groups="admins_only"), 409)
    assert "out of date" in error["message"]
    assert authorization["etag"] in error["message"] and STALE in error["message"]
    assert len(creators(own_rows)) == 2


# Spec: platform.md 4.4, here in one transaction: of changes with one ETag only the first one counts
def test_of_switches_at_once_one_wins(root, authorization, own_rows):
    bodies = [{"create_projects": "admins_only"}, {"create_groups": "admins_only"}] * 4
    with ThreadPoolExecutor(8) as pool:
        changes = [
            pool.submit(patch_authorization, root, authorization["etag"], **body) for body in bodies
        ]
    assert sorted(change.result().status_code for change in changes) == [200] + [409] * 7
    assert len(creators(own_rows)) == 1


# Spec: platform.md 4.4, authorization.md 12: the effect is immediate; administrators are not affected
def test_switches_decide_who_creates(
    own, own_server, own_database, environment, root, authorization
):
    somebody, platform_admin = own.user(), own.user()
    done = renku("authz", "admin", "add", platform_admin.id, env=environment | own_database)
    assert done.returncode == 0, done.stderr

    def group(caller):
        slug = unique("group")
        return caller.post("/groups", json={"name": slug, "slug": slug})

    def project(caller):
        return caller.post("/projects", json={"name": unique("x"), "namespace": caller.slug})

    closed = patch_authorization(
        root, authorization["etag"], create_projects="admins_only", create_groups="admins_only"
    )
    for make in (group, project):
        check_error(make(somebody), 403)
        assert make(platform_admin).status_code == 201
    half = patch_authorization(root, closed.json()["etag"], create_groups="registered_users")
    assert group(somebody).status_code == 201
    check_error(project(somebody), 403)
    assert patch_authorization(root, half.json()["etag"], **BOTH).status_code == 200
    assert project(somebody).status_code == 201


# --- 4.5 the list --------------------------------------------------------------------------------


# Spec: platform.md 4.5, 7 (5), 7 (8)
def test_the_list_is_whole_whatever_the_page(root, own_rows):
    own_rows.run("DELETE FROM platform.url_redirects")
    response = root.get(REDIRECTS)
    assert (response.json(), total_headers(response)) == ([], (1, 20, 0, 0))
    created = [create(root) for _ in range(5)]
    for query, headers in {
        "": (1, 20, 5, 1),
        "?page=2&per_page=2": (2, 2, 5, 3),
        "?page=9&per_page=5": (9, 5, 5, 1),
    }.items():
        response = root.get(f"{REDIRECTS}{query}")
        assert (response.json(), total_headers(response)) == (created, headers)
        assert "etag" not in response.headers


# Spec: platform.md 4.5
@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "per_page=0",
        "per_page=101",
        "unknown=1",
        "page=9223372036854775807&per_page=100",
    ],
)
def test_bad_pages_are_refused(root, query):
    check_error(root.get(f"{REDIRECTS}?{query}"), 422)


# Spec: platform.md 4.5, 7 (8): the query of who may not list is not looked at
def test_the_list_is_for_administrators(own, somebody):
    check_error(own.anonymous().get(f"{REDIRECTS}?page=0"), 401)
    check_error(somebody.get(f"{REDIRECTS}?page=0"), 403)


# --- 4.6 one redirect ----------------------------------------------------------------------------


# Spec: platform.md 3.1, 4.6, 7 (6), 7 (8)
def test_everybody_gets_a_redirect(own, somebody, root, own_rows):
    redirect = create(root)
    source = redirect["source_url"]
    when = own_rows.one(
        "SELECT updated_at FROM platform.url_redirects WHERE source_url = %s", source
    )
    assert redirect == {
        "etag": etag_of_time(when),
        "source_url": source,
        "target_url": TARGET,
    }
    for caller in (own.anonymous(), somebody, root):
        for path in (redirect_path(source), f"{REDIRECTS}/{source.replace('/', '%2f')}"):
            response = caller.get(path, headers={"if-none-match": redirect["etag"]})
            assert (response.status_code, response.json()) == (200, redirect)
            assert "etag" not in response.headers


# Spec: platform.md 4.6: decoded once, not validated, not normalised
@pytest.mark.parametrize(
    "path, shown",
    [
        ("nothing", "nothing"),
        ("%2Fprojects%2Fa%2F", "/projects/a/"),
        ("a+b", "a+b"),
        ("%252F", "%2F"),
        ("%zz", "%zz"),
        ("%C3%A4%20'%22", "ä '\""),
        ("%ff", "\ufffd"),
    ],
)
def test_an_unknown_redirect_is_named_as_it_came(nobody, path, shown):
    message = f"A redirect for '{shown}' does not exist or you do not have access to it."
    check_error(nobody.get(f"{REDIRECTS}/{path}"), 404, message)


# Spec: platform.md 4.6: plain slashes are another path
def test_a_source_with_plain_slashes_is_another_path(nobody, root):
    redirect = create(root)
    check_error(nobody.get(f"{REDIRECTS}{redirect['source_url']}"), 404, contains="Requested URL")


# Spec: platform.md 4.6, 7 (7): a text that would be normalised is not found
def test_get_does_not_normalise(nobody, root):
    redirect = create(root)
    assert nobody.get(redirect_path(redirect["source_url"])).status_code == 200
    check_error(nobody.get(redirect_path(f" {redirect['source_url']}")), 404)


# Spec: foundations.md 4.3, 6
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_source_with_a_null_byte_is_refused(root, method):
    body = {} if method == "PATCH" else None
    response = root.request(
        method, f"{REDIRECTS}/%2Fprojects%2F%00", json=body, headers={"if-match": STALE}
    )
    check_error(response, 422)


# --- 4.7 creation --------------------------------------------------------------------------------


# Spec: platform.md 2.2, 4.7: no Location, no ETag header; the target need not exist
def test_a_redirect_is_created(root, own_rows):
    source = source_url()
    response = root.post(REDIRECTS, json={"source_url": source, "target_url": TARGET})
    assert response.status_code == 201
    assert not {"location", "etag"} & set(response.headers)
    assert own_rows.all(
        "SELECT length(id), target_url, creation_date = updated_at FROM platform.url_redirects"
        " WHERE source_url = %s",
        source,
    ) == [(26, TARGET, True)]


# Spec: platform.md 4.7: the source is looked at first
def test_the_source_is_validated_before_the_target(root):
    body = {"source_url": "/x", "target_url": "/y"}
    response = root.post(REDIRECTS, json=body)
    check_error(response, 422, "The source URL must start with /projects/.")
    body["source_url"] = source_url()
    response = root.post(REDIRECTS, json=body)
    check_error(response, 422, "The target URL path must match the pattern /p/ULID.")


# Spec: platform.md 4.7: sources are compared in their normal form
def test_a_source_has_one_redirect(root):
    redirect = create(root)
    for source in (redirect["source_url"], f"\t{redirect['source_url']}?#"):
        response = root.post(REDIRECTS, json={"source_url": source, "target_url": OTHER_TARGET})
        check_error(response, 409)


# Spec: platform.md 4.7: 409 for who loses the race
def test_of_creations_at_once_one_wins(root, own_rows):
    body = {"source_url": source_url(), "target_url": TARGET}
    answers = at_once(lambda _: root.post(REDIRECTS, json=body), range(8))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


# Spec: foundations.md 4.3: longer than an index can hold
def test_a_source_that_is_too_long_is_refused(root):
    noise = random.Random(1)
    name = "".join(noise.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(20_000))
    response = root.post(
        REDIRECTS, json={"source_url": f"/projects/{name}", "target_url": TARGET}
    )
    check_error(response, 422, contains="too long")


# --- 4.8 change ----------------------------------------------------------------------------------


def patch_redirect(caller: Caller, source: str, etag: str, **body):
    return caller.patch(redirect_path(source), json=body, headers={"if-match": etag})


# Spec: platform.md 4.8: the new ETag is in the body only
def test_a_target_changes(root, nobody):
    redirect = create(root)
    response = patch_redirect(
        root, redirect["source_url"], redirect["etag"], target_url=OTHER_TARGET
    )
    assert response.status_code == 200, response.text
    changed = response.json()
    assert changed == redirect | {"target_url": OTHER_TARGET, "etag": changed["etag"]}
    assert changed["etag"] != redirect["etag"]
    assert "etag" not in response.headers
    assert nobody.get(redirect_path(redirect["source_url"])).json() == changed


# Spec: platform.md 2.2, 4.8, 7 (4)
def test_a_target_that_stays_keeps_the_etag(root):
    redirect = create(root)
    for body in ({}, {"target_url": None}, {"target_url": TARGET}, {"target_url": f" {TARGET}#"}):
        response = patch_redirect(root, redirect["source_url"], redirect["etag"], **body)
        assert (response.status_code, response.json()) == (200, redirect)


# Spec: platform.md 4.8: source, target, existence, ETag
def test_checks_of_a_changed_redirect_have_their_order(root):
    redirect, unknown = create(root), source_url()
    bad = {"target_url": "/y"}
    check_error(patch_redirect(root, "/x", STALE, **bad), 422, contains="source URL must start")
    check_error(patch_redirect(root, unknown, STALE, **bad), 422, contains="target URL path must")
    message = f"A redirect for source URL '{unknown}' does not exist."
    check_error(patch_redirect(root, unknown, STALE, target_url=TARGET), 404, message)
    error = check_error(patch_redirect(root, redirect["source_url"], STALE), 409)
    assert redirect["etag"] in error["message"] and STALE in error["message"]


# Spec: platform.md 4.8, 7 (7)
def test_patch_normalises_the_source(root):
    redirect = create(root)
    response = patch_redirect(
        root, f"\n{redirect['source_url']};", redirect["etag"], target_url=OTHER_TARGET
    )
    assert (response.status_code, response.json()["target_url"]) == (200, OTHER_TARGET)


# Spec: platform.md 4.8
def test_of_redirects_changed_at_once_one_wins(root):
    redirect = create(root)
    with ThreadPoolExecutor(8) as pool:
        changes = [
            pool.submit(
                patch_redirect,
                root,
                redirect["source_url"],
                redirect["etag"],
                target_url=f"https://example.org/{number}",
            )
            for number in range(8)
        ]
    assert sorted(change.result().status_code for change in changes) == [200] + [409] * 7


# --- 4.9 removal ---------------------------------------------------------------------------------


def delete_redirect(caller: Caller, source: str, etag: str):
    return caller.delete(redirect_path(source), headers={"if-match": etag})


# Spec: platform.md 4.9
def test_a_redirect_goes(root, nobody):
    redirect = create(root)
    check_error(delete_redirect(root, redirect["source_url"], STALE), 409, contains=STALE)
    response = delete_redirect(root, redirect["source_url"], redirect["etag"])
    assert (response.status_code, response.content) == (204, b"")
    check_error(nobody.get(redirect_path(redirect["source_url"])), 404)


# Spec: platform.md 4.9, 7 (7): what never was is gone; nothing is validated or normalised
def test_what_never_was_is_gone(root, nobody):
    redirect = create(root)
    for source in ("/x", "nonsense", source_url(), f" {redirect['source_url']}"):
        assert delete_redirect(root, source, STALE).status_code == 204
    assert nobody.get(redirect_path(redirect["source_url"])).status_code == 200


# --- 5 the rules of URLs, against Python's own reading -------------------------------------------

SCHEMES = ["", "", "https:", "https:", "HTTPS:", "hTTps:", "http:", "ftp:", "1a:", "a b:", ":"]
AUTHORITIES = [
    "",
    "",
    "//",
    "//gitlab.renkulab.io",
    "//gitlab.renkulab.io",
    "//GitLab.renkulab.io",
    "//gitlab.renkulab.io:443",
    "//me@code.example.org",
    "//code.example.org",
    "//[::1]:81",
    "//[::1",
    "//]",
    "//h;x",
    "//bücher.example",
    "//a\N{ACCOUNT OF}b",
    "//\N{FULLWIDTH COLON}b",
]
SEGMENTS = ["projects", "p", "01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ", "a", "b.c", ".", "..", "...", "", ";", "a;b"]
SEGMENTS += ["é", "%2F", "a b", "~", "-", "a:b", "\\", "[x]", ".x"]
TAILS = ["", "", "", "", "?", "#", "?#", "?x=1", "#f", ";", ";p", "?a/../b", "#/"]
STARTS = ["", "", "", "", " ", "\t", "\n \x01", "\x1f"]


def generated(noise: random.Random) -> str:
    path = "/".join(noise.choice(SEGMENTS) for _ in range(noise.randint(0, 4)))
    start = noise.choice(["/", "/", "/projects/", "/p/", "", "//", "///"])
    path = noise.choice(["", "", start + path, start + path, start + path, start + path + "/"])
    url = noise.choice(SCHEMES) + noise.choice(AUTHORITIES) + path + noise.choice(TAILS)
    if noise.random() < 0.1 and url:
        place = noise.randrange(len(url))
        url = url[:place] + noise.choice("\t\r\n") + url[place:]
    return noise.choice(STARTS) + url


def reason(name: str, url) -> str | None:
    """The first rule that a URL breaks. Spec: platform.md 5"""
    if url.params or url.query or url.fragment:
        return f"The {name} URL must not include parameters, a query, or a fragment."
    if url.path != posixpath.normpath(url.path) or {".", ".."} & set(url.path.split("/")):
        return f"The {name} URL path is not canonical."
    if url.scheme or (name == "target" and url.netloc):
        if url.scheme != "https":
            return f"The {name} URL must use HTTPS."
        if name == "source" and url.netloc != "gitlab.renkulab.io":
            return "The source URL host must be gitlab.renkulab.io."
        return None
    if url.netloc:
        return "The source URL should not include a host."
    if name == "source":
        fits = url.path.startswith("/projects/")
        return None if fits else "The source URL must start with /projects/."
    tail = url.path.removeprefix("/p/")
    alphabet = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    fits = url.path.startswith("/p/") and len(tail) == 26 and set(tail) <= alphabet
    return None if fits and tail[0] in "01234567" else (
        "The target URL path must match the pattern /p/ULID."
    )


def expected(name: str, text: str) -> tuple[str | None, str | None]:
    """The normal form, or why there is none."""
    try:
        url = urlparse(text)
    except ValueError:
        return None, f"The {name} URL has no host that can be read."
    why = reason(name, url)
    if why:
        return None, why
    return (url.geturl() if url.netloc or not url.scheme else f"https://{url.netloc}{url.path}"), None


def answered_source(root: Caller, text: str) -> tuple[str | None, str | None]:
    response = patch_redirect(root, text, STALE)
    message = response.json()["error"]["message"]
    if response.status_code == 422:
        return None, message
    assert response.status_code == 404, response.text
    before, after = "A redirect for source URL '", "' does not exist."
    assert message.startswith(before) and message.endswith(after)
    return message[len(before) : -len(after)], None


# Spec: platform.md 5
def test_sources_are_read_as_python_reads_them(root):
    noise, seen = random.Random(5), {}
    texts = [text for text in (generated(noise) for _ in range(3000)) if text]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda text: answered_source(root, text), texts))
    for text, answer in zip(texts, answers, strict=True):
        assert answer == expected("source", text), repr(text)
        seen[answer[1]] = seen.get(answer[1], 0) + 1
    assert len(seen) == 8 and min(seen.values()) > 5, seen


# Spec: platform.md 5
def test_targets_are_read_as_python_reads_them(root):
    noise, seen, source = random.Random(6), {}, source_url()
    redirect = create(root, source)
    for text in (generated(noise) for _ in range(3000)):
        response = patch_redirect(root, source, redirect["etag"], target_url=text)
        form, why = expected("target", text)
        if why:
            check_error(response, 422, why)
        else:
            assert response.status_code == 200, f"{text!r}: {response.text}"
            redirect = response.json()
            assert without_extra_slash(redirect["target_url"]) == without_extra_slash(form), repr(text)
        seen[why] = seen.get(why, 0) + 1
    assert len(seen) == 6 and min(seen.values()) > 5, seen


def without_extra_slash(url: str) -> str:
    """Versions of Python differ in the slashes of an https URL without a host."""
    return url.replace("https:///", "https://") if url.startswith("https:///") else url
