# SPDX-License-Identifier: Apache-2.0
"""`./dev soak`: a short one, and that it finds what it looks for."""

import json
import subprocess
import sys
import types
from dataclasses import replace

import pytest

from support.database import Rows
from support.server import ROOT

SOAK = ROOT / "tests/soak"
FAULTS = 7
sys.path.insert(0, str(SOAK))

from load import Counts  # noqa: E402
from soak import Soak  # noqa: E402
from usage import GROWTH, SLACK_FILES, SLACK_MEBIBYTES, Usage  # noqa: E402


def soak(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, SOAK / "soak.py", *arguments], capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> types.SimpleNamespace:
    """Twenty seconds of it."""
    path = tmp_path_factory.mktemp("soak") / "soak.json"
    done = soak("--minutes", "0.33", "--json", path)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return types.SimpleNamespace(done=done, content=json.loads(path.read_text()))


def test_a_short_soak_finds_nothing_wrong_amid_every_kind_of_fault(short):
    assert short.content["wrong"] == []
    assert "nothing is wrong" in short.done.stdout
    assert len(short.content["faults"]) == FAULTS and all(short.content["faults"].values())
    assert 0 < short.content["slowest_recovery"] < 5


def test_the_load_of_a_soak_is_mixed(short):
    assert short.content["acknowledged"] > 100
    assert short.content["lives"] >= 24
    assert {"200", "201", "204", "400", "401", "404", "422", "500"} <= set(short.content["statuses"])
    assert short.content["requests"] == sum(short.content["statuses"].values())


def test_a_soak_tells_how_far_it_is_and_what_the_server_holds(short):
    assert "% faults: " in short.done.stderr and "warm-up is over: RSS " in short.done.stderr
    for when in ("before", "after"):
        assert short.content[when]["own"] > 1 and short.content[when]["files"] > 10


def test_what_has_grown_is_told():
    before = Usage(processes=4, resident=30.0, proportional=12.0, own=10.0, files=50)
    most, files = GROWTH * 10 + 4 * SLACK_MEBIBYTES, 50 + 4 * SLACK_FILES

    assert replace(before, own=most, files=files).exceeds(before) == []
    assert "memory" in replace(before, own=most + 0.1).exceeds(before)[0]
    assert "file descriptors" in replace(before, files=files + 1).exceeds(before)[0]
    assert "3 processes, before 4" in replace(before, processes=3).exceeds(before)


def test_a_soak_of_so_many_requests_ends_and_finds_what_is_lost_or_half_there():
    with Soak(None, 1000) as some:
        some.phase("calm", 1.0, False)
        some.judge()
        assert some.wrong == []
        assert some.counts.requests >= 1000

        rows = Rows(some.server.env)
        lost, half = [project for keeping in some.keepings for project in keeping.actor.projects][:2]
        rows.run("DELETE FROM projects.projects WHERE id = %s", lost)
        rows.run("DELETE FROM librenku.relation WHERE object_id = %s AND relation = 'o'", half)
        rows.close()
        some.judge()
        some.end()
    assert any(lost in line and "does not exist" in line for line in some.wrong)
    assert any("project without owner" in line and half in line for line in some.wrong)


def test_an_answer_of_500_is_wrong_while_nothing_is_broken():
    counts = Counts()
    counts.note("GET /x", 500)
    counts.strict = False
    counts.note("GET /y", 500)
    assert counts.wrong == ["GET /x: 500, and nothing was broken"]


WRONG = {
    "number": (["--minutes", "long"], "'long' is no number above 0"),
    "zero": (["--requests", "0"], "'0' is no number above 0"),
    "folder": (["--json", "/nonexistent/x.json"], "there is no folder for /nonexistent/x.json"),
    "option": (["--nonsense"], "unrecognized arguments: --nonsense"),
}


@pytest.mark.parametrize("arguments, message", WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_refused_before_anything_begins(arguments, message):
    done = soak(*arguments)

    assert done.returncode == 2
    assert message in done.stderr
    assert not done.stdout
