# SPDX-License-Identifier: Apache-2.0
"""How long a comparison takes tells nothing about what is right in a guess. Instructions are counted, not time."""

import subprocess

import pytest

from support.server import BUILD

LIMIT = 4.5  # of Welch's t; beyond it two means differ, but for about one time in a thousand


def instructions(what: str) -> tuple[float, float, float]:
    """The means for guesses that are wrong at once and for those that are right for a while, and Welch's t."""
    done = subprocess.run([BUILD / "tests/attacks/timing", what], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return tuple(float(word) for word in done.stdout.split())


@pytest.mark.parametrize("what", ["token", "sealed"])
def test_a_comparison_does_not_tell_how_much_is_right(what):
    for _ in range(3):  # by chance it may look otherwise once; what leaks looks so each time
        early, late, t = instructions(what)
        if t < LIMIT:
            break
    assert early > 1000
    assert t < LIMIT, f"{early} instructions when the first byte is wrong, {late} when others are"


def test_a_comparison_that_tells_it_is_found():
    for _ in range(3):
        early, late, t = instructions("control")
        if t > LIMIT:
            break
    assert late > early and t > LIMIT
