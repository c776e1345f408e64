# SPDX-License-Identifier: Apache-2.0
"""Manual pages, the reference and completions: all there, readable, and as they are installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.commands import NAMES
from support.server import BUILD, RENKU, ROOT

MAN = BUILD / "man"
PAGES = sorted(path for path in MAN.glob("*.[13]") if not path.read_text().startswith(".so "))
HEADERS = [*sorted((ROOT / "include/renku").glob("*.h")), BUILD / "gen/renku/operations.h"]
SHELLS = {"bash": "bash-completion/completions/renku", "zsh": "zsh/site-functions/_renku", "fish": "fish/vendor_completions.d/renku.fish"}


def ids(page: Path) -> str:
    return page.name


@pytest.fixture(scope="module")
def share(installed_root):
    return next(installed_root.rglob("share"))


def plain(page: Path) -> str:
    """As a reader sees it, without the overstrikes of a terminal."""
    done = subprocess.run(["mandoc", "-T", "ascii", page], capture_output=True, text=True, check=True)
    return re.sub(r".\x08", "", done.stdout)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_page_has_no_mistakes_for_mandoc(page):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


def test_man_and_groff_read_all_pages_without_a_warning():
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", *PAGES], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin", "MANROFFSEQ": "", "MANWIDTH": "80"},
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_has_a_page_with_its_options_and_its_example():
    overview = plain(MAN / "renku.1")

    for name in NAMES:
        page = plain(MAN / f"renku-{name.replace(' ', '-')}.1")
        help_text = subprocess.run([RENKU, "help", *name.split()], capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"^ +(?:-\w, )?--([a-z-]+)", help_text, re.MULTILINE):
            assert f"--{option}" in page, name
        for example in re.findall(r"^example: (.*)$", help_text, re.MULTILINE):
            assert f"$ {example}" in page, name
        assert f"\n       {name}" in overview
    assert len(list(MAN.glob("renku-*.1"))) == len(NAMES)


def test_every_public_function_is_found_under_its_name():
    for header in HEADERS:
        for name in re.findall(r"^RENKU_API [^;]*?\b(renku_\w+)\(", header.read_text(), re.MULTILINE):
            page = MAN / f"{name}.3"
            target = page.read_text().removeprefix(".so man3/").strip()
            assert f"\n   {name}()\n" in plain(MAN / target), name


def test_every_header_has_a_page_which_the_overview_names():
    overview = plain(MAN / "librenku.3")

    for header in set(HEADERS) - {ROOT / "include/renku/renku.h", BUILD / "gen/renku/operations.h"}:
        assert (MAN / f"renku_{header.stem}.3").exists()
        assert f"renku_{header.stem}(3)" in overview
    for room in re.findall(r"^/\* --- (\w+) --- \*/$", (BUILD / "gen/renku/operations.h").read_text(), re.MULTILINE):
        assert f"renku_{room}(3)" in overview


def test_a_page_says_what_the_comment_says():
    page = " ".join(plain(MAN / "renku_ctx.3").split())

    assert "renku_result *renku_ctx_new(renku_ctx **out, const renku_config *config);" in page
    assert "Errors 500/1500 with every missing or malformed setting named." in page
    assert "the context; set to NULL on failure; released with renku_ctx_free()" in page
    assert "Spec" not in page and "@p" not in page


def test_pages_and_completions_are_installed(share):
    assert {path.name for path in (share / "man").rglob("*.[13]")} == {path.name for path in MAN.glob("*.[13]")}
    for shell, place in SHELLS.items():
        said = subprocess.run([RENKU, "completion", shell], capture_output=True, text=True, check=True).stdout
        assert (share / place).read_text() == said
        program = shutil.which(shell)
        subprocess.run([program, "-n", share / place], check=True)


def test_the_reference_is_made_without_a_warning(tmp_path):
    done = subprocess.run(["make", "-C", BUILD, "reference"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "renku_project_get" in (BUILD / "reference/html/operations_8h.html").read_text()
