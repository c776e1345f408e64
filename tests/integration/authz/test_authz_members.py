# SPDX-License-Identifier: Apache-2.0
"""Members of groups and projects. Spec: authorization.md 7.7, 10"""

import pytest

from support.authz_driver import Refused

ROLES = {"o": "owner", "e": "editor", "v": "viewer"}


def relationships(state: str, kind: str = "group") -> list[str]:
    """ "a:oe b:v": a is owner and editor, b is viewer."""
    found = []
    for entry in state.split():
        user, _, roles = entry.partition(":")
        found += [f"{kind}:G#{ROLES[role]}@user:{user}" for role in roles]
    return found


def entries(request: str) -> list[list[str]]:
    return [[entry[:-2], ROLES[entry[-1]]] for entry in request.split()]


# before, request, after, what is reported
SETS = [
    ("a:o", "b:v", "a:o b:v", "added b viewer"),
    ("a:o", "b:o", "a:o b:o", "added b owner"),
    ("a:o", "a:o", "a:o", ""),
    ("a:o", "", "a:o", ""),
    ("a:o b:v", "b:e", "a:o b:e", "updated b editor"),
    ("a:o b:v", "b:o", "a:o b:o", "updated b owner"),
    ("a:o b:o", "b:v", "a:o b:v", "updated b viewer"),
    ("a:o", "c:e b:v", "a:o b:v c:e", "added c editor, added b viewer"),
    ("a:o", "a:v b:o", "a:v b:o", "updated a viewer, added b owner"),
    ("a:o", "b:o a:v", "a:v b:o", "added b owner, updated a viewer"),
    ("a:o b:v", "b:v c:e", "a:o b:v c:e", "added c editor"),
    ("", "b:o", "b:o", "added b owner"),
    # several roles are repaired to the one that is asked for
    ("a:o b:ev", "b:o", "a:o b:o", "updated b owner, removed b owner"),
    ("a:o b:ev", "b:v", "a:o b:v", "removed b viewer"),
    ("a:o b:ev", "b:e", "a:o b:e", "removed b editor"),
    ("a:o b:oev", "b:o", "a:o b:o", "removed b owner, removed b owner"),
    ("a:o b:oev", "b:v", "a:o b:v", "removed b viewer, removed b viewer"),
    ("a:oev", "a:o", "a:o", "removed a owner, removed a owner"),
    ("a:oe b:v", "b:o", "a:oe b:o", "updated b owner"),
    # several entries for one user: the last counts
    ("a:o", "b:v b:e", "a:o b:e", "added b editor"),
    ("a:o", "b:o b:o", "a:o b:o", "added b owner"),
    ("a:o b:v", "b:o b:v", "a:o b:v", ""),
    ("a:o b:v", "b:o c:v b:e", "a:o b:e c:v", "added c viewer, updated b editor"),
    ("a:o", "a:v a:o", "a:o", ""),
]


@pytest.mark.parametrize("kind", ["group", "project"])
@pytest.mark.parametrize("before, request_, after, reported", SETS)
def test_members_are_set(authz, kind, before, request_, after, reported):
    """Spec: authorization.md 10.1"""
    authz.touch(*relationships(before, kind))
    reports = authz.call("members_set", type=kind, id="G", members=entries(request_))
    assert ", ".join(" ".join(report) for report in reports) == reported
    assert authz.lines() == set(relationships(after, kind))


LAST_OWNERS = [
    ("a:o", "a:v"),
    ("a:o", "a:e b:v"),
    ("a:o b:o", "a:v b:v"),
    ("a:o", "b:o b:v a:v"),
    ("a:oe", "a:e"),  # the owner's row goes although it is not the first: counted all the same
    ("b:v", "b:e"),
    ("b:v", ""),
    ("", ""),
]


