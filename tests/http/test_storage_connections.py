# SPDX-License-Identifier: Apache-2.0
"""Connections to storage, tried by the real rclone against real targets. Spec: storage.md 5.2, 6"""

import contextlib
import http.server
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from peers.rclone import SECRET, USER, Target
from support.api import check_error, fields_error
from support.memory import visible
from support.server import poll

PATH = "/storage_schema/test_connection"
WRONG = "wrong-secret-0815"
KINDS = ("s3", "webdav", "sftp", "http")
NEVER_SEEN = (SECRET, WRONG)


@pytest.fixture(scope="module")
def targets(rclone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("targets")
    running = {kind: Target(rclone, kind, folder) for kind in KINDS}
    yield running
    for target in running.values():
        target.stop()


@pytest.fixture
def start(other_server, make_api, rclone):
    """A server whose tests may reach the given networks."""

    def begin(networks="127.0.0.1", **more):
        env = {"RENKU_RCLONE": str(rclone), "RENKU_RCLONE_ALLOWED_NETWORKS": networks} | more
        server = other_server(env, workers=1)
        return server, make_api(server).anonymous()

    return begin


def configuration(target, secret=SECRET, host=None):
    host = host or target.host
    url = f"http://{host}:{target.port}"
    return {
        "s3": {"type": "s3", "provider": "Other", "endpoint": url, "access_key_id": USER, "secret_access_key": secret},
        "webdav": {"type": "webdav", "url": url, "vendor": "other", "user": USER, "pass": secret},
        "sftp": {"type": "sftp", "host": host, "port": target.port, "user": USER, "pass": secret},
        "http": {"type": "http", "url": f"http://{USER}:{secret}@{host}:{target.port}/"},
    }[target.kind]


def attempt(caller, configuration, path="bucket"):
    return caller.post(PATH, json={"configuration": configuration, "source_path": path})


def refused(caller, configuration, contains, path="bucket"):
    error = check_error(attempt(caller, configuration, path), 422, contains=contains)
    assert not [secret for secret in NEVER_SEEN if secret in error["message"]], error
    return error["message"]


def check_log(server):
    text = server.log()
    assert not [secret for secret in NEVER_SEEN if secret in text]
    return text


# --- the targets -----------------------------------------------------------------------------------------------------


# Spec: storage.md 5.2, 6: right credentials are 204, wrong ones and wrong paths 422 with what rclone says
def test_a_target_is_reached_with_the_right_secret_only(start, targets):
    server, caller = start()
    for target in targets.values():
        response = attempt(caller, configuration(target))
        assert (response.status_code, response.content) == (204, b""), f"{target.kind}: {response.text}"
        refused(caller, configuration(target, WRONG), contains="Failed to")
    refused(caller, configuration(targets["webdav"]), "directory not found", path="nowhere")
    assert attempt(caller, configuration(targets["webdav"]), path="").status_code == 204
    check_log(server)


# Spec: storage.md 5.2: 1, 6
def test_a_configuration_is_checked_before(start):
    _, caller = start()
    refused(caller, {"type": "local"}, "Storage 'local' is not supported.", path="/etc")
    refused(caller, {"type": "s3"}, "missing:\nendpoint")
    refused(caller, {"type": "sftp", "host": "h", "ssh": "touch /tmp/x"}, "The ssh option is not allowed.")
    check_error(caller.post(PATH, json={"configuration": {"type": "s3"}}), 422, fields_error("source_path: Field required"))
    check_error(caller.post(PATH, json={"source_path": "x"}), 422, fields_error("configuration: Field required"))
    check_error(caller.send("POST", PATH, b"{"), 400)


def test_a_configuration_that_no_process_can_take_is_refused(start, targets):
    _, caller = start()
    whole = configuration(targets["webdav"])
    refused(caller, whole | {f"x{number}": "y" for number in range(300)}, "The configuration has too many members to be tested.")
    for text in ("x" * 110_000, "x" * 200_000):
        refused(caller, whole | {"headers": text}, "The configuration is too large to be tested.")
    refused(caller, whole, "The configuration is too large to be tested.", path="x" * 110_000)
    refused(caller, whole | {f"x{number}": "y" * 90_000 for number in range(6)}, "The configuration is too large to be tested.")
    assert attempt(caller, whole | {f"x{number}": "y" * 90_000 for number in range(4)}).status_code == 204


# Spec: storage.md 5.2: 2, 4: what rclone gets of the types that it does not know
def test_virtual_types_become_real_ones(start, targets):
    _, caller = start()
    webdav, s3 = targets["webdav"], targets["s3"]
    own = {"type": "polybox", "provider": "personal", "url": webdav.url, "user": USER, "pass": SECRET}
    assert attempt(caller, own).status_code == 204
    refused(caller, {**own, "pass": WRONG}, "401")
    shared = {"type": "switchDrive", "provider": "shared", "public_link": "https://drive.switch.ch/index.php/s/Abc"}
    refused(caller, shared, "drive.switch.ch/public.php/webdav/")
    refused(caller, {"type": "polybox", "provider": "personal", "user": USER}, "polybox.ethz.ch/remote.php/webdav/")
    refused(caller, {"type": "openbis", "host": "127.0.0.1", "session_token": WRONG}, "127.0.0.1:2222")
    switch = {**configuration(s3), "provider": "Switch"}
    refused(caller, switch, "is not valid for field endpoint")
    del switch["endpoint"]
    refused(caller, switch, "Failed to")  # its default is not filled in: compatibility


# --- other addresses -------------------------------------------------------------------------------------------------


class Redirecting(http.server.BaseHTTPRequestHandler):
    """Sends everybody to another address."""

    def answer(self):
        self.server.asked += 1
        self.send_response(302)
        self.send_header("location", self.server.elsewhere)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PROPFIND = answer

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def redirecting(elsewhere):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
    server.elsewhere, server.asked = elsewhere, 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def silent(host="127.0.0.1"):
    """Takes connections and says nothing. Yields the port, and a list of who has come."""
    listener = socket.create_server((host, 0))
    listener.settimeout(0.2)
    seen, done = [], threading.Event()

    def take():
        while not done.is_set():
            with contextlib.suppress(TimeoutError):
                seen.append(listener.accept()[0])

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        done.set()
        thread.join()
        for connection in [*seen, listener]:
            connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]"])
