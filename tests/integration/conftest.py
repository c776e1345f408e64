# SPDX-License-Identifier: Apache-2.0
"""How the suite is spread over processes."""

import pytest
from xdist.scheduler import LoadFileScheduling


class OneCluster(LoadFileScheduling):
    """File by file; those about Kubernetes stay in one process, which starts the API server for them."""

    def _split_scope(self, nodeid: str) -> str:
        return "k8s" if "/k8s/" in nodeid.partition("::")[0] else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return OneCluster(config, log) if config.option.dist == "loadfile" else None