@pytest.mark.parametrize("kind", ["group", "project"])
@pytest.mark.parametrize("before, request_", LAST_OWNERS)
def test_an_owner_remains(authz, kind, before, request_):
    """Spec: authorization.md 10.1"""
    authz.touch(*relationships(before, kind))
    with pytest.raises(Refused, match="INVALID: .*without an owner"):
        authz.call("members_set", type=kind, id="G", members=entries(request_))
    assert authz.lines() == set(relationships(before, kind))


@pytest.mark.parametrize("user", ["*", ""])
def test_nobody_and_everybody_are_no_members(authz, user):
    """Spec: authorization.md 10.2, 15"""
    authz.touch(*relationships("a:o"))
    with pytest.raises(Refused, match="INVALID: .*not the id of a user"):
        authz.call("members_set", type="group", id="G", members=[["b", "viewer"], [user, "viewer"]])
    with pytest.raises(Refused, match="INVALID: .*not the id of a user"):
        authz.call("member_remove", type="group", id="G", user=user)
    assert authz.lines() == set(relationships("a:o"))


# before, whom, after, what is reported
REMOVALS = [
    ("a:o b:v", "b", "a:o", "removed b viewer"),
    ("a:o b:o", "b", "a:o", "removed b owner"),
    ("a:o b:oev", "b", "a:o", "removed b owner, removed b editor, removed b viewer"),
    ("a:o", "b", "a:o", ""),
    ("", "b", "", ""),
    ("b:v", "b", "", "removed b viewer"),
]


@pytest.mark.parametrize("kind", ["group", "project"])
@pytest.mark.parametrize("before, user, after, reported", REMOVALS)
def test_a_member_is_removed(authz, kind, before, user, after, reported):
    """Spec: authorization.md 10.2"""
    authz.touch(*relationships(before, kind))
    reports = authz.call("member_remove", type=kind, id="G", user=user)
    assert ", ".join(" ".join(report) for report in reports) == reported
    assert authz.lines() == set(relationships(after, kind))


@pytest.mark.parametrize("before", ["a:o", "a:oe b:v"])
def test_the_last_owner_is_not_removed(authz, before):
    """Spec: authorization.md 10.2"""
    authz.touch(*relationships(before))
    with pytest.raises(Refused, match="INVALID: 'a' is the only owner of the group 'G'"):
        authz.call("member_remove", type="group", id="G", user="a")
    assert authz.lines() == set(relationships(before))


def test_members_come_in_order_without_wildcards(authz):
    """Spec: authorization.md 7.7"""
    others = ["group:G#public_viewer@user:*", "group:G#group_platform@platform:renku", "group:H#owner@user:h"]
    authz.touch(*relationships("b:v a:o B:ev"), *others)
    expected = [["B", "editor"], ["B", "viewer"], ["a", "owner"], ["b", "viewer"]]
    assert authz.call("members", type="group", id="G") == expected
    assert authz.call("members", type="project", id="G") == []


def test_members_of_a_pool_may_be_prohibited(authz):
    """Spec: authorization.md 1, 9"""
    authz.touch("resource_pool:7#viewer@user:a", "resource_pool:7#prohibited@user:b")
    assert authz.call("members", type="resource_pool", id="7") == [["a", "viewer"], ["b", "prohibited"]]


def test_other_objects_of_that_id_stay(authz):
    authz.touch(*relationships("a:o b:v"), *relationships("b:v", "project"))
    authz.call("member_remove", type="group", id="G", user="b")
    assert authz.lines() == {*relationships("a:o"), *relationships("b:v", "project")}


def test_many_members_are_set_at_once(authz):
    """The order of users in the request does not matter to what is found."""
    authz.touch("group:G#owner@user:root", *(f"group:G#viewer@user:u{n}" for n in range(0, 2000, 2)))
    wanted = [[f"u{n}", "editor"] for n in reversed(range(2000))]
    reports = authz.call("members_set", type="group", id="G", members=wanted)
    assert [report[1] for report in reports] == [user for user, _ in wanted]
    assert [report[0] for report in reports] == ["added", "updated"] * 1000
    assert len(authz.call("members", type="group", id="G")) == 2001