def test_without_permission_private_addresses_are_not_reached(start, targets, host):
    server, caller = start(networks="")
    for kind in ("webdav", "s3", "http"):
        before = targets[kind].log.read_bytes()
        refused(caller, configuration(targets[kind], host=host), "Failed to")
        assert targets[kind].log.read_bytes() == before
    check_log(server)


def test_other_backends_do_not_reach_private_addresses_either(start):
    with silent() as (port, seen):
        _, caller = start(networks="")
        for host in ("127.0.0.1", "localhost"):
            refused(caller, {"type": "sftp", "host": host, "port": port, "user": "u", "pass": "p"}, "Connections to 127.0.0.1 are not allowed.")
            refused(caller, {"type": "ftp", "host": host, "port": port, "user": "u", "pass": "p"}, "Connections to 127.0.0.1 are not allowed.")
        refused(caller, {"type": "sftp", "host": "x", "pass": "p", "socks_proxy": f"127.0.0.1:{port}"}, "Connections to 127.0.0.1 are not allowed.")
        refused(caller, {"type": "webdav", "url": "http://x", "unix_socket": "/run/x"}, "Connections to what is no network are not allowed.")
        refused(caller, {"type": "s3", "provider": "AWS", "env_auth": True, "region": "eu-central-1"}, "169.254.169.254 are not allowed")
        assert not seen


def test_a_redirect_to_a_private_address_is_not_followed(start):
    with silent("127.0.0.2") as (port, seen), redirecting(f"http://127.0.0.2:{port}/") as source:
        server, caller = start()
        url = f"http://127.0.0.1:{source.server_port}"
        for one in (
            {"type": "http", "url": f"{url}/"},
            {"type": "webdav", "url": url, "vendor": "other"},
            {"type": "s3", "provider": "Other", "endpoint": url, "access_key_id": "a", "secret_access_key": WRONG},
        ):
            refused(caller, one, "Failed to")
        refused(caller, {"type": "http", "url": f"{url}/"}, "Connections to 127.0.0.2 are not allowed.")
        assert source.asked >= 3 and not seen
        check_log(server)


def test_a_test_may_not_reach_the_address_of_metadata(start):
    _, caller = start(networks="all")
    refused(caller, {"type": "http", "url": "http://169.254.169.254/"}, "Connections to 169.254.169.254 are not allowed.")


# --- time, secrets, processes ----------------------------------------------------------------------------------------


def command_lines():
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield int(folder.name), (folder / "cmdline").read_bytes()


def rclones(port):
    """The processes of rclone that list something at the port: known by their connections being ours."""
    return [pid for pid, line in command_lines() if line.startswith(b"rclone\0lsf\0") and f"marker-{port}".encode() in line]


