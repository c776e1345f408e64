# SPDX-License-Identifier: Apache-2.0
"""What a kubeconfig may say, and what is told when it is wrong. Spec: kubernetes.md 3.3"""

import json

import pytest
from integration.k8s.calls import secret

from peers.kube import ADMIN, base64_of


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
