# SPDX-License-Identifier: Apache-2.0
"""The Python package from the build folder, in this process and in others, under the sanitizers too."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from .server import BUILD, SANITIZERS

PACKAGE = BUILD / "bindings/python"
LIBRARY = BUILD / ".libs/librenku.so"


@cache
def runtimes() -> str:
    """The runtime libraries of the sanitizers that the library was built with: LD_PRELOAD for a process that loads it."""
    linked = subprocess.run(["ldd", LIBRARY], capture_output=True, text=True, check=True).stdout
    return ":".join(sorted(re.findall(r"=> (\S+/lib[au]\w*san\.so\S*)", linked)))


def is_sanitized() -> bool:
    return bool(runtimes())


def is_prepared() -> bool:
    """Whether this process can load the library."""
    return not is_sanitized() or "libasan" in Path("/proc/self/maps").read_text()


def preparation(leaks: bool = False) -> dict[str, str]:
    """The variables of a process that can load the library. CPython itself leaves memory behind at its end."""
    if not is_sanitized():
        return {}
    options = SANITIZERS["ASAN_OPTIONS"] if not leaks else "detect_leaks=1:exitcode=0"
    return {
        "LD_PRELOAD": runtimes(),
        "ASAN_OPTIONS": options if leaks else options.replace("detect_leaks=1", "detect_leaks=0"),
        "UBSAN_OPTIONS": SANITIZERS["UBSAN_OPTIONS"],
    }


def run_script(script: str, env: dict[str, str], leaks: bool = False, **more) -> subprocess.CompletedProcess:
    """Runs Python text in a process of its own, to whose environment `env` is added."""
    plain = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "LD_LIBRARY_PATH")}
    paths = {"PYTHONPATH": str(PACKAGE), "RENKU_LIBRARY": str(LIBRARY), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=plain | env | paths | preparation(leaks), capture_output=True, text=True, timeout=120, **more,
    )
