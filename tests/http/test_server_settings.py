# SPDX-License-Identifier: Apache-2.0
"""How the settings of a deployment are read, and which of them stop the start. Spec: foundations.md 19, 22"""

import re
from pathlib import Path

import pytest

from support.api import PREFIX
from support.raw import exchange
from support.server import LISTENING, poll, renku


# Spec: foundations.md 19.1
def test_the_chosen_port_is_announced_and_is_free(other_server):
    first, second = other_server(workers=1), other_server(workers=1)
    assert first.url != second.url
    assert LISTENING.search(first.log()).group(1) == first.url
    assert first.url.startswith("http://127.0.0.1:")


def test_a_server_started_as_root_does_not_run_as_root(server):
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in server.processes()[1:]}
    assert owners and 0 not in owners


REQUIRED = [
    "DB_PASSWORD",
    "KEYCLOAK_URL",
    "KEYCLOAK_CLIENT_ID",
    "KEYCLOAK_CLIENT_SECRET",
    "KEYCLOAK_TOKEN_SIGNATURE_ALGS",
    "INTERNAL_AUTHN_SECRET_KEY_PATH",
]


def fails_to_start(other_server, env: dict) -> str:
    server = other_server(env, workers=1, wait=False)
    poll(lambda: not server.is_running())
    assert server.process.returncode not in (0, None)
    assert server.process.returncode > 0, "ended by a signal"
    assert not LISTENING.search(server.log())
    assert not server.reports()
    return server.log()


# Spec: foundations.md 19.2, 22
@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_required_setting_stops_the_start(other_server, name):
    over_tcp = {"DB_HOST": "127.0.0.1"}  # a unix socket needs no password
    assert name in fails_to_start(other_server, over_tcp | {name: None})


MALFORMED = {
    "DB_PORT": "five",
    "DB_POOL_SIZE": "many",
    "MAX_PINNED_PROJECTS": "ten",
    "PROXIES_COUNT": "x",
    "INTERNAL_AUTHN_DEFAULT_ACCESS_TOKEN_EXPIRATION_SECONDS": "15m",
    "INTERNAL_AUTHN_DEFAULT_REFRESH_TOKEN_EXPIRATION_SECONDS": "1e",
    "INTERNAL_AUTHN_LONG_REFRESH_TOKEN_EXPIRATION_SECONDS": "-",
    "INTERNAL_AUTHN_SECRET_KEY_PATH": "/nonexistent/key",
    "ENCRYPTION_KEY_PATH": "/nonexistent/key",
    "SSL_CERT_FILE": "/nonexistent/authorities",
    "LOG_ROOT_LEVEL": "LOUD",
    "LOG_APP_LEVEL": "LOUD",
}


# Spec: foundations.md 14, 19.2, 22; authentication.md 9
@pytest.mark.parametrize("name, value", MALFORMED.items(), ids=MALFORMED.keys())
def test_a_malformed_setting_stops_the_start(other_server, name, value):
    assert name in fails_to_start(other_server, {name: value})


# Spec: authentication.md 5.1
def test_a_short_internal_key_stops_the_start(other_server, folder):
    path = folder / "short-key"
    path.write_text("c2hvcnQ=")
    path.chmod(0o644)
    fails_to_start(other_server, {"INTERNAL_AUTHN_SECRET_KEY_PATH": str(path)})


# Spec: foundations.md 22: empty is the default
def test_empty_settings_take_their_defaults(other_server, make_api):
    names = ["INTERNAL_AUTHN_ISSUER", "INTERNAL_AUTHN_AUDIENCE", "PROXIES_COUNT"]
    names += ["INTERNAL_AUTHN_DEFAULT_ACCESS_TOKEN_EXPIRATION_SECONDS"]
    server = other_server({name: "" for name in names} | {"VERSION": None}, workers=1)
    assert make_api(server).anonymous().get("/version").json() == {"version": "0.0.1"}


# Spec: foundations.md 22.3: a trailing slash is removed
def test_a_trailing_slash_of_the_keycloak_url_does_not_matter(other_server, make_api, realm):
    server = other_server({"KEYCLOAK_URL": realm.url + "/"}, workers=1)
    assert make_api(server).user().id


# Spec: foundations.md 22: booleans are true only for the text true, in any case
@pytest.mark.parametrize(
    "text, allowed", [("TRUE", True), ("1", False), ("yes", False), ("", False)]
)
def test_a_boolean_setting_is_true_only_for_true(other_server, text, allowed):
    server = other_server({"CORS_ALLOW_ALL_ORIGINS": text}, workers=1)
    answer = exchange(server.url, "GET", f"{PREFIX}/version")
    assert (answer.header("access-control-allow-origin") == "*") is allowed


def test_a_server_on_a_database_that_was_never_migrated_makes_itself_ready(
    postgres, environment, other_server, make_api
):
    """Spec: foundations.md 19.2, point 3"""
    database = postgres.create_database()
    server = other_server(environment | database, workers=2)
    assert make_api(server).user().create_project()["id"]


def test_the_command_line_tells_its_version(environment):
    done = renku("version", env=environment)
    assert done.returncode == 0
    assert re.search(r"\d+\.\d+\.\d+", done.stdout)
