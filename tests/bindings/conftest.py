# SPDX-License-Identifier: Apache-2.0
"""The package in this process: clients of the tests' own database, and callers."""

import os
import sys
import threading
import uuid

import pytest

from support.api import unique
from support.database import connect
from support.python import LIBRARY, PACKAGE, is_prepared, preparation
from support.server import poll

os.environ.pop("LD_PRELOAD", None)  # for this process only
os.environ["RENKU_LIBRARY"] = str(LIBRARY)
sys.dont_write_bytecode = True
sys.path.insert(0, str(PACKAGE))


def pytest_configure(config):
    """A sanitized library needs its runtimes in the process from the beginning: here, or in the workers of xdist."""
    if is_prepared():
        return
    os.environ |= preparation()
    if config.getoption("numprocesses", None) or config.getoption("dist", "no") != "no":
        return
    config.pluginmanager.getplugin("capturemanager").suspend_global_capture(in_=True)
    os.execv(sys.executable, sys.orig_argv)


@pytest.fixture(scope="session")
def config(environment):
    from librenku import Config

    return Config(**environment)


@pytest.fixture(scope="session")
def client(config):
    """The library on behalf of nobody."""
    from librenku import Client

    with Client(config) as client:
        yield client


@pytest.fixture(scope="session")
def make_token(realm):
    """A token of somebody new."""

    def make(**claims):
        person = {"email": f"{unique('user')}@example.org", "given_name": "Jane", "family_name": "Doe", "name": "Jane Doe"}
        return realm.token(str(uuid.uuid4()), **(person | claims))

    return make


@pytest.fixture
def make_user(client, make_token):
    """A client of somebody with a record and a namespace."""

    def make(**claims):
        user = client.on_behalf(token=make_token(**claims))
        user.slug = user.user_me()["username"]
        return user

    return make


@pytest.fixture
def user(make_user):
    return make_user()


@pytest.fixture
def other(make_user):
    return make_user()


@pytest.fixture
def project(user):
    return user.project_create({"name": unique("Project"), "namespace": user.slug})


class Gate:
    """Holds every call that touches projects until it opens."""

    def __init__(self, database):
        self.database = database
        self.connection = connect(database)

    def shut(self):
        self.connection.execute("LOCK TABLE librenku.listing IN ACCESS EXCLUSIVE MODE")

    def open(self):
        self.connection.rollback()

    def waiting(self) -> int:
        """How many statements wait at the gate."""
        with connect(self.database) as connection:
            sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'librenku.listing'::regclass"
            return connection.execute(sql).fetchone()[0]

    def wait_for(self, count: int = 1) -> None:
        poll(lambda: self.waiting() == count)


@pytest.fixture
def gate(database):
    gate = Gate(database)
    gate.shut()
    yield gate
    gate.connection.close()


class Job(threading.Thread):
    """A call in another thread, with its outcome."""

    def __init__(self, function):
        super().__init__()
        self.function, self.answer, self.problem = function, None, None
        self.start()

    def run(self):
        try:
            self.answer = self.function()
        except Exception as problem:
            self.problem = problem

    def result(self):
        self.join(60)
        assert not self.is_alive()
        if self.problem:
            raise self.problem
        return self.answer


@pytest.fixture
def in_thread():
    jobs = []

    def start(function):
        jobs.append(Job(function))
        return jobs[-1]

    yield start
    for job in jobs:
        job.join(60)
