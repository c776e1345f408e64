# SPDX-License-Identifier: Apache-2.0
"""What a command shows on a terminal."""

import subprocess


def on_terminal(world, command: str, width: int = 60, env: dict | None = None, status: int = 0) -> str:
    """What a terminal of that width shows."""
    script = f"stty cols {width} rows 24; {command}"
    done = subprocess.run(
        ["script", "-qec", script, "/dev/null"], env=world.env | {"TERM": "xterm"} | (env or {}),
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, cwd=world.folder,
    )
    assert done.returncode == status, done.stdout
    return done.stdout.decode().replace("\r\n", "\n")
