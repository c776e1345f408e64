# SPDX-License-Identifier: Apache-2.0
"""TLS, and servers that are slow, lie or lead elsewhere. Spec: kubernetes.md 3.4"""

import socket
import time

import pytest
from integration.k8s.calls import names, secret
from integration.k8s.credentials import account, credential, program
from integration.k8s.lying import Lying

from peers.kube import ADMIN, Authority, base64_of


def served(kube, tmp_path, days=1.0):
    path = tmp_path / "served.pem"
    path.write_text("".join(kube.authority.server("127.0.0.1", days=days)))
    return path


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
