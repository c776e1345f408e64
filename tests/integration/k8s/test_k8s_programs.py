# SPDX-License-Identifier: Apache-2.0
"""Programs that tell credentials. Spec: kubernetes.md 3.3"""

import pytest
from integration.k8s.calls import secret
from integration.k8s.credentials import API, credential, program

from peers.kube import ADMIN
from support.server import SANITIZERS


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
    ("text", "problem", "deadline_ms"),
    [
        ("echo user-secret >&2; exit 3", "has failed", 60_000),
        ("kill -9 $$", "has failed", 60_000),
        ("echo user-secret", "ExecCredential", 60_000),
        ("cat /dev/zero", "says too much", 60_000),
        ("exec sleep 600 >&-", "takes too long", 3000),
        ("sleep 600 & sleep 600", "takes too long", 3000),
    ],
)  # fmt: skip
def test_a_program_that_fails_is_told_of_and_stopped(start, kube, tmp_path, text, problem, deadline_ms):
    driver = start(kube.kubeconfig(user=program(tmp_path, text)))
    answer = driver.call("read", **secret(), deadline_ms=deadline_ms)
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
