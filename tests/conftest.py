# SPDX-License-Identifier: Apache-2.0
"""Fixtures of every Python suite: a private PostgreSQL, a realm, the server, callers."""

import shutil
import signal
import tempfile
import uuid
from collections import Counter
from pathlib import Path

import pytest

from peers.build import build
from peers.kube import Kube
from support import leaks
from support.api import Api, Caller, ServerErrors
from support.database import Rows
from support.operate import Tools
from support.postgres import PASSWORD, Postgres
from support.realm import Realm
from support.server import CLIENT_SECRET, Server, deployment, make_keys, renku


def pytest_configure():
    """Programs are started as from a terminal: a shell that puts the tests into the background has them ignore SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def folder():
    """A folder that the unprivileged users of server and database can reach."""
    path = Path(tempfile.mkdtemp(prefix="renku-tests-"))
    path.chmod(0o755)
    yield path
    found = leaks.lines_with_secrets(path.rglob("*log"))
    shutil.rmtree(path, ignore_errors=True)
    assert not found, "secrets stand in logs"


@pytest.fixture(scope="session")
def postgres():
    with Postgres() as cluster:
        leaks.remember(PASSWORD)
        yield cluster
        found = leaks.lines_with_secrets([cluster.log_path])
    assert not found, "secrets stand in the log of the database"


@pytest.fixture(scope="session")
def keys(folder):
    keys = make_keys(folder / "keys")
    leaks.remember(CLIENT_SECRET)
    for name, path in keys.items():
        if "PUBLIC" not in name:
            leaks.remember(Path(path).read_bytes().strip())
    return keys


@pytest.fixture(scope="session")
def tools(keys):
    """The commands of an operator."""
    return Tools(keys)


@pytest.fixture(scope="session")
def realm():
    with Realm() as realm:
        yield realm


@pytest.fixture
def own_realm():
    """A realm that a test may change."""
    with Realm() as realm:
        yield realm


@pytest.fixture(scope="session")
def make_database(postgres, keys):
    """Makes a migrated database of its own: the DB_* variables that lead to it."""
    template = postgres.create_database()
    done = renku("db", "migrate", env=deployment(template, "http://127.0.0.1:1", keys))
    assert done.returncode == 0, done.stderr
    return lambda: postgres.create_database(template["DB_NAME"])


@pytest.fixture(scope="session")
def database(make_database):
    return make_database()


@pytest.fixture(scope="session")
def environment(database, realm, keys):
    return deployment(database, realm.url, keys)


def finish(server: Server) -> None:
    """A server that a test no longer needs ends cleanly and has reported nothing."""
    status = server.stop()
    assert not server.reports(), server.log()
    assert status == 0, server.log()


@pytest.fixture(scope="session")
def server(environment, folder):
    """The server that the tests share."""
    server = Server(environment, folder / "server.log").start()
    yield server
    finish(server)


@pytest.fixture(scope="session")
def start_server(environment, folder):
    """Starts servers with other settings; each is stopped when the test is over."""
    count = 0

    def start(env=None, base=None, wait=True, **more) -> Server:
        nonlocal count
        count += 1
        merged = {**(base or environment), **(env or {})}
        merged = {name: value for name, value in merged.items() if value is not None}
        server = Server(merged, folder / f"server-{count}.log", **more).launch()
        return server.wait() if wait else server

    return start


@pytest.fixture
def other_server(start_server):
    """Starts a server of this test's own."""
    servers = []

    def start(*arguments, **more) -> Server:
        servers.append(start_server(*arguments, **more))
        return servers[-1]

    yield start
    for server in servers:
        if server.is_running():
            finish(server)


@pytest.fixture(scope="session")
def shared_api(server, realm):
    api = Api(server.url, realm, ServerErrors())
    yield api
    api.close()


@pytest.fixture
def api(request, server, shared_api):
    """The shared server. A test fails on a 5xx or a report that it did not ask for."""
    shared_api.errors.seen.clear()
    shared_api.errors.expected = request.node.get_closest_marker("server_error") is not None
    yield shared_api
    assert server.is_running(), server.log()
    assert not server.reports(), server.log()
    assert not shared_api.errors.seen


@pytest.fixture
def make_api(request, realm):
    """The API of another server."""
    opened = []

    def make(server: Server, realm: Realm = realm) -> Api:
        errors = ServerErrors()
        errors.expected = request.node.get_closest_marker("server_error") is not None
        opened.append(Api(server.url, realm, errors))
        return opened[-1]

    yield make
    for api in opened:
        api.close()
        assert not api.errors.seen


@pytest.fixture(scope="session")
def rows(database):
    rows = Rows(database)
    yield rows
    rows.close()


@pytest.fixture
def anonymous(api) -> Caller:
    return api.anonymous()


@pytest.fixture
def user(api) -> Caller:
    return api.user()


@pytest.fixture
def other(api) -> Caller:
    return api.user()


@pytest.fixture
def make_admin(environment):
    """Makes a user a platform administrator. Spec: authorization.md 12"""

    def make(user_id: str) -> None:
        done = renku("authz", "admin", "add", user_id, env=environment)
        assert done.returncode == 0, done.stderr

    return make


@pytest.fixture(scope="session")
def admin_claims(environment) -> dict:
    """Who is administrator by token and by relationship."""
    user_id = str(uuid.uuid4())
    done = renku("authz", "admin", "add", user_id, env=environment)
    assert done.returncode == 0, done.stderr
    return {"user_id": user_id, "email": "root@example.org"}


@pytest.fixture
def admin(api, admin_claims) -> Caller:
    """An administrator in both senses."""
    return api.token_admin(**admin_claims)


@pytest.fixture(scope="session")
def rclone(folder) -> Path:
    """The real rclone of the pinned version, where servers reach it; the first user of a machine builds it."""
    return Path(shutil.copy2(build("rclone"), folder / "rclone"))


def recorded(terminalreporter, wanted: str) -> list:
    """What tests have recorded as a property, in whatever process they ran."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    reports = [report for report in reports if getattr(report, "when", "") == "call"]
    return [value for report in reports for name, value in report.user_properties if name == wanted]


def pytest_terminal_summary(terminalreporter) -> None:
    """The property "summary" is a text; "counted" a number and of what, added up for the end of `./dev check`."""
    for text in recorded(terminalreporter, "summary"):
        terminalreporter.write(f"\n{text}\n")
    totals: Counter[str] = Counter()
    for number, what in recorded(terminalreporter, "counted"):
        totals[what] += number
    for what, number in totals.items():
        terminalreporter.write_line(f"counted: {number:,} {what}")


@pytest.fixture(scope="session")
def kube(folder):
    """A real Kubernetes API server that the tests share; the first user of a machine builds it."""
    kube = Kube({name: build(name) for name in ("etcd", "kube-apiserver")}, folder / "kube")
    try:
        yield kube.start()
    finally:
        kube.stop()
