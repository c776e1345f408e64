# SPDX-License-Identifier: Apache-2.0
"""What the suites of faults share: a cluster that may suffer, and the count of what was injected."""

from collections import Counter

import pytest

from support.faults import INJECTED
from support.postgres import Postgres
from support.server import deployment, renku

_seen: Counter[str] = Counter()  # of all processes that ran tests


def pytest_sessionfinish(session):
    """A process of pytest-xdist tells the one that began it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["injected"] = dict(INJECTED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    _seen.update(getattr(node, "workeroutput", {}).get("injected", {}))


def pytest_terminal_summary(terminalreporter):
    seen = _seen + INJECTED
    if seen:
        terminalreporter.section("faults injected")
        for kind, count in sorted(seen.items()):
            terminalreporter.line(f"{count:6} {kind}")
        terminalreporter.line(f"counted: {seen.total():,} faults injected")


@pytest.fixture(scope="module")
def cluster():
    """A cluster of one module's own: others shall not feel the blows."""
    with Postgres() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def settings(cluster, realm, keys):
    settings = deployment(cluster.create_database(), realm.url, keys)
    done = renku("db", "migrate", env=settings)
    assert done.returncode == 0, done.stderr
    return settings
