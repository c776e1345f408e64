# SPDX-License-Identifier: Apache-2.0
"""The report of `./dev coverage` counts what gcovr says."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools/dev/coverage.py"

spec = importlib.util.spec_from_file_location("coverage_report", SCRIPT)
coverage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(coverage)


def line(number, count, *branches, of="give"):
    return {"line_number": number, "count": count, "function_name": of, "branches": [{"count": branch} for branch in branches]}


def function(name, count):
    return {"name": name, "lineno": 1, "execution_count": count}


POOL = [line(7, 3, 1, 0), line(9, 0), line(12, 0), line(13, 3), line(15, 0), line(20, 0, of="take")]
FILES = [
    {"file": "librenku/db/pool.c", "lines": POOL, "functions": [function("give", 3), function("take", 0)]},
    {"file": "librenku/db/deep/x.c", "lines": [line(1, 1, of="x")], "functions": [function("x", 1)]},
    {"file": "frontends/cli/main.c", "lines": [line(1, 0, 0, of="main")], "functions": [{"name": "main", "lineno": 1}]},
]


def test_lines_and_branches_are_counted_by_folder_and_as_a_whole():
    counted = coverage.count_folders(FILES)

    assert counted["librenku/db"] == (coverage.Count(3, 7), coverage.Count(1, 2))
    assert counted["librenku/"] == counted["librenku/db"]
    assert counted["frontends/"] == (coverage.Count(0, 1), coverage.Count(0, 1))


def test_places_that_nothing_has_reached_are_listed_with_their_functions():
    assert coverage.uncovered(FILES) == [
        "frontends/cli/main.c:1: main, never called",
        "librenku/db/pool.c:9-12: give",
        "librenku/db/pool.c:15: give",
        "librenku/db/pool.c:20: take, never called",
    ]


def test_a_folder_without_branches_has_no_share():
    assert "%" in str(coverage.Count(1, 2)) and "50.0" in str(coverage.Count(1, 2))
    assert "-" in str(coverage.Count())


def test_the_script_prints_a_table_and_writes_the_list(tmp_path):
    (tmp_path / "in.json").write_text(json.dumps({"files": FILES}))

    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "in.json", tmp_path / "out.txt"], check=True, capture_output=True, text=True
    )

    assert "librenku/db" in done.stdout and " 42.9 %" in done.stdout
    assert (tmp_path / "out.txt").read_text().splitlines()[0] == "frontends/cli/main.c:1: main, never called"