def test_a_slow_target_costs_no_more_than_the_time(start):
    with silent() as (port, seen):
        server, caller = start(RENKU_RCLONE_TIMEOUT="2")
        slow = {"type": "webdav", "url": f"http://127.0.0.1:{port}", "vendor": "other", "user": USER, "pass": SECRET}
        with ThreadPoolExecutor(2) as pool:
            waiting = pool.submit(refused, caller, slow, "The storage did not answer in time.", f"marker-{port}")
            running = poll(lambda: rclones(port))
            everything = b"".join(line for _, line in command_lines())
            environments = b"".join(Path(f"/proc/{pid}/environ").read_bytes() for pid in visible(server.processes()))
            assert not [secret for secret in NEVER_SEEN if secret.encode() in everything + environments]
            core = [line for line in Path(f"/proc/{running[0]}/limits").read_text().splitlines() if "core file" in line]
            assert core[0].split()[4:6] == ["0", "0"]
            waiting.result()
        assert seen
        poll(lambda: not rclones(port))
        check_log(server)


def test_a_caller_who_goes_away_ends_the_test(start):
    with silent() as (port, _):
        server, caller = start(RENKU_RCLONE_TIMEOUT="50")
        slow = {"type": "webdav", "url": f"http://127.0.0.1:{port}", "vendor": "other"}
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(attempt, caller, slow, f"marker-{port}")
            poll(lambda: rclones(port))
            server.kill()
            with contextlib.suppress(Exception):
                waiting.result()
        poll(lambda: not rclones(port))


def test_nothing_is_left_when_the_server_ends(start):
    server, caller = start()
    refused(caller, {"type": "local"}, "not supported")
    helpers = [pid for pid, line in command_lines() if line.startswith(b"renku-rclone\0") and pid in children_of_all(server)]
    assert server.stop() == 0
    poll(lambda: not [pid for pid in helpers if Path(f"/proc/{pid}").exists()])
    assert helpers


def children_of_all(server):
    return set(server.processes())


@pytest.mark.server_error
def test_without_rclone_it_says_so(start):
    server, caller = start(RENKU_RCLONE="/nonexistent/rclone")
    error = check_error(attempt(caller, {"type": "drive"}), 500, contains="rclone cannot be run: there is none", code=1500)
    assert "RENKU_RCLONE" in error["message"]


@pytest.mark.server_error
def test_without_the_process_beside_it_it_says_so(start):
    _, caller = start(RENKU_RCLONE_SOCKET="/nonexistent/socket")
    check_error(attempt(caller, {"type": "drive"}), 500, contains="Error on remote connection /nonexistent/socket: ", code=1500)


def test_the_environment_of_rclone_is_its_own(start, rclone, tmp_path, folder):
    """A program in its place tells what it may do."""
    program = folder / "spy"
    program.write_text(SPY)
    program.chmod(0o755)
    server, caller = start(RENKU_RCLONE=str(program))
    told = refused(caller, {"type": "webdav", "url": "http://x", "pass": SECRET, "user": "u-s-e-r"}, "HOME=/nonexistent")
    assert "DB_" not in told and "KEYCLOAK" not in told
    assert "RCLONE_CONFIG_TEMP_TYPE=webdav" in told and "RCLONE_CONFIG_TEMP_USER=u-s-e-r" in told
    assert "descriptors=[0, 1, 2]" in told
    assert "exec=Operation not permitted" in told
    assert "unix=Permission denied" in told
    assert "listen=Operation not permitted" in told
    assert "memory=MemoryError" in told
    assert "session=True" in told
    assert f"uid={os.stat(f'/proc/{server.processes()[-1]}').st_uid}" in told


SPY = """#!/usr/bin/python3 -I
import os, socket, sys
say = lambda text: print(text, file=sys.stderr)
for name, value in os.environ.items():
    say(f"{name}={value}")
def attempt(name, work):
    try:
        work()
        say(f"{name}=done")
    except MemoryError:
        say(f"{name}=MemoryError")
    except OSError as problem:
        say(f"{name}={problem.strerror}")
say(f"descriptors={sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:3]}")
attempt("exec", lambda: os.execv("/bin/true", ["true"]))
unix = socket.socket(socket.AF_UNIX)
unix.setblocking(False)
attempt("unix", lambda: unix.connect("/run/x"))
attempt("listen", lambda: socket.socket().listen())
attempt("memory", lambda: bytearray(2 * 1024**3))
say(f"session={os.getsid(0) == os.getpid()}")
say(f"uid={os.getuid()}")
sys.exit(1)
"""
