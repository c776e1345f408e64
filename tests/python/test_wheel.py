# SPDX-License-Identifier: Apache-2.0
"""The package for people who have nothing else."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from support.python import LIBRARY, PACKAGE
from support.server import BUILD, ROOT

SCRIPT = """
import json, os, sys
from librenku import Client, Config, library_version
import librenku
with Client(Config(**json.loads(os.environ["SETTINGS"]))) as client:
    print(json.dumps([librenku.__file__, library_version(), client.version_get(), client.project_list(per_page=1)], default=str))
    print(json.dumps([line.split()[-1] for line in open("/proc/self/maps") if ".so" in line]))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder with wheel and source archive."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, ROOT / "tools/dev/wheel.py", "--build", BUILD, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(made):
    (wheel,) = made.glob("*.whl")
    return wheel


def make_venv(folder: Path, *packages: Path) -> Path:
    """A new environment with these packages and nothing else: its Python."""
    subprocess.run([sys._base_executable, "-m", "venv", folder], check=True)
    python = folder / "bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", *packages], check=True)
    return python


def use(python: Path, environment: dict, **more) -> tuple[list, set[Path]]:
    """What the script prints, and the libraries that it has loaded."""
    env = {"SETTINGS": json.dumps(environment), "PATH": "/usr/bin:/bin", **more}
    done = subprocess.run([python, "-I", "-c", SCRIPT], capture_output=True, text=True, env=env, cwd="/")
    assert done.returncode == 0, done.stderr
    answers, libraries = map(json.loads, done.stdout.splitlines())
    return answers, {Path(path) for path in libraries}


def test_a_wheel_needs_nothing_else(wheel, environment, tmp_path):
    python = make_venv(tmp_path / "venv", wheel)

    (file, library, version, projects), loaded = use(python, environment)

    place = tmp_path / "venv"
    assert Path(file).is_relative_to(place) and version == {"version": environment["VERSION"]} and isinstance(projects, list)
    assert library in wheel.name
    ours = {path for path in loaded if path.name.startswith(("librenku", "libpq", "libcurl", "libjson-c", "libsodium", "libcjose"))}
    assert len(ours) == 6
    assert all(path.is_relative_to(place) for path in ours)
    linked = subprocess.run(["ldd", next(path for path in ours if "librenku.so" in path.name)], capture_output=True, text=True).stdout
    assert "not found" not in linked


def soname() -> str:
    dynamic = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    return re.search(r"\(SONAME\).*\[(.*)\]", dynamic)[1]


def test_a_wheel_is_for_all_pythons_of_one_platform(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith("/METADATA")]
        text = archive.read(metadata).decode()

    glibc = os.confstr("CS_GNU_LIBC_VERSION").split()[1].replace(".", "_")
    assert wheel.name.endswith(f"-py3-none-manylinux_{glibc}_{os.uname().machine}.whl")
    assert "Requires-Python: >=3.9" in text and "Requires-Dist" not in text and "License-Expression: Apache-2.0" in text
    modules = {f"librenku/{path.name}" for path in (PACKAGE / "librenku").iterdir() if path.is_file()}
    assert {name for name in names if name.startswith("librenku/") and name[-1] != "/"} == modules | {f"librenku/{soname()}"}


def test_a_source_archive_uses_the_library_of_the_system(made, environment, tmp_path):
    (archive,) = made.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation", "-w", tmp_path, archive]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    python = make_venv(tmp_path / "venv", wheel)

    assert {"pyproject.toml", "setup.py", "README.md", "librenku/types.py", "librenku/py.typed"} <= names
    assert not [name for name in names if ".so" in name]
    assert wheel.name.endswith("-py3-none-any.whl")
    (_, _, version, _), loaded = use(python, environment, RENKU_LIBRARY=str(LIBRARY))
    assert version == {"version": environment["VERSION"]}
    assert LIBRARY.resolve() in {path.resolve() for path in loaded}


def test_a_missing_library_is_named(made, tmp_path):
    env = {"PYTHONPATH": str(PACKAGE), "RENKU_LIBRARY": "/no/such/librenku.so", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", "import librenku; librenku.Client()"], env=env, capture_output=True, text=True)

    assert done.returncode == 1
    assert "ImportError: librenku cannot be loaded: /no/such/librenku.so" in done.stderr and "RENKU_LIBRARY" in done.stderr
