# SPDX-License-Identifier: Apache-2.0
"""Ports for programs that must be told one."""

import contextlib
import secrets
import socket
from pathlib import Path

FIRST = 10_000
SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody has, below those that the system hands out: no connection takes it by chance meanwhile."""
    choice = int(SYSTEM.read_text().split()[0]) - FIRST
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((host, FIRST + secrets.randbelow(choice) if choice > 0 else 0))
            return probe.getsockname()[1]
