# SPDX-License-Identifier: Apache-2.0
"""The table of settings holds every variable of the contract, with its default."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPECIFICATION = ROOT.parent / "shared" / "spec" / "foundations.md"
ROW = re.compile(r'RK_SETTING\((\w+),\s+"(\w+)",\s+(\w+),\s+(NULL|"(?:\\.|[^"\\])*"),\s+([\w |]+?),\s+"((?:\\.|[^"\\])*)"\)')
NAME = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|VERSION|KUBECONFIG|prometheus_multiproc_dir)`")
# The parts of names that the text puts together, and what only looks like a name.
PARTS = {"IDLE_SECONDS", "MAX_AGE_SECONDS", "PENDING_SECONDS", "FAILED_SECONDS", "HIBERNATED_SECONDS"}


def rows():
    """name -> default, as text; None is none."""
    lines = (ROOT / "librenku/base/settings.def").read_text().splitlines()
    found = [ROW.fullmatch(line) for line in lines if line.startswith("RK_SETTING")]
    assert all(found), "a row is not in the form that scripts read"
    return {row[2]: None if row[4] == "NULL" else row[4][1:-1].replace('\\"', '"') for row in found}


def chapter():
    if not SPECIFICATION.exists():
        pytest.skip(f"{SPECIFICATION} is not there to compare with")
    text = SPECIFICATION.read_text()
    return text[text.index("\n## 22. ") : text.index("\n## 23. ")]


def test_each_row_can_be_read_by_a_script():
    assert len(rows()) > 150


def test_each_variable_of_the_contract_is_a_setting():
    assert set(NAME.findall(chapter())) - PARTS - set(rows()) == set()


def defaults():
    """(name, default) of the lines that name one variable and one plain default."""
    for line in chapter().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) < 4:
            continue
        name, default = re.fullmatch(r"`(\w+)`", cells[1]), re.match(r"`([^`]*)`(?:$|[ (,;])|(-?[\d.]+|true|false)(?:$|[ (,;])", cells[2])
        if name and default:
            yield name[1], default[1] or default[2]


def test_each_plain_default_of_the_contract_is_ours():
    known, expected = rows(), list(defaults())
    assert len(expected) > 30
    differing = {name: (known[name], default) for name, default in expected if known[name] != default}
    # made from other settings
    differing.pop("RENKU_URL", None)
    assert differing == {}
