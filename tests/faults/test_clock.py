# SPDX-License-Identifier: Apache-2.0
"""Clocks that jump: deadlines, pools and ids do not care; tokens count by the clock as it is."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.faults import INJECTED
from support.lanes import RECOVERY
from support.server import SANITIZERS, poll
from support.trial import Trial

LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"
DAY = 86400


class Clock:
    """The wall clock of a server, set from outside; time as it passes stays true."""

    def __init__(self, folder: Path):
        self.file = folder / "clock"
        self.set(0)
        self.file.chmod(0o644)

    def set(self, offset: int) -> None:
        """Seconds before or after the true time."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{offset:+d}s\n")
        fresh.chmod(0o644)
        fresh.rename(self.file)

    @property
    def env(self) -> dict[str, str]:
        library = next(iter(Path("/").glob(LIBRARIES.lstrip("/"))))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # our waits are right already
            "ASAN_OPTIONS": SANITIZERS["ASAN_OPTIONS"] + ":verify_asan_link_order=0",
        }


@pytest.fixture
def clock(folder):
    return Clock(folder)


@pytest.fixture
def trial(start_server, settings, realm, clock):
    server = start_server(clock.env, base=settings, workers=1)
    trial = Trial(server, realm)
    yield trial
    clock.set(0)
    trial.close()


def eternal(trial: Trial, **more) -> None:
    """A token that holds in whatever year the clock shows."""
    trial.user.token = trial.api.realm.token(
        trial.user.id, email=trial.user.email, exp=int(time.time()) + 4000 * DAY, iat=0, **more
    )


@pytest.mark.parametrize("offset", [400 * DAY, 3600, -3600, -400 * DAY], ids=["year", "hour", "hour-back", "year-back"])
def test_a_jump_of_the_clock_costs_nothing(trial, clock, offset):
    eternal(trial)
    before = trial.write().json()
    with trial.fault("clock jumps"):
        begun = time.monotonic()
        clock.set(offset)
        for _ in range(5):
            assert (trial.read().status_code, trial.write().status_code) == (200, 201)
        assert time.monotonic() - begun < 60
        clock.set(0)
    assert before["id"] in {project["id"] for project in trial.listed()}
    trial.check()


def test_jumps_amid_requests_lose_and_double_nothing(trial, clock):
    eternal(trial)
    with trial.fault("clock jumps"), ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(trial.write) for _ in range(80)]
        for turn in range(20):
            INJECTED["clock jumps"] += 1
            clock.set((-1) ** turn * 30 * DAY)
            poll(lambda turn=turn: sum(write.done() for write in writes) >= 4 * turn)
        assert {write.result().status_code for write in writes} == {201}
        clock.set(0)
    ids = [project["id"] for project in trial.listed()]
    assert len(ids) == len(set(ids))
    trial.check()


def test_a_token_ends_and_holds_again_by_the_clock_of_the_server(trial, clock):
    INJECTED["clock jumps"] += 1
    clock.set(DAY)
    assert poll(lambda: trial.user.get("/user").status_code == 401)
    clock.set(0)
    assert poll(lambda: trial.user.get("/user").status_code == 200, RECOVERY)
