# SPDX-License-Identifier: Apache-2.0
"""By what a client may be known to an API server."""

import json

API = "client.authentication.k8s.io/v1"


def program(folder, text: str, **more) -> dict:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {"exec": {"apiVersion": API, "command": "./program", **more}}


def credential(**status) -> str:
    return json.dumps({"kind": "ExecCredential", "apiVersion": API, "status": status})


def account(kube, folder, token=None, ca=None):
    """The files of an account as Kubernetes puts them into a pod, with a token that the server signs."""
    folder.mkdir(exist_ok=True)
    if token is None:
        path = "/api/v1/namespaces/default/serviceaccounts"
        kube.ask("POST", path, {"metadata": {"name": "pod"}})
        token = kube.make(f"{path}/pod/token", {"spec": {"expirationSeconds": 600}})["status"]["token"]
        binding = {
            "metadata": {"name": "pod"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "pod", "namespace": "default"}],
        }
        kube.ask("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    (folder / "token").write_text(f"{token}\n")
    (folder / "ca.crt").write_text(ca or kube.authority.pem)
    return {
        "RENKU_SERVICE_ACCOUNT": folder,
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": kube.port,
        "HOME": folder,
    }
