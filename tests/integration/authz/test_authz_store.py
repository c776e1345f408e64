# SPDX-License-Identifier: Apache-2.0
"""What is written, checked and looked up through the library. Spec: authorization.md 2, 7, 8, 9, 11, 12, 13"""

import pytest

from support.authz_driver import ANONYMOUS, SERVICE, Refused

OWNER = "project:P#owner@user:u1"
WILDCARDS = {"project:P#public_viewer@user:*", "project:P#public_viewer@anonymous_user:*"}


def user(name: str) -> tuple[str, str]:
    return "user", name


def scopes(compiled, bits: int) -> set[str]:
    return {name for place, name in enumerate(compiled.scopes) if bits >> place & 1}


def permissions(authz, compiled, caller, kind: str, id: str) -> set[str]:
    return scopes(compiled, authz.call("bits", caller, type=kind, ids=[id])[0])


# --- subjects ---

SUBJECTS = [
    (user("u1"), ["u", "u1"]),
    (user("*"), ["a", "anonymous"]),
    (user(""), ["a", "anonymous"]),
    (user(None), ["a", "anonymous"]),
    (("anonymous", "anon-01J"), ["a", "anonymous"]),
    (("anonymous", "u1"), ["a", "anonymous"]),
    (("anonymous", None), ["a", "anonymous"]),
    (("service", "k8s_watcher"), ["S", "k8s_watcher"]),
]


@pytest.mark.parametrize("caller, expected", SUBJECTS)
def test_who_is_asked_about(authz, caller, expected):
    """Spec: authorization.md 2"""
    assert authz.call("subject", caller) == expected


def test_an_anonymous_caller_cannot_choose_to_be_a_user(authz, compiled):
    """Spec: authorization.md 2"""
    authz.touch(OWNER)
    assert "delete" in permissions(authz, compiled, user("u1"), "project", "P")
    assert permissions(authz, compiled, ("anonymous", "u1"), "project", "P") == set()


def test_a_service_may_do_everything(authz, compiled):
    """Spec: authorization.md 13"""
    for kind in ("project", "group", "platform", "user_namespace", "data_connector", "resource_pool"):
        assert permissions(authz, compiled, SERVICE, kind, "X") == set(compiled.definitions[kind].permissions)


def test_there_is_one_platform_whatever_id_is_named(authz, compiled):
    """Spec: authorization.md 2, 7.1"""
    authz.touch("platform:renku#admin@user:root", "platform:other#admin@user:u1")
    ids = ["other", "renku", "another"]
    held = [scopes(compiled, bits) for bits in authz.call("bits", user("root"), type="platform", ids=ids)]
    assert held == [{"is_admin", "create_projects", "create_groups"}] * 3
    assert authz.call("bits", user("u1"), type="platform", ids=ids) == [0, 0, 0]
    assert authz.call("bits", user("root"), type="platform", ids=[]) == []


def test_relationships_are_asked_for_in_their_order(authz):
    """Spec: platform.md 4.3"""
    others = ["project:P#owner@user:u2", "project:Q#owner@user:u1", "project:P#editor@user:u1", "group:P#owner@user:u1"]
    authz.touch(OWNER, *WILDCARDS)
    asked = [others[0], OWNER, *others[1:], *sorted(WILDCARDS), OWNER]
    assert authz.call("exist", lines=asked) == [False, True, False, False, False, True, True, True]
    assert authz.call("exist", lines=[]) == []


def test_a_service_looks_up_what_is_public(authz):
    """Spec: authorization.md 7.4"""
    authz.touch(OWNER, *WILDCARDS, "project:Q#owner@user:u1")
    assert authz.call("objects", SERVICE, type="project", scope="read") == ["P"]


def test_there_is_one_platform(authz):
    """Spec: authorization.md 2"""
    authz.touch("platform:renku#admin@user:u1")
    assert authz.call("demand", user("u1"), type="platform", id="another", scope="is_admin")


