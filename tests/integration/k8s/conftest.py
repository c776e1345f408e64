# SPDX-License-Identifier: Apache-2.0
"""The driver program of the Kubernetes client, with a kubeconfig of the test, and namespaces of the API server."""

import itertools
import os

import pytest

from peers.kube import ADMIN, NOBODY, READER
from support.driver import Driver, finish
from support.server import BUILD, SANITIZERS

PROGRAM = BUILD / "tests" / "integration" / "k8s" / "driver"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def reader_role(kube):
    """The reader may list and read secrets, and nothing else."""
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterrole"
    kube.make(f"{roles}s", {"metadata": {"name": "reader"}, "rules": rules})
    kube.make(
        f"{roles}bindings",
        {
            "metadata": {"name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers"}],
        },
    )


@pytest.fixture
def namespace(kube):
    """A namespace of this test's own."""
    name = f"test-{next(NUMBERS)}"
    kube.make("/api/v1/namespaces", {"metadata": {"name": name}})
    return name


@pytest.fixture
def start(tmp_path):
    """Starts drivers, the first with the file "kubeconfig"; at the end none of them has told a secret, or reported anything."""
    drivers = []

    def start(kubeconfig=None, **more) -> Driver:
        env = {
            "PATH": os.environ["PATH"],
            "DB_PASSWORD": "database-secret-4714",
            "DUMMY_STORES": "true",
            "ENABLE_INTERNAL_GITLAB": "false",
            "KUBERNETES_NAMESPACE": "renku",
        } | SANITIZERS
        if kubeconfig is not None:
            path = tmp_path / (f"kubeconfig-{len(drivers)}" if drivers else "kubeconfig")
            path.write_text(kubeconfig)
            env["KUBECONFIG"] = str(path)
        env |= {name: str(value) for name, value in more.items()}
        drivers.append(Driver(env, tmp_path / f"driver-{len(drivers)}.log", PROGRAM))
        return drivers[-1]

    yield start
    for driver in drivers:
        finish(driver)
        for secret in (ADMIN, READER, NOBODY, "database-secret", "user-secret", "BEGIN "):
            assert secret not in driver.text()


@pytest.fixture
def client(start, kube, namespace):
    """A driver that may do everything, in the namespace of this test."""
    return start(kube.kubeconfig(), K8S_NAMESPACE=namespace)
