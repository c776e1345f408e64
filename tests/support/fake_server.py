# SPDX-License-Identifier: Apache-2.0
"""The server over a test double of the library: everything but the answers is real."""

import os
from pathlib import Path

from support.server import BUILD, SANITIZERS, Server

LIBRARY = BUILD / "tests" / "support" / "fake" / ".libs"
MODULE = BUILD / "frontends" / "server" / ".libs" / "renku_server.so"


def program() -> Path:
    """libtool puts the real program beside its wrapper, which would choose the real library."""
    real = BUILD / "tests" / "support" / ".libs" / "fake_server"
    return real if real.exists() else BUILD / "tests" / "support" / "fake_server"


def fake_environment(**more: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LD_LIBRARY_PATH": str(LIBRARY),
        "RENKU_SERVER_MODULE": str(MODULE),
        **SANITIZERS,
        **more,
    }


class FakeServer(Server):
    def command(self) -> list[str | Path]:
        return [program(), *self.arguments]
