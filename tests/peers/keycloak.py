# SPDX-License-Identifier: Apache-2.0
"""A real Keycloak on loopback, with realms of the tests' own.

usage: python3 -m peers.keycloak

Fetches and prepares the distribution, once per version and user, and prints its path; later starts need neither network nor
migrations. Progress goes to the standard error output.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import NamedTuple

from peers.build import CACHE, PROGRESS_S, CannotBuild, say
from support.ports import free_port

VERSION = "26.7.3"
TITLE = f"keycloak {VERSION}"
ARCHIVE = f"keycloak-quarkus-dist-{VERSION}.zip"
URL = f"https://repo1.maven.org/maven2/org/keycloak/keycloak-quarkus-dist/{VERSION}/{ARCHIVE}"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
BLOCK = 1 << 20

HOST = "127.0.0.1"
ADMIN, PASSWORD = "admin", "peer-admin-4711"
BUILD = ("--db=dev-file",)
# the first of the two compilers alone: a run is over before the second one pays
JAVA = {"JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx256m", "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"}
SHARED = ("lib", "conf", "providers", "themes")  # what no server writes to


# -- the distribution ------------------------------------------------------------------------------------------------


def environment(home: Path) -> dict[str, str]:
    first = {"KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **JAVA, **first}


def download(path: Path) -> None:
    """The archive, if it is the very one that is meant."""
    began = spoken = time.monotonic()
    digest = hashlib.sha256()
    say(f"{TITLE}: fetching {URL}, 177 MB")
    try:
        with urllib.request.urlopen(URL, timeout=60) as answer, path.open("wb") as archive:
            while block := answer.read(BLOCK):
                digest.update(block)
                archive.write(block)
                if time.monotonic() - spoken >= PROGRESS_S:
                    spoken = time.monotonic()
                    say(f"{TITLE}: {archive.tell() // BLOCK} MB in {spoken - began:.0f} s")
    except OSError as problem:
        raise CannotBuild(f"{TITLE}: {URL}: {problem}") from None
    if digest.hexdigest() != SHA256:
        raise CannotBuild(f"{TITLE}: what was fetched has the SHA-256 {digest.hexdigest()}, not {SHA256}")


def unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    home = folder / f"keycloak-{VERSION}"
    (home / "bin" / "kc.sh").chmod(0o755)
    return home


def configure(home: Path) -> None:
    command = ["nice", "-n", "10", home / "bin" / "kc.sh", "build", *BUILD]
    try:
        done = subprocess.run(command, env=environment(home), capture_output=True, text=True)
    except OSError as problem:
        raise CannotBuild(f"{TITLE}: {problem}") from None
    if done.returncode != 0:
        raise CannotBuild(f"{TITLE}: kc.sh build failed; it needs Java 17\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def prepare(folder: Path) -> Path:
    """Everything that a start would otherwise do again: the build for its database, and all migrations."""
    download(folder / ARCHIVE)
    home = unpack(folder / ARCHIVE, folder)
    say(f"{TITLE}: configuring it and migrating its database, which takes about a minute")
    configure(home)
    server = Keycloak(home)
    try:
        server.start()
        server.end()
    except (AssertionError, subprocess.TimeoutExpired) as problem:
        raise CannotBuild(f"{TITLE}: it does not start, or does not end\n{problem}") from None
    finally:
        server.stop()
    return home


def distribution() -> Path:
    """Where it is; made when it is not there yet. Two callers at once make it once."""
    recipe = hashlib.sha256("\0".join([SHA256, ADMIN, PASSWORD, *BUILD]).encode()).hexdigest()[:8]
    path = CACHE / f"keycloak-{VERSION}-{recipe}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "keycloak.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                prepare(Path(folder)).replace(path)
            say(f"{TITLE}: prepared")
    return path


def copy(source: Path, home: Path) -> Path:
    """A home for one server: a database of its own, and the rest of the distribution."""
    (home / "bin").mkdir(parents=True)
    shutil.copy2(source / "bin" / "kc.sh", home / "bin")
    shutil.copytree(source / "data" / "h2", home / "data" / "h2")
    for name in SHARED:
        (home / name).symlink_to(source / name)
    return home


# -- a server --------------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What came back, whatever its status; `body` is None unless it is JSON."""

    status: int
    body: object
    text: str
    headers: object


class Refused(urllib.request.HTTPRedirectHandler):
    """Redirections are answers."""

    def redirect_request(self, *_arguments):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), Refused)


def ask(method: str, url: str, json_body=None, form: dict | None = None, **headers: str) -> Answer:
    """One request past the client that is tested. Java that has just begun, on a busy machine, is slow."""
    data = None
    if form is not None:
        data = urllib.parse.urlencode(form).encode()
    elif json_body is not None:
        data, headers = json.dumps(json_body).encode(), {"content_type": "application/json"} | headers
    request = urllib.request.Request(
        url, method=method, data=data, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with OPENER.open(request, timeout=300) as answer:
            status, text, got = answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as refusal:
        status, text, got = refusal.code, refusal.read().decode(), refusal.headers
    try:
        return Answer(status, json.loads(text), text, got)
    except ValueError:
        return Answer(status, None, text, got)


class Keycloak:
    """One Keycloak for a session of tests: started, asked directly, stopped."""

    def __init__(self, home: Path):
        self.home, self.process, self.token, self.until = home, None, "", 0.0
        self.port = free_port(HOST)
        self.url = f"http://{HOST}:{self.port}"
        self.log_path = home / "keycloak.log"

    def start(self) -> "Keycloak":
        command = [
            self.home / "bin" / "kc.sh", "start", "--optimized", "--cache=local", "--http-enabled=true",
            f"--http-host={HOST}", f"--http-port={self.port}", f"--hostname={self.url}",
        ]  # fmt: skip
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(self.home), start_new_session=True
            )
        self._wait(300)
        return self

    def _wait(self, deadline: float) -> None:
        """Until it answers well: it listens long before that."""
        end = time.monotonic() + deadline
        while True:
            assert self.process.poll() is None, self.log()
            try:
                if ask("GET", f"{self.url}/realms/master").status == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < end, self.log()
            time.sleep(0.2)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")[-4000:]

    def end(self) -> None:
        """Ends it in peace, with everything written."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(120)

    def stop(self) -> None:
        """SIGKILL to the shell and the Java below it."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def admin(self, method: str, path: str, body=None) -> Answer:
        """A request of the administrator to the admin API, which has to succeed."""
        if time.monotonic() > self.until:
            form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": PASSWORD}
            granted = ask("POST", f"{self.url}/realms/master/protocol/openid-connect/token", form=form)
            assert granted.status == 200, granted.text
            self.token, self.until = granted.body["access_token"], time.monotonic() + granted.body["expires_in"] / 2
        answer = ask(method, f"{self.url}/admin/realms{path}", body, authorization=f"Bearer {self.token}")
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.text}"
        return answer


def main() -> int:
    try:
        print(distribution())
    except CannotBuild as problem:
        say(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
