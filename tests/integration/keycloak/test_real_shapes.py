# SPDX-License-Identifier: Apache-2.0
"""What the tests' own Keycloak (support/keycloak.py, support/realm.py) tells is what a real one tells, in the same types.

The real one may tell more; nothing that our tests lean on may be of their own invention.
"""

import json
import time
import uuid
from collections.abc import Iterator

import pytest
from population import PEOPLE

from peers.keycloak import Answer, ask
from peers.realm import LOGIN
from support.keycloak import ADMIN, ASSERTION, Keycloak, by_admin, changed, person, registered
from support.realm import CERTS, DISCOVERY, NAME, TOKEN, part, sign
from support.server import CLIENT_SECRET

CLI = "renku-cli"
FORM = "application/x-www-form-urlencoded;charset=UTF-8"


def strange(told, truth, place: str = "") -> Iterator[str]:
    """Where what was told differs from the truth in names or types."""
    if type(told) is not type(truth):
        yield f"{place} is a {type(told).__name__}, not a {type(truth).__name__}"
    elif isinstance(told, dict):
        for name, value in told.items():
            if name in truth:
                yield from strange(value, truth[name], f"{place}.{name}")
            else:
                yield f"{place}.{name} does not exist"
    elif isinstance(told, list):
        for item in told:
            found = [list(strange(item, one, place)) for one in truth]
            if [] not in found:
                yield from min(found, key=len, default=[f"{place} is empty"])


def form_of(keycloak, client: str, secret: str, **more: str) -> dict:
    """What the library sends for a token."""
    now, url = int(time.time()), keycloak.url + TOKEN.replace(NAME, keycloak.name)
    claims = {"iss": client, "sub": client, "aud": url, "iat": now, "exp": now + 3600, "jti": str(uuid.uuid4())}
    proof = {"client_assertion_type": ASSERTION, "client_assertion": sign(claims, secret.encode(), "HS256")}
    return {"grant_type": "client_credentials", "client_id": client, "client_secret": secret} | proof | more


def grant(keycloak, client: str, secret: str, **more: str) -> Answer:
    url = keycloak.url + TOKEN.replace(NAME, keycloak.name)
    return ask("POST", url, form=form_of(keycloak, client, secret, **more), content_type=FORM)


def get(keycloak, path: str, token: str | None = None) -> Answer:
    credentials = {"authorization": f"Bearer {token}"} if token else {}
    return ask("GET", keycloak.url + path.replace(NAME, keycloak.name), **credentials)


@pytest.fixture(scope="module")
def made_up():
    """The tests' own, with something of all that it can tell; as many users as the real one has."""
    with Keycloak([person(i + 1) for i in range(len(PEOPLE))] + [person(1000, enabled=False)]) as made_up:
        made_up.admins = [person(1)]
        made_up.events = [registered(1, 1), changed(1, 2, updated_first_name="A", updated_last_name="B", updated_email="c@d.org")]
        fields = {"firstName": "A", "lastName": "B", "email": "c@d.org"}
        made_up.admin_events = [by_admin("CREATE", 2, 3, **fields), by_admin("UPDATE", 2, 4, **fields), by_admin("DELETE", 2, 5)]
        yield made_up


@pytest.fixture(scope="module")
def lived_in(keycloak):
    """The real one, after some of everything."""
    keycloak.register("newcomer")
    token = keycloak.tokens("newcomer", client_id=CLI, scope="openid")["access_token"]
    keycloak.change_own(token, username="newcomer", firstName="Other", lastName="Name", email="other@example.org")
    keycloak.change(keycloak.add("made"), firstName="Changed")
    keycloak.restore()
    return keycloak


@pytest.mark.parametrize("path", [DISCOVERY, CERTS, DISCOVERY.replace(NAME, "unheard-of")])
def test_the_documents_of_a_realm_are_alike(made_up, keycloak, path):
    told, truth = get(made_up, path), get(keycloak, path)

    assert told.status == truth.status
    assert list(strange(told.body, truth.body)) == []