def test_the_guard_refuses_and_marks(authz):
    """Spec: authorization.md 7.3"""
    authz.touch("project:P#viewer@user:u1")
    assert authz.call("demand", user("u1"), type="project", id="P", scope="read_children") == [True, 0b10101]
    with pytest.raises(Refused, match=r"NOT_FOUND: The project with ID P does not exist or .* \(write is needed\)"):
        authz.call("demand", user("u1"), type="project", id="P", scope="write")


def test_many_at_once_answer_in_order(authz, compiled):
    """Spec: authorization.md 7.2"""
    authz.touch("project:P#viewer@user:u1", "project:Q#owner@user:u1")
    found = authz.call("bits", user("u1"), type="project", ids=["Q", "none", "P", "Q"])
    assert ["delete" in scopes(compiled, bits) for bits in found] == [True, False, False, True]
    assert ["read" in scopes(compiled, bits) for bits in found] == [True, False, True, True]
    assert authz.call("bits", user("u1"), type="project", ids=[]) == []


# --- writing ---

def test_touching_twice_is_once(authz):
    """Spec: authorization.md 8"""
    authz.touch(OWNER)
    authz.touch(OWNER, OWNER)
    assert authz.lines() == {OWNER}


def test_removing_what_is_not_there_is_no_failure(authz):
    authz.touch(OWNER)
    authz.call("write", changes=["-project:P#viewer@user:u1", "-project:Q#owner@user:u1"])
    assert authz.lines() == {OWNER}


def test_what_is_removed_and_touched_is_there(authz):
    for changes in ([f"-{OWNER}", f"+{OWNER}"], [f"+{OWNER}", f"-{OWNER}"]):
        authz.call("write", changes=changes)
        assert authz.lines() == {OWNER}


def test_only_what_is_named_is_removed(authz):
    near = ["project:P#owner@user:u2", "project:P#editor@user:u1", "project:Q#owner@user:u1", "group:P#owner@user:u1"]
    authz.touch(OWNER, *near)
    authz.call("write", changes=[f"-{OWNER}", "+project:R#owner@user:u1"])
    assert authz.lines() == {*near, "project:R#owner@user:u1"}
    authz.call("write", changes=[])


def test_a_resource_is_forgotten(authz):
    """Spec: authorization.md 9"""
    stays = ["group:P#owner@user:u1", "data_connector:D#data_connector_namespace@project:P", "project:Q#owner@user:u1"]
    authz.touch(OWNER, *WILDCARDS, "project:P#project_namespace@group:G", *stays)
    authz.call("forget_resource", type="project", id="P")
    assert authz.lines() == set(stays)


def test_a_subject_is_forgotten(authz):
    """Spec: authorization.md 9"""
    goes = ["data_connector:D#data_connector_namespace@project:P", "data_connector:E#linked_to@project:P",
            "resource_pool:1#project_viewer@project:P"]
    stays = [OWNER, "project:Q#project_namespace@group:P"]
    authz.touch(*goes, *stays)
    authz.call("forget_subject", type="project", id="P")
    assert authz.lines() == set(stays)


def test_a_user_is_forgotten(authz):
    """Spec: authorization.md 9"""
    goes = [OWNER, "platform:renku#admin@user:u1", "user_namespace:N#owner@user:u1", "resource_pool:1#prohibited@user:u1"]
    stays = ["user_namespace:N#user_namespace_platform@platform:renku", *WILDCARDS, "project:P#viewer@user:u2"]
    authz.touch(*goes, *stays)
    authz.call("forget_subject", type="user", id="u1")
    assert authz.lines() == set(stays)


