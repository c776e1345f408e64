# SPDX-License-Identifier: Apache-2.0
"""Without memory the library fails cleanly; opened and closed again and again it leaks none."""

import re

import pytest
from conftest import HERE, LIBRARY

OPERATIONS = re.findall(r'^    \{"(\w+)", +\w+ *\},', (HERE / "oom.c").read_text(), re.MULTILINE)
REPORT = re.compile(
    r"(\w+): (\d+) allocations, (\d+) out of memory, (\d+) other errors, (\d+) unharmed, (-?\d+) leaked\n"
)


@pytest.fixture
def tally(guest, record_property):
    """Runs an operation as often as it allocates, and tells how that has ended."""

    def run(operation: str, library: str) -> dict[str, int]:
        text = guest("oom", operation, library).stdout
        print(text)
        found = REPORT.fullmatch(text)
        assert found, text
        numbers = dict(zip(["allocations", "no_memory", "others", "unharmed", "leaked"], map(int, found.groups()[1:])))
        record_property("counted", (numbers["allocations"], "allocations failed"))
        return numbers

    return run


def test_the_operations_were_read():
    assert len(OPERATIONS) == 16


# The program itself looks at the answer, the rows, open transactions, blocks that are left, and the next call.
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_allocation_of_ours_may_fail(tally, operation):
    found = tally(operation, "librenku")
    assert found["allocations"] > 0
    assert found["others"] == found["leaked"] == 0
    assert found["no_memory"] >= found["allocations"] / 2


# What libpq makes of it is an error of the database, or of memory; neither kills the guest, and the next call works.
@pytest.mark.parametrize("library", ["libpq", "libjson-c"])
@pytest.mark.parametrize("operation", ["project_create", "project_get", "project_list", "group_create", "user_me", "parts"])
def test_allocations_of_others_may_fail(tally, operation, library):
    found = tally(operation, library)
    assert found["leaked"] == 0


def test_opening_and_closing_the_library_leaks_nothing(guest):
    lines = guest("loader", str(LIBRARY), "100").stdout.splitlines()
    print(lines)
    before, after = (list(map(int, line.split())) for line in lines[:2])
    assert abs(after[0] - before[0]) <= 9, lines  # one block in ten rounds would be a leak
    assert after[1] - before[1] <= 10, lines  # the C library keeps some stacks and heaps of threads for the next ones
    assert after[2] == before[2], lines
    assert lines[2] == "0", "docs/abi.md: the library stays once it was opened"
