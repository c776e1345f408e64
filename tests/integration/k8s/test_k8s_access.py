# SPDX-License-Identifier: Apache-2.0
"""Who may what, and which credentials count. Spec: kubernetes.md 3.1, 3.4"""

import pytest
from integration.k8s.calls import make, names, secret
from integration.k8s.credentials import account

from peers.kube import NOBODY, READER


def test_who_may_nothing_is_refused(start, kube, client, namespace):
    make(client)
    driver = start(kube.kubeconfig(user={"token": NOBODY}), K8S_NAMESPACE=namespace)
    created = driver.call("create", **secret("t", object={}))
    assert (created["error"], created["peer"]) == ("KUBERNETES", 403) and "Forbidden" in created["message"]
    assert driver.call("list", kind="Secret") == {"items": [], "complete": False, "bytes": pytest.approx(500, abs=2000)}
    assert driver.call("lookup", **secret())["object"] is None
    assert driver.call("patch", **secret(patch={}))["error"] == "NOT_FOUND"
    assert driver.call("delete", **secret()) == {}
    assert client.call("lookup", **secret())["object"]


def test_who_may_read_changes_nothing(start, kube, client, namespace):
    make(client)
    driver = start(kube.kubeconfig(user={"token": READER}), K8S_NAMESPACE=namespace)
    assert names(driver.call("list", kind="Secret")) == ["s"]
    for what in (("patch", {"patch": {"type": "x"}}), ("delete", {})):
        refused = driver.call(what[0], **secret(**what[1]))
        assert (refused["error"], refused["peer"]) == ("KUBERNETES", 403)


def test_a_wrong_token_is_refused(start, kube):
    refused = start(kube.kubeconfig(user={"token": "wrong"})).call("read", **secret())
    assert (refused["error"], refused["peer"]) == ("KUBERNETES", 401) and "wrong" not in refused["message"]


def test_a_token_that_was_replaced_is_picked_up(start, kube, tmp_path):
    driver = start(kube.kubeconfig(user={"token": "wrong"}))
    assert driver.call("read", **secret())["peer"] == 401
    (tmp_path / "kubeconfig").write_text(kube.kubeconfig())
    assert driver.call("read", **secret())["peer"] == 404
    (tmp_path / "kubeconfig").write_text(kube.kubeconfig(user={"token": NOBODY}))
    assert driver.call("read", **secret())["peer"] == 404
    (tmp_path / "kubeconfig").unlink()
    assert driver.call("read", **secret())["peer"] == 404


def test_inside_a_cluster_the_account_counts_and_its_token_may_change(start, kube, client, namespace, tmp_path):
    make(client)
    driver = start(**account(kube, tmp_path / "account", token="wrong"), K8S_NAMESPACE=namespace)
    assert driver.call("read", **secret())["peer"] == 401
    account(kube, tmp_path / "account")
    assert driver.call("read", **secret())["object"]
    assert driver.call("delete", **secret())["peer"] == 403


def test_the_home_folder_comes_before_the_account(start, kube, tmp_path):
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(kube.kubeconfig())
    driver = start(**(account(kube, tmp_path / "account", token="wrong") | {"HOME": tmp_path}))
    assert driver.call("read", **secret())["peer"] == 404


def test_without_any_way_to_a_cluster_that_is_told(start, tmp_path):
    answer = start(HOME=tmp_path).call("read", **secret())
    assert answer["error"] == "CONFIGURATION" and "KUBERNETES_SERVICE_HOST" in answer["message"]


def test_many_at_once_while_the_token_changes(start, kube, tmp_path, namespace):
    driver = start(kube.kubeconfig(user={"token": "wrong"}), K8S_NAMESPACE=namespace)
    driver.call("read", **secret())
    waiting = [driver.begin("put", namespace=namespace, name=f"s-{i % 16}", entries={"k": f"user-secret-{i}"}) for i in range(32)]
    (tmp_path / "kubeconfig.new").write_text(kube.kubeconfig())
    (tmp_path / "kubeconfig.new").replace(tmp_path / "kubeconfig")
    more = [driver.begin("put", namespace=namespace, name=f"s-{i % 16}", entries={"k": f"user-secret-{i}"}) for i in range(64)]
    assert all("401" in answer["message"] for answer in (place.get(timeout=60) for place in waiting) if "error" in answer)
    assert [place.get(timeout=60) for place in more] == [{}] * 64
    assert len(driver.call("list", kind="Secret")["items"]) == 16
