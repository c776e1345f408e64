# SPDX-License-Identifier: Apache-2.0
"""The local identity provider: the server by another name."""

import json
import re
from urllib.parse import urlencode

import jwt
import pytest

from support.fake_server import started
from support.raw import exchange


@pytest.fixture(scope="module")
def identity(folder):
    place = folder / "identity"
    place.mkdir(mode=0o700)
    (place / "users.json").write_text(
        json.dumps(
            {
                "users": [
                    {
                        "username": "alice",
                        "password": "wonder & land",
                        "email": "alice@example.org",
                        "given_name": "Alice",
                        "family_name": "Liddell",
                        "roles": ["renku-admin", "other"],
                    }
                ],
                "clients": [{"client_id": "renku", "client_secret": "s3cret"}],
            }
        )
    )
    (place / "users.json").chmod(0o600)
    with started(
        folder, "--service", "identity", workers=1, RENKU_IDENTITY_DIR=str(place)
    ) as server:
        yield server


def form(server, **fields):
    return exchange(
        server.url,
        "POST",
        "/realms/Renku/protocol/openid-connect/token",
        [("Content-Type", "application/x-www-form-urlencoded")],
        urlencode(fields).encode(),
    )


def verify(server, token: str) -> dict:
    configuration = exchange(
        server.url, "GET", "/realms/Renku/.well-known/openid-configuration"
    ).json()
    keys = exchange(server.url, "GET", configuration["jwks_uri"].removeprefix(server.url)).json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(
        token, key, algorithms=["RS256"], audience="renku", issuer=configuration["issuer"]
    )


def test_a_user_gets_a_token_like_that_of_keycloak(identity):
    answer = form(
        identity,
        grant_type="password",
        client_id="renku",
        username="alice",
        password="wonder & land",
    )
    assert answer.status == 200
    claims = verify(identity, answer.json()["access_token"])
    assert claims["realm_access"] == {"roles": ["other", "renku-admin"]}
    expected = {
        "typ": "Bearer",
        "azp": "renku",
        "email": "alice@example.org",
        "name": "Alice Liddell",
        "given_name": "Alice",
        "family_name": "Liddell",
        "preferred_username": "alice",
        "aud": "renku",
    }
    assert {name: claims[name] for name in expected} == expected
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", claims["sub"])
    assert claims["exp"] - claims["iat"] == answer.json()["expires_in"]


def test_a_client_gets_a_token_for_itself(identity):
    answer = form(
        identity, grant_type="client_credentials", client_id="renku", client_secret="s3cret"
    )
    claims = verify(identity, answer.json()["access_token"])
    assert claims["preferred_username"] == "service-account-renku"
    assert "email" not in claims


@pytest.mark.parametrize(
    "status, error, fields",
    [
        (
            401,
            "invalid_grant",
            {"grant_type": "password", "client_id": "renku", "username": "alice", "password": "x"},
        ),
        (
            401,
            "invalid_grant",
            {"grant_type": "password", "client_id": "renku", "username": "bob", "password": "x"},
        ),
        (
            401,
            "invalid_grant",
            {"grant_type": "password", "client_id": "renku", "username": "alice"},
        ),
        (
            401,
            "unauthorized_client",
            {"grant_type": "client_credentials", "client_id": "renku", "client_secret": "x"},
        ),
        (
            401,
            "unauthorized_client",
            {"grant_type": "client_credentials", "client_id": "other", "client_secret": "x"},
        ),
        (400, "unsupported_grant_type", {"grant_type": "tea", "client_id": "renku"}),
        (400, "invalid_request", {"client_id": "renku"}),
    ],
)
def test_nobody_else_gets_a_token(identity, status, error, fields):
    answer = form(identity, **fields)
    assert (answer.status, answer.json()["error"]) == (status, error)


def test_the_identity_provider_keeps_to_its_paths(identity):
    for path in (
        "/",
        "/realms",
        "/realms/a%2fb/x",
        "/realms/Renku/protocol/openid-connect/token",
        "/api/data/version",
    ):
        assert exchange(identity.url, "GET", path).status == 404
    assert exchange(identity.url, "GET", "/healthz").status == 200
