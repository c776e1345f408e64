# SPDX-License-Identifier: Apache-2.0
"""`./dev` itself: what it installs, what it runs, and what it says when a step fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.server import ROOT

TOOLS = "awk bash cat cmp cp cut date dirname env find grep mkdir nproc rm sed sort tail tr xargs".split()


class Door:
    """A copy of the door in a tree of its own, and a machine made of stubs around it."""

    def __init__(self, folder: Path):
        self.root, self.bin, self.calls = folder / "tree", folder / "bin", folder / "calls"
        (self.root / "tools").mkdir(parents=True)
        (self.root / "tests/some").mkdir(parents=True)
        shutil.copy(ROOT / "dev", self.root)
        shutil.copytree(ROOT / "tools/dev", self.root / "tools/dev")
        shutil.copy(ROOT / "tools/packages.txt", self.root / "tools")
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))

    def stub(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\necho {name} \"$@\" >>{self.calls}\n{script}\n")
        path.chmod(0o755)

    def machine(self, missing: tuple[str, ...] = (), user: int = 0, apt: str = "exit 0") -> None:
        absent = " ".join(missing)
        self.stub("dpkg-query", f'for last; do :; done; [[ " {absent} " == *" $last "* ]] || echo -n installed')
        self.stub("apt-get", apt)
        self.stub("id", f"echo {user}")

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [shutil.which("bash"), str(self.root / "dev"), *arguments],
            env={"PATH": str(self.bin), "HOME": str(self.root)}, capture_output=True, text=True, timeout=60,
        )

    def installs(self) -> list[list[str]]:
        """The packages of each real call of apt-get install, and ["update"]."""
        lines = [line.split() for line in self.calls.read_text().splitlines() if line.startswith("apt-get ")]
        calls = []
        for line in lines:
            if "update" in line:
                calls.append(["update"])
            elif "-s" not in line:
                calls.append([word for word in line[line.index("install") + 1:] if not word.startswith("-")])
        return calls

    def steps(self, **bodies: str) -> None:
        """Replaces the steps of the check."""
        rows = "\n".join(f"{name:16} q  a step" for name in bodies)
        functions = "\n".join(f"check_{name}() {{\n{body}\n}}" for name, body in bodies.items())
        with (self.root / "tools/dev/check.sh").open("a") as file:
            file.write(f"\ncheck_table() {{ cat <<'T'\n{rows}\nT\n}}\nstep_body() {{ \"check_$1\"; }}\n{functions}\n")


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


def test_help_names_every_command_and_shows_an_example(door):
    done = door.run("help")

    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in "setup build up check bench fmt help".split())
    assert "example:" in done.stdout


def test_an_unknown_command_ends_with_2(door):
    assert door.run("nonsense").returncode == 2


def test_setup_installs_only_what_is_missing(door):
    door.machine(missing=("kore", "libpq-dev", "shellcheck"))

    done = door.run("setup")

    assert done.returncode == 0, done.stderr
    assert door.installs() == [["libpq-dev", "kore"]]  # shellcheck is for the check


def test_setup_asks_for_nothing_when_all_is_there(door):
    door.machine()

    assert door.run("setup").returncode == 0
    assert "apt-get" not in door.calls.read_text()


def test_setup_fetches_the_lists_when_they_lead_to_nothing(door):
    door.machine(missing=("kore",), apt='[[ "$*" == *" -s "* || "$1" == -s ]] && exit 100; exit 0')

    assert door.run("setup").returncode == 0
    assert door.installs() == [["update"], ["kore"]]


def test_setup_uses_sudo_for_who_is_not_root(door):
    door.machine(missing=("kore",), user=1000)
    door.stub("sudo", 'exec "$@"')

    assert door.run("setup").returncode == 0
    assert door.installs() == [["kore"]]
    assert "sudo env DEBIAN_FRONTEND=noninteractive apt-get" in door.calls.read_text()


def test_setup_says_what_to_do_when_there_is_neither_root_nor_sudo(door):
    door.machine(missing=("kore",), user=1000)

    done = door.run("setup")

    assert done.returncode == 1
    assert "apt-get install kore" in done.stderr
    assert "root" in done.stderr and "sudo" in done.stderr
    assert door.installs() == []


def test_setup_says_so_on_a_machine_of_another_kind(door):
    done = door.run("setup")

    assert done.returncode == 1
    assert "tools/packages.txt" in done.stderr


def test_a_failed_installation_fails_the_setup(door):
    door.machine(missing=("kore",), apt="exit 100")

    assert door.run("setup").returncode != 0


def test_check_adds_up_what_the_runners_say(door):
    door.steps(
        pytest="echo '=== 4 passed, 1 warning in 0.21s ==='",
        check="echo '100%: Checks: 37, Failures: 0, Errors: 0'",
        own="echo '3 passed, 0 failed'",
        silent="true",
    )

    done = door.run("check")

    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "45 passed, 0 failed"


def test_a_failing_step_fails_the_whole_and_is_named(door):
    door.steps(
        first="echo '=== 1 failed, 4 passed, 1 error in 0.21s ==='; return 1",
        second="echo '90%: Checks: 10, Failures: 1, Errors: 0'; false; echo not reached",
        third="echo '2 passed, 0 failed'",
    )

    done = door.run("check")

    assert done.returncode == 1
    assert "failed: first second" in done.stdout
    assert done.stdout.splitlines()[-1] == "15 passed, 3 failed"
    assert "not reached" not in (door.root / "build/check/second.log").read_text()


def test_a_step_that_fails_without_a_count_counts_as_one(door):
    door.steps(broken="echo oops >&2; exit 3")

    done = door.run("check")

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "0 passed, 1 failed"
    assert "oops" in done.stdout


def test_check_runs_the_named_step_only(door):
    door.steps(one="echo '1 passed, 0 failed'", two="false")

    done = door.run("check", "one")

    assert done.returncode == 0
    assert "two" not in done.stdout


def test_check_knows_its_steps(door):
    assert door.run("check", "nonsense").returncode == 2
    assert door.run("check", "--nonsense").returncode == 2
    assert "distcheck" in door.run("check", "--list").stdout


SKIPS = {
    "a test": "import pytest\n\ndef test_one(): pytest.skip('no peer')\n",
    "a module": "import pytest\npytest.skip('no peer', allow_module_level=True)\n",
}


@pytest.mark.parametrize("skip", SKIPS.values(), ids=SKIPS)
def test_where_nothing_may_be_skipped_a_skip_is_a_failure(tmp_path, skip):
    (tmp_path / "test_it.py").write_text(skip + "\ndef test_two(): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "support.no_skip", "-p", "no:cacheprovider", str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}

    lenient, strict = (
        subprocess.run(command, env=env | {"RENKU_NO_SKIP": value}, capture_output=True, text=True, cwd=tmp_path)
        for value in ("", "1")
    )

    assert lenient.returncode in (0, 5)  # 5: nothing was left to run
    assert strict.returncode in (1, 2)
    assert "no peer" in strict.stdout


def test_continuous_integration_calls_the_door():
    lines = (ROOT / ".ci/run").read_text().splitlines()

    assert lines[-1] == 'exec "$(dirname "$0")/../dev" check'
    assert "export RENKU_NO_SKIP=1" in lines
