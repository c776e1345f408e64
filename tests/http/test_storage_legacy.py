# SPDX-License-Identifier: Apache-2.0
"""The cloud storage of projects in GitLab. Spec: storage.md 4.5, 4.6, 7, 9; authentication.md 4.1"""

import http.server
import json
import re
import threading

import pytest

from support.api import NO_ULID, ULID, check_error, fields_error, unique
from support.server import deployment

PATH = "/storage"
JANE = {"id": 17, "name": 'Jane "J" Doe', "state": "active", "email": "jane@example.org"}
JOHN = {"id": 18, "name": "John Roe", "state": "active", "email": "john@example.org"}
USERS = {"jane-token": JANE, "john-token": JOHN, "nameless-token": {"id": 19, "name": "", "state": "active"}}
OWNED, JOINED, FOREIGN = "101", "102", "103"


class GitLab(http.server.BaseHTTPRequestHandler):
    """What the attached GitLab knows: users by token, members by project."""

    def reply(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def user(self):
        return USERS.get(self.headers.get("authorization", "").removeprefix("Bearer "))

    def do_GET(self):
        user = self.user()
        self.reply(200 if user else 401, user or {"message": "401 Unauthorized"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        if self.server.answer is not None:
            return self.reply(*self.server.answer)
        self.reply(200, {"data": {"projects": {"pageInfo": {"hasNextPage": False}, "nodes": self.nodes(body["query"])}}})

    def nodes(self, query):
        project = re.search(r'ids: \["(gid://gitlab/Project/(\w+))"\]', query)
        name = json.loads(re.search(r'search: ("(?:[^"\\]|\\.)*")', query)[1])
        members = [
            {"user": {"id": f"gid://gitlab/User/{user_id}", "name": name}, "accessLevel": {"integerValue": level}}
            for user_id, level in self.server.members.get(project[2], [])
            if name
        ]
        return [{"id": project[1], "projectMembers": {"nodes": members}}] if project[2] != FOREIGN else []

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def gitlab():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitLab)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def fresh(gitlab):
    gitlab.asked, gitlab.answer = [], None
    gitlab.members = {OWNED: [(17, 40)], JOINED: [(17, 20)], "104": [(99, 50)], "105": [(17, 20), (99, 50), (17, 30)]}


@pytest.fixture(scope="module")
def attached(start_server, gitlab):
    url = f"http://127.0.0.1:{gitlab.server_port}/"
    server = start_server({"ENABLE_INTERNAL_GITLAB": "true", "GITLAB_URL": url}, workers=1)
    yield server
    assert server.stop() == 0, server.log()


@pytest.fixture
def api_of(attached, make_api):
    return make_api(attached)


@pytest.fixture
def jane(api_of):
    return api_of.anonymous(**{"gitlab-access-token": "jane-token"})


@pytest.fixture
def john(api_of):
    return api_of.anonymous(**{"gitlab-access-token": "john-token"})


def body(**more):
    return {
        "project_id": OWNED,
        "name": unique("st"),
        "configuration": {"type": "s3", "provider": "AWS", "secret_access_key": "top-secret-1"},
        "source_path": "bucket/path",
        "target_path": "data",
    } | more


def by_url(url, **more):
    return {"project_id": OWNED, "name": unique("st"), "storage_url": url, "target_path": "data"} | more


def create(caller, given):
    response = caller.post(PATH, json=given)
    assert response.status_code == 201, response.text
    return response.json()


# --- creating --------------------------------------------------------------------------------------------------------


# Spec: storage.md 7.2, 4.5: the item; secrets are masked
def test_a_storage_is_added(jane, rows, gitlab):
    given = body()
    answer = create(jane, given)
    storage = answer["storage"]
    assert ULID.match(storage["storage_id"])
    assert storage == {
        "project_id": OWNED,
        "storage_type": "s3",
        "name": given["name"],
        "configuration": {"type": "s3", "provider": "AWS", "secret_access_key": "<sensitive>"},
        "source_path": "bucket/path",
        "target_path": "data",
        "readonly": True,
        "storage_id": storage["storage_id"],
    }
    assert [field["name"] for field in answer["sensitive_fields"]] == ["secret_access_key"]
    assert jane.get(f"{PATH}/{storage['storage_id']}").json() == answer
    assert answer in jane.get(PATH, params={"project_id": OWNED}).json()
    assert rows.one("SELECT configuration->>'secret_access_key' FROM storage.cloud_storage WHERE storage_id = %s", storage["storage_id"]) == "<sensitive>"
    path, headers, question = gitlab.asked[0]
    assert path == "/api/graphql"
    headers = {name.lower(): value for name, value in headers.items()}
    assert (headers["authorization"], headers["content-type"]) == ("Bearer jane-token", "application/json")
    assert set(question) == {"query"} and "hasNextPage" in question["query"] and 'search: "Jane \\"J\\" Doe"' in question["query"]


URLS = [
    ("s3://snow/", {"provider": "AWS"}, "snow"),
    ("s3://snow", {"provider": "AWS"}, "snow"),
    ("S3://Snow/a/b?x=1#y", {"provider": "AWS"}, "snow/a/b"),
    ("s3://s3.us-east-2.amazonaws.com/b/f", {"provider": "AWS", "region": "us-east-2"}, "b/f"),
    ("s3://bu.s3.us-east-2.amazonaws.com/f", {"provider": "AWS", "region": "us-east-2"}, "bu/f"),
    ("s3://bu.s3.us-east-2.amazonaws.com", {"provider": "AWS", "region": "us-east-2"}, "bu"),
    ("https://store.example.ch/b/f", {"endpoint": "store.example.ch"}, "b/f"),
    ("http://u:p@Store.example.ch:9000//b", {"endpoint": "u:p@Store.example.ch:9000"}, "b"),
    ("az://acc.blob.core.windows.net/c", {"account": "acc"}, "c"),
    ("azure://acc.dfs.core.windows.net/c/d", {"account": "acc"}, "c/d"),
    ("https://acc.blob.core.windows.net/c", {"account": "acc"}, "c"),
    ("az://container/f", {}, "container/f"),
]


# Spec: storage.md 4.6, 7.2
@pytest.mark.parametrize("url, configuration, source_path", URLS)
def test_a_url_becomes_a_configuration(jane, url, configuration, source_path):
    answer = create(jane, by_url(url, readonly=False))
    kind = "s3" if "provider" in configuration or "endpoint" in configuration else "azureblob"
    storage = answer["storage"]
    assert storage["configuration"] == {"type": kind} | configuration
    assert (storage["storage_type"], storage["source_path"], storage["readonly"]) == (kind, source_path, False)
    assert answer["sensitive_fields"] == []


# Spec: storage.md 4.6
@pytest.mark.parametrize("url", ["", "x", "ftp://h/p", "s3:x", "s3://", "s3:///p", "https:///p", "az://acc.example.org/c", "http://[::1/p", "az://a.b.blob.core.windows.net/c", "//h/p"])
def test_other_urls_are_refused(jane, url):
    check_error(jane.post(PATH, json=by_url(url)), 422, contains="upported")


INVALID = [
    (body(project_id="x1"), None),
    (body(name="ab"), None),
    (body(name="a b c"), None),
    (body(configuration={"provider": "AWS"}), "Expected a field `type`"),
    (body(configuration={"type": "s3"}), "missing:\nendpoint"),
    (body(configuration={"type": "local"}), "Storage 'local' is not supported."),
    (body(configuration={"type": "switchDrive", "provider": "personal"}), "The type 'switchDrive'"),
    (body(target_path=""), "The target path must not be empty."),
    (by_url("s3://snow", name="ab"), fields_error("name: String should have at least 3 characters")),
    ({"project_id": OWNED}, None),
    ({}, None),
]


# Spec: storage.md 7.2
@pytest.mark.parametrize("given, message", INVALID, ids=map(str, range(len(INVALID))))
def test_what_is_wrong_is_refused_before_anything(john, rows, given, message):
    before = rows.one("SELECT count(*) FROM storage.cloud_storage")
    check_error(john.post(PATH, json=given), 422, contains=message)
    check_error(john.request("PUT", f"{PATH}/{NO_ULID}", json=given), 422, contains=message)
    assert rows.one("SELECT count(*) FROM storage.cloud_storage") == before


# Spec: storage.md 7.2
def test_bodies_that_are_no_objects(jane):
    for text, status in ((b"", 422), (b"[]", 422), (b"null", 422), (b"{", 400)):
        check_error(jane.send("POST", PATH, text), status)
        check_error(jane.send("PUT", f"{PATH}/{NO_ULID}", text), status)
        check_error(jane.send("PATCH", f"{PATH}/{NO_ULID}", text), status)


# Spec: storage.md 7.2: a URL counts when there is one; unknown members and the type do not
def test_odd_members(jane):
    storage = create(jane, body(storage_url="s3://snow", unknown=1))["storage"]
    assert storage["source_path"] == "snow"
    assert create(jane, body(storage_type="ftp", unknown=1))["storage"]["storage_type"] == "s3"


# Spec: storage.md 7.2
def test_a_name_is_taken_once_in_a_project(jane, gitlab):
    given = body()
    create(jane, given)
    check_error(jane.post(PATH, json=given), 422, "The project has a cloud storage of this name already.")
    gitlab.members["106"] = [(17, 50)]
    create(jane, given | {"project_id": "106"})


# --- who may ---------------------------------------------------------------------------------------------------------


# Spec: storage.md 7.1, 7.2; authentication.md 4.1
def test_only_owners_change_and_only_members_read(jane, john, api_of, rows, gitlab):
    storage = create(jane, body())["storage"]
    path = f"{PATH}/{storage['storage_id']}"
    nobody = api_of.anonymous()
    unknown = api_of.anonymous(**{"gitlab-access-token": "wrong"})
    nameless = api_of.anonymous(**{"gitlab-access-token": "nameless-token"})
    gitlab.members[OWNED] = [(99, 50)]
    for caller in (nobody, unknown, nameless):
        gitlab.asked.clear()
        assert caller.get(PATH, params={"project_id": OWNED}).json() == []
        check_error(caller.get(path), 403)
        check_error(caller.post(PATH, json=body()), 403)
        check_error(caller.request("PUT", path, json=body()), 403)
        check_error(caller.patch(path, json={}), 403)
        check_error(caller.delete(path), 403)
        assert not gitlab.asked
    # a member by name only reads, and has no rights
    assert john.get(path).status_code == 200
    for response in (john.post(PATH, json=body()), john.request("PUT", path, json=body()), john.patch(path, json={}), john.delete(path)):
        check_error(response, 403)
    assert rows.one("SELECT name FROM storage.cloud_storage WHERE storage_id = %s", storage["storage_id"]) == storage["name"]


# Spec: authentication.md 4.1: the highest of the levels of this very user
@pytest.mark.parametrize("project, status", [(OWNED, 201), (JOINED, 403), (FOREIGN, 403), ("104", 403), ("105", 201), ("999", 403)])
def test_levels(jane, project, status):
    assert jane.post(PATH, json=body(project_id=project)).status_code == status


BROKEN = [
    (500, {}), (200, {"errors": []}), (200, []), (200, {"data": None}), (200, {"data": {"projects": None}}),
    (200, {"data": {"projects": {"pageInfo": {"hasNextPage": True}, "nodes": []}}}),
]  # fmt: skip


# Spec: storage.md 7.1
@pytest.mark.server_error
@pytest.mark.parametrize("answer", BROKEN, ids=str)
def test_a_gitlab_that_does_not_tell(jane, gitlab, answer):
    gitlab.answer = answer
    check_error(jane.get(PATH, params={"project_id": OWNED}), 500, code=1500)
    check_error(jane.post(PATH, json=body()), 500, code=1500)


# Spec: storage.md 7.1: without GitLab everybody is anonymous
def test_without_gitlab(api):
    caller = api.anonymous(**{"gitlab-access-token": "jane-token"})
    assert caller.get(PATH, params={"project_id": OWNED}).json() == []
    check_error(caller.post(PATH, json=body()), 403)


# Spec: storage.md 9: development knows one person
def test_development_mode(other_server, make_api, database, keys):
    env = deployment(database, "http://127.0.0.1:1", keys) | {"DUMMY_STORES": "true"}
    api = make_api(other_server(base=env, workers=1))
    person = json.dumps({"id": "x", "full_name": "Admin Doe"})
    admin = api.anonymous(authorization=f"bearer {person}", **{"gitlab-access-token": person})
    assert admin.get(PATH, params={"project_id": "999999"}).status_code == 200
    check_error(admin.post(PATH, json=body(project_id="999999")), 403)
    assert create(admin, body(project_id="123456"))["storage"]["project_id"] == "123456"


# --- reading ---------------------------------------------------------------------------------------------------------


# Spec: storage.md 7.2
def test_lists(jane):
    check_error(jane.get(PATH), 422, "The query must name a project with project_id.")
    check_error(jane.get(PATH, params={"project_id": "x"}), 422)
    check_error(jane.get(PATH, params={"project_id": OWNED, "x": "1"}), 422, fields_error("x: Extra inputs are not permitted"))
    assert jane.get(PATH, params={"project_id": FOREIGN}).json() == []


# Spec: storage.md 7.2
def test_what_is_missing(jane):
    check_error(jane.get(f"{PATH}/{NO_ULID}"), 404)
    check_error(jane.request("PUT", f"{PATH}/{NO_ULID}", json=body()), 404)
    check_error(jane.patch(f"{PATH}/{NO_ULID}", json={}), 404)
    assert jane.delete(f"{PATH}/{NO_ULID}").status_code == 204
    check_error(jane.get(f"{PATH}/no-ulid"), 404)


# --- changing --------------------------------------------------------------------------------------------------------


# Spec: storage.md 7.2: 200, all members replaced
def test_put(jane):
    storage = create(jane, body(readonly=False))["storage"]
    path = f"{PATH}/{storage['storage_id']}"
    given = body(configuration={"type": "azureblob", "account": "a"}, source_path="", target_path="elsewhere")
    response = jane.request("PUT", path, json=given)
    assert response.status_code == 200
    assert response.json()["storage"] == given | {"storage_id": storage["storage_id"], "storage_type": "azureblob", "readonly": True}
    assert jane.get(path).json() == response.json()
    check_error(jane.request("PUT", path, json=body(project_id="105")), 422, "The project of a cloud storage cannot be changed.")
    other = create(jane, body())["storage"]
    check_error(jane.request("PUT", path, json=body(name=other["name"])), 422, contains="this name already")


# Spec: storage.md 7.2: merged member by member, null deletes
def test_patch(jane):
    storage = create(jane, body(configuration={"type": "s3", "provider": "AWS", "region": "a", "secret_access_key": "s"}))["storage"]
    path = f"{PATH}/{storage['storage_id']}"

    def patch(**changes):
        response = jane.patch(path, json=changes)
        assert response.status_code == 200, response.text
        assert jane.get(path).json() == response.json()
        return response.json()["storage"]

    assert patch() == storage
    assert patch(configuration={"region": None, "env_auth": True})["configuration"] == {
        "type": "s3", "provider": "AWS", "secret_access_key": "<sensitive>", "env_auth": True,
    }  # fmt: skip
    assert patch(readonly=False, name=unique("st"), source_path="x", target_path="y", project_id=OWNED)["readonly"] is False
    assert patch(storage_type="ftp")["storage_type"] == "ftp"
    assert patch(storage_type="ftp", configuration={"type": "sftp", "host": "h"})["storage_type"] == "sftp"
    other = create(jane, body())["storage"]
    for changes, message in (
        ({"configuration": {"type": None}}, "Expected a field `type`"),
        ({"configuration": {"host": None}}, "missing:\nhost"),
        ({"configuration": {"ssh": "x"}}, "The ssh option is not allowed."),
        ({"storage_type": "S 3"}, "The type 'S 3'"),
        ({"storage_type": "a" * 21}, "The type 'aaa"),
        ({"target_path": ""}, "The target path must not be empty."),
        ({"name": "ab"}, "name: String should have at least 3 characters"),
        ({"project_id": "105"}, "The project of a cloud storage cannot be changed."),
        ({"name": other["name"]}, "this name already"),
    ):
        before = jane.get(path).json()
        check_error(jane.patch(path, json=changes), 422, contains=message)
        assert jane.get(path).json() == before


# Spec: storage.md 7.2: a member learns what is wrong before that it is not allowed
def test_patch_by_a_member(jane, gitlab):
    storage = create(jane, body())["storage"]
    gitlab.members[OWNED] = [(17, 20)]
    path = f"{PATH}/{storage['storage_id']}"
    check_error(jane.patch(path, json={"configuration": {"type": "local"}}), 422)
    check_error(jane.patch(path, json={"readonly": False}), 403)


# Spec: storage.md 7.2
def test_delete(jane, rows):
    storage = create(jane, body())["storage"]
    path = f"{PATH}/{storage['storage_id']}"
    assert [jane.delete(path).status_code for _ in range(2)] == [204, 204]
    check_error(jane.get(path), 404)
    assert rows.one("SELECT count(*) FROM storage.cloud_storage WHERE storage_id = %s", storage["storage_id"]) == 0


def test_no_secret_reaches_the_log(jane, attached):
    create(jane, body(configuration={"type": "s3", "provider": "AWS", "secret_access_key": "canary-9182"}))
    check_error(jane.post(PATH, json=body(configuration={"type": "s3", "secret_access_key": "canary-9182"})), 422)
    assert "canary-9182" not in attached.log() and "jane-token" not in attached.log()
