# SPDX-License-Identifier: Apache-2.0
"""What a service manager finds: units, users, folders, a socket that is handed over, a word when the server is ready."""

import os
import re
import shutil
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.server import BUILD, PATIENCE, RENKU, ROOT, poll

UNITS = ROOT / "deploy/systemd"
MOST_EXPOSED = 1.5


NAMES = {"renku-server": "server", "renku-secrets": "server --service secrets", "renku-tasks": "tasks"}
WITHOUT_SOCKET = {"renku-tasks"}


@pytest.fixture(params=NAMES)
def unit(request, tmp_path):
    """A service as it is installed, with a program that exists, and its socket, if it has one, beside it."""
    text = (BUILD / f"deploy/systemd/{request.param}.service").read_text()
    unit = tmp_path / f"{request.param}.service"
    unit.write_text(re.sub(r"=\S+/renku ", "=/bin/true ", text))
    if request.param not in WITHOUT_SOCKET:
        shutil.copy(UNITS / f"{request.param}.socket", tmp_path)
    return unit


def test_the_service_is_hardened(unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True, text=True,
    )  # fmt: skip

    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout).group(1))
    assert exposure <= MOST_EXPOSED, done.stdout


def test_systemd_understands_the_units(unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(unit.parent.iterdir())],
        capture_output=True, text=True,
    )  # fmt: skip

    assert "renku" not in done.stderr, done.stderr


def test_the_user_and_the_folders_can_be_made(tmp_path):
    for folder in ("etc", "var/lib"):
        (tmp_path / folder).mkdir(parents=True)
    users = [shutil.which("systemd-sysusers"), f"--root={tmp_path}", UNITS / "renku.sysusers"]
    places = [shutil.which("systemd-tmpfiles"), "--create", f"--root={tmp_path}", UNITS / "renku.tmpfiles"]

    for command in (users, places):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    for user in ("renku", "renku-secrets"):
        assert f"\n{user}:" in f"\n{(tmp_path / 'etc/passwd').read_text()}"
        assert (tmp_path / "etc" / user).stat().st_mode & 0o777 == 0o750


def test_the_installed_service_names_the_installed_program(installed_root):
    for name, command in NAMES.items():
        unit = next(installed_root.rglob(f"{name}.service")).read_text()
        program = re.search(rf"^ExecStart=(\S+) {command}$", unit, re.MULTILINE).group(1)

        assert (installed_root / program.lstrip("/")).is_file() and not re.search(r"@\w+@", unit)
        assert (f"\nRequires={name}.socket\n" in unit) == (name not in WITHOUT_SOCKET) == (".socket" in unit)
        assert name in WITHOUT_SOCKET or next(installed_root.rglob(f"{name}.socket")).is_file()
    assert next(installed_root.rglob("sysusers.d/renku.conf")).is_file()
    assert next(installed_root.rglob("tmpfiles.d/renku.conf")).is_file()


# -- the protocols -------------------------------------------------------------------------------------------------


class Manager:
    """What systemd is to the server: keeps the socket, hands it over, hears when it is ready."""

    def __init__(self, folder: Path, env: dict[str, str]):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(folder / "notify"))
        os.chmod(folder / "notify", 0o777)
        self.notices.settimeout(60)
        self.env = env | {"NOTIFY_SOCKET": str(folder / "notify")}
        self.log = folder / "server.log"
        self.process = None

    def start(self, count: int = 1) -> None:
        """The socket becomes descriptor 3; exec keeps the process number that LISTEN_PID names."""
        script = f'exec 3<&{self.socket.fileno()}; LISTEN_PID=$$ LISTEN_FDS={count} exec "$0" server --workers 2'
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", script, RENKU], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[self.socket.fileno()], cwd="/",
            )  # fmt: skip

    def ready(self) -> bytes:
        return self.notices.recv(100)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def manager(environment, folder, tmp_path_factory):
    place = Path(folder) / f"manager-{os.urandom(4).hex()}"
    place.mkdir()
    place.chmod(0o777)
    manager = Manager(place, environment)
    yield manager
    if manager.process.poll() is None:
        manager.process.kill()
    manager.socket.close()
    manager.notices.close()


def test_the_server_serves_on_the_socket_that_it_was_handed(manager):
    manager.start()

    assert manager.ready() == b"READY=1"
    assert httpx.get(f"{manager.url}/api/data/version", timeout=PATIENCE).status_code == 200
    assert manager.url in manager.log.read_text()
    assert manager.stop() == 0


def test_requests_wait_in_the_socket_while_the_server_restarts(manager):
    manager.start()
    manager.ready()
    assert manager.stop() == 0

    with ThreadPoolExecutor() as pool:
        early = [pool.submit(httpx.get, f"{manager.url}/api/data/version", timeout=60) for _ in range(8)]
        manager.start()
        assert manager.ready() == b"READY=1"
        assert [answer.result().status_code for answer in early] == [200] * 8
    assert manager.stop() == 0


def test_several_sockets_are_refused(manager):
    manager.start(count=2)

    assert manager.process.wait(60) == 1
    assert "handed several sockets" in manager.log.read_text()


def test_variables_for_another_process_are_ignored(environment, folder):
    log = Path(folder) / "other.log"
    env = environment | {"LISTEN_PID": "1", "LISTEN_FDS": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen([RENKU, "server", "--port", "0"], env=env, stdout=output, stderr=output, cwd="/")
    poll(lambda: "listening on" in log.read_text())
    process.terminate()

    assert process.wait(60) == 0
