# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes client against a real API server. Spec: kubernetes.md 3, 4, 5.1, 6.1"""

import base64
import json
import socket
import time

import pytest
from integration.k8s.lying import Lying

from peers.kube import ADMIN, NOBODY, READER, Authority, base64_of
from support.database import Rows
from support.driver import Driver
from support.server import SANITIZERS

HERE = "0RENK1RENK2RENK3RENK4RENK5"
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "somebody", "uid": "8a0d2b0c-5a71-4f4f-9d1c-111111111111"}


def secret(name="s", **more) -> dict:
    return {"kind": "Secret", "name": name} | more


def make(client: Driver, name="s", labels=None, **data) -> dict:
    made = client.call("create", **secret(name, object={"stringData": data, "metadata": {"labels": labels or {}}}))
    assert "error" not in made, made
    return made["object"]


def names(answer: dict) -> list[str]:
    assert "error" not in answer, answer
    return sorted(item["object"]["metadata"]["name"] for item in answer["items"])


def value_of(thing: dict, key: str) -> str:
    return base64.b64decode(thing["data"][key]).decode()


# --- objects --------------------------------------------------------------------------------------------------------


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


# --- who may -------------------------------------------------------------------------------------------------------


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


# --- kubeconfig -----------------------------------------------------------------------------------------------------


def test_certificates_say_who_we_are(start, kube, tmp_path):
    certificate, key = kube.authority.client("root", "system:masters")
    (tmp_path / "c.pem").write_text(certificate)
    (tmp_path / "k.pem").write_text(key)
    (tmp_path / "ca.pem").write_text(kube.authority.pem)
    users = [
        {"client-certificate-data": base64_of(certificate), "client-key-data": base64_of(key)},
        {"client-certificate-data": certificate, "client-key-data": key},
        {"client-certificate": "c.pem", "client-key": str(tmp_path / "k.pem")},
    ]
    clusters = [{}, {"certificate-authority-data": kube.authority.pem}, {"certificate-authority-data": None, "certificate-authority": "ca.pem"}]
    for user, cluster in zip(users, clusters, strict=True):
        assert start(kube.kubeconfig(user=user, cluster=cluster)).call("read", **secret())["peer"] == 404


def test_a_certificate_that_has_expired_is_refused_and_its_successor_picked_up(start, kube, tmp_path):
    def user(days):
        certificate, key = kube.authority.client("root", "system:masters", days)
        return {"client-certificate-data": base64_of(certificate), "client-key-data": base64_of(key)}

    driver = start(kube.kubeconfig(user=user(-1)))
    assert driver.call("read", **secret())["peer"] == 401
    (tmp_path / "kubeconfig").write_text(kube.kubeconfig(user=user(1)))
    assert driver.call("read", **secret())["peer"] == 404


def test_the_token_of_an_identity_provider_counts(start, kube):
    provider = {"auth-provider": {"name": "oidc", "config": {"id-token": ADMIN}}}
    assert start(kube.kubeconfig(user=provider)).call("read", **secret())["peer"] == 404


