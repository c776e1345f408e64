# SPDX-License-Identifier: Apache-2.0
"""What `make install` brings, in one folder that the tests of a run share.

Where libtool installs the server's module, it links it anew, and meanwhile the build folder has none: two at a time lose it, and
a server cannot start. So it is done once, before any test, by the process that starts the others. The conftest.py of a suite
that needs it imports all names of this module.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from .server import BUILD

__all__ = ["installed_root", "pytest_configure_node", "pytest_sessionstart", "pytest_unconfigure"]
_ROOT = pytest.StashKey[Path]()


def _install() -> Path:
    root = Path(tempfile.mkdtemp(prefix="renku-installed-"))
    root.chmod(0o755)  # everybody may read it
    done = subprocess.run(["make", "-C", BUILD, "install", f"DESTDIR={root}"], capture_output=True, text=True)
    if done.returncode != 0:
        shutil.rmtree(root)
        pytest.exit(f"make install: {done.stdout}{done.stderr}", 1)
    return root


def pytest_sessionstart(session) -> None:
    config = session.config
    if hasattr(config, "workerinput"):
        config.stash[_ROOT] = Path(config.workerinput["installed"])
    elif _ROOT not in config.stash and not config.option.collectonly:
        config.stash[_ROOT] = _install()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tells a process of pytest-xdist."""
    node.workerinput["installed"] = str(node.config.stash[_ROOT])


def pytest_unconfigure(config) -> None:
    if _ROOT in config.stash and not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[_ROOT], ignore_errors=True)


@pytest.fixture(scope="session")
def installed_root(pytestconfig) -> Path:
    """DESTDIR; nobody changes anything in it."""
    return pytestconfig.stash[_ROOT]
