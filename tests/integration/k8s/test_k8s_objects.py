# SPDX-License-Identifier: Apache-2.0
"""Objects of a real API server: made, read, listed, changed, deleted. Spec: kubernetes.md 5.1"""

import base64

import pytest
from integration.k8s.calls import HERE, make, names, secret

from peers.kube import base64_of


def value_of(thing: dict, key: str) -> str:
    return base64.b64decode(thing["data"][key]).decode()


def test_what_was_created_can_be_read_and_looked_up(client, kube, namespace):
    made = make(client, k="user-secret-1")
    assert (made["kind"], made["apiVersion"], made["metadata"]["namespace"]) == ("Secret", "v1", namespace)
    for how in ("read", "lookup"):
        found = client.call(how, **secret())["object"]
        assert (found["kind"], found["apiVersion"]) == ("Secret", "v1")
        assert found["metadata"]["uid"] == made["metadata"]["uid"] and value_of(found, "k") == "user-secret-1"
    assert kube.ask("GET", f"/api/v1/namespaces/{namespace}/secrets/s")[0] == 200


def test_what_exists_is_a_conflict(client):
    make(client, k="user-secret-1")
    again = client.call("create", **secret(object={"stringData": {"k": "user-secret-2"}}))
    assert (again["error"], again["peer"]) == ("KUBERNETES", 409)
    assert "AlreadyExists" in again["message"] and "user-secret" not in again["message"]


def test_what_is_missing_is_told_apart_from_what_is_refused(client):
    assert client.call("lookup", **secret())["object"] is None
    assert client.call("patch", **secret(patch={}))["error"] == "NOT_FOUND"
    assert client.call("delete", **secret()) == {}
    read = client.call("read", **secret())
    assert (read["error"], read["peer"]) == ("KUBERNETES", 404)


def test_an_object_merges_and_a_list_is_a_sequence_of_steps(client):
    make(client, k="user-secret-1")
    merged = client.call("patch", **secret(patch={"metadata": {"labels": {"a": "b"}}}))["object"]
    assert merged["metadata"]["labels"] == {"a": "b"} and value_of(merged, "k") == "user-secret-1"
    steps = [{"op": "replace", "path": "/data", "value": {"n": base64_of("user-secret-2")}}]
    assert client.call("patch", **secret(patch=steps))["object"]["data"] == {"n": base64_of("user-secret-2")}
    wrong = client.call("patch", **secret(patch=[{"op": "replace", "path": "/nowhere/x", "value": 1}]))
    assert (wrong["error"], wrong["peer"]) == ("KUBERNETES", 422)


@pytest.mark.parametrize("background", [0, 1])
def test_what_was_deleted_is_gone_or_waits_for_its_children(client, kube, namespace, background):
    make(client)
    assert client.call("delete", **secret(background=background)) == {}
    status, left = kube.ask("GET", f"/api/v1/namespaces/{namespace}/secrets/s")
    assert status == 404 or (not background and left["metadata"]["finalizers"] == ["foregroundDeletion"])


def test_an_owner_sees_only_what_is_labelled_so(client):
    make(client, "mine", {"renku.io/safe-username": "me"})
    make(client, "yours", {"renku.io/safe-username": "you", "a": "b"})
    assert names(client.call("list", kind="Secret", owner="me")) == ["mine"]
    assert names(client.call("list", kind="Secret", labels={"a": "b"})) == ["yours"]
    assert names(client.call("list", kind="Secret", owner="me", labels={"a": "b"})) == []
    assert names(client.call("list", kind="Secret", name="mine")) == ["mine"]
    assert client.call("lookup", **secret("yours", owner="me"))["object"] is None
    assert client.call("patch", **secret("yours", owner="me", patch={}))["error"] == "NOT_FOUND"
    assert client.call("delete", **secret("yours", owner="me")) == {}
    assert client.call("lookup", **secret("yours", owner="you"))["object"]


@pytest.mark.parametrize("owner", ["me,a=b", "me)", "", "!", "me,renku.io/safe-username notin (x", "x" * 64, "ü"])
def test_an_owner_cannot_change_the_question(client, owner):
    make(client, "mine", {"renku.io/safe-username": "me"})
    make(client, "yours", {"renku.io/safe-username": "you", "a": "b"})
    assert names(client.call("list", kind="Secret", owner=owner)) == []


def test_names_lead_nowhere_else(client, kube, namespace):
    make(client, "s", k="user-secret-1")
    for name in ("s/status", "../secrets/s", "s?x=1", "s#x", "s%2F", "..", ".", "", "s\n", "s ", "S", "ä", "s,x", "a=b", "s" * 254):
        assert client.call("lookup", **secret(name)).get("object") is None, name
        assert client.call("read", **secret(name)).get("error") in ("INVALID", "KUBERNETES"), name
        created = client.call("create", **secret(name, object={}))
        assert created["error"] in ("INVALID", "KUBERNETES") and created["peer"] in (0, 422), (name, created)
        assert client.call("delete", **secret(name)).get("error") in (None, "INVALID"), name
    for place in (f"{namespace}/secrets/s", "..", "%2e%2e", f"../namespaces/{namespace}"):
        assert client.call("read", **secret(namespace=place)).get("error") in ("INVALID", "KUBERNETES"), place
    assert kube.ask("GET", f"/api/v1/namespaces/{namespace}/secrets/s")[0] == 200


def test_kinds_without_namespace_are_read_by_name(client):
    found = client.call("lookup", kind="PriorityClass", name="system-node-critical")["object"]
    assert found["value"] > 0
    assert client.call("lookup", kind="PriorityClass", name="no-such")["object"] is None


def test_of_a_kind_that_the_cluster_does_not_know_there_are_no_objects(client):
    assert client.call("list", kind="AmaltheaSession")["items"] == []
    assert client.call("list", kind="AmaltheaSession")["complete"] is True


def test_a_list_has_all_pages_and_needs_the_memory_of_one(client):
    waiting = [
        client.begin("create", **secret(f"s-{i:03}", object={"stringData": {"k": "user-secret" * 200}})) for i in range(230)
    ]
    assert all("error" not in place.get(timeout=120) for place in waiting)
    answer = client.call("list", kind="Secret")
    assert names(answer) == [f"s-{i:03}" for i in range(230)]
    assert {item["cluster"] for item in answer["items"]} == {HERE}
    assert answer["complete"] and answer["bytes"] < 20_000
