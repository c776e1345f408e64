# SPDX-License-Identifier: Apache-2.0
"""What `make install` brings, in one folder that the tests of a run share.

Where libtool installs the server's module, it links it anew, and meanwhile the build folder has none: two at a time lose it, and
a server cannot start. So a build is installed once, by `./dev check` right after it was made; a run of tests takes a copy. Without
that, the first run installs it, before any test, by the process that starts the others. The conftest.py of a suite that needs
it imports all names of this module.
"""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import BUILD, ROOT

__all__ = ["installed_root", "pytest_configure_node", "pytest_sessionstart", "pytest_unconfigure"]
_ROOT = pytest.StashKey[Path]()
_KEPT = BUILD / "installed"
_STAMP = BUILD / "installed.stamp"
_NOT_OF_IT = {".git", ".venv", "__pycache__", "tests", "check", "coverage", "reference", _KEPT.name}


def _files(folder: Path) -> Iterator[Path]:
    """What may have been installed from a folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            if path.name not in _NOT_OF_IT and not (folder == ROOT and path.name.startswith("build")):
                yield from _files(path)
        elif not path.name.endswith((".log", ".json", ".lock", ".stamp")):
            yield path


def _is_fresh() -> bool:
    if not _STAMP.exists():
        return False
    made = _STAMP.stat().st_mtime
    return all(path.lstat().st_mtime <= made for folder in (ROOT, BUILD) for path in _files(folder))


def keep() -> None:
    """Installs the build, unless that was done since it last changed."""
    with (BUILD / "installed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_fresh():
            return
        _STAMP.unlink(missing_ok=True)
        shutil.rmtree(_KEPT, ignore_errors=True)
        done = subprocess.run(["make", "-C", BUILD, "install", f"DESTDIR={_KEPT}"], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"make install: {done.stdout}{done.stderr}")
        _STAMP.touch()


def _install() -> Path:
    try:
        keep()
    except RuntimeError as error:
        pytest.exit(str(error), 1)
    root = Path(tempfile.mkdtemp(prefix="renku-installed-"))
    shutil.copytree(_KEPT, root, symlinks=True, dirs_exist_ok=True)
    root.chmod(0o755)  # everybody may read it
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


if __name__ == "__main__":
    try:
        keep()
    except RuntimeError as error:
        sys.exit(str(error))
