# SPDX-License-Identifier: Apache-2.0
"""The real `renku server` process, and the `renku` command, from a build folder."""

import base64
import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .internal_tokens import INTERNAL_KEY

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RENKU_BUILD") or ROOT / "build").resolve()
RENKU = BUILD / "bin" / "renku"
CLIENT_SECRET = "a-client-secret"
PATIENCE = 60.0  # seconds; long for a slow machine under sanitizers, and nothing waits longer than it must
LISTENING = re.compile(r"^.*listening on (http://\S+)\s*$", re.MULTILINE)
REPORTS = re.compile(
    r"((ERROR|WARNING): \w+Sanitizer|runtime error:|DEADLYSIGNAL|SUMMARY: \w+Sanitizer"
    r"|double free or corruption|stack smashing detected|buffer overflow detected"
    r"|malloc\(\):|free\(\):)"
)
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:detect_stack_use_after_return=1"
    ":strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "exitcode=66:second_deadlock_stack=1",
}


def poll(question, deadline: float = PATIENCE, pause: float = 0.01, tell=None):
    """Asks until the answer is true, and returns it; after `deadline` seconds fails and says what `tell` or the last answer was."""
    end = time.monotonic() + deadline
    while True:
        last_time = time.monotonic() > end  # whoever was held up asks once more
        answer = question()
        if answer:
            return answer
        if last_time:
            asked = getattr(question, "__doc__", None) or getattr(question, "__name__", question)
            raise AssertionError(f"not within {deadline:g} s: {asked}: {tell() if tell else repr(answer)}")
        time.sleep(pause)


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def private_key_of(keys: dict[str, str]) -> Path:
    """The file that only the secrets storage has."""
    return Path(keys["SECRETS_SERVICE_PUBLIC_KEY_PATH"]).with_name("private.pem")


def make_keys(folder: Path) -> dict[str, str]:
    """The key files of a deployment, readable by the user that the server becomes."""
    folder.mkdir(parents=True, exist_ok=True)
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "private.pem").write_bytes(private_pem(pair))
    files = {
        "INTERNAL_AUTHN_SECRET_KEY_PATH": base64.urlsafe_b64encode(INTERNAL_KEY),
        "ENCRYPTION_KEY_PATH": base64.urlsafe_b64encode(os.urandom(32)),
        "SECRETS_SERVICE_PUBLIC_KEY_PATH": public_pem(pair),
    }
    for name, content in files.items():
        (folder / name.lower()).write_bytes(content)
        (folder / name.lower()).chmod(0o644)
    folder.chmod(0o755)
    return {name: str(folder / name.lower()) for name in files}


def deployment(database: dict[str, str], realm_url: str, keys: dict[str, str]) -> dict[str, str]:
    """The environment that a deployment gives to the data API."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "VERSION": "1.2.3-test",
        "KEYCLOAK_URL": realm_url,
        "KEYCLOAK_REALM": "Renku",
        "KEYCLOAK_CLIENT_ID": "renku",
        "KEYCLOAK_CLIENT_SECRET": CLIENT_SECRET,
        "KEYCLOAK_TOKEN_SIGNATURE_ALGS": "RS256",
        "ENABLE_INTERNAL_GITLAB": "false",
        "DB_POOL_SIZE": "10",
        **SANITIZERS,
        **keys,
        **database,
    }


def renku(
    *arguments: str, env: dict[str, str], timeout: float = PATIENCE, **more
) -> subprocess.CompletedProcess:
    """Runs the command line tool to its end."""
    return subprocess.run(
        [RENKU, *arguments],
        env=env,
        timeout=timeout,
        capture_output=True,
        text=True,
        cwd="/",
        **more,
    )


class Server:
    """One `renku server`: started, stopped with SIGTERM, or killed with all its processes."""

    def __init__(
        self, env: dict[str, str], log: Path, workers: int = 2, arguments: tuple[str, ...] = ()
    ):
        self.env, self.log_path = env, log
        self.program = RENKU
        self.arguments = (
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--workers",
            str(workers),
            *arguments,
        )
        self.process: subprocess.Popen | None = None
        self.url = ""
        self.mark = 0  # how much of the log belongs to earlier runs of this server

    def command(self) -> list[str | Path]:
        return [self.program, "server", *self.arguments]

    def launch(self) -> "Server":
        """Starts the process without waiting for it."""
        log = self.log_path.open("ab")
        self.mark = self.log_path.stat().st_size
        self.process = subprocess.Popen(
            self.command(),
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
        log.close()
        return self

    def wait(self, deadline: float = PATIENCE) -> "Server":
        """Waits for the line that says where it listens."""

        def listening():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"the server ended with {self.process.returncode}:\n{self.log()}"
                )
            return LISTENING.search(self.log())

        self.url = poll(listening, deadline).group(1)
        return self

    def start(self, deadline: float = PATIENCE) -> "Server":
        return self.launch().wait(deadline)

    def stop(self, deadline: float = PATIENCE) -> int:
        """SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(deadline)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def processes(self) -> list[int]:
        """The process and its descendants."""
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
                    queue += [int(child) for child in children.read_text().split()]
        return found

    def log(self) -> str:
        """What this run has written so far."""
        return self.log_path.read_bytes()[self.mark :].decode(errors="replace")

    def failure(self, request_id: str) -> str:
        """The line of the log about a request that failed; empty as long as there is none."""
        lines = self.log().splitlines()
        return next((line for line in lines if request_id in line and "Exception occurred" in line), "")

    def reports(self) -> list[str]:
        """Lines of sanitizers or of the C library that tell of a broken program."""
        return [line for line in self.log().splitlines() if REPORTS.search(line)]