def test_files_are_merged(start, kube, tmp_path):
    whole = json.loads(kube.kubeconfig())
    first = {"current-context": "here", "contexts": whole["contexts"]}
    second = {"current-context": "elsewhere", "clusters": whole["clusters"], "users": whole["users"]}
    (tmp_path / "one").write_text(json.dumps(first))
    (tmp_path / "two").write_text(json.dumps(second))
    driver = start(KUBECONFIG=f"{tmp_path}/missing:{tmp_path}/one::{tmp_path}/two")
    assert driver.call("read", **secret())["peer"] == 404


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"user": {"username": "u", "password": "user-secret"}}, "a name and a password are not supported"),
        ({"user": {"client-certificate-data": "user-secret", "client-key": "k"}}, "neither PEM nor base64"),
        ({"user": {"client-certificate-data": base64_of("user-secret")}}, "neither PEM nor base64"),
        ({"user": {"client-certificate": "missing.pem"}}, "missing.pem' cannot be used: there is no such file"),
        ({"user": {"tokenFile": "."}}, "it is no regular file"),
        ({"user": {"token": "user-secret\nX-More: 1"}}, "empty or no word"),
        ({"user": {"token": "user-secr\u00e9t"}}, "holds what no token holds"),
        ({"cluster": {"certificate-authority": "kubeconfig", "certificate-authority-data": None}}, "it holds no PEM"),
        ({"context": {"cluster": "nowhere"}}, "among its clusters there is no 'nowhere'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_kubeconfig_is_told(start, kube, more, problem):
    answer = start(kube.kubeconfig(**more)).call("read", **secret())
    assert answer["error"] == "CONFIGURATION" and problem in answer["message"], answer
    assert "user-secr" not in answer["message"]


def test_certificates_that_are_none_are_an_error(start, kube):
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    for more in ({"user": {"client-certificate-data": pem, "client-key-data": pem}}, {"cluster": {"certificate-authority-data": pem}}):
        assert start(kube.kubeconfig(**more)).call("read", **secret())["error"] == "REMOTE"


# --- credential programs --------------------------------------------------------------------------------------------

API = "client.authentication.k8s.io/v1"


def program(folder, text: str, **more) -> dict:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {"exec": {"apiVersion": API, "command": "./program", **more}}


def credential(**status) -> str:
    return json.dumps({"kind": "ExecCredential", "apiVersion": API, "status": status})


def test_a_program_tells_the_token_and_sees_none_of_our_secrets(start, kube, tmp_path):
    text = f'env >{tmp_path}/env; ls -l /proc/self/fd >{tmp_path}/fds; echo "$1" >{tmp_path}/args; echo told >&2\necho \'{credential(token=ADMIN)}\''
    user = program(tmp_path, text, args=["a b"], env=[{"name": "OWN", "value": "x=y"}])
    driver = start(kube.kubeconfig(user=user), HOME=tmp_path)
    assert driver.call("read", **secret())["peer"] == 404
    seen = (tmp_path / "env").read_text()
    assert "OWN=x=y" in seen and "KUBERNETES_EXEC_INFO={" in seen and f"HOME={tmp_path}" in seen and "PATH=" in seen
    assert "4714" not in seen and "DB_" not in seen and "DUMMY" not in seen
    assert (tmp_path / "args").read_text() == "a b\n"
    # its own output, /dev/null twice, and the folder that ls reads
    assert "socket:" not in (tmp_path / "fds").read_text() and "pipe:" not in (tmp_path / "fds").read_text()
    assert "told" not in driver.text()


def test_a_program_is_run_again_when_its_token_is_refused_or_expires(start, kube, tmp_path):
    (tmp_path / "answer").write_text(credential(token="wrong"))
    user = program(tmp_path, f"echo run >>{tmp_path}/runs; cat {tmp_path}/answer")
    driver = start(kube.kubeconfig(user=user))
    assert driver.call("read", **secret())["peer"] == 401
    (tmp_path / "answer").write_text(credential(token=ADMIN))
    assert [driver.call("read", **secret())["peer"] for _ in range(3)] == [404] * 3
    runs = (tmp_path / "runs").read_text().count("run")
    assert runs == 3  # the first, the one after 401 with the same token, the one with the new token
    (tmp_path / "answer").write_text(credential(token=ADMIN, expirationTimestamp="2020-01-01T00:00:00Z"))
    other = start(kube.kubeconfig(user=user))
    assert [other.call("read", **secret())["peer"] for _ in range(2)] == [404] * 2
    assert (tmp_path / "runs").read_text().count("run") == runs + 2


def test_a_program_may_tell_a_certificate(start, kube, tmp_path):
    certificate, key = kube.authority.client("root", "system:masters")
    (tmp_path / "answer").write_text(credential(clientCertificateData=certificate, clientKeyData=key))
    user = program(tmp_path, f"cat {tmp_path}/answer")
    assert start(kube.kubeconfig(user=user)).call("read", **secret())["peer"] == 404


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("echo user-secret >&2; exit 3", "has failed"),
        ("kill -9 $$", "has failed"),
        ("echo user-secret", "ExecCredential"),
        ("cat /dev/zero", "says too much"),
        ("exec sleep 60 >&-", "takes too long"),
        ("sleep 60 & sleep 60", "takes too long"),
    ],
)  # fmt: skip
def test_a_program_that_fails_is_told_of_and_stopped(start, kube, tmp_path, text, problem):
    driver = start(kube.kubeconfig(user=program(tmp_path, text)))
    answer = driver.call("read", **secret(), deadline_ms=3000)
    assert answer["error"] == "CONFIGURATION" and problem in answer["message"], answer
    assert "user-secret" not in answer["message"]


