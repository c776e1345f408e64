# SPDX-License-Identifier: Apache-2.0
"""`./dev bench`: a quick run of two cases, with a server of ours as the other side, and what is made of its figures."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from support.server import BUILD, ROOT

BENCH = [sys.executable, ROOT / "tests/bench/bench.py"]
QUICK = ["--quick", "--rounds", "1", "--seconds", "1"]
SIDES = {"version": {"ours", "floor", "other"}, "project": {"ours", "floor", "other", "pgbench", "pgbench, our statement"}}


def bench(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([*BENCH, *arguments], capture_output=True, text=True, timeout=300)


class Run:
    """What one run has left behind."""

    def __init__(self, folder, *arguments):
        self.json, self.svg = folder / "bench.json", folder / "bench.svg"
        self.done = bench(*QUICK, "--json", self.json, "--svg", self.svg, *arguments)
        assert self.done.returncode == 0, self.done.stderr
        self.content = json.loads(self.json.read_text())

    def rows(self, case, what, side=None) -> list[dict]:
        return [
            row
            for row in self.content["rows"]
            if row["case"] == case and what in row["what"] and side in (None, row["side"])
        ]


@pytest.fixture(scope="module")
def run(tmp_path_factory, server, shared_api):
    folder = tmp_path_factory.mktemp("bench")
    subprocess.run(["make", "-C", BUILD, "bench-programs"], check=True, capture_output=True)
    owner = shared_api.user()
    project = owner.create_project()
    token = folder / "token"
    token.write_text(owner.token + "\n")
    other = [f"--url=other={server.url}/api/data", f"--token=other={token}", f"--pid=other={server.process.pid}"]
    return Run(folder, *other, f"--object=other=project:{project['id']}", "version", "project")


def test_every_side_takes_its_turns(run):
    for case, sides in SIDES.items():
        rates = [row for row in run.rows(case, "requests") if row["connections"] == 32]
        assert {row["side"] for row in rates} == sides
        assert all(row["median"] > 0 and not row["note"] for row in rates)


def test_costs_and_latencies_stand_beside_the_rate(run):
    for side in ("ours", "floor", "other"):
        for what in ("CPU of the server", "latency, median", "latency, 99 of 100", "latency, 999 of 1000"):
            assert run.rows("project", what, side)[0]["median"] > 0
        assert run.rows("project", "memory afterwards", side)[0]["median"] > 1
    assert run.rows("project", "CPU of PostgreSQL", "pgbench")[0]["median"] > 0


def test_what_one_request_needs_is_counted(run):
    for side in ("ours", "floor"):
        assert [row["median"] for row in run.rows("project", "round trips", side)] == [1]
        assert run.rows("project", "allocated", side)[0]["median"] > 500
    assert [row["median"] for row in run.rows("version", "round trips", "ours")] == [0]


def test_targets_are_ratios_that_are_judged(run):
    rows = [row for row in run.content["rows"] if row["target"]]

    assert {(row["case"], row["target"]) for row in rows} == {("version", ">= 0.8"), ("project", ">= 0.6"), ("project", "<= 4")}
    for row in rows:
        relation, limit = row["target"].split()
        assert row["met"] == (row["median"] >= float(limit) if relation == ">=" else row["median"] <= float(limit))
        assert row["what"] in run.done.stdout.split("target of")[1]


def test_the_chart_is_a_drawing_of_all_sides(run):
    root = ElementTree.parse(run.svg).getroot()
    words = " ".join(root.itertext())

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert all(side in words for side in SIDES["project"])
    assert "GET /version" in words


def test_progress_is_told_apart_from_the_figures(run):
    assert "round 1 of 1" in run.done.stderr
    assert "round 1 of 1" not in run.done.stdout


def test_two_runs_are_compared(run, tmp_path):
    later = json.loads(run.json.read_text())
    row = next(row for row in later["rows"] if (row["case"], row["side"], row["what"]) == ("version", "ours", "requests"))
    for name in ("median", "min", "max"):
        row[name] *= 2
    later["rows"].remove(next(row for row in later["rows"] if row["side"] == "other"))
    (tmp_path / "later.json").write_text(json.dumps(later))

    done = bench("--compare", run.json, tmp_path / "later.json")

    assert done.returncode == 0, done.stderr
    changed = [line for line in done.stdout.splitlines() if "+100%" in line]
    assert len(changed) == 1 and changed[0].startswith("version") and "within" not in changed[0]
    assert "+0%  within the spread" in done.stdout
    assert "only in A: 1 rows" in done.stdout


WRONG = {
    "case": (["nonsense"], "no such case: nonsense"),
    "option": (["--nonsense"], "unrecognized arguments: --nonsense"),
    "number": (["--rounds", "0"], "'0' is no number above 0"),
    "url": (["--url", "http://127.0.0.1"], "is not NAME=VALUE"),
    "scheme": (["--url", "other=ftp://x"], "is no http URL"),
    "name": (["--url", "floor=http://x"], "that name is taken"),
    "stranger": (["--token", "other=/dev/null"], "there is no --url of that name"),
    "token": (["--url", "o=http://x", "--token", "o=/nonexistent"], "No such file"),
    "object": (["--url", "o=http://x", "--object", "o=group:x"], "neither project:ID nor namespace:SLUG"),
    "process": (["--url", "o=http://x", "--pid", "o=x"], "there is no process x"),
    "folder": (["--json", "/nonexistent/x.json"], "there is no folder for /nonexistent/x.json"),
    "no file": (["--compare", "/nonexistent", "/nonexistent"], "cannot be read"),
    "no figures": (["--compare", ROOT / "tests/pytest.ini", "x"], "cannot be read"),
}


@pytest.mark.parametrize("arguments, message", WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_refused_before_anything_is_measured(arguments, message):
    done = bench(*arguments)

    assert done.returncode == 2
    assert message in done.stderr
    assert not done.stdout


def test_another_file_of_json_is_not_compared(tmp_path):
    (tmp_path / "a.json").write_text('{"rows": []}')

    done = bench("--compare", tmp_path / "a.json", tmp_path / "a.json")

    assert done.returncode == 2
    assert "is no file of ./dev bench --json" in done.stderr


def test_the_help_explains_and_the_list_names_the_cases():
    text, names = bench("--help").stdout, bench("--list").stdout

    assert "examples:" in text and "--compare" in text
    assert [line.split()[0] for line in names.splitlines()][:2] == ["version", "project"]
    assert "soak-memory" in names and "only when named" in names