@pytest.mark.parametrize("kind", ["project", "data_connector", "resource_pool", "group", "user_namespace"])
def test_publishing_and_hiding(authz, kind):
    """Spec: authorization.md 11"""
    wildcards = {line.replace("project", kind) for line in WILDCARDS}
    member = f"{kind}:P#{'owner' if kind == 'user_namespace' else 'viewer'}@user:u1"
    authz.touch(member)
    for _ in range(2):
        authz.call("publish", type=kind, id="P", public=True)
        assert authz.lines() == {member, *wildcards}
    for _ in range(2):
        authz.call("publish", type=kind, id="P", public=False)
        assert authz.lines() == {member}


def test_half_published_becomes_whole(authz):
    authz.touch("project:P#public_viewer@user:*")
    authz.call("publish", type="project", id="P", public=True)
    assert authz.lines() == WILDCARDS


def test_a_project_moves(authz):
    """Spec: authorization.md 9"""
    authz.touch(OWNER, "project:P#project_namespace@user_namespace:N", "project:Q#project_namespace@group:old")
    for _ in range(2):
        authz.call("replace", line="project:P#project_namespace@group:G")
        assert authz.lines() == {OWNER, "project:P#project_namespace@group:G", "project:Q#project_namespace@group:old"}
    authz.call("replace", line="project:P#project_namespace@user_namespace:G")
    assert "project:P#project_namespace@user_namespace:G" in authz.lines()
    assert "project:P#project_namespace@group:G" not in authz.lines()


# --- look-ups ---

def test_users_with_a_permission(authz):
    """Spec: authorization.md 7.6"""
    authz.touch("project:P#project_namespace@group:G", "project:P#project_platform@platform:renku", OWNER,
                "group:G#viewer@user:u2", "platform:renku#admin@user:root")
    assert authz.call("users", type="project", id="P", scope="read") == ["root", "u1", "u2"]
    assert authz.call("users", type="project", id="P", scope="exclusive_member") == ["u1", "u2"]
    authz.touch(*WILDCARDS)
    assert authz.call("users", type="project", id="P", scope="read") == ["*", "root", "u1", "u2"]


def test_objects_that_are_gone_are_still_found(authz):
    """Spec: authorization.md 15"""
    authz.touch("project:gone#owner@user:u1")
    assert authz.call("objects", user("u1"), type="project", scope="delete") == ["gone"]


def test_administrators(authz):
    """Spec: authorization.md 12"""
    assert authz.call("admin", action="add", user="u2") == {"user": "u2", "admin": True}
    authz.call("admin", action="add", user="u1")
    authz.call("admin", action="add", user="u1")
    assert authz.call("admin", action="list") == {"admins": ["u1", "u2"]}
    assert authz.call("admin", action="remove", user="u2") == {"user": "u2", "admin": False}
    authz.call("admin", action="remove", user="never")
    assert authz.call("admin", action="list") == {"admins": ["u1"]}


@pytest.mark.parametrize("action, name", [("add", "*"), ("add", ""), ("add", None), ("remove", "a b"), ("drop", "u1")])
def test_odd_administrators_are_refused(authz, action, name):
    with pytest.raises(Refused, match="INVALID"):
        authz.call("admin", action=action, user=name)
    assert authz.call("admin", action="list") == {"admins": []}


# --- questions of an operator ---

def test_an_operator_asks(authz):
    authz.touch(OWNER, *WILDCARDS)
    assert authz.call("check", type="project", id="P", scope="delete", user="u1") == {"allowed": True}
    assert authz.call("check", type="project", id="P", scope="delete", user="u2") == {"allowed": False}
    assert authz.call("check", type="project", id="P", scope="read", user=None) == {"allowed": True}
    assert authz.call("lookup", type="project", scope="read", user=None) == {"ids": ["P"]}
    assert authz.call("lookup", type="project", scope="write", user="u1") == {"ids": ["P"]}


