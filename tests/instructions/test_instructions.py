# SPDX-License-Identifier: Apache-2.0
"""What an operation costs in instructions of ours: those do not depend on how busy the machine is.

RENKU_INSTRUCTIONS_ACCEPT=1 writes the counts of this compiler into baseline.json; docs/performance.md tells them too.
"""

import json
import os
import platform
import re
import subprocess
import uuid
from pathlib import Path

import pytest

from support.server import BUILD

BASELINE = Path(__file__).with_name("baseline.json")
PROGRAM = BUILD / "tests" / "instructions" / "count"
CALLS, MORE = 40, 1.05
OPERATIONS = (
    "project_get", "project_list", "project_create", "GET of a project", "GET, without a thread", "GET of the version",
)  # fmt: skip
LINE = re.compile(r"(?P<key>c?(?:ob|fn|fi|fe|fl))=\((?P<id>\d+)\)(?: (?P<name>.*))?|(?P<calls>calls=)|[-+*\d]\S* (?P<cost>\d+)$")


def kind() -> str:
    """Counts can be compared where the same compiler made them for the same machine."""
    first = subprocess.run(["gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout
    return f"{platform.machine()} gcc {first.strip()}"


def cost_of(profile: Path, library: str) -> int:
    """The instructions inside of one library; what it calls elsewhere is left out."""
    names, here, total, called = {}, "", 0, False
    for text in profile.read_text().splitlines():
        found = LINE.match(text)
        if not found:
            continue
        if found["key"] in ("ob", "cob"):
            name = names.setdefault(found["id"], found["name"])
            here = name if found["key"] == "ob" else here
        elif found["calls"]:
            called = True  # the next line has the cost of the callee
        elif found["cost"]:
            total += 0 if called or library not in here else int(found["cost"])
            called = False
    return total


@pytest.fixture(scope="module")
def measure(environment, realm, folder):
    names = {"given_name": "Jane", "family_name": "", "preferred_username": "jane", "email": "jane@example.org"}
    token = realm.token(str(uuid.uuid4()), **names)

    def run(operation: str) -> int:
        profile = folder / f"callgrind.{OPERATIONS.index(operation)}"
        command = ["valgrind", "--tool=callgrind", "--toggle-collect=measured", f"--callgrind-out-file={profile}"]
        done = subprocess.run(
            [*command, PROGRAM, operation, str(CALLS)],
            env=environment | {"COUNT_TOKEN": token, "LC_ALL": "C"},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return round(cost_of(profile, "librenku.so") / CALLS)

    return run


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_costs_no_more_than_it_did(measure, operation):
    found = measure(operation)
    print(f"{operation}: {found} instructions")
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if os.environ.get("RENKU_INSTRUCTIONS_ACCEPT"):
        known.setdefault(kind(), {})[operation] = found
        BASELINE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        return
    assert kind() in known, f"no counts of {kind()}: look at them with RENKU_INSTRUCTIONS_ACCEPT=1"
    assert found <= known[kind()][operation] * MORE, f"{operation} costs {found} instructions"
