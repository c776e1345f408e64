# SPDX-License-Identifier: Apache-2.0
"""A local installation: `renku up` as a person uses it, and everything that it has started."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from .server import PATIENCE, RENKU, SANITIZERS, poll

LINES = 3
URL = re.compile(r"http://127\.0\.0\.1:\d+")


def _stat(pid: str) -> tuple[int, str]:
    """Session and state of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[3]), fields[0]


def _is_database_in(pid: str, folder: Path) -> bool:
    return os.readlink(f"/proc/{pid}/exe").endswith("/postgres") and Path(f"/proc/{pid}/cwd").samefile(folder)


class Installation:
    """One folder and the `renku up` that runs on it."""

    def __init__(self, folder: Path, program: Path = RENKU, user: str | None = None, env: dict | None = None):
        self.folder, self.program = folder, program
        self.prefix = ["runuser", "-u", user, "--"] if user else []
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder.parent),
            "LANG": "C.UTF-8",
            **SANITIZERS,
            **(env or {}),
        }
        self.output = folder.parent / f"{folder.name}.out"
        self.process: subprocess.Popen | None = None

    def command(self, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.program), *arguments]

    def run(self, *arguments: str, timeout: float = 60, **more) -> subprocess.CompletedProcess:
        """Another command of the CLI, with this folder."""
        return subprocess.run(
            self.command(*arguments, "--data", str(self.folder)),
            env=self.env, capture_output=True, text=True, timeout=timeout, cwd="/", **more,
        )

    def launch(self, *arguments: str) -> "Installation":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command("up", "--data", str(self.folder), "--port", "0", *arguments),
                env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, text=True, cwd="/",
            )
        return self

    def start(self, *arguments: str) -> "Installation":
        """Starts and reads the lines to copy."""
        self.launch(*arguments)
        self.lines = [self.process.stdout.readline().rstrip("\n") for _ in range(LINES)]
        assert all(self.lines), self.messages()
        self.url = URL.search(self.lines[-1]).group()
        return self

    def messages(self) -> str:
        return self.output.read_text(errors="replace")

    def log(self, name: str) -> str:
        return (self.folder / "log" / f"{name}.log").read_text(errors="replace")

    def ask(self, sent: int = signal.SIGINT, deadline: float = PATIENCE) -> int:
        """Sends a signal to `renku up` itself and returns its exit status."""
        os.kill(self.main(), sent)
        status = self.process.wait(deadline)
        self.process.stdout.close()
        return status

    def main(self) -> int:
        """The process number of `renku up`, which runuser stands in front of."""
        return int((self.folder / "lock").read_text().split()[0])

    def has_begun(self) -> bool:
        """Whether `renku up` has written down who it is; at first the file is there without it."""
        lock = self.folder / "lock"
        return lock.exists() and lock.read_text().endswith("\n")

    def leaders(self) -> dict[str, int]:
        """The recorded children by name."""
        return {path.stem: int(path.read_text().split()[0]) for path in (self.folder / "run").glob("*.pid")}

    def processes(self, *names: str) -> list[int]:
        """Everything that this installation has started, `renku up` itself not counted; or the named children with what they
        have started, but for the processes of the database, which come and go with connections: for a moment, each of them
        is still of the session of the first."""
        leaders = {pid for name, pid in self.leaders().items() if not names or name in names}
        cluster = self.folder / "postgres"
        found = []
        for entry in Path("/proc").iterdir():
            try:
                session, state = _stat(entry.name) if entry.name.isdigit() else (0, "Z")
                if state == "Z":
                    continue
                pid, of_database = int(entry.name), _is_database_in(entry.name, cluster)
                if pid in leaders or (not names if of_database else session in leaders):
                    found.append(pid)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found

    def kill(self, *names: str) -> None:
        """kill -9: of everything at once, or of the named children with what they have started."""
        for pid in [*([] if names else [self.main()]), *self.processes(*names)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not names:
            self.process.wait(PATIENCE)
            self.process.stdout.close()

    def is_gone(self) -> bool:
        return not self.processes()

    def clean_up(self) -> None:
        """Leaves nothing running, whatever the test has done."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.process:
            self.process.stdout.close()
        if self.folder.exists():
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            poll(self.is_gone)


def wait_while(question) -> None:
    """Waits until something is no longer so."""
    poll(lambda: not question())
