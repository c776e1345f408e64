# SPDX-License-Identifier: Apache-2.0
"""What a shell offers: `renku complete`, and real shells that ask it when somebody presses TAB."""

import fcntl
import json
import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest

from support.commands import NAMES
from support.server import RENKU

# How each shell starts without the files of whoever runs the tests, and what it reads first.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(renku completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(renku completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "renku completion fish | source"),
}


def offers(renku, *words: str) -> list[str]:
    done = renku("complete", "--", *words)
    assert done.returncode == 0
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


# -- what may follow ---------------------------------------------------------------------------------------------


def test_every_command_is_offered(renku):
    for name in NAMES:
        *before, last = name.split()
        assert last in offers(renku, *before, "")
        assert last in offers(renku, *before, last[:1])


def test_no_word_is_offered_twice(renku):
    for words in ([""], ["db", ""], ["authz", ""], ["api", ""], ["project", "create", "--"]):
        found = offers(renku, *words)
        assert len(found) == len(set(found)) > 1


def test_the_options_of_a_command_are_offered(renku):
    found = offers(renku, "project", "create", "--")

    assert {"--help", "--json", "--as", "--visibility", "--keyword"} <= set(found)
    assert "--param" not in found
    assert offers(renku, "project", "create", "--vis") == ["--visibility"]


def test_operations_and_their_parameters_are_offered(renku):
    listed = json.loads(renku("api", "--list", "--json").stdout)

    assert offers(renku, "api", "") == [one["id"] for one in listed]
    for one in listed:
        names = [f"{parameter['name']}=" for parameter in one["parameters"]]
        assert offers(renku, "api", one["id"], "--param", "") == names


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["api", "group_list", "--param", "direct_member="], ["direct_member=false", "direct_member=true"]),
        (["api", "namespace_list", "--param", "kinds=p"], ["kinds=project"]),
        (["project", "create", "--visibility", ""], ["private", "public"]),
        (["project", "create", "--as", "alice", "alice", "Name", "--visibility", "pu"], ["public"]),
        (["member", "set", ""], ["project:", "group:"]),
        (["member", "set", "group:marine-lab", "bob", ""], ["viewer", "editor", "owner"]),
        (["member", "set", "--as", "alice", "group:marine-lab", "bob", "v"], ["viewer"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["tasks", "--once", "users"], ["users_sync"]),
        (["tasks", "--except", "users_sync", "--except", "sync"], ["sync_admins_from_keycloak"]),
        (["authz", "import", ""], [":files"]),
        (["db", "status", "--data", ""], [":folders"]),
        (["api", "project_create", "--body", ""], [":files"]),
        (["project", "show", ""], []),
        (["project", "show", "alice/x", ""], []),
        (["nonsense", ""], []),
        (["api", "nonsense", "--param", ""], []),
    ],
)
def test_what_follows(renku, words, expected):
    assert offers(renku, *words) == expected


@pytest.mark.parametrize("words", [[], ["project"], ["-x"]])
def test_complete_without_dashes_is_explained(renku, words):
    done = renku("complete", *words)

    assert done.returncode == 2
    assert "usage: renku complete" in done.stderr


def test_another_shell_is_refused(renku):
    done = renku("completion", "tcsh")

    assert done.returncode == 2
    assert "'tcsh' is none of bash|zsh|fish" in done.stderr


# -- real shells -------------------------------------------------------------------------------------------------


class Terminal:
    """A shell on a terminal, as somebody who types sees it."""

    def __init__(self, command: list[str], folder):
        env = {
            "PATH": f"{RENKU.parent}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb", "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder),
        }  # fmt: skip
        self.fd, child = pty.openpty()
        self.process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=child, stdout=child, stderr=child, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(child)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def wait_for(self, pattern: str, deadline: float = 60) -> str:
        """What stands before the first match, and behind the last one that was waited for."""
        end = time.monotonic() + deadline
        while not (match := re.search(pattern, self.seen)):
            assert time.monotonic() < end, f"{pattern!r} did not come: {self.seen!r}"
            if select.select([self.fd], [], [], 0.2)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
        before, self.seen = self.seen[: match.start()], self.seen[match.end() :]
        return before

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.fd)


@pytest.fixture(params=SHELLS)
def terminal(request, tmp_path):
    command, script = SHELLS[request.param]
    terminal = Terminal(command, tmp_path)
    terminal.type(f"{script}; echo rea''dy\r")
    terminal.wait_for(r"ready[\r\n]")
    yield terminal
    terminal.close()


def completed(terminal: Terminal, line: str) -> list[str]:
    """The words of the line after TAB: the shell itself prints them, with a command that is put before them."""
    terminal.type(f"{line}\t\x01printf '[%s]\\n' be''gin \x05 en''d\r")
    terminal.wait_for(r"\[begin\]")
    return re.findall(r"\[([^\]\r\n]*)\]", terminal.wait_for(r"\[end\]"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("renku proj", ["project"]),
        ("renku project sh", ["project", "show"]),
        ("renku project create --vis", ["project", "create", "--visibility"]),
        ("renku project create --visibility pr", ["project", "create", "--visibility", "private"]),
        ("renku api project_migration_o", ["api", "project_migration_of"]),
        ("renku api project_get --param with", ["api", "project_get", "--param", "with_documentation="]),
        ("renku api group_list --param direct_member=t", ["api", "group_list", "--param", "direct_member=true"]),
        ("renku member set gr", ["member", "set", "group:"]),
    ],
)
def test_a_shell_completes_the_line(terminal, line, words):
    assert completed(terminal, line) == ["renku", *words]


def test_a_shell_completes_files_where_a_file_is_wanted(terminal, tmp_path):
    (tmp_path / "relationships.txt").write_text("")

    assert completed(terminal, "renku authz import relat") == ["renku", "authz", "import", "relationships.txt"]
