# SPDX-License-Identifier: Apache-2.0
"""Secrets that are handed to a cluster. Spec: kubernetes.md 6.1"""

from peers.kube import NOBODY, READER, base64_of
from support.driver import Driver

OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "somebody", "uid": "8a0d2b0c-5a71-4f4f-9d1c-111111111111"}


def put(driver: Driver, namespace: str, **more) -> dict:
    return driver.call("put", **{"namespace": namespace, "name": "s", "entries": {"k": "user-secret-1"}} | more)


def test_a_secret_is_created_and_changed_by_the_same_call(client, kube, namespace):
    path = f"/api/v1/namespaces/{namespace}/secrets/s"
    assert put(client, namespace, owners=[OWNER]) == {}
    made = kube.ask("GET", path)[1]
    assert made["data"] == {"k": base64_of("user-secret-1")} and made["type"] == "Opaque"
    assert made["metadata"]["ownerReferences"] == [OWNER | {"controller": True}]
    assert put(client, namespace, owners=[OWNER]) == {}
    assert kube.ask("GET", path)[1]["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert put(client, namespace, owners=[], entries={"a": "user-secret-2", "b": ""}) == {}
    changed = kube.ask("GET", path)[1]
    assert changed["data"] == {"a": base64_of("user-secret-2"), "b": ""}
    assert "ownerReferences" not in changed["metadata"]


def test_a_secret_in_the_way_that_cannot_be_changed_is_told(start, client, kube, namespace):
    made = {"metadata": {"name": "s"}, "immutable": True}
    kube.make(f"/api/v1/namespaces/{namespace}/secrets", made)
    refused = put(client, namespace)
    assert (refused["error"], refused["peer"]) == ("KUBERNETES", 422) and "user-secret" not in refused["message"]
    path = "/apis/rbac.authorization.k8s.io/v1"
    role = {"metadata": {"name": "maker"}, "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}]}
    kube.make(f"{path}/namespaces/{namespace}/roles", role)
    kube.make(
        f"{path}/namespaces/{namespace}/rolebindings",
        {
            "metadata": {"name": "maker"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "maker"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "nobodies"}],
        },
    )
    maker = start(kube.kubeconfig(user={"token": NOBODY}))
    assert put(maker, namespace, name="other") == {}
    assert put(maker, namespace)["error"] == "NOT_FOUND"


def test_all_else_is_one_error_that_names_the_kind(start, client, kube, namespace):
    reader = start(kube.kubeconfig(user={"token": READER}))
    lost = start(kube.kubeconfig(cluster={"server": "https://127.0.0.1:1"}))
    cases = [
        (put(client, namespace, cluster="01ARZ3NDEKTSV4RRFFQ69G5FAV"), "the cluster is unknown"),
        (put(client, namespace, name="a/b"), "its name or namespace is not valid"),
        (put(client, namespace, name="A_B"), "refused it with status 422"),
        (put(client, namespace, entries={"a/b": "user-secret"}), "refused it with status 422"),
        (put(client, "no-such-namespace"), "refused it with status 404"),
        (put(reader, namespace), "refused it with status 403"),
        (put(lost, namespace), "the cluster cannot be reached"),
        (put(start(KUBECONFIG="/nonexistent"), namespace), "there is no usable way"),
        (put(client, namespace, owners=[OWNER, OWNER | {"uid": "other"}]), "refused it with status 422"),
    ]
    for answer, words in cases:
        assert answer["error"] == "SECRET_CREATION" and words in answer["message"], answer
        assert "user-secret" not in answer["message"]
