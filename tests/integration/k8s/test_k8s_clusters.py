# SPDX-License-Identifier: Apache-2.0
"""Remote clusters, and a list over all of them. Spec: kubernetes.md 3.2, 4"""

import pytest
from integration.k8s.calls import HERE, make, secret

from support.database import Rows

ONE, TWO, BAD, FAR = (f"01ARZ3NDEKTSV4RRFFQ69G5F{end}" for end in ("A1", "A2", "A3", "A4"))


def add_cluster(rows: Rows, cluster: str, config: str) -> None:
    rows.run(
        "INSERT INTO resource_pools.clusters (id, name, config_name, session_protocol, session_host, session_port, session_path,"
        " session_ingress_annotations, session_tls_secret_name) VALUES (%s, %s, %s, 'http', 'h', 1, '/', '{}', 't')",
        cluster, cluster, config,
    )  # fmt: skip


@pytest.fixture
def remote(make_database, tmp_path):
    """A database with clusters, and a folder with their kubeconfigs."""
    database = make_database()
    rows = Rows(database)
    (tmp_path / "configs").mkdir()
    yield rows, tmp_path / "configs", {"DRIVER_DATABASE": 1, "K8S_CONFIGS_ROOT": tmp_path / "configs", **database}
    rows.close()


def test_remote_clusters_are_those_whose_kubeconfig_is_good(start, kube, client, namespace, remote):
    rows, configs, env = remote
    make(client)
    for cluster, name in ((ONE, "one"), (TWO, "two"), (BAD, "bad"), (FAR, "../kubeconfig")):
        add_cluster(rows, cluster, name)
    (configs / "one").write_text(kube.kubeconfig(context={"cluster": "peer", "user": "somebody", "namespace": namespace}))
    (configs / "two").write_text(kube.kubeconfig())
    (configs / "bad").write_text(kube.kubeconfig(user={"username": "u"}))
    driver = start(kube.kubeconfig(), **env, K8S_NAMESPACE="kube-system")
    assert driver.call("read", **secret(cluster=ONE))["object"]["metadata"]["namespace"] == namespace
    assert driver.call("read", **secret(cluster=TWO))["peer"] == 404
    for cluster in (BAD, FAR, "01ARZ3NDEKTSV4RRFFQ69G5FA5", "", "x"):
        answer = driver.call("read", **secret(cluster=cluster))
        assert (answer["error"], answer["peer"]) == ("NOT_FOUND", 0)
    assert [item["cluster"] for item in driver.call("list", kind="Secret")["items"]] == [ONE]
    assert driver.call("list", kind="Secret", cluster=TWO)["items"] == []
    assert {item["cluster"] for item in driver.call("list", kind="Secret", namespace=namespace)["items"]} == {ONE, TWO, HERE}
    for cluster in (BAD, FAR):
        assert f"The cluster {cluster} is left out." in driver.text()


def test_clusters_are_read_once_or_each_time(start, kube, remote):
    rows, configs, env = remote
    (configs / "one").write_text(kube.kubeconfig())
    once, each = start(kube.kubeconfig(), **env), start(kube.kubeconfig(), **env, ALWAYS_READ_CLUSTERS="")
    for driver in (once, each):
        assert driver.call("read", **secret(cluster=ONE))["error"] == "NOT_FOUND"
    add_cluster(rows, ONE, "one")
    assert once.call("read", **secret(cluster=ONE))["error"] == "NOT_FOUND"
    assert each.call("read", **secret(cluster=ONE))["peer"] == 404
    (configs / "two").write_text(kube.kubeconfig(user={"token": "wrong"}))
    rows.run("UPDATE resource_pools.clusters SET config_name = 'two'")
    assert each.call("read", **secret(cluster=ONE))["peer"] == 401
    rows.run("DELETE FROM resource_pools.clusters")
    assert each.call("read", **secret(cluster=ONE))["peer"] == 401


def test_without_the_folder_there_are_no_remote_clusters(start, kube, remote):
    rows, configs, env = remote
    add_cluster(rows, ONE, "one")
    driver = start(kube.kubeconfig(), **env | {"K8S_CONFIGS_ROOT": configs / "missing"})
    assert driver.call("read", **secret(cluster=ONE))["error"] == "NOT_FOUND"
    assert driver.call("read", **secret())["peer"] == 404
    assert "remote clusters are left out" in driver.text()


def test_a_cluster_that_cannot_be_reached_is_no_reason_for_a_shorter_list(start, kube, remote):
    rows, configs, env = remote
    add_cluster(rows, FAR, "far")
    (configs / "far").write_text(kube.kubeconfig(cluster={"server": "https://127.0.0.1:1"}))
    driver = start(kube.kubeconfig(), **env)
    assert driver.call("list", kind="Secret")["error"] == "REMOTE"
    assert driver.call("list", kind="Secret", cluster=HERE)["complete"] is True
