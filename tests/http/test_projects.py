# SPDX-License-Identifier: Apache-2.0
"""Projects: list, create, read, change, move, delete.

Spec: projects.md 2-5, 8; namespaces.md 4.3, 4.8"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from support.api import NO_ULID, ULID, all_pages, check_error, fields_error, total_headers, unique
from support.contents import (
    insert,
    insert_connector,
    insert_environment,
    insert_launcher,
    insert_link,
    insert_slot,
    new_id,
)

LOGIN = "You have to be authenticated to perform this operation."
HIDDEN = "does not exist or you do not have access to it"
INSUFFICIENT = "you do not have sufficient permissions"
NO_URL = "is not a valid HTTP or HTTPS URL"
KEYS = [
    "id",
    "name",
    "namespace",
    "slug",
    "creation_date",
    "created_by",
    "updated_at",
    "repositories",
    "visibility",
    "description",
    "etag",
    "keywords",
    "documentation",
    "template_id",
    "is_template",
    "secrets_mount_directory",
]


def by_path(caller, namespace: str, slug: str, **query):
    return caller.get(f"/namespaces/{namespace}/projects/{slug}", params=query)


def stored(rows, column: str, project: dict):
    return rows.one(f"SELECT {column} FROM projects.projects WHERE id = %s", project["id"])


def own_list(caller, **params) -> list[str]:
    return [item["id"] for item in all_pages(caller, "/projects", **params)]


# --- 4.2 POST /projects --------------------------------------------------------------------------


# Spec: projects.md 2.3, 4.2
def test_a_project_with_defaults(user, rows):
    response = user.post("/projects", json={"name": "My Project", "namespace": user.slug})
    assert response.status_code == 201
    assert "etag" not in response.headers
    body = response.json()
    assert list(body) == [
        key for key in KEYS if key not in ("description", "documentation", "template_id")
    ]
    assert ULID.match(body["id"])
    assert body | {"id": 0, "creation_date": 0, "updated_at": 0, "etag": 0} == {
        "id": 0,
        "name": "My Project",
        "namespace": user.slug,
        "slug": "my-project",
        "creation_date": 0,
        "created_by": user.id,
        "updated_at": 0,
        "repositories": [],
        "visibility": "private",
        "etag": 0,
        "keywords": [],
        "is_template": False,
        "secrets_mount_directory": "/secrets",
    }
    assert user.project(body["id"]) == body
    assert stored(rows, "keywords", body) == []


# Spec: projects.md 2.3, 4.2
def test_a_project_with_everything(user):
    given = {
        "name": "Größe & Co.",
        "namespace": user.slug,
        "slug": unique("everything"),
        "repositories": ["https://example.org/b", "https://example.org/a"],
        "visibility": "public",
        "description": "About",
        "keywords": ["b", "a", "b", "Ä"],
        "secrets_mount_directory": "/a/b",
    }
    response = user.post("/projects", json=given | {"documentation": "# Text"})
    assert response.status_code == 201
    body = response.json()
    assert {name: body[name] for name in given} == given
    assert "documentation" not in body
    assert list(body) == [key for key in KEYS if key not in ("documentation", "template_id")]
    read = user.project(body["id"], with_documentation="true")
    assert read == body | {"documentation": "# Text"}
    assert list(read) == [key for key in KEYS if key != "template_id"]


# Spec: projects.md 2.2
def test_times_and_tag_of_a_new_project(user):
    body = user.create_project()
    created, updated = (
        datetime.fromisoformat(body[name]) for name in ("creation_date", "updated_at")
    )
    assert created.microsecond == 0
    assert abs((updated - created).total_seconds()) < 2
    text = f"{body['updated_at'][:-1]}+00:00-{body['namespace']}/{body['slug']}"
    assert body["etag"] == f'"{hashlib.md5(text.encode()).hexdigest().upper()}"'


# Spec: projects.md 3; authorization.md 9
@pytest.mark.parametrize("visibility", ["private", "public"])
@pytest.mark.parametrize("in_group", [False, True], ids=["user", "group"])
def test_relationships_of_a_new_project(user, rows, visibility, in_group):
    group = user.create_group() if in_group else None
    slug = group["slug"] if group else user.slug
    project = user.create_project(namespace=slug, visibility=visibility)
    parent = (
        ("N", "g", group["id"])
        if group
        else ("N", "n", rows.one("SELECT id FROM common.namespaces WHERE slug = %s", slug))
    )
    public = {("w", "u", "*"), ("w", "a", "*")} if visibility == "public" else set()
    assert (
        rows.relations("p", project["id"])
        == {("o", "u", user.id), ("L", "L", "renku"), parent} | public
    )


NULLS = {
    "description": (None, None),
    "keywords": (None, []),
    "repositories": (None, []),
    "visibility": (None, "private"),
    "slug": (None, "the-name"),
    "secrets_mount_directory": (None, "/secrets"),
    "documentation": (None, None),
}


# Spec: projects.md 4.2
@pytest.mark.parametrize(
    "field, given, expected", [(name, *pair) for name, pair in NULLS.items()], ids=NULLS.keys()
)
def test_null_is_absent_on_creation(user, field, given, expected):
    body = user.create_project(name="The Name", **{field: given})
    assert body.get(field) == expected


# Spec: projects.md 4.2: an empty description stays
def test_an_empty_description_stays_on_creation(user):
    project = user.create_project(description="", documentation="")
    assert project["description"] == ""
    assert user.project(project["id"], with_documentation="true")["documentation"] == ""


# Spec: projects.md 4.2: 401, 422, 422, 403, 404, 403, 409
def test_creating_a_project_checks_in_order(anonymous, user, other):
    taken = other.create_project()
    check_error(anonymous.post("/projects", json={}), 401, LOGIN)
    check_error(user.post("/projects", json={"nonsense": 1}), 422)
    body = {"name": "x", "namespace": unique("nobody")}
    check_error(user.post("/projects", json=body | {"repositories": ["x"]}), 422, contains=NO_URL)
    check_error(user.post("/projects", json=body | {"name": "日本"}), 422)
    check_error(user.post("/projects", json=body), 404)
    body = {"name": "x", "namespace": other.slug, "slug": taken["slug"]}
    check_error(user.post("/projects", json=body), 403, contains=INSUFFICIENT)
    check_error(other.post("/projects", json=body), 409)


# Spec: projects.md 4.2, 6; authorization.md 3.2
def test_the_platform_may_reserve_projects_for_administrators(rows, api, user, admin):
    saved = rows.withdraw("L", "P", "*")
    assert len(saved) == 1
    try:
        body = {"name": "x", "namespace": unique("nobody")}
        check_error(user.post("/projects", json={"nonsense": 1}), 422)
        check_error(user.post("/projects", json=body), 403)
        check_error(admin.post("/projects", json=body), 404)
        check_error(user.post("/projects", json=body | {"namespace": user.slug}), 403)
        assert admin.create_project(namespace=user.slug)["namespace"] == user.slug
    finally:
        rows.relate(*saved[0])
    assert user.create_project()["id"]


# Spec: projects.md 3, 4.2; authorization.md 4
@pytest.mark.parametrize(
    "role, status", [("owner", 201), ("editor", 201), ("viewer", 403), (None, 403)]
)
def test_who_may_create_a_project_in_a_group(user, other, role, status):
    group = user.create_group()
    if role:
        user.set_members(f"/groups/{group['slug']}/members", (other, role))
    response = other.post("/projects", json={"name": "x", "namespace": group["slug"]})
    assert response.status_code == status
    if status == 403:
        check_error(response, 403, contains=INSUFFICIENT)
    else:
        assert set(other.get(f"/projects/{response.json()['id']}/permissions").json().values()) == {
            True
        }


# Spec: projects.md 4.2
def test_an_administrator_creates_projects_anywhere(admin, user):
    project = admin.create_project(namespace=user.slug)
    assert project["created_by"] == admin.id
    assert set(user.get(f"/projects/{project['id']}/permissions").json().values()) == {True}


# Spec: projects.md 4.2: old slugs are not followed and do not block
def test_old_slugs_and_creation(user):
    former = unique("former")
    user.create_group(slug=former)
    user.patch(f"/groups/{former}", json={"slug": unique("latter")})
    check_error(user.post("/projects", json={"name": "x", "namespace": former}), 404)
    project = user.create_project()
    user.patch_project(project, slug=unique("renamed"))
    assert user.create_project(slug=project["slug"])["id"] != project["id"]


# Spec: projects.md 4.2 (the namespace is lower-cased), 8: per namespace
def test_one_slug_per_namespace(user, other):
    slug = unique("same")
    user.create_project(slug=slug)
    check_error(
        user.post("/projects", json={"name": "x", "namespace": user.slug, "slug": slug}), 409
    )
    check_error(user.post("/projects", json={"name": slug, "namespace": user.slug}), 409)
    assert other.create_project(slug=slug)["slug"] == slug


# Spec: projects.md 4.2 (compatibility quirk: 500): the loser of a race gets 409
def test_simultaneous_projects_of_one_path(user, rows):
    body = {"name": "x", "namespace": user.slug, "slug": unique("race")}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: user.post("/projects", json=body), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert rows.one("SELECT count(*) FROM projects.projects WHERE created_by_id = %s", user.id) == 1


# Spec: projects.md 8: a name without usable characters needs a slug
def test_a_name_without_usable_characters_may_bring_a_slug(user):
    slug = unique("slug")
    project = user.create_project(name="日本", slug=slug)
    assert (project["name"], project["slug"]) == ("日本", slug)


# Spec: projects.md 5.1 (compatibility quirk: 500): longer than its column
def test_a_slug_that_grows_too_long_is_422(user):
    body = {"name": "㍿" + "ﷺ" * 98, "namespace": user.slug}
    assert user.post("/projects", json=body).status_code == 422
    body = {"name": "½" * 99, "namespace": user.slug}
    check_error(user.post("/projects", json=body), 422)


# Spec: projects.md 8: slugs are unique per kind
def test_a_connector_does_not_block_a_project(user, rows):
    slug, group = unique("both"), user.create_group()["slug"]
    insert_connector(rows, user, namespace=group, slug=slug)
    project = user.create_project(namespace=group, slug=slug)
    assert by_path(user, group, slug).json() == project
    elsewhere = user.create_project(slug=slug)
    connector = insert_connector(rows, user, namespace=user.slug, slug="free")
    assert connector
    assert user.patch_project(elsewhere, slug="free").json()["slug"] == "free"


# Spec: projects.md 4.2: the exact comparison of slugs
def test_slugs_are_compared_exactly(user):
    upper = user.create_project(name="№ 12")
    assert upper["slug"] == "No-12"
    assert user.create_project(slug="no-12")["slug"] == "no-12"


# --- 5.2 repositories ----------------------------------------------------------------------------

REPOSITORIES = {
    "plain": ("https://example.org/group/repo", "https://example.org/group/repo"),
    "http": ("http://example.org/repo", "http://example.org/repo"),
    "git-suffix-stays": ("https://example.org/repo.git", "https://example.org/repo.git"),
    "blanks-around": ("  https://example.org/repo\n", "https://example.org/repo"),
    "unicode-blanks-around": (
        "\u00a0\u3000https://example.org/re po\u2003\x1f\x85",
        "https://example.org/re po",
    ),
    "controls-in-front": ("\x01\x1f https://example.org/repo", "https://example.org/repo"),
    "trailing-slash": ("https://example.org/repo/", "https://example.org/repo"),
    "trailing-slashes": ("https://example.org/repo///", "https://example.org/repo"),
    "case-of-the-path": ("https://example.org/Group/Repo", "https://example.org/Group/Repo"),
    "port": ("https://example.org:8443/repo", "https://example.org:8443/repo"),
    # repositories.md 3
    "case-of-scheme-and-host": ("HTTPS://Git.Example.org/Team", "https://Git.Example.org/Team"),
    "no-path": ("https://git.example.org", "https://git.example.org"),
    "query": ("https://git.example.org/a/?x=1", "https://git.example.org/a?x=1"),
    "fragment": ("https://git.example.org/a//#b", "https://git.example.org/a#b"),
    "bare-query": ("https://git.example.org/a?", "https://git.example.org/a"),
    "bare-fragment": ("https://git.example.org/a#", "https://git.example.org/a"),
    "line-ends-inside": ("https://git.exa\tmple.org/\r\na", "https://git.example.org/a"),
    "user-information": ("https://me:pw@git.example.org/a", "https://me:pw@git.example.org/a"),
    "bracketed-loopback": ("http://[::1]/a", "http://[::1]/a"),
    "localhost-in-capitals": ("http://LOCALHOST/a", "http://LOCALHOST/a"),
    "user-at-localhost": ("http://user@localhost/a", "http://user@localhost/a"),
    "every-address": ("http://0.0.0.0/a", "http://0.0.0.0/a"),
}


# Spec: projects.md 5.2
@pytest.mark.parametrize("given, kept", REPOSITORIES.values(), ids=REPOSITORIES.keys())
def test_a_repository_is_normalised(user, given, kept):
    assert user.create_project(repositories=[given])["repositories"] == [kept]


# Spec: projects.md 5.2
def test_repositories_lose_duplicates_and_keep_their_order(user):
    given = [
        "https://e.org/b",
        "https://e.org/a/",
        " https://e.org/b ",
        "https://e.org/a.git",
        "https://e.org/A",
        "https://e.org/a",
    ]
    expected = ["https://e.org/b", "https://e.org/a", "https://e.org/a.git", "https://e.org/A"]
    assert user.create_project(repositories=given)["repositories"] == expected


NO_REPOSITORIES = {
    "ssh": "git@example.org:group/repo.git",
    "ssh-scheme": "ssh://git@example.org/repo",
    "ftp": "ftp://example.org/repo",
    "file": "file:///etc/passwd",
    "no-scheme": "example.org/repo",
    "words": "nonsense",
    "empty": "",
    "blank": "  ",
    "no-host": "https:///repo",
    "nothing-but-blanks-as-host": "https://\u3000\x1f",
    "localhost": "https://localhost/repo",
    "localhost-with-port": "http://localhost:8000/repo",
    "loopback": "http://127.0.0.1/repo",
    "like-loopback": "http://127.example.org/a",
    "host-and-path": "git.example.org:team/app",
    "one-slash": "https:/host/a",
    "nothing-but-a-scheme": "http://",
    "loopback-net": "http://127.1.2.3/repo",
    "loopback-6": "http://::1/repo",
}


# Spec: projects.md 5.2
@pytest.mark.parametrize("url", NO_REPOSITORIES.values(), ids=NO_REPOSITORIES.keys())
def test_what_is_no_repository_is_422(user, url):
    body = {"name": "x", "namespace": user.slug, "repositories": ["https://example.org/good", url]}
    error = check_error(user.post("/projects", json=body), 422, contains=NO_URL)
    assert url.strip() in error["message"]
    project = user.create_project()
    check_error(user.patch_project(project, repositories=[url]), 422, contains=NO_URL)
    assert user.project(project["id"]) == project


# Spec: projects.md 5.2 (compatibility quirks: 500)
@pytest.mark.parametrize(
    "url",
    ["https://[example.org/repo", "https://exa]mple.org/repo", "https://example.org/" + "x" * 2001],
    ids=["open", "close", "long"],
)
def test_urls_that_broke_the_original_are_422(user, url):
    body = {"name": "x", "namespace": user.slug, "repositories": [url]}
    check_error(user.post("/projects", json=body), 422)
    check_error(user.patch_project(user.create_project(), repositories=[url]), 422)


# --- 5.3 secrets mount directory -----------------------------------------------------------------

DIRECTORIES = {
    "/a//b/./c/": "/a/b/c",
    "./x": "x",
    "a/../b": "a/../b",
    "//x": "//x",
    "///x": "/x",
    "/": "/",
    "//": "//",
    ".": ".",
    "./": ".",
    "..": "..",
    "relative": "relative",
    "/secrets": "/secrets",
    " x ": " x ",
    "/ä/b": "/ä/b",
}


# Spec: projects.md 5.3
@pytest.mark.parametrize("given, kept", DIRECTORIES.items(), ids=DIRECTORIES.keys())
def test_the_mount_directory_is_normalised(user, given, kept):
    assert user.create_project(secrets_mount_directory=given)["secrets_mount_directory"] == kept
    project = user.create_project()
    assert (
        user.patch_project(project, secrets_mount_directory=given).json()["secrets_mount_directory"]
        == kept
    )


# --- 4.1 GET /projects ---------------------------------------------------------------------------


# Spec: projects.md 3, 4.1; authorization.md 4
def test_the_list_shows_what_one_may_read(api, admin, user, other):
    group = user.create_group()
    user.set_members(f"/groups/{group['slug']}/members", (other, "viewer"))
    projects = {
        "private": user.create_project(),
        "public": user.create_project(visibility="public"),
        "in-group": user.create_project(namespace=group["slug"]),
        "shared": user.create_project(),
    }
    user.set_members(f"/projects/{projects['shared']['id']}/members", (other, "viewer"))
    visible = {
        "anonymous": (api.anonymous(), {"public"}),
        "stranger": (api.user(), {"public"}),
        "token-admin": (api.token_admin(), {"public"}),
        "member": (other, {"public", "in-group", "shared"}),
        "owner": (user, set(projects)),
        "admin": (admin, set(projects)),
    }
    for who, (caller, expected) in visible.items():
        listed = own_list(caller, namespace=user.slug) + own_list(caller, namespace=group["slug"])
        assert {
            name for name, project in projects.items() if project["id"] in listed
        } == expected, who
        assert len(listed) == len(expected), who


# Spec: projects.md 2.3, 4.1
def test_an_item_of_the_list_is_the_project(user):
    project = user.create_project(
        description="About", documentation="Text", keywords=["a"], repositories=["https://e.org/a"]
    )
    response = user.get("/projects", params={"namespace": user.slug})
    assert response.json() == [project]


# Spec: projects.md 4.1
def test_the_list_begins_with_the_latest_change(user):
    first, second, third = (user.create_project() for _ in range(3))
    assert own_list(user, namespace=user.slug) == [third["id"], second["id"], first["id"]]
    user.patch_project(first, description="changed")
    assert own_list(user, namespace=user.slug) == [first["id"], third["id"], second["id"]]


# Spec: projects.md 4.1: without updated_at the creation date counts
def test_a_project_never_updated_is_listed_by_its_creation(user, rows):
    old, new = user.create_project(), user.create_project()
    rows.run(
        "UPDATE projects.projects SET updated_at = NULL, creation_date = '2001-01-01'"
        " WHERE id = %s",
        new["id"],
    )
    assert own_list(user, namespace=user.slug) == [old["id"], new["id"]]
    body = user.project(new["id"])
    assert "updated_at" not in body and "etag" not in body


# Spec: projects.md 4.1
def test_direct_member_lists_own_roles_only(api, admin, user, other):
    group = other.create_group()
    other.set_members(f"/groups/{group['slug']}/members", (user, "owner"))
    other.create_project(namespace=group["slug"])
    other.create_project(visibility="public")
    own = [user.create_project()["id"]]
    for role in ("viewer", "editor", "owner"):
        project = other.create_project()
        other.set_members(f"/projects/{project['id']}/members", (user, role))
        own.insert(0, project["id"])
    response = user.get("/projects", params={"direct_member": "true"})
    assert sorted(item["id"] for item in response.json()) == sorted(own)
    assert total_headers(response) == (1, 20, 4, 1)
    for caller in (api.anonymous(), api.user()):
        empty = caller.get("/projects", params={"direct_member": "1"})
        assert (empty.json(), total_headers(empty)) == ([], (1, 20, 0, 0))
    assert own_list(user, direct_member="true", namespace=other.slug) == [
        item for item in own_list(user, direct_member="true") if item != own[-1]
    ]
    assert (
        admin.get("/projects", params={"direct_member": "true", "namespace": user.slug}).json()
        == []
    )


# Spec: projects.md 4.1
def test_the_namespace_filter_takes_current_slugs_only(user):
    former = unique("former")
    user.create_group(slug=former)
    project = user.create_project(namespace=former)
    assert own_list(user, namespace=former.upper()) == [project["id"]]
    slug = user.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    assert own_list(user, namespace=former) == []
    assert own_list(user, namespace=slug) == [project["id"]]
    for nothing in (unique("nobody"), f"{slug}/{project['slug']}", "%", "*", "a b", "'"):
        response = user.get("/projects", params={"namespace": nothing})
        assert (response.status_code, response.json()) == (200, [])
        assert total_headers(response) == (1, 20, 0, 0)


# Spec: projects.md 4.1: an empty namespace counts as absent
def test_an_empty_namespace_is_absent(user):
    user.create_project()
    assert (
        user.get("/projects?namespace=").headers["total"] == user.get("/projects").headers["total"]
    )


# Spec: projects.md 4.1: totals follow every change of visibility and membership
def test_totals_follow_changes(api, user, other):
    def total(caller) -> int:
        return int(
            caller.get("/projects", params={"namespace": user.slug, "per_page": 1}).headers["total"]
        )

    project = user.create_project()
    anonymous = api.anonymous()
    assert (total(anonymous), total(other), total(user)) == (0, 0, 1)
    user.set_members(f"/projects/{project['id']}/members", (other, "viewer"))
    assert (total(anonymous), total(other), total(user)) == (0, 1, 1)
    user.patch_project(project, visibility="public")
    assert (total(anonymous), total(other), total(user)) == (1, 1, 1)
    user.delete(f"/projects/{project['id']}/members/{other.id}")
    assert (total(anonymous), total(other), total(user)) == (1, 1, 1)
    user.patch_project(project, visibility="private")
    assert (total(anonymous), total(other), total(user)) == (0, 0, 1)
    user.delete(f"/projects/{project['id']}")
    assert (total(anonymous), total(other), total(user)) == (0, 0, 0)


# --- 4.3 GET -------------------------------------------------------------------------------------


# Spec: projects.md 3, 4.3
def test_a_private_project_is_missing_for_others(api, admin, user, other):
    project = user.create_project()
    missing = [
        caller.get(f"/projects/{project_id}")
        for caller in (api.anonymous(), other, api.token_admin())
        for project_id in (project["id"], NO_ULID)
    ]
    for response in missing:
        check_error(response, 404, contains=HIDDEN)
    for caller in (api.anonymous(), other):
        check_error(by_path(caller, user.slug, project["slug"]), 404)
    assert admin.project(project["id"]) == project


# Spec: projects.md 4.3: the same message for both causes
def test_a_hidden_project_reads_like_a_missing_one(user, other):
    project = user.create_project()
    hidden = other.get(f"/projects/{project['id']}").json()["error"]["message"]
    missing = other.get(f"/projects/{NO_ULID}").json()["error"]["message"]
    assert hidden.replace(project["id"], NO_ULID) == missing


# Spec: projects.md 4.3, 8
@pytest.mark.parametrize(
    "text, shown",
    [
        ("true", True),
        ("1", True),
        ("YES", True),
        ("on", True),
        ("false", False),
        ("no", False),
        ("", False),
    ],
)
def test_documentation_is_shown_on_request(user, text, shown):
    project = user.create_project(documentation="Text")
    for response in (
        user.get(f"/projects/{project['id']}", params={"with_documentation": text}),
        by_path(user, user.slug, project["slug"], with_documentation=text),
    ):
        assert response.status_code == 200
        assert response.json() == (project | {"documentation": "Text"} if shown else project)


# Spec: projects.md 4.3, 8
def test_queries_of_one_project(user):
    project = user.create_project()
    for path in (
        f"/projects/{project['id']}",
        f"/namespaces/{user.slug}/projects/{project['slug']}",
    ):
        check_error(
            user.get(f"{path}?with_documentation=maybe"),
            422,
            contains="with_documentation: Input should be a valid boolean",
        )
        assert user.get(f"{path}?unknown=1").status_code == 200
        assert "documentation" not in user.get(f"{path}?with_documentation=true").json()


# Spec: projects.md 3: missing and hidden look alike
def test_a_path_does_not_tell_whether_a_hidden_project_is_there(user, other):
    project = user.create_project(visibility="private")
    hidden = check_error(by_path(other, user.slug, project["slug"]), 404)
    user.delete(f"/projects/{project['id']}")
    assert check_error(by_path(other, user.slug, project["slug"]), 404) == hidden
    assert project["id"] not in hidden["message"]


# Spec: projects.md 4.3
def test_a_read_by_path_is_a_read_by_id(user):
    project = user.create_project()
    response = by_path(user, user.slug, project["slug"])
    assert response.json() == project
    assert response.headers["etag"] == project["etag"]
    path = f"/namespaces/{user.slug}/projects/{project['slug']}"
    for query in ("", "?with_documentation=true"):
        again = user.get(path + query, headers={"if-none-match": project["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "etag" not in again.headers


# --- 5.5 lookup by path --------------------------------------------------------------------------


# Spec: projects.md 5.5: the namespace in any case, the slug exactly
def test_the_case_of_a_path(user):
    project = user.create_project(name="№ 5")
    assert by_path(user, user.slug.upper(), "No-5").json() == project
    check_error(by_path(user, user.slug, "no-5"), 404)


# Spec: projects.md 5.5; namespaces.md 4.3
def test_old_slugs_lead_to_the_project(user):
    namespaces, slugs = [unique("ns-a"), unique("ns-b")], [unique("pr-a"), unique("pr-b")]
    user.create_group(slug=namespaces[0])
    project = user.create_project(namespace=namespaces[0], slug=slugs[0])
    assert user.patch_project(project, slug=slugs[1]).status_code == 200
    assert user.patch(f"/groups/{namespaces[0]}", json={"slug": namespaces[1]}).status_code == 200
    expected = user.project(project["id"])
    assert (expected["namespace"], expected["slug"]) == (namespaces[1], slugs[1])
    for namespace in namespaces:
        for slug in slugs:
            response = by_path(user, namespace, slug)
            assert response.status_code == 200, (namespace, slug)
            assert response.json() == expected


# Spec: projects.md 5.5: a current slug hides an old one
def test_a_freed_slug_belongs_to_the_new_project(user):
    project = user.create_project()
    user.patch_project(project, slug=unique("renamed"))
    assert by_path(user, user.slug, project["slug"]).json()["id"] == project["id"]
    newer = user.create_project(slug=project["slug"])
    assert by_path(user, user.slug, project["slug"]).json()["id"] == newer["id"]


# Spec: projects.md 5.5 (compatibility quirk, kept): former slugs of connectors that live in the project
def test_a_former_slug_of_a_connector_leads_to_its_project(user, rows):
    former, group = unique("former"), user.create_group()["slug"]
    project = user.create_project(namespace=group)
    connector = insert_connector(rows, user, project_id=project["id"])
    row = rows.one("SELECT id FROM common.entity_slugs WHERE data_connector_id = %s", connector)
    insert(
        rows,
        "common.entity_slugs_old",
        slug=former,
        latest_slug_id=row,
        project_id=project["id"],
        data_connector_id=connector,
    )
    assert by_path(user, group, former).json() == project
    renamed = user.patch(f"/groups/{group}", json={"slug": unique("latter")}).json()["slug"]
    for namespace in (group, renamed):
        assert by_path(user, namespace, former).json()["id"] == project["id"]
    other = user.create_project(namespace=renamed, slug=former)
    user.patch_project(other, slug=unique("renamed"))
    assert by_path(user, renamed, former).json()["id"] == other["id"]
    check_error(by_path(user, user.slug, former), 404)


# Spec: projects.md 5.5: moving breaks the old path
def test_moving_breaks_the_old_path(user):
    group = user.create_group()
    project = user.create_project()
    assert user.patch_project(project, namespace=group["slug"]).status_code == 200
    check_error(by_path(user, user.slug, project["slug"]), 404)
    assert by_path(user, group["slug"], project["slug"]).json()["id"] == project["id"]


# Spec: projects.md 4, 5.5
@pytest.mark.parametrize("slug", ["a--b", "a.git", "-a", "a b"])
def test_a_path_with_a_bad_slug_does_not_match(api, user, slug):
    escaped = slug.replace(" ", "%20")
    for path in (
        f"/namespaces/{user.slug}/projects/{escaped}",
        f"/namespaces/{escaped}/projects/x",
    ):
        check_error(user.get(path), 404, f"Requested URL /api/data{path} not found")


# --- 4.4 PATCH -----------------------------------------------------------------------------------

CHANGES = {
    "name": ({"name": "New"}, {"name": "New"}),
    "repositories": (
        {"repositories": ["https://e.org/z", "https://e.org/a/"]},
        {"repositories": ["https://e.org/z", "https://e.org/a"]},
    ),
    "repositories-cleared": ({"repositories": []}, {"repositories": []}),
    "description": ({"description": "New"}, {"description": "New"}),
    "description-cleared": ({"description": ""}, {"description": None}),
    "keywords": ({"keywords": ["z", "a"]}, {"keywords": ["z", "a"]}),
    "keywords-cleared": ({"keywords": []}, {"keywords": []}),
    "visibility": ({"visibility": "public"}, {"visibility": "public"}),
    "is-template": ({"is_template": True}, {"is_template": True}),
    "mount-directory": ({"secrets_mount_directory": "/x//y"}, {"secrets_mount_directory": "/x/y"}),
    "mount-directory-reset": (
        {"secrets_mount_directory": ""},
        {"secrets_mount_directory": "/secrets"},
    ),
    "template-unlinked": ({"template_id": ""}, {}),
    "several": (
        {"name": "New", "description": "", "keywords": ["k"]},
        {"name": "New", "description": None, "keywords": ["k"]},
    ),
}
FULL = {
    "description": "Old",
    "keywords": ["old"],
    "repositories": ["https://e.org/old", "https://e.org/older"],
    "documentation": "Old text",
    "secrets_mount_directory": "/old",
}


# Spec: projects.md 4.4
@pytest.mark.parametrize("change, expected", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_touches_its_fields_only(user, change, expected):
    project = user.create_project(**FULL)
    response = user.patch_project(project, **change)
    assert response.status_code == 200, response.text
    assert "etag" not in response.headers
    body = response.json()
    kept = {name: value for name, value in (project | expected).items() if value is not None}
    for name in ("updated_at", "etag"):
        kept[name] = body[name]
    assert body == kept
    assert user.project(project["id"]) == body
    assert user.project(project["id"], with_documentation="1")["documentation"] == "Old text"


# Spec: projects.md 4.4: a change of documentation
@pytest.mark.parametrize("text", ["New", "", "x" * 5000], ids=["text", "empty", "long"])
def test_documentation_changes(user, text):
    project = user.create_project(**FULL)
    response = user.patch_project(project, documentation=text)
    assert "documentation" not in response.json()
    assert user.project(project["id"], with_documentation="1")["documentation"] == text


# Spec: projects.md 4.4: null is absent
def test_null_leaves_everything_unchanged(user):
    project = user.create_project(**FULL, visibility="public")
    fields = ["name", "namespace", "slug", "repositories", "visibility", "description", "keywords"]
    fields += ["documentation", "template_id", "is_template", "secrets_mount_directory"]
    response = user.patch_project(project, **{name: None for name in fields})
    assert response.status_code == 200, response.text
    assert response.json() == project
    assert user.project(project["id"], with_documentation="1")["documentation"] == "Old text"


PATCH_BODIES = {
    "template-id": (
        {"template_id": NO_ULID},
        "template_id: String should have at most 0 characters",
    ),
    "unknown": ({"created_by": "x"}, "created_by: Extra inputs are not permitted"),
    "etag": ({"etag": "x"}, "etag: Extra inputs are not permitted"),
    "id": ({"id": NO_ULID}, "id: Extra inputs are not permitted"),
    "name-empty": ({"name": ""}, "name: String should have at least 1 character"),
    "name-long": ({"name": "x" * 100}, "name: String should have at most 99 characters"),
    "visibility": ({"visibility": "hidden"}, "visibility: Input should be 'private' or 'public'"),
    "slug-long": ({"slug": "x" * 100}, "slug: String should have at most 99 characters"),
    "keyword-long": (
        {"keywords": ["x" * 100]},
        "keywords.0: String should have at most 99 characters",
    ),
}


# Spec: projects.md 4, 4.4
@pytest.mark.parametrize("body, violation", PATCH_BODIES.values(), ids=PATCH_BODIES.keys())
def test_violations_of_a_change(user, body, violation):
    project = user.create_project()
    headers = {"if-match": project["etag"]}
    response = user.patch(f"/projects/{project['id']}", json=body, headers=headers)
    check_error(response, 422, fields_error(violation))
    assert user.project(project["id"]) == project


# Spec: projects.md 2.2: what touches updated_at
TOUCHES = {
    "nothing": ({}, False),
    "same-name": ({"name": "Same"}, False),
    "same-values": (
        {"description": "Old", "keywords": ["old"], "is_template": False, "visibility": "private"},
        False,
    ),
    "same-mount-directory": ({"secrets_mount_directory": "/old/"}, False),
    "same-repositories": ({"repositories": FULL["repositories"]}, True),
    "same-documentation": ({"documentation": "Old text"}, True),
    "new-name": ({"name": "New"}, True),
    "new-slug": ({"slug": "new-slug"}, True),
    "new-visibility": ({"visibility": "public"}, True),
    "template-unlinked": ({"template_id": ""}, False),
}


# Spec: projects.md 2.2
@pytest.mark.parametrize("change, touched", TOUCHES.values(), ids=TOUCHES.keys())
def test_updated_at_follows_real_changes(user, change, touched):
    project = user.create_project(name="Same", **FULL)
    body = user.patch_project(project, **change).json()
    assert (body["updated_at"] > project["updated_at"]) is touched
    assert (body["etag"] != project["etag"]) is touched


# Spec: projects.md 2.2, 4.4, 8: an empty list becomes no list, once
def test_clearing_no_keywords_is_a_change_once(user, rows):
    project = user.create_project()
    named = user.patch_project(project, name="New").json()
    assert stored(rows, "keywords", project) == []
    cleared = user.patch_project(project, keywords=[]).json()
    assert cleared["keywords"] == []
    assert stored(rows, "keywords", project) is None
    assert cleared["updated_at"] > named["updated_at"]
    assert user.patch_project(project, keywords=[], is_template=False).json() == cleared
    assert user.patch_project(project, name="Newer").status_code == 200
    assert stored(rows, "keywords", project) is None


# Spec: projects.md 2.2, 4.4
def test_a_copy_forgets_its_template(user):
    template = user.create_project()
    body = {"name": unique("Copy"), "namespace": user.slug}
    copy = user.post(f"/projects/{template['id']}/copies", json=body).json()
    same = user.patch_project(copy, template_id=None).json()
    assert same == copy
    left = user.patch_project(copy, template_id="").json()
    assert left == {name: value for name, value in copy.items() if name != "template_id"} | {
        "updated_at": left["updated_at"],
        "etag": left["etag"],
    }
    assert left["updated_at"] > copy["updated_at"]
    assert user.get(f"/projects/{template['id']}/copies").json() == []


# Spec: projects.md 2.3, 4.4: without updated_at there is no tag that could match
def test_a_project_never_updated_has_no_tag(user, rows):
    project = user.create_project()
    rows.run("UPDATE projects.projects SET updated_at = NULL WHERE id = %s", project["id"])
    response = user.get(f"/projects/{project['id']}", headers={"if-none-match": project["etag"]})
    assert response.status_code == 200
    assert "etag" not in response.headers
    check_error(user.patch_project(project, etag=project["etag"], name="New"), 409)
    assert user.project(project["id"])["name"] == project["name"]


# Spec: projects.md 2.2
def test_members_do_not_touch_the_project(user, other):
    project = user.create_project()
    user.set_members(f"/projects/{project['id']}/members", (other, "editor"))
    user.delete(f"/projects/{project['id']}/members/{other.id}")
    assert user.project(project["id"]) == project


# Spec: projects.md 2.2: renaming a group changes the tags of its projects, and not the rows
def test_renaming_a_group_changes_the_tag_only(user):
    group = user.create_group()
    project = user.create_project(namespace=group["slug"])
    slug = user.patch(f"/groups/{group['slug']}", json={"slug": unique("renamed")}).json()["slug"]
    body = user.project(project["id"])
    assert body == project | {"namespace": slug, "etag": body["etag"]}
    assert body["etag"] != project["etag"]


# Spec: projects.md 4.4, 8: 401, 428, 422, 404, 404, 409
def test_changing_a_project_checks_in_order(anonymous, user, other):
    project = user.create_project(visibility="public")
    path = f"/projects/{project['id']}"
    wrong = {"if-match": "wrong"}
    check_error(anonymous.patch(path, json={"nonsense": 1}), 401, LOGIN)
    check_error(
        other.patch(path, json={"nonsense": 1}), 428, contains="If-Match header not provided"
    )
    check_error(other.patch(path, json={"nonsense": 1}, headers=wrong), 422)
    check_error(other.patch(path, json={"repositories": ["x"]}, headers=wrong), 422)
    check_error(other.patch(f"/projects/{NO_ULID}", json={}, headers=wrong), 404)
    check_error(other.patch(path, json={}, headers=wrong), 404)
    error = check_error(user.patch(path, json={"namespace": unique("nobody")}, headers=wrong), 409)
    assert "wrong" in error["message"] and project["etag"] in error["message"]
    check_error(user.patch(path, json={}, headers={"if-match": "*"}), 409)
    assert user.project(project["id"]) == project


# Spec: projects.md 3, 4.4, 8; authorization.md 4
@pytest.mark.parametrize("role", ["owner", "editor", "viewer"])
def test_what_roles_may_change(user, other, role):
    project = user.create_project()
    user.set_members(f"/projects/{project['id']}/members", (other, role))
    plain = other.patch_project(project, description=role)
    assert plain.status_code == (404 if role == "viewer" else 200)
    for change in ({"visibility": "public"}, {"slug": unique("new")}):
        response = other.patch_project(project, **change)
        assert response.status_code == (200 if role == "owner" else 404), change
    check_error(other.patch_project(project, namespace=other.slug), 404)


# Spec: projects.md 8: the complete current representation needs only write
def test_an_editor_may_send_everything_unchanged(user, other):
    project = user.create_project(**FULL)
    user.set_members(f"/projects/{project['id']}/members", (other, "editor"))
    same = {
        name: project[name]
        for name in (
            "name",
            "namespace",
            "slug",
            "repositories",
            "visibility",
            "description",
            "keywords",
            "is_template",
            "secrets_mount_directory",
        )
    }
    response = other.patch_project(project, **same)
    assert response.status_code == 200, response.text


# Spec: projects.md 5.7; authorization.md 11
def test_visibility_writes_and_removes_the_wildcards(api, user, rows):
    project = user.create_project()
    wildcards = {("w", "u", "*"), ("w", "a", "*")}
    private = rows.relations("p", project["id"])
    for visibility in ("public", "public", "private", "private"):
        assert user.patch_project(project, visibility=visibility).json()["visibility"] == visibility
        expected = private | wildcards if visibility == "public" else private
        assert rows.relations("p", project["id"]) == expected
        status = api.anonymous().get(f"/projects/{project['id']}").status_code
        assert status == (200 if visibility == "public" else 404)


# Spec: projects.md 4.4: a second change with the first one's tag is stale
def test_a_used_tag_is_stale(user):
    project = user.create_project()
    assert user.patch_project(project, etag=project["etag"], name="One").status_code == 200
    check_error(user.patch_project(project, etag=project["etag"], name="Two"), 409)
    assert user.project(project["id"])["name"] == "One"


# Spec: projects.md 8: legacy slugs with capitals
def test_a_legacy_slug_remains_usable(user, rows):
    project = user.create_project()
    rows.run(
        "UPDATE common.entity_slugs SET slug = 'Legacy-Slug' WHERE project_id = %s", project["id"]
    )
    assert by_path(user, user.slug, "Legacy-Slug").json()["slug"] == "Legacy-Slug"
    assert user.patch_project(project, name="New").json()["slug"] == "Legacy-Slug"


# --- 5.4 moving and renaming ---------------------------------------------------------------------


# Spec: projects.md 5.4; namespaces.md 4.8
def test_renaming_keeps_the_former_slug_once(user, rows):
    project = user.create_project(slug=unique("one"))
    other_slug = unique("two")
    for slug in (other_slug, project["slug"], other_slug, project["slug"]):
        assert user.patch_project(project, slug=slug).json()["slug"] == slug
    former = rows.all(
        "SELECT slug FROM common.entity_slugs_old WHERE project_id = %s ORDER BY slug",
        project["id"],
    )
    assert former == sorted([(project["slug"],), (other_slug,)])


# Spec: projects.md 5.4 ; authorization.md 9: to the group itself, and the old one goes
def test_moving_replaces_the_namespace(api, user, other, rows):
    group = user.create_group()
    user.set_members(f"/groups/{group['slug']}/members", (other, "viewer"))
    project = user.create_project()
    check_error(other.get(f"/projects/{project['id']}"), 404)
    response = user.patch_project(project, namespace=group["slug"])
    assert response.status_code == 200, response.text
    assert response.json()["namespace"] == group["slug"]
    assert other.project(project["id"])["namespace"] == group["slug"]
    parents = {relation for relation in rows.relations("p", project["id"]) if relation[0] == "N"}
    assert parents == {("N", "g", group["id"])}
    back = user.patch_project(project, namespace=user.slug)
    assert back.status_code == 200
    check_error(other.get(f"/projects/{project['id']}"), 404)
    assert own_list(other, namespace=user.slug) == []
    namespace_id = rows.one("SELECT id FROM common.namespaces WHERE slug = %s", user.slug)
    parents = {relation for relation in rows.relations("p", project["id"]) if relation[0] == "N"}
    assert parents == {("N", "n", namespace_id)}


# Spec: projects.md 4.4, 5.4: everything at once
def test_a_project_changes_in_every_way_at_once(api, user, rows):
    group = user.create_group()
    project = user.create_project(**FULL)
    given = {
        "name": "New",
        "namespace": group["slug"],
        "slug": unique("new"),
        "repositories": ["https://e.org/new"],
        "visibility": "public",
        "description": "New",
        "keywords": ["new"],
        "is_template": True,
        "secrets_mount_directory": "/new",
    }
    body = user.patch_project(project, **given, documentation="New text").json()
    assert {name: body[name] for name in given} == given
    assert api.anonymous().project(body["id"], with_documentation="1") == body | {
        "documentation": "New text"
    }
    assert rows.relations("p", project["id"]) == {
        ("o", "u", user.id),
        ("L", "L", "renku"),
        ("N", "g", group["id"]),
        ("w", "u", "*"),
        ("w", "a", "*"),
    }
    assert by_path(user, group["slug"], project["slug"]).json() == body


# Spec: projects.md 5.4: members stay
def test_direct_members_stay_on_a_move(user, other):
    group = user.create_group()
    project = user.create_project()
    user.set_members(f"/projects/{project['id']}/members", (other, "editor"))
    user.patch_project(project, namespace=group["slug"])
    members = user.get(f"/projects/{project['id']}/members").json()
    assert {member["id"]: member["role"] for member in members} == {
        user.id: "owner",
        other.id: "editor",
    }


# Spec: projects.md 5.4: a namespace by its former slug
def test_moving_follows_former_slugs_of_namespaces(user):
    former = unique("former")
    user.create_group(slug=former)
    slug = user.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    project = user.create_project()
    assert user.patch_project(project, namespace=former).json()["namespace"] == slug


# Spec: projects.md 5.4: but not while connectors live in the project
def test_a_project_with_connectors_moves_by_current_slugs_only(user, rows):
    former = unique("former")
    user.create_group(slug=former)
    slug = user.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    project = user.create_project()
    insert_link(rows, user, insert_connector(rows, user, namespace=user.slug), project)
    connector = insert_connector(rows, user, project_id=project["id"])
    check_error(user.patch_project(project, namespace=former), 404)
    assert user.project(project["id"]) == project
    assert user.patch_project(project, namespace=slug).json()["namespace"] == slug
    rows.run("DELETE FROM storage.data_connectors WHERE id = %s", connector)
    user.patch_project(project, namespace=user.slug)
    assert user.patch_project(project, namespace=former).json()["namespace"] == slug


# Spec: projects.md 5.4, 1: a namespace that the caller cannot read is as good as missing
def test_moving_to_a_hidden_namespace_is_moving_to_none(user, other, rows):
    former = unique("former")
    group = other.create_group(slug=former)
    slug = other.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    rows.run(
        "DELETE FROM librenku.relation WHERE object_id = %s AND relation = 'w'", group["id"]
    )
    project = user.create_project()
    missing = check_error(user.patch_project(project, namespace=unique("nobody")), 404)
    for name in (slug, former):
        hidden = check_error(user.patch_project(project, namespace=name), 404)
        assert hidden["message"] == missing["message"]


# Spec: projects.md 5.4, 1-4
def test_moving_checks_both_namespaces(user, other):
    foreign, project = other.create_group(), user.create_project()
    check_error(user.patch_project(project, namespace=unique("nobody")), 404)
    check_error(user.patch_project(project, namespace=foreign["slug"]), 404, contains=INSUFFICIENT)
    check_error(user.patch_project(project, namespace=other.slug), 404)
    group = other.create_group()
    other.set_members(f"/groups/{group['slug']}/members", (user, "viewer"))
    theirs = other.create_project(namespace=group["slug"])
    other.set_members(f"/projects/{theirs['id']}/members", (user, "owner"))
    check_error(user.patch_project(theirs, namespace=user.slug), 404)
    assert user.project(theirs["id"])["namespace"] == group["slug"]
    assert user.project(project["id"]) == project


# Spec: projects.md 5.4, namespaces.md 4.8 (the last row was a 500)
COLLISIONS = {
    "free": ((), {"namespace": "b"}, 200),
    "current-slug-taken-there": (("b/x",), {"namespace": "b"}, 422),
    "current-slug-taken-there-though-it-changes": (("b/x",), {"namespace": "b", "slug": "y"}, 422),
    "new-slug-taken-here": (("a/y",), {"slug": "y"}, 422),
    "new-slug-taken-here-though-it-moves": (("a/y",), {"namespace": "b", "slug": "y"}, 422),
    "new-slug-taken-there": (("b/y",), {"namespace": "b", "slug": "y"}, 422),
    "both-free": ((), {"namespace": "b", "slug": "y"}, 200),
}


# Spec: projects.md 5.4
@pytest.mark.parametrize("taken, change, status", COLLISIONS.values(), ids=COLLISIONS.keys())
def test_collisions_of_moves(user, taken, change, status):
    groups = {"a": user.create_group()["slug"], "b": user.create_group()["slug"]}
    project = user.create_project(namespace=groups["a"], slug="x")
    for path in taken:
        user.create_project(namespace=groups[path[0]], slug=path[2:])
    body = change | ({"namespace": groups[change["namespace"]]} if "namespace" in change else {})
    response = user.patch_project(project, **body)
    assert response.status_code == status, response.text
    if status == 422:
        check_error(response, 422)
        assert user.project(project["id"]) == project


# Spec: projects.md 5.4 (compatibility quirk, kept): the former slug of the current namespace
def test_naming_the_current_namespace_by_its_former_slug_is_422(user):
    former = unique("former")
    user.create_group(slug=former)
    project = user.create_project(namespace=former)
    user.patch(f"/groups/{former}", json={"slug": unique("latter")})
    check_error(user.patch_project(project, namespace=former), 422)


# Spec: projects.md 5.4: connectors that live in the project follow it
def test_connectors_of_a_project_follow_it(user, rows):
    group = user.create_group()
    project = user.create_project()
    connector = insert_connector(rows, user, project_id=project["id"])
    assert user.patch_project(project, namespace=group["slug"]).status_code == 200
    namespace = rows.one("SELECT id FROM common.namespaces WHERE slug = %s", group["slug"])
    assert (
        rows.one(
            "SELECT namespace_id FROM common.entity_slugs WHERE data_connector_id = %s", connector
        )
        == namespace
    )
    assert (
        rows.one(
            "SELECT count(*) FROM common.entity_slugs_old WHERE data_connector_id = %s", connector
        )
        == 1
    )


# --- 4.5 DELETE ----------------------------------------------------------------------------------


# Spec: projects.md 4.5; authorization.md 9
def test_deleting_a_project_leaves_nothing(api, user, rows):
    project = user.create_project(repositories=["https://e.org/a"], visibility="public")
    user.patch_project(project, slug=unique("renamed"))
    connector = insert_connector(rows, user, project_id=project["id"])
    response = user.delete(f"/projects/{project['id']}")
    assert (response.status_code, response.content) == (204, b"")
    for table, column in (
        ("projects.projects", "id"),
        ("projects.projects_repositories", "project_id"),
        ("common.entity_slugs", "project_id"),
        ("common.entity_slugs_old", "project_id"),
    ):
        assert rows.one(f"SELECT count(*) FROM {table} WHERE {column} = %s", project["id"]) == 0, (
            table
        )
    assert rows.one("SELECT count(*) FROM storage.data_connectors WHERE id = %s", connector) == 0
    assert rows.relations("p", project["id"]) == set()
    check_error(user.get(f"/projects/{project['id']}"), 404)
    assert own_list(user, namespace=user.slug) == []


# Spec: projects.md 4.5: what goes with a project, and what stays
def test_what_a_deleted_project_takes_with_it(user, rows):
    project = user.create_project()
    slot = insert_slot(rows, user, project, "slot")
    secret = new_id(rows)
    insert(
        rows,
        "secrets.secrets",
        id=secret,
        name="secret",
        default_filename="secret",
        encrypted_value=b"x",
        encrypted_key=b"x",
        kind="general",
        modification_date="now()",
        user_id=user.id,
    )
    insert(
        rows,
        "projects.session_secrets",
        id=new_id(rows),
        user_id=user.id,
        secret_slot_id=slot,
        secret_id=secret,
    )
    environment = insert_environment(rows, user)
    launcher = insert_launcher(rows, user, project, environment_id=environment)
    linked = insert_connector(rows, user, namespace=user.slug)
    insert_link(rows, user, linked, project)
    for owner in (project["id"], NO_ULID):
        insert(
            rows,
            "storage.cloud_storage",
            project_id=owner,
            storage_type="s3",
            configuration="{}",
            source_path="x",
            target_path="x",
            name=unique("storage"),
            storage_id=new_id(rows),
        )
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    gone = {
        "projects.session_secret_slots": ("id", slot),
        "projects.session_secrets": ("secret_slot_id", slot),
        "sessions.launchers": ("id", launcher),
        "storage.data_connector_to_project_links": ("project_id", project["id"]),
        "storage.cloud_storage": ("project_id", project["id"]),
    }
    left = {
        "secrets.secrets": ("id", secret),
        "sessions.environments": ("id", environment),
        "storage.data_connectors": ("id", linked),
        "storage.cloud_storage": ("project_id", NO_ULID),
    }
    for tables, count in ((gone, 0), (left, 1)):
        for table, (column, value) in tables.items():
            sql = f"SELECT count(*) FROM {table} WHERE {column} = %s"
            assert rows.one(sql, value) == count, table
    rows.run("DELETE FROM storage.cloud_storage WHERE project_id = %s", NO_ULID)


# Spec: projects.md 4.5: relationships whose subject is the project
def test_no_relationship_names_a_deleted_project(user, rows):
    project = user.create_project()
    inside = insert_connector(rows, user, project_id=project["id"])
    outside = insert_connector(rows, user)
    rows.relate("d", inside, "N", "p", project["id"])
    rows.relate("d", inside, "o", "u", user.id)
    rows.relate("d", outside, "l", "p", project["id"])
    rows.relate("d", outside, "o", "u", user.id)
    rows.relate("r", "1000001", "p", "p", project["id"])
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    sql = "SELECT count(*) FROM librenku.relation WHERE %s IN (object_id, subject_id)"
    assert rows.one(sql, project["id"]) == 0
    assert rows.relations("d", inside) == set()
    assert rows.relations("d", outside) == {("o", "u", user.id)}


# Spec: projects.md 4.5: 204 when only relationships are left
def test_relationships_without_a_project_are_removed(user, other, rows):
    left = new_id(rows)
    rows.relate("p", left, "o", "u", user.id)
    rows.relate("r", "1000002", "p", "p", left)
    check_error(other.delete(f"/projects/{left}"), 404)
    response = user.delete(f"/projects/{left}")
    assert (response.status_code, response.content) == (204, b"")
    assert rows.relations("p", left) == set()
    assert rows.relations("r", "1000002") == set()
    check_error(user.delete(f"/projects/{left}"), 404)


# Spec: projects.md 2.1, 4.5: deletion is explicit, also of what lost its path with its namespace
def test_a_project_without_a_path_is_removed(user, rows):
    project = user.create_project(repositories=["https://e.org/a"])
    rows.run("DELETE FROM common.entity_slugs WHERE project_id = %s", project["id"])
    check_error(user.get(f"/projects/{project['id']}"), 404)
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    assert rows.one("SELECT count(*) FROM projects.projects WHERE id = %s", project["id"]) == 0
    assert rows.relations("p", project["id"]) == set()
    check_error(user.delete(f"/projects/{project['id']}"), 404)


# Spec: projects.md 4.5 (compatibility quirk, kept): a project that never existed is 404
def test_who_may_delete_a_project(api, anonymous, user, other):
    project = user.create_project(visibility="public")
    check_error(anonymous.delete(f"/projects/{project['id']}"), 401, LOGIN)
    check_error(user.delete(f"/projects/{NO_ULID}"), 404)
    for role in (None, "viewer", "editor"):
        if role:
            user.set_members(f"/projects/{project['id']}/members", (other, role))
        check_error(other.delete(f"/projects/{project['id']}"), 404)
    check_error(api.token_admin().delete(f"/projects/{project['id']}"), 404)
    user.set_members(f"/projects/{project['id']}/members", (other, "owner"))
    assert other.delete(f"/projects/{project['id']}").status_code == 204
    check_error(other.delete(f"/projects/{project['id']}"), 404)


# Spec: projects.md 4.5, 8: copies live on
def test_deleting_a_template_unlinks_its_copies(user):
    template = user.create_project()
    copy = user.post(
        f"/projects/{template['id']}/copies", json={"name": unique("Copy"), "namespace": user.slug}
    ).json()
    assert copy["template_id"] == template["id"]
    assert user.delete(f"/projects/{template['id']}").status_code == 204
    left = user.project(copy["id"])
    assert "template_id" not in left
    assert left["etag"] == copy["etag"]


# Spec: projects.md 4.5: the path is free again
def test_the_path_of_a_deleted_project_is_free(user):
    project = user.create_project()
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    assert user.create_project(slug=project["slug"])["id"] != project["id"]


# Spec: projects.md 4.5: simultaneous deletions
def test_simultaneous_deletions_delete_once(user):
    project = user.create_project()
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(
            pool.map(lambda _: user.delete(f"/projects/{project['id']}").status_code, range(4))
        )
    assert statuses[0] == 204
    assert set(statuses) <= {204, 404}


# --- 4.8 permissions -----------------------------------------------------------------------------


# Spec: projects.md 4.8
def test_permissions_need_read(api, anonymous, user, other):
    project = user.create_project()
    for caller in (anonymous, other):
        check_error(caller.get(f"/projects/{project['id']}/permissions"), 404)
    check_error(user.get(f"/projects/{NO_ULID}/permissions"), 404)
    user.patch_project(project, visibility="public")
    body = anonymous.get(f"/projects/{project['id']}/permissions").json()
    assert body == {"write": False, "delete": False, "change_membership": False}
    assert list(body) == ["write", "delete", "change_membership"]
