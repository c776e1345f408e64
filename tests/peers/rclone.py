# SPDX-License-Identifier: Apache-2.0
"""rclone as others run it: storage on loopback that wants a user and a password."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from support.ports import free_port

USER, SECRET = "renku", "peer-secret-4711"


def call(rclone: Path, *arguments: str, **more) -> str:
    """What a command of rclone prints."""
    done = subprocess.run(
        [rclone, "--config", "", *arguments], capture_output=True, text=True, timeout=60, check=True, **more
    )
    return done.stdout


def wait_for(host: str, port: int, process: subprocess.Popen, deadline: float = 60.0) -> None:
    """Until somebody listens there."""
    end = time.monotonic() + deadline
    while True:
        assert process.poll() is None and time.monotonic() < end, f"{process.args} does not listen"
        try:
            socket.create_connection((host, port), 1).close()
            return
        except OSError:
            time.sleep(0.05)


class Target:
    """`rclone serve KIND` of one folder, until it is stopped."""

    def __init__(self, rclone: Path, kind: str, folder: Path, host: str = "127.0.0.1"):
        self.kind, self.host, self.port = kind, host, free_port(host)
        self.log = folder / f"{kind}-{self.port}.log"
        files = folder / "files"
        (files / "bucket").mkdir(parents=True, exist_ok=True)
        (files / "bucket" / "data.txt").write_text("data\n")
        # the list of pairs of `serve s3` is read as CSV: without inner quotes it would be open to everybody
        secret = {"RCLONE_AUTH_KEY": f'"{USER},{SECRET}"'} if kind == "s3" else {"RCLONE_USER": USER, "RCLONE_PASS": SECRET}
        command = [rclone, "serve", kind, "--config", "", "--addr", f"{host}:{self.port}", files]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), **secret},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(host, self.port, self.process)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
