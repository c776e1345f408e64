# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of the project lists."""

import contextlib

import pytest

from support.plans import Plans
from support.postgres import Postgres
from support.seeded import FAST, Seeded, make_seeded, make_template
from support.server import Server, deployment

USERS, GROUPS = 10_000, 1_000
SIZES = (10_000, 1_000_000)


@pytest.fixture(scope="module")
def large_postgres():
    """A cluster for databases that do not fit into the memory of the shared one."""
    with Postgres(**FAST) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def seeded(large_postgres, realm, keys) -> list[Seeded]:
    """The same users and groups with few and with many projects."""
    template = make_template(large_postgres, keys)
    env = deployment({}, realm.url, keys)
    return [
        make_seeded(large_postgres, template, env, (USERS, GROUPS, projects)) for projects in SIZES
    ]


@pytest.fixture(scope="module")
def planned(large_postgres, seeded, folder):
    """Servers of one process and one connection on the databases, and the plans of those."""
    with contextlib.ExitStack() as stack:
        plans = [stack.enter_context(Plans(large_postgres, part.name)) for part in seeded]
        servers = [
            Server(part.env | {"DB_POOL_SIZE": "1"}, folder / f"{part.name}.log", workers=1)
            for part in seeded
        ]
        for server in servers:
            server.start()
        yield list(zip(seeded, servers, plans, strict=True))
        for server in servers:
            assert server.stop() == 0, server.log()
            assert not server.reports(), server.log()
