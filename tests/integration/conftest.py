# SPDX-License-Identifier: Apache-2.0
"""How the suite is spread over processes."""

import pytest
from xdist.scheduler import LoadFileScheduling


SHARED = ("k8s", "keycloak")


class OnePeer(LoadFileScheduling):
    """File by file; those about a heavy peer, folder by folder, stay in one process, which starts the peer for them."""

    def _split_scope(self, nodeid: str) -> str:
        folders = nodeid.partition("::")[0].split("/")
        return next((name for name in SHARED if name in folders), None) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return OnePeer(config, log) if config.option.dist == "loadfile" else None
