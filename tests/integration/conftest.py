# SPDX-License-Identifier: Apache-2.0
"""How the suite is spread over processes with `--dist loadgroup`."""

import pytest


def pytest_collection_modifyitems(items):
    """One of them starts the Kubernetes API server; the tests of each other file stay together."""
    for item in items:
        group = "kube" if "kube" in item.fixturenames else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))
