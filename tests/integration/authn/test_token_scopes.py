# SPDX-License-Identifier: Apache-2.0
"""POST /internal/authentication/token looks at the sessions that a token is for."""

import json
import uuid

import pytest

from support.api import check_error, unique
from support.internal_tokens import internal_token

FORBIDDEN = "The supplied credentials do not grant permission for this operation."


def refresh(api, owner: str, scope: str):
    form = {"grant_type": "refresh_token", "refresh_token": internal_token(owner, typ="Refresh", scope=scope)}
    return api.anonymous().post("/internal/authentication/token", data=form)


@pytest.fixture
def owner():
    return str(uuid.uuid4())


@pytest.fixture
def add_session(rows, owner):
    """Puts a session into the cache of Kubernetes objects; its name."""

    def add(state: str | None = "Running", name: str | None = None, **more) -> str:
        name = name or unique("session").lower()
        status = {} if state is None else {"status": {"state": state}}
        row = {
            "name": name, "namespace": "renku", "manifest": json.dumps({"kind": "AmaltheaSession"} | status),
            "deleted": False, "version": "v1alpha1", "kind": "AmaltheaSession", "cluster": "0RENK1RENK2RENK3RENK4RENK5",
            "user_id": owner, "group": "amalthea.dev",
        } | more  # fmt: skip
        columns = ", ".join(f'"{column}"' for column in row)
        rows.run(f"INSERT INTO common.k8s_objects ({columns}) VALUES ({', '.join(['%s'] * len(row))})", *row.values())
        return name

    return add


def is_refused(response, kind: str, name: str) -> None:
    error = check_error(response, 403)
    assert (error["code"], error["message"]) == (1403, FORBIDDEN)
    assert error["detail"] == f"Failed to verify {kind} scope '{name}'."


# Spec: authentication.md 5.4
@pytest.mark.parametrize("state", ["Running", "Starting", "Failed", "", None])
def test_a_session_of_the_owner_is_a_scope(api, owner, add_session, state):
    name = add_session(state)
    for scope in (f"session:{name}", f"SESSION:{name}", f"Session:{name} custom", f"session:{name} session:{name}"):
        response = refresh(api, owner, scope)
        assert response.status_code == 200, response.text
        assert response.json()["scope"] == scope


# Spec: authentication.md 5.4
@pytest.mark.parametrize("state", ["Hibernated", "hibernated", "HIBERNATED"])
def test_a_session_that_sleeps_is_no_scope(api, owner, add_session, state):
    name = add_session(state)
    is_refused(refresh(api, owner, f"session:{name}"), "session", name)


# Spec: authentication.md 5.4; kubernetes.md 2.1: the cache writes kinds in lower case
def test_the_kind_is_compared_in_any_case(api, owner, add_session):
    name = add_session(kind="amaltheasession", group="Amalthea.dev", version="V1alpha1")
    assert refresh(api, owner, f"session:{name}").status_code == 200


OTHERS = {
    "of-another": {"user_id": "somebody"}, "deleted": {"deleted": True}, "other-kind": {"kind": "JupyterServer"},
    "other-group": {"group": "example.org"}, "no-group": {"group": None}, "other-version": {"version": "v2"},
}  # fmt: skip


# Spec: authentication.md 5.4
@pytest.mark.parametrize("more", OTHERS.values(), ids=OTHERS.keys())
def test_another_object_is_no_scope(api, owner, add_session, more):
    name = add_session(**more)
    is_refused(refresh(api, owner, f"session:{name}"), "session", name)


# Spec: authentication.md 5.4: exactly one, in any cluster
def test_a_session_in_two_clusters_is_no_scope(api, owner, add_session):
    name = add_session(cluster="01J2F86WS7S8N6159WA3X4042H")
    assert refresh(api, owner, f"session:{name}").status_code == 200
    add_session(name=name)
    is_refused(refresh(api, owner, f"session:{name}"), "session", name)


# Spec: authentication.md 5.4: all must pass; the first that does not is named
def test_all_items_must_pass(api, owner, add_session):
    name = add_session()
    for scope, missing in {
        f"session:{name} session:gone": "gone", f"session:gone session:{name} session:away": "gone",
        "session:": "", f"session:{name.upper()}": name.upper(), 'session:a"b\\': 'a"b\\', "session:{a,b}": "{a,b}",
        "x  session:gone": "gone", "session:NULL": "NULL", "session:'": "'",
    }.items():  # fmt: skip
        is_refused(refresh(api, owner, scope), "session", missing)


# Spec: authentication.md 5.4: nothing can tell yet whether a job runs
def test_a_deposit_job_is_no_scope_yet(api, owner, add_session):
    name = add_session()
    is_refused(refresh(api, owner, "deposit_job:one deposit_job:two"), "deposit job", "one")
    is_refused(refresh(api, owner, f"session:{name} Deposit_Job:one"), "deposit job", "one")
    is_refused(refresh(api, owner, "deposit_job:one session:gone"), "session", "gone")


# Spec: authentication.md 5.4 (compatibility quirk)
@pytest.mark.parametrize("scope", ["", " ", "anything", "sessions:x", "session", "a  b", "\u00e4"])
def test_other_items_are_accepted(api, owner, scope):
    response = refresh(api, owner, scope)
    assert response.status_code == 200, response.text
    assert response.json()["scope"] == scope
