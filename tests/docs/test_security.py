# SPDX-License-Identifier: Apache-2.0
"""The page of threats names tests that exist, and every fuzz target."""

import re

from support.server import ROOT

PAGE = (ROOT / "SECURITY.md").read_text()
TESTS = re.findall(r"`(tests/[\w/]+\.(?:py|c))::(\w+)`", PAGE)
RISKS = [f"API{number}:2023" for number in range(1, 11)]


def is_there(path: str, name: str) -> bool:
    text = (ROOT / path).read_text()
    return f"\ndef {name}(" in text if path.endswith(".py") else f"START_TEST({name})" in text


def test_every_named_test_exists():
    assert [f"{path}::{name}" for path, name in TESTS if not is_there(path, name)] == []


def test_every_risk_has_tests():
    parts = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    tested = [part.split()[0] for part in parts if "::" in part]

    assert [name for name in tested if name.startswith("API")] == RISKS


def test_every_fuzz_target_is_told():
    told = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)

    assert told == sorted(path.stem.removeprefix("fuzz_") for path in (ROOT / "tests/fuzz").glob("fuzz_*.c"))


def test_every_fuzz_target_is_built_and_has_seeds():
    rows = (ROOT / "tests/fuzz/local.mk").read_text()
    for path in (ROOT / "tests/fuzz").glob("fuzz_*.c"):
        name = path.stem.removeprefix("fuzz_")
        assert f"tests_fuzz_fuzz_{name}_SOURCES" in rows
        assert any((ROOT / "tests/fuzz/corpora" / name).iterdir())
