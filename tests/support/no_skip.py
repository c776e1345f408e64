# SPDX-License-Identifier: Apache-2.0
"""Where nothing may be left out (RENKU_NO_SKIP=1), a skipped test is a failed test. Loaded with `-p support.no_skip`."""

import os

import pytest

STRICT = os.environ.get("RENKU_NO_SKIP") == "1"


def _reason(report) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return f"skipped, and RENKU_NO_SKIP is set: {text}"


def _refuse(report):
    """Turns the report of a skip into that of a failure; expected failures stay what they are."""
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.longrepr = _reason(report)
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return _refuse((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _refuse((yield))
