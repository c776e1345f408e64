# SPDX-License-Identifier: Apache-2.0
"""The platform: its configuration, and who may create what. Spec: platform.md"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import Caller, check_error, unique
from support.database import Rows
from support.platform import AUTHORIZATION, CONFIG, REDIRECTS, STALE, TARGET, etag_of_time, redirect_path
from support.server import renku

BOTH = {"create_projects": "registered_users", "create_groups": "registered_users"}


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
