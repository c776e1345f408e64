# SPDX-License-Identifier: Apache-2.0
"""`./dev` itself: what it installs, what it runs, and what it says when a step fails."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.server import ROOT, poll

TOOLS = "awk bash cat chmod cmp cp cut date dirname env find flock grep mkdir nproc rm sed sleep sort tail touch tr xargs".split()


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
        self.stub("dpkg-query", f'for name in "${{@:4}}"; do [[ " {absent} " == *" $name "* ]] || echo "installed $name"; done')
        self.stub("apt-get", apt)
        self.stub("id", f"echo {user}")

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*arguments), env=self.env, capture_output=True, text=True, timeout=60)

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(self.command(*arguments), env=self.env, stdout=subprocess.DEVNULL)

    def command(self, *arguments: str) -> list[str]:
        return [shutil.which("bash"), str(self.root / "dev"), *arguments]

    @property
    def env(self) -> dict[str, str]:
        return {"PATH": str(self.bin), "HOME": str(self.root)}

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
        self.machine()
        self.python_is_there()

    def mark(self, name: str, mark: str) -> None:
        """Replaces the second mark of a step."""
        path = self.root / "tools/dev/check.sh"
        path.write_text(re.sub(rf"(?m)^({name:16} .). ", rf"\g<1>{mark} ", path.read_text()))

    def python_is_there(self) -> None:
        (self.root / ".venv").mkdir()
        for name in ("tests/requirements.txt", ".venv/requirements.txt"):
            (self.root / name).write_text("")

    def builds(self) -> None:
        """A tree that can be built by stubs of autoconf and make."""
        self.machine()
        self.stub("autoreconf", "touch configure Makefile.in; echo chatter; chmod +x configure")
        self.stub("make", 'echo "$PWD"')
        (self.root / "configure.ac").touch()
        (self.root / "configure").write_text(f"#!/bin/bash\necho configure \"$@\" >>{self.calls}\ntouch config.status\n")


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


def test_help_names_every_command_and_shows_an_example(door):
    done = door.run("help")

    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in "setup build up check fuzz bench fmt help".split())
    assert "example:" in done.stdout


@pytest.mark.parametrize("command", "setup build check check-packages coverage fuzz soak abi sbom wheel fmt".split())
def test_a_command_asked_for_help_does_nothing_else(door, command):
    done = door.run(command, "--help")

    assert done.returncode == 0
    assert done.stdout == door.run("help").stdout
    assert not door.calls.exists()


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


@pytest.mark.parametrize("there, asked", [("true", []), ("false", ["golang-go"])])
def test_go_is_installed_where_there_is_none(door, there, asked):
    script = f"cd {door.root} && . tools/dev/setup.sh && has_go() {{ {there}; }}; packages_for check"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)

    assert [name for name in done.stdout.split() if name.startswith("golang")] == asked
    assert "kore" in done.stdout.split() and "shellcheck" in done.stdout.split()


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
    assert re.search("apt-get install .*kore", done.stderr)
    assert "root" in done.stderr and "sudo" in done.stderr
    assert door.installs() == []


def test_setup_says_so_on_a_machine_of_another_kind(door):
    done = door.run("setup")

    assert done.returncode == 1
    assert "tools/packages.txt" in done.stderr


def test_a_failed_installation_fails_the_setup_and_shows_why(door):
    door.machine(missing=("kore",), apt="echo E: no such thing; exit 100")

    done = door.run("setup")

    assert done.returncode != 0
    assert "E: no such thing" in done.stderr


def test_an_installation_says_in_one_line_what_it_does(door):
    door.machine(missing=("kore",), apt="echo Unpacking; echo Preparing >&2")

    done = door.run("setup")

    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "kore" in line and "build/packages.log" in line
    assert (door.root / "build/packages.log").read_text() == "Unpacking\nPreparing\n"


def configured(door) -> list[str]:
    return [line for line in door.calls.read_text().splitlines() if line.startswith("configure") or line.endswith("clean")]


ANEW = ["configure -q", "make -C build clean"]


def test_a_build_is_configured_once(door):
    door.builds()

    first, second = door.run("build"), door.run("build")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert configured(door) == ANEW
    assert "chatter" not in first.stdout + first.stderr


def test_a_tree_that_was_moved_is_built_anew(door):
    door.builds()
    door.run("build")
    door.root = door.root.rename(door.root.with_name("elsewhere"))

    done = door.run("build")

    assert done.returncode == 0, done.stderr
    assert configured(door) == ANEW * 2


def test_a_build_finds_what_was_installed_after_it(door):
    door.builds()
    door.run("build")
    os.utime(door.root / "build/config.status", (0, 0))

    done = door.run("build")

    assert done.returncode == 0, done.stderr
    assert configured(door) == [*ANEW, "configure -q"]


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


def test_what_steps_have_counted_is_told_at_the_end_in_their_order(door):
    door.steps(
        faults="sleep 0.2; echo 'counted: 56 faults injected'; echo '7 passed, 0 failed'",
        fuzz="echo 'counted: 1,234,567 inputs tried'; echo '13 passed, 0 failed'",
    )

    done = door.run("check")

    (end,) = re.findall(r"\n\n(faults .+)\n\n0 min", done.stdout, re.DOTALL)
    assert [line.split(None, 1) for line in end.splitlines()] == [
        ["faults", "56 faults injected"],
        ["fuzz", "1,234,567 inputs tried"],
    ]


def test_two_steps_run_beside_each_other_and_a_third_waits(door):
    meet = "touch {own}; for _ in {{1..3000}}; do [ -e {other} ] && return; sleep 0.01; done; return 1"
    door.steps(
        left=meet.format(own="left", other="right"),
        right=meet.format(own="right", other="left"),
        third="test -e right",
    )

    assert door.run("check").returncode == 0


def test_a_step_that_measures_runs_while_no_other_does(door):
    door.steps(before="sleep 0.2; touch gone", fuzz="test -e gone; sleep 0.2; touch over", after="test -e over")
    door.mark("fuzz", "!")

    assert door.run("check").returncode == 0


def test_a_step_that_is_killed_has_failed(door):
    door.steps(killed='read -r _ _ _ parent _ <"/proc/$BASHPID/stat"; kill -KILL "$parent"')

    done = door.run("check")

    assert done.returncode == 1
    assert "failed: killed" in done.stdout


def test_an_interrupted_check_interrupts_its_steps_and_waits_for_them(door):
    door.steps(one="trap 'touch told; exit 1' INT; touch begun; while :; do sleep 0.01; done")
    process = door.start("check")

    poll((door.root / "begun").exists)
    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 130
    assert (door.root / "told").exists()


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


def test_a_named_step_installs_what_is_missing_too(door):
    door.steps(one="echo '1 passed, 0 failed'")
    door.machine(missing=("shellcheck",))

    assert door.run("check", "one").returncode == 0
    assert door.installs() == [["shellcheck"]]


def test_nothing_is_tried_when_the_setup_has_failed(door):
    door.steps(setup="false", other="echo '1 passed, 0 failed'")

    done = door.run("check")

    assert done.returncode == 1
    assert "other" not in done.stdout


def test_unit_tests_that_were_not_built_are_a_failure(door):
    door.builds()
    door.python_is_there()

    done = door.run("check", "unit")

    assert done.returncode == 1
    assert "no test program was run" in done.stdout


def test_check_knows_its_steps(door):
    assert door.run("check", "nonsense").returncode == 2
    assert door.run("check", "--nonsense").returncode == 2
    assert "distcheck" in door.run("check", "--list").stdout


def test_packages_are_tried_by_who_may_be_root_and_by_nobody_else(door):
    door.machine(user=1000)
    door.python_is_there()

    done = door.run("check-packages")

    assert done.returncode == 1
    assert "needs root or sudo" in done.stdout


def test_a_tutorial_is_taken_apart_into_files_and_scripts(tmp_path):
    page, out = tmp_path / "page.md", tmp_path / "out"
    page.write_text(
        "<!-- file: a.c -->\n```c\nint a;\n```\n\n```sh\nnot this\n```\n\n"
        "<!-- tested -->\n```sh\necho one\n```\n\n<!-- tested -->\n```sh\nfalse; echo two\n```\n"
    )
    command = [sys.executable, ROOT / "tools/dev/blocks.py"]

    subprocess.run([*command, page, out], check=True)
    missing = subprocess.run([*command, tmp_path / "none.md", out], capture_output=True, text=True)
    done = subprocess.run(["bash", out / "run.sh"], capture_output=True, text=True)

    assert (out / "a.c").read_text() == "int a;\n"
    assert done.returncode == 1 and done.stdout == "one\n"
    assert missing.returncode == 1 and "is missing" in missing.stderr


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
