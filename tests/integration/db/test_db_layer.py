# SPDX-License-Identifier: Apache-2.0
"""The suites in C against a real PostgreSQL."""

import subprocess

import pytest

from support.migrations import PROGRAMS, environment

SUITES = ["db_connections", "db_lines", "db_pool", "db_statements", "db_transactions"]


@pytest.mark.parametrize("suite", SUITES)
def test_the_suite_passes(suite, empty):
    done = subprocess.run(
        [PROGRAMS / "suite"],
        env=environment(empty.variables) | {"CK_RUN_SUITE": suite, "CK_VERBOSITY": "normal"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100%: Checks: " in done.stdout and "Checks: 0" not in done.stdout
