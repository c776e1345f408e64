# SPDX-License-Identifier: Apache-2.0
"""What is installed carries each protection that compiler and linker offer."""

import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("RENKU_BUILD") or Path(__file__).resolve().parents[2] / "build").resolve()
PROGRAMS = {"renku", "renku-rclone"}
LIBRARIES = {"librenku.so.1.0.0", "renku_server.so"}
X86 = platform.machine() in ("x86_64", "i686")
MARKS = re.compile(r"x86 feature: IBT, SHSTK")


def read(path: Path, *options: str) -> str:
    return subprocess.run(["readelf", "-W", *options, path], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def installed(installed_root):
    """Every ELF file that `make install` brings, by its name."""
    files = [path for path in installed_root.rglob("*") if path.is_file() and not path.is_symlink()]
    return {path.name: path for path in files if path.open("rb").read(4) == b"\x7fELF"}


def lacking(files: dict[str, Path], holds) -> list[str]:
    return sorted(name for name, path in files.items() if not holds(path))


def test_every_program_and_library_is_examined(installed):
    assert set(installed) == PROGRAMS | LIBRARIES


def test_programs_load_at_any_address(installed):
    header = {name: read(path, "-h") for name, path in installed.items()}
    dynamic = {name: read(installed[name], "-d") for name in PROGRAMS}

    assert [name for name, text in header.items() if not re.search(r"Type:\s+DYN", text)] == []
    assert [name for name, text in dynamic.items() if "PIE" not in text] == []


def test_what_is_relocated_is_read_only_and_bound_at_the_start(installed):
    assert lacking(installed, lambda path: "GNU_RELRO" in read(path, "-l")) == []
    assert lacking(installed, lambda path: re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", read(path, "-d"))) == []


def test_no_stack_is_executable(installed):
    assert lacking(installed, lambda path: re.search(r"GNU_STACK\s.*\sRW\s", read(path, "-l"))) == []


def test_no_memory_is_writable_and_executable(installed):
    assert lacking(installed, lambda path: not re.search(r"LOAD\s.*\sRWE\s", read(path, "-l"))) == []


def test_code_is_not_relocated(installed):
    assert lacking(installed, lambda path: "TEXTREL" not in read(path, "-d")) == []


def test_no_folder_to_search_libraries_in_is_built_in(installed):
    assert lacking(installed, lambda path: not re.search(r"\((RPATH|RUNPATH)\)", read(path, "-d"))) == []


def test_stacks_have_canaries(installed):
    assert lacking(installed, lambda path: "__stack_chk_fail" in read(path, "--dyn-syms")) == []


def test_calls_of_libc_know_the_size_of_their_buffers(installed):
    assert lacking(installed, lambda path: re.search(r"__\w+_chk\b(?<!stack_chk)", read(path, "--dyn-syms"))) == []


def objects() -> list[Path]:
    """What the compiler has made of the sources of the library and its fronts."""
    folders = [BUILD / "librenku", BUILD / "frontends"]
    found = [path for folder in folders for path in folder.rglob("*.o")]
    return found + [path for path in BUILD.glob("*.o")]


if X86:

    def test_every_object_may_run_with_indirect_branch_tracking_and_a_shadow_stack():
        """The linker marks a program only when libc's own start files are marked, too: some distributions leave that out."""
        files = objects()

        assert len(files) > 100
        assert [str(path) for path in files if not MARKS.search(read(path, "-n"))] == []

    def test_large_frames_touch_each_of_their_pages(tmp_path):
        """The flags of the build, tried on a frame that could jump over a guard page."""
        flags = re.search(r"^HARDENING = (.*)$", (BUILD / "Makefile").read_text(), re.MULTILINE).group(1).split()
        source = tmp_path / "frame.c"
        source.write_text("void use(char *); void large(void) { char frame[1 << 16]; use(frame); }\n")

        code = subprocess.run(
            ["gcc", "-O2", *flags, "-S", "-o", "-", source], check=True, capture_output=True, text=True
        ).stdout

        assert re.search(r"orq?\s+\$0, ", code), code
