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


def line(count, *branches):
    return {"line_number": 1, "count": count, "branches": [{"count": branch} for branch in branches]}


def function(name, number, count):
    return {"name": name, "lineno": number, "execution_count": count}


FILES = [
    {"file": "librenku/db/pool.c", "lines": [line(3, 1, 0), line(0)], "functions": [function("give", 7, 3)]},
    {"file": "librenku/db/deep/x.c", "lines": [line(1)], "functions": [function("never", 9, 0), function("first", 2, 0)]},
    {"file": "frontends/cli/main.c", "lines": [line(0, 0)], "functions": []},
]


def test_lines_and_branches_are_counted_by_folder_and_as_a_whole():
    counted = coverage.count_folders(FILES)

    assert counted["librenku/db"] == (coverage.Count(2, 3), coverage.Count(1, 2))
    assert counted["librenku/"] == counted["librenku/db"]
    assert counted["frontends/"] == (coverage.Count(0, 1), coverage.Count(0, 1))


def test_functions_that_nothing_has_called_are_listed_by_place():
    assert coverage.uncovered(FILES) == ["librenku/db/deep/x.c:2: first", "librenku/db/deep/x.c:9: never"]


def test_a_folder_without_branches_has_no_share():
    assert "%" in str(coverage.Count(1, 2)) and "50.0" in str(coverage.Count(1, 2))
    assert "-" in str(coverage.Count())


def test_the_script_prints_a_table_and_writes_the_list(tmp_path):
    (tmp_path / "in.json").write_text(json.dumps({"files": FILES}))

    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "in.json", tmp_path / "out.txt"], check=True, capture_output=True, text=True
    )

    assert "librenku/db" in done.stdout and "66.7 %" in done.stdout
    assert (tmp_path / "out.txt").read_text().splitlines()[0] == "librenku/db/deep/x.c:2: first"
