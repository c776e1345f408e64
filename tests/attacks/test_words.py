# SPDX-License-Identifier: Apache-2.0
"""Words of the command line and texts of the permission language, as nobody would write them: each ends in a status or an error
of ours. The parser of the words alone is a target of tests/fuzz too."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.commands import NAMES
from support.server import RENKU, REPORTS, ROOT, SANITIZERS

STAYING = {"server", "up", "tasks"}  # these do not end by themselves
OPTIONS = sorted(
    line.split('"')[1] for line in (ROOT / "frontends/cli/options.def").read_text().splitlines() if line.startswith("RK_OPTION(")
)
EXAMPLES = 40

texts = st.text(st.characters(min_codepoint=1, codec="utf-8"), max_size=40) | st.sampled_from(
    ["", "-", "--", "---", "%s%n", "../..", "\x1b[2J", "x" * 5000, "=", "--=x", "99999999999999999999", "-1", "nul\\0"]
)
options = st.builds(lambda name, value: f"--{name}{value}", st.sampled_from(OPTIONS), st.sampled_from(["", "="]) | texts.map(lambda text: f"={text}"))
words = st.lists(texts | options, max_size=6)
commands = st.sampled_from([name for name in NAMES if name.split()[0] not in STAYING])


def encoded(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass").replace(b"\0", b"")


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(command=commands, rest=words)
def test_a_call_of_the_program_ends_in_one_of_its_five_ways(folder, command, rest):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder / "nobody"), "DB_HOST": "/nonexistent", "DB_PASSWORD": "x", **SANITIZERS}
    done = subprocess.run(
        [RENKU, *command.split(), *map(encoded, rest)], env=env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert done.returncode in range(5), done.stderr
    assert not REPORTS.search(done.stderr.decode(errors="replace"))
    assert b"\x1b" not in done.stdout + done.stderr


@pytest.fixture(scope="module")
def compiler():
    """tools/authzgen in this process."""
    sys.path.insert(0, str(ROOT / "tools/authzgen"))
    import check
    import language
    import paths
    import sql
    import storage

    table = storage.read_storage((ROOT / "librenku/authz/storage.tbl").read_text(), "storage.tbl")

    def compile_text(text: str) -> None:
        schema = language.parse(text, "schema.zed")
        check.check(schema)
        storage.check_storage(table, schema)
        sql.Compiler(paths.Graph(schema), table)

    yield compile_text, language.SchemaError
    sys.path.remove(str(ROOT / "tools/authzgen"))


SCHEMA = (ROOT / "librenku/authz/schema.zed").read_text()
TOKENS = ["definition", "relation", "permission", "user", "project", "owner", "{", "}", "(", ")", "+", "-", "&", "->", ":", "*", "|", "=", "\n", " ", "//", "/*", "*/", "\t", "#", "caveat"]
soup = st.lists(st.sampled_from(TOKENS) | texts, max_size=60).map(" ".join)


@st.composite
def damaged(draw) -> str:
    """The real schema with a few places changed."""
    text = SCHEMA
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from([*TOKENS, ""]) | texts) + text[at + draw(st.integers(0, 30)) :]
    return text


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(text=soup | damaged() | st.integers(1, 3000).map(lambda depth: f"definition user {{\n\tpermission read = {'(' * depth}\n}}"))
def test_the_compiler_of_permissions_takes_a_text_or_names_the_line(compiler, text):
    compile_text, error = compiler
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            compile_text(text)
        except error as wrong:
            assert str(wrong).startswith(("schema.zed:", "storage.tbl:")), wrong
