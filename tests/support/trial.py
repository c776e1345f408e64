# SPDX-License-Identifier: Apache-2.0
"""One server amid one fault: what it answers meanwhile, and how soon it works again."""

import contextlib
import time

import httpx

from .api import Api, Caller, ServerErrors, check_error, in_time, unique
from .faults import INJECTED
from .lanes import RECOVERY
from .realm import Realm
from .server import Server

DATABASE = "Database error occurred"


class Trial:
    """A server, a user with a project, and every change that was acknowledged."""

    def __init__(self, server: Server, realm: Realm):
        self.server = server
        self.api = Api(server.url, realm, ServerErrors())
        self.api.errors.expected = True
        self.user: Caller = self.api.user()
        self.project = self.user.create_project()
        self.acknowledged: dict[str, dict] = {}
        self.refused: list[str] = []
        self.begun = 0.0

    def close(self) -> None:
        self.api.close()
        status = self.server.stop()
        assert not self.server.reports(), self.server.log()
        assert status == 0, self.server.log()[-2000:]

    # -- requests -------------------------------------------------------------------------------

    def read(self) -> httpx.Response:
        return self.user.get(f"/projects/{self.project['id']}")

    def write(self) -> httpx.Response:
        """Makes a project, and remembers whether that was acknowledged."""
        name = unique("made")
        response = self.user.post("/projects", json={"name": name, "namespace": self.user.slug})
        if response.status_code == 201:
            self.acknowledged[name] = response.json()
        elif "must be looked up" not in response.text:
            self.refused.append(name)
        return response

    # -- the fault ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def fault(self, kind: str):
        """Afterwards everything works again within the time that is allowed."""
        INJECTED[kind] += 1
        yield
        self.recovers(kind)

    def recovers(self, kind: str) -> None:
        begun, answers = time.monotonic(), []
        while time.monotonic() - begun < RECOVERY:
            with contextlib.suppress(httpx.TransportError):
                answers = [self.read(), self.write()]
                if [answer.status_code for answer in answers] == [200, 201]:
                    return
        raise AssertionError(f"{kind}: not well again after {RECOVERY} s: {[answer.text for answer in answers]}")

    def check(self) -> None:
        """Every acknowledged change is there, once; what was refused is not."""
        assert in_time(self.read).json() == self.project
        for name, project in self.acknowledged.items():
            assert self.user.project(project["id"]) == project, name
        named = [item["name"] for item in self.listed()]
        assert len(named) == len(set(named))
        assert not set(named) & set(self.refused)

    def listed(self) -> list[dict]:
        items, page = [], 1
        while True:
            query = {"namespace": self.user.slug, "page": page, "per_page": 100}
            response = in_time(lambda query=query: self.user.get("/projects", params=query))
            assert response.status_code == 200, response.text
            items += response.json()
            if page >= int(response.headers["total-pages"]):
                return items
            page += 1


def is_database_error(response: httpx.Response, *words: str) -> None:
    error = check_error(response, 500)
    assert error["message"].startswith(DATABASE), error
    assert all(word in error["message"] for word in words), error
