# SPDX-License-Identifier: Apache-2.0
"""What the documents say is so."""

import json
import os
import re
import subprocess
import sys

import pytest

from support.commands import NAMES
from support.pages import commands_of
from support.server import BUILD, ROOT, renku
from support.up import Installation

README = ROOT / "README.md"
FILE = re.compile(r"^<!-- file: ([\w.]+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TESTED_PYTHON = re.compile(r"^<!-- tested -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
C_BLOCK = re.compile(r"^```c\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
INSTRUCTIONS = re.compile(r"^\| operation \| instructions of ours, (.+) for (\w+) \|\n((?:\|.*\n)+)", re.MULTILINE)
INSTRUCTIONS_ROW = re.compile(r"^\| `([^`]+)`.* \| ([\d,]+) \|$", re.MULTILINE)
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with a local installation at its default place, running."""
    home = tmp_path_factory.mktemp("home")
    local = Installation(home / ".local/share/renku")
    local.env["HOME"] = str(home)
    local.output = home / "up.out"
    local.start()
    yield local
    assert local.ask() == 0, local.messages()


def run_blocks(local, blocks, cwd=ROOT, **variables):
    """One shell for all blocks; each command must answer and no answer may be an error."""
    script = "set -e\n" + "\n".join(blocks)
    script = script.replace("http://127.0.0.1:8000", local.url)
    script = re.sub(r"(?<![\w/])build/", f"{BUILD}/", script)
    script = script.replace("curl -sS", "curl -sS --fail-with-body")
    env = local.env | {"HOME": local.env["HOME"], "PATH": os.environ["PATH"]} | variables
    return subprocess.run(
        ["bash"], input=script, env=env, cwd=cwd, capture_output=True, text=True, timeout=120
    )


def write_files(page, folder):
    """The files that a page shows, each under its name."""
    for name, text in FILE.findall(page.read_text()):
        (folder / name).write_text(text)


def test_the_commands_of_the_readme_work(home):
    blocks = commands_of(README)

    done = run_blocks(home, blocks)

    assert len(blocks) >= 4
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"error"' not in done.stdout
    assert '"name":"First light"' in done.stdout
    assert '"name":"Ice cores"' in done.stdout
    assert '"write":true' in done.stdout


def test_the_commands_of_the_page_about_the_command_line_work(home, tmp_path):
    done = run_blocks(home, commands_of(ROOT / "docs/cli.md"), tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "project.json").read_text())["description"] == "Old air"
    assert json.loads(done.stdout.splitlines()[-1])["slug"] == "snow"


def test_the_python_of_its_page_works(home):
    blocks = TESTED_PYTHON.findall((ROOT / "docs/python.md").read_text())
    env = home.env | {"TOKEN": token_of(home, "alice"), "PYTHONDONTWRITEBYTECODE": "1"}
    paths = {"PYTHONPATH": str(BUILD / "bindings/python"), "RENKU_LIBRARY": str(BUILD / ".libs/librenku.so")}

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], env=env | paths, cwd="/", capture_output=True, text=True, timeout=120
    )

    assert len(blocks) >= 10
    assert (done.returncode, done.stderr) == (0, "")
    for line in ("None Ice cores", "401 1401 ", "changed meanwhile", "200 ['ice', 'climate']", "None", "True", "The client is closed."):
        assert f"\n{line}" in f"\n{done.stdout}"


def token_of(home, name):
    done = home.run("token", name)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_program_of_the_readme_is_the_example():
    (shown,) = C_BLOCK.findall(README.read_text())

    example = (ROOT / "examples/projects.c").read_text()

    assert example.partition("\n")[2] == shown


@pytest.fixture(scope="module")
def installed(installed_root):
    """Variables with which a shell finds what `make install` brings."""
    prefix = installed_root / "usr/local"
    return {
        "PATH": f"{prefix / 'bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(prefix / "lib"),
        "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig"),
        "PKG_CONFIG_SYSROOT_DIR": str(installed_root),
    }


def test_the_c_tutorial_works_with_what_is_installed(home, installed, tmp_path):
    page = ROOT / "docs/tutorial-c.md"
    write_files(page, tmp_path)

    done = run_blocks(home, commands_of(page), tmp_path, **installed)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-2:] == ["sea-ice is public", "too late: yes"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_generated_pages_are_fresh():
    done = subprocess.run([sys.executable, ROOT / "tools/docgen/docgen.py", "--check"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_every_suite_is_in_the_page_about_tests():
    page = (ROOT / "docs/conventions.md").read_text()
    suites = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}

    assert [name for name in sorted({"unit", "fuzz", "bench", "soak", "peers", *suites}) if f"`tests/{name}`" not in page] == []


def test_every_row_of_the_tables_is_in_its_page():
    settings = (ROOT / "librenku/base/settings.def").read_text().count("\nRK_SETTING(")
    errors = (ROOT / "librenku/base/error.def").read_text().count("\nRK_ERROR(")

    assert (ROOT / "docs/configuration.md").read_text().count("\n| `") == settings
    assert (ROOT / "docs/errors.md").read_text().count("\n| `") == errors


def test_every_number_of_the_library_is_in_the_page_for_operators():
    """Rows of the table may leave out what names have in common: `renku_db_pool_size`, `_open`."""
    page = (ROOT / "docs/operating.md").read_text()
    names = re.findall(r'"(renku_\w+)"', (ROOT / "librenku/base/counter.def").read_text())

    assert len(names) > 15
    assert [name for name in names if f"`{name}`" not in page and f"`_{name.rpartition('_')[2]}`" not in page] == []


def test_every_feature_of_the_headers_is_in_the_page_about_the_abi():
    features = re.findall(r"#define (RENKU_HAS_\w+)", (ROOT / "include/renku/types.h").read_text())

    assert features and re.findall(r"`(RENKU_HAS_\w+)`", (ROOT / "docs/abi.md").read_text()) == features


def test_every_operation_and_its_commands_are_in_their_page():
    page = (ROOT / "docs/operations.md").read_text()
    told = json.loads(renku("api", "--list", "--json", env={}).stdout)
    headings = re.findall(r"^### (\w+)$", page, re.MULTILINE)

    assert {one["id"] for one in told} < set(headings) and len(headings) == len(set(headings))
    assert [one["id"] for one in told if f"### {one['id']}\n\n`{one['method']} /api/data{one['path']}` - " not in page] == []
    assert "`renku member list`" in page and "`renku project change`" in page


def test_the_page_about_settings_tells_which_have_no_effect():
    rows = dict(re.findall(r"^\| `(\w+)` .* \| ([^|]+) \|$", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE))
    unused = {name for name, meaning in rows.items() if meaning.endswith(" Not used.")}

    assert {"PROXIES_COUNT", "REAL_IP_HEADER", "SOLR_URL"} <= unused
    assert not unused & {"DB_HOST", "RENKU_URL", "KUBECONFIG", "ALERTMANAGER_WEBHOOK_ROLE", "SANIC_REQUEST_MAX_SIZE"}


def test_the_page_about_performance_has_the_counts_that_are_checked():
    """As hundreds, for the compiler that the head of the table names."""
    page = (ROOT / "docs/performance.md").read_text()
    compiler, machine, rows = INSTRUCTIONS.search(page).groups()
    told = {name: int(count.replace(",", "")) for name, count in INSTRUCTIONS_ROW.findall(rows)}
    baseline = json.loads((ROOT / "tests/instructions/baseline.json").read_text())

    assert told == {name: round(count, -2) for name, count in baseline[f"{machine} {compiler}"].items()}


def test_every_command_of_the_documents_exists():
    """`renku WORD...` in the pages names commands that the program knows."""
    known = {tuple(name.split()) for name in NAMES}
    for page in PAGES:
        for words in re.findall(r"`renku ((?:[a-z-]+ ?)+)", page.read_text()):
            parts = tuple(words.split())
            assert any(parts[:length] in known or is_group(parts, known) for length in (1, 2, 3)), (page.name, words)


def is_group(parts, known) -> bool:
    return any(name[: len(parts)] == parts for name in known)
