# SPDX-License-Identifier: Apache-2.0
"""A web server of somebody else's hosts the API through renku_http_handle()."""

import socket
import subprocess

import httpx
import pytest
from conftest import PROGRAMS

from support.api import Api, ServerErrors


@pytest.fixture
def host(guest_env):
    with subprocess.Popen([PROGRAMS / "host"], env=guest_env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline())
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.fixture
def hosted(host, realm):
    api = Api(f"http://127.0.0.1:{host}", realm, ServerErrors())
    yield api
    api.close()
    assert not api.errors.seen


def test_a_project_lives_its_life_there(hosted):
    user = hosted.user()
    project = user.create_project(documentation="text")
    assert user.patch_project(project, description="new").status_code == 200
    assert user.project(project["id"])["description"] == "new"
    assert hosted.anonymous().get(f"/projects/{project['id']}").status_code == 404
    assert user.delete(f"/projects/{project['id']}").status_code == 204


def test_headers_come_and_go_there(hosted):
    user = hosted.user()
    project = user.create_project()
    etag = user.get(f"/projects/{project['id']}").headers["etag"]
    response = user.get(f"/projects/{project['id']}", headers={"if-none-match": etag, "x-request-id": "a-b"})
    assert (response.status_code, response.content, response.headers["x-request-id"]) == (304, b"", "a-b")
    assert user.request("HEAD", "/projects").content == b""


def test_nonsense_is_refused_there(host):
    with socket.create_connection(("127.0.0.1", host)) as client:
        client.sendall(b"nonsense")
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ") and b'"code":1400' in answer
    assert httpx.get(f"http://127.0.0.1:{host}/elsewhere", timeout=60).status_code == 404
