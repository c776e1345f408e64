# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full: of the tables, and of the write-ahead log, without which PostgreSQL does not go on."""

import contextlib

import httpx
import pytest

from support.database import Rows
from support.halves import half_things
from support.server import deployment, poll, renku
from support.small_disk import SmallDisk
from support.trial import Trial, is_database_error


@pytest.fixture
def try_on_small(start_server, realm, keys):
    """A trial on a cluster of which one part is small."""
    with contextlib.ExitStack() as stack:

        def start(small: str) -> tuple[SmallDisk, Trial]:
            cluster = stack.enter_context(SmallDisk(small))
            settings = deployment(cluster.create_database(), realm.url, keys)
            done = renku("db", "migrate", env=settings)
            assert done.returncode == 0, done.stderr
            trial = Trial(start_server(base=settings, workers=1), realm)
            stack.callback(trial.close)
            return cluster, trial

        yield start


def is_whole(trial: Trial) -> None:
    trial.check()
    rows = Rows(trial.server.env)
    assert half_things(rows) == {}
    rows.close()
    verified = renku("db", "verify", env=trial.server.env)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def revive(cluster: SmallDisk) -> None:
    """Starts PostgreSQL if it has given up: one that still tries may yet come to its end, or recover."""
    poll(lambda: cluster.accepts() or not (cluster.data / "postmaster.pid").exists())
    if not cluster.accepts():
        cluster.start()


def write_until_refused(trial: Trial) -> httpx.Response:
    """There is room in the pages that are there already."""
    return poll(lambda: next((a for a in [trial.write()] if a.status_code != 201), None), pause=0)


def test_a_full_disk_of_the_tables_refuses_changes_and_answers_reads(try_on_small):
    cluster, trial = try_on_small("data")
    for turn in range(2):
        with trial.fault("disk of the tables full"):
            cluster.fill()
            refused = write_until_refused(trial)
            is_database_error(refused, "No space left on device")
            for _ in range(20):
                assert trial.read().status_code == 200
                assert trial.user.get("/projects?per_page=20").status_code == 200
                assert trial.write().status_code in (201, 500)
            assert trial.refused and trial.server.is_running(), turn
            cluster.empty()
        is_whole(trial)


def test_a_full_disk_of_the_log_stops_postgresql_and_loses_nothing(try_on_small):
    """It gives up until there is room, and somebody starts it; our server stays."""
    cluster, trial = try_on_small("wal")
    for _ in range(5):
        assert trial.write().status_code == 201
    with trial.fault("disk of the log full"):
        cluster.fill()
        is_database_error(write_until_refused(trial))
        poll(lambda: "No space left on device" in cluster.log())
        for _ in range(20):
            assert trial.write().status_code in (201, 500, 503)
            assert trial.read().status_code in (200, 500)
        assert trial.user.get("/version").status_code == 200
        cluster.empty()
        revive(cluster)
    is_whole(trial)