def test_where_no_program_may_be_started_that_is_told(start, kube, tmp_path):
    user = program(tmp_path, f"echo '{credential(token=ADMIN)}'")
    # the search for leaks starts a tracer, which the sandbox does not let it
    closed = {"DRIVER_SANDBOX": 1, "ASAN_OPTIONS": SANITIZERS["ASAN_OPTIONS"].replace("detect_leaks=1", "detect_leaks=0")}
    answer = start(kube.kubeconfig(user=user), **closed).call("read", **secret())
    assert answer["error"] == "CONFIGURATION" and "cannot be started here: Function not implemented" in answer["message"]


def test_a_program_that_is_missing_is_told_of(start, kube):
    user = {"exec": {"apiVersion": API, "command": "/nonexistent/program"}}
    answer = start(kube.kubeconfig(user=user)).call("read", **secret())
    assert answer["error"] == "CONFIGURATION" and "cannot be started here" in answer["message"]


# --- TLS and the network --------------------------------------------------------------------------------------------


def test_a_server_of_another_authority_is_not_believed_until_its_authority_is_known(start, kube, tmp_path):
    other = Authority("another authority")
    driver = start(kube.kubeconfig(cluster={"certificate-authority-data": base64_of(other.pem)}))
    refused = driver.call("read", **secret())
    assert refused["error"] == "REMOTE" and f"GET {kube.url}/api/v1/namespaces/default/secrets/s" in refused["message"]
    (tmp_path / "kubeconfig").write_text(kube.kubeconfig())
    assert driver.call("read", **secret())["peer"] == 404
    (tmp_path / "none").mkdir()
    system = start(kube.kubeconfig(cluster={"certificate-authority-data": None}))
    assert system.call("read", **secret())["error"] == "REMOTE"


def test_a_server_is_believed_without_proof_when_that_is_wanted(start, kube):
    cluster = {"certificate-authority-data": None, "insecure-skip-tls-verify": True}
    assert start(kube.kubeconfig(cluster=cluster)).call("read", **secret())["peer"] == 404


def test_the_name_in_the_certificate_may_differ_from_the_host(start, kube):
    cluster = {"server": f"https://localhost:{kube.port}/"}
    assert start(kube.kubeconfig(cluster=cluster)).call("read", **secret())["error"] == "REMOTE"
    cluster["tls-server-name"] = "kubernetes.default.svc"
    assert start(kube.kubeconfig(cluster=cluster)).call("read", **secret())["peer"] == 404
    cluster["tls-server-name"] = "kubernetes.other.svc"
    assert start(kube.kubeconfig(cluster=cluster)).call("read", **secret())["error"] == "REMOTE"


def served(kube, tmp_path, days=1.0):
    path = tmp_path / "served.pem"
    path.write_text("".join(kube.authority.server("127.0.0.1", days=days)))
    return path


def test_a_certificate_of_the_server_that_has_expired_is_not_believed(start, kube, tmp_path):
    with Lying(lambda *_: (200, {}, {"kind": "Secret"}), served(kube, tmp_path, -1)) as server:
        answer = start(kube.kubeconfig(cluster={"server": server.url})).call("read", **secret())
        assert answer["error"] == "REMOTE" and "expired" in answer["message"]
        assert server.requests == []


def test_a_server_that_is_not_there_is_told_of(start, kube):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{taken.getsockname()[1]}"
        driver = start(kube.kubeconfig(cluster={"server": url}))
        for how, path in (("read", "/s"), ("lookup", ""), ("delete", "")):
            answer = driver.call(how, **secret())
            assert answer["error"] == "REMOTE" and f"GET {url}/api/v1/namespaces/default/secrets{path}:" in answer["message"]


def test_an_address_with_colons_gets_brackets(start, kube, tmp_path):
    where = account(kube, tmp_path / "account", token="user-secret") | {"KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": 1}
    assert "https://[::1]:1/api/v1/" in start(**where).call("read", **secret())["message"]