def readable(body):
    """With the texts that hold JSON read."""
    for event in body if isinstance(body, list) else []:
        if "representation" in event:
            event["representation"] = json.loads(event["representation"])
    return body


EVENTS = "first=0&max=21&dateFrom=2020-01-01"
CHANGES = f"{EVENTS}&operationTypes=CREATE&operationTypes=UPDATE&resourceTypes=USER"


@pytest.mark.parametrize(
    "path",
    ["/users?first=0&max=21", "/roles/renku-admin/users?first=0&max=21", f"/events?{EVENTS}&type=UPDATE_PROFILE&type=REGISTER",
     f"/admin-events?{CHANGES}", f"/admin-events?{EVENTS}&operationTypes=DELETE&resourceTypes=USER"],
)  # fmt: skip
def test_the_lists_of_the_admin_api_are_alike(made_up, lived_in, path):
    lived_in.appoint(lived_in.id_of("alice"))
    told, truth = (
        get(keycloak, ADMIN + path, grant(keycloak, "renku", CLIENT_SECRET).body["access_token"]) for keycloak in (made_up, lived_in)
    )

    assert (told.status, truth.status) == (200, 200), truth.text
    assert told.body and truth.body
    assert list(strange(readable(told.body), readable(truth.body))) == []


def test_pages_are_cut_alike(made_up, keycloak):
    lengths = []
    for one in (made_up, keycloak):
        token = grant(one, "renku", CLIENT_SECRET).body["access_token"]
        lengths.append([len(get(one, f"{ADMIN}/users?first={first}&max=21", token).body) for first in (0, 20, 40, 60)])

    assert lengths == [[21, 21, 5, 0]] * 2


@pytest.mark.parametrize(("path", "token"), [("/users?first=0&max=21", "no-token"), ("/roles/unheard-of/users?first=0&max=21", None)])
def test_refusals_of_the_admin_api_are_alike(made_up, keycloak, path, token):
    told, truth = (
        get(one, ADMIN + path, token or grant(one, "renku", CLIENT_SECRET).body["access_token"]) for one in (made_up, keycloak)
    )

    assert told.status == truth.status
    assert list(strange(told.body, truth.body)) == []


def test_who_may_not_read_is_told_so_in_these_words(keycloak):
    refused = get(keycloak, f"{ADMIN}/users", grant(keycloak, "powerless", CLIENT_SECRET).body["access_token"])

    assert (refused.status, refused.body) == (403, {"error": "HTTP 403 Forbidden"})


@pytest.mark.parametrize(
    ("client", "secret", "more", "status"),
    [
        ("renku", CLIENT_SECRET, {}, 200),
        ("renku", "another-secret-4713", {}, 401),
        ("unheard-of", "another-secret-4713", {}, 401),
        ("renku", CLIENT_SECRET, {"grant_type": "refresh_token", "refresh_token": "none"}, 400),
    ],
)
def test_answers_to_a_client_are_alike(made_up, keycloak, client, secret, more, status):
    told, truth = (grant(one, client, secret, **more) for one in (made_up, keycloak))

    assert (told.status, truth.status) == (status, status)
    assert list(strange(told.body, truth.body)) == []
    assert told.body.get("error") == truth.body.get("error")


def test_answers_with_a_refresh_token_are_alike(made_up, keycloak):
    made_up.refresh_lifetime = 1800
    made_up.clients["renewed"] = CLIENT_SECRET

    told, truth = (grant(one, "renewed", CLIENT_SECRET) for one in (made_up, keycloak))
    made_up.refresh_lifetime = 0

    assert "refresh_token" in told.body
    assert list(strange(told.body, truth.body)) == []


@pytest.mark.parametrize("which", [0, 1], ids=["header", "claims"])
def test_tokens_are_alike(made_up, keycloak, which):
    names = {"name": "A B", "given_name": "A", "family_name": "B", "email": "a@b.org"}
    told = made_up.token("somebody", **names)
    keycloak.add("carol", credentials=LOGIN)  # whom an administrator adds has the roles that all have
    truth = keycloak.tokens("carol", client_id=CLI, scope="openid")["access_token"]

    assert list(strange(part(told, which), part(truth, which))) == []