QUESTIONS = [
    ("projekt", "P", "read", "u1", "no object type 'projekt'"),
    ("project", "P", "is_admin", "u1", "'project' has no permission 'is_admin', only: read, write, delete"),
    ("resource_pool", "1", "delete", "u1", "'resource_pool' has no permission 'delete', only: read, write"),
    ("project", "P", "fly", "u1", "has no permission 'fly'"),
    ("user", "P", "read", "u1", "'user' has no permission 'read'"),
    ("project", "", "read", "u1", "name the object"),
    ("project", "P", "read", "*", "is not the id of a user"),
    ("project", "P", "read", "", "is not the id of a user"),
]


@pytest.mark.parametrize("kind, id, scope, name, message", QUESTIONS)
def test_a_senseless_question_is_refused(authz, kind, id, scope, name, message):
    """Spec: authorization.md 15"""
    for command in ("check", "explain"):
        with pytest.raises(Refused, match=f"INVALID: .*{message}"):
            authz.call(command, type=kind, id=id, scope=scope, user=name)


# --- text ---

LINES = [
    "project:01J#owner@user:0a-b",
    "project:01J#project_namespace@user_namespace:01K",
    "project:01J#project_namespace@group:01K",
    "data_connector:01J#data_connector_namespace@project:01K",
    "group:01J#public_viewer@anonymous_user:*",
    "platform:renku#admin@user:/_|-=+",
    "resource_pool:7#prohibited@user:u",
]


@pytest.mark.parametrize("line", LINES)
def test_a_relationship_is_read_and_written(authz, line):
    assert authz.call("parse", line=line) == line
    assert authz.call("parse", line=f"  {line}\t\r") == line


REFUSED = [
    ("", "not of the form"),
    ("project", "not of the form"),
    ("project:P", "not of the form"),
    ("project:P#owner", "not of the form"),
    ("project:P#owner@user", "not of the form"),
    ("project:P@user:u#owner", "not of the form"),
    ("projekt:P#owner@user:u", "no object type 'projekt'"),
    ("project:P#boss@user:u", "'project' has no relation 'boss'"),
    ("project:P#group_platform@platform:renku", "'project' has no relation 'group_platform'"),
    ("group:P#prohibited@user:u", "'group' has no relation 'prohibited'"),
    ("project:P#owner@person:u", "no object type 'person'"),
    ("project:P#owner@group:u", "'owner' of 'project' does not allow a subject of type 'group'"),
    ("project:P#owner@user:*", r"'owner' of 'project' does not allow the wildcard 'user:\*'"),
    ("project:P#public_viewer@user:u", "does not allow a subject of type 'user'"),
    ("project:P#project_namespace@group:*", r"does not allow the wildcard 'group:\*'"),
    ("project:*#owner@user:u", r"'\*' is not an id"),
    ("project:#owner@user:u", "An id is empty"),
    ("project:P#owner@user:", "An id is empty"),
    ("project:P Q#owner@user:u", "'P Q' is not an id"),
    ("project:P#owner@user:ü", "'ü' is not an id"),
    ("project:P#owner@group:G#member", "A relation of the subject"),
    ("project:P#owner@user:u[caveat]", "A caveat or an expiration"),
    ("project:" + "x" * 1025 + "#owner@user:u", "longer than 1024"),
]


@pytest.mark.parametrize("line, message", REFUSED)
def test_what_is_wrong_with_a_line_is_said(authz, line, message):
    """Spec: authorization.md 2, 3"""
    with pytest.raises(Refused, match=f"INVALID: .*{message}"):
        authz.call("parse", line=line)


def test_an_id_may_be_long(authz):
    line = "project:" + "x" * 1024 + "#owner@user:" + "y" * 1024
    assert authz.call("parse", line=line) == line


def test_the_anonymous_caller_finds_what_is_public(authz):
    authz.touch(OWNER, "project:P#public_viewer@user:*", "project:Q#public_viewer@anonymous_user:*")
    assert authz.call("objects", ANONYMOUS, type="project", scope="read") == ["Q"]
    assert authz.call("objects", user("u9"), type="project", scope="read") == ["P"]
