# SPDX-License-Identifier: Apache-2.0
"""The step `analysis` tells what it should, and its list of wrong findings does not grow."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools/dev/analyze.py"
ROWS_MOST = 14

spec = importlib.util.spec_from_file_location("analyze", SCRIPT)
analyze = importlib.util.module_from_spec(spec)
spec.loader.exec_module(analyze)

LEAK = "analyzer-malloc-leak"
EXCUSES = analyze.EXCUSES.read_text()


def test_the_list_of_wrong_findings_does_not_grow():
    assert len(analyze.read_excuses(EXCUSES)) <= ROWS_MOST


def test_each_excuse_names_a_file_and_a_reason():
    rows = [line.split(None, 3) for line in EXCUSES.splitlines() if not line.startswith("#")]

    assert [row[0] for row in rows if not (ROOT / row[0]).is_file()] == []
    assert [row for row in rows if len(row) < 4 or len(row[3].split()) < 4] == []


def test_a_file_has_one_excuse_for_each_kind():
    rows = [line for line in EXCUSES.splitlines() if not line.startswith("#")]

    assert len(analyze.read_excuses(EXCUSES)) == len(rows)


def test_nothing_in_a_source_silences_the_analyzers():
    words = ("cppcheck-" + "suppress", "analyzer_" + "ignored", "-W" + "analyzer")
    files = [path for folder in ("librenku", "frontends", "examples") for path in (ROOT / folder).rglob("*.[ch]")]

    assert [str(path) for path in files if any(word in path.read_text() for word in words)] == []


def test_findings_of_both_are_read():
    gcc = "a/b.c:10:31: warning: leak of 'malloc(16)' [CWE-401] [-Wanalyzer-malloc-leak]\na/b.c:9:1: note: here\n"
    cppcheck = "a/b.c:96: nullPointer: Possible null pointer dereference: c\n^\n"

    assert analyze.findings_in(analyze.GCC_FINDING, gcc) == {
        ("a/b.c", "10", "analyzer-malloc-leak", "leak of 'malloc(16)' [CWE-401]")
    }
    assert analyze.findings_in(analyze.CPPCHECK_FINDING, cppcheck) == {
        ("a/b.c", "96", "nullPointer", "Possible null pointer dereference: c")
    }


def test_what_is_not_excused_is_told():
    found = {("a.c", "1", "nullPointer", "it may be null"), ("b.c", "2", LEAK, "it leaks")}

    assert analyze.judge(found, {("b.c", LEAK): 1}) == ["a.c:1: it may be null [nullPointer]"]


def test_one_more_than_is_excused_tells_all_of_them():
    found = {("b.c", "2", LEAK, "it leaks"), ("b.c", "3", LEAK, "it leaks")}

    assert len(analyze.judge(found, {("b.c", LEAK): 1})) == 2


def test_an_excuse_that_is_not_needed_is_told():
    assert analyze.judge(set(), {("b.c", LEAK): 1}) == [f"analysis.txt: b.c has fewer findings of {LEAK}: lower the number"]
