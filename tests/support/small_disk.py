# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL whose tables or whose write-ahead log lie on a file system of their own, small enough to be filled."""

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest

from .postgres import Postgres

SIZE_MEBIBYTES = 128
BLOCK = 65536


class SmallDisk(Postgres):
    """What is small: "data", all but the log, or "wal", the log alone. Needs the right to mount (root)."""

    def __init__(self, small: str, **settings: str):
        super().__init__(wal_segment_megabytes="1", **settings)
        self.small = small
        self.mounted = self.data if small == "data" else self.wal
        self.init_options = (f"--waldir={self.wal}",)

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    @property
    def ballast(self) -> Path:
        return self.mounted / "ballast"

    def _init(self) -> None:
        for folder in (self.data, self.wal):
            folder.mkdir(0o700)
        self._mount()
        for folder in (self.data, self.wal):
            if self.user:
                shutil.chown(folder, self.user)
        super()._init()

    def _mount(self) -> None:
        options = f"size={SIZE_MEBIBYTES}m,mode=700"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.mounted], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            pytest.skip(f"a small file system cannot be mounted here, which takes root: {done.stderr.strip()}")

    def stop(self) -> None:
        self._stop_processes()
        subprocess.run(["umount", "--lazy", self.mounted], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the disk -------------------------------------------------------------------------------

    def fill(self) -> None:
        """To the last byte."""
        with self.ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"\0" * BLOCK) == BLOCK:
                pass
        with self.ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"\0"):
                pass

    def empty(self) -> None:
        self.ballast.unlink()