def test_a_slow_server_costs_no_more_than_the_deadline(start, kube, tmp_path):
    with Lying(lambda *_: None, served(kube, tmp_path)) as server:
        driver = start(kube.kubeconfig(cluster={"server": server.url}))
        begun = time.monotonic()
        for how in ("read", "list"):
            answer = driver.call(how, **secret(), deadline_ms=500)
            assert answer["error"] == "REMOTE" and "timed out" in answer["message"]
        assert time.monotonic() - begun < 30 and len(server.requests) == 2


def test_an_answer_without_end_is_cut(start, kube, tmp_path):
    with Lying(lambda *_: (200, {}, b" " * (33 * 1024 * 1024)), served(kube, tmp_path)) as server:
        answer = start(kube.kubeconfig(cluster={"server": server.url})).call("read", **secret())
        assert answer["error"] == "REMOTE" and "too large" in answer["message"]


@pytest.mark.parametrize("body", [b"", b"user-secret", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_object_is_an_error(start, kube, tmp_path, body):
    with Lying(lambda *_: (200, {}, body), served(kube, tmp_path)) as server:
        driver = start(kube.kubeconfig(cluster={"server": server.url}))
        assert driver.call("read", **secret())["error"] == "REMOTE"
        assert driver.call("list", kind="Secret")["complete"] is False
        refused = {"error": "REMOTE", "peer": 0}.items()
        assert refused <= driver.call("create", **secret(object={})).items()


def test_credentials_that_stay_the_same_are_tried_once(start, kube, tmp_path):
    with Lying(lambda *_: (403, {}, {"reason": "Forbidden"}), served(kube, tmp_path)) as server:
        driver = start(kube.kubeconfig(cluster={"server": server.url}))
        assert driver.call("read", **secret())["peer"] == 403
        assert len(server.requests) == 1


def test_credentials_that_change_are_tried_four_times(start, kube, tmp_path):
    user = program(tmp_path, f'echo >>{tmp_path}/runs; echo \'{credential(token="T")}\' | sed "s/T/$(wc -l <{tmp_path}/runs)/"')
    with Lying(lambda *_: (401, {}, {"reason": "user-secret 1"}), served(kube, tmp_path)) as server:
        answer = start(kube.kubeconfig(cluster={"server": server.url}, user=user)).call("read", **secret())
        assert answer["peer"] == 401 and "user-secret" not in answer["message"]
        assert [headers["authorization"] for _, headers in server.requests] == [f"Bearer {i}" for i in (1, 2, 3, 4)]


def test_redirects_are_followed_on_the_same_server_only(start, kube, tmp_path):
    with Lying(lambda *_: (200, {}, {"kind": "Secret"}), served(kube, tmp_path)) as other:
        places = {"s": "/moved/here?x=1", "far": f"{other.url}/x", "back": "/api/v1/namespaces/default/secrets/back"}

        def tell(line, _headers):
            name = line.rsplit("/", 1)[1]
            return (307, {"Location": places[name]}, b"") if name in places else (200, {}, {"kind": "Secret", "line": line})

        with Lying(tell, served(kube, tmp_path)) as server:
            driver = start(kube.kubeconfig(cluster={"server": server.url}))
            assert driver.call("read", **secret())["object"]["line"] == "GET /moved/here?x=1"
            assert server.requests[-1][1]["authorization"] == f"Bearer {ADMIN}"
            assert "leads to another server" in driver.call("read", **secret("far"))["message"]
            assert "too many redirects" in driver.call("read", **secret("back"))["message"]
        assert other.requests == []


def test_a_list_that_breaks_off_says_so(start, kube, tmp_path):
    item = {"metadata": {"name": "s"}}

    def tell(line, _headers):
        if "continue=" in line:
            return 410, {}, {"reason": "Expired"}
        return 200, {}, {"items": [item], "metadata": {"continue": "a&b=c"}}

    with Lying(tell, served(kube, tmp_path)) as server:
        answer = start(kube.kubeconfig(cluster={"server": server.url})).call("list", kind="Secret")
        assert names(answer) == ["s"] and answer["complete"] is False
        assert answer["items"][0]["object"] == {"kind": "Secret", "apiVersion": "v1", **item}
        assert server.requests[1][0].endswith("/secrets?limit=100&continue=a%26b%3Dc")


# --- secrets --------------------------------------------------------------------------------------------------------


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


# --- remote clusters ------------------------------------------------------------------------------------------------

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
