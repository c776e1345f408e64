# SPDX-License-Identifier: Apache-2.0
"""Requests that are all under way before the first answer is read."""

import http.client
import json
import os
import select
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from support.api import PREFIX, Caller
from support.server import BUILD

LIBRARY = (BUILD / ".libs" / "librenku.so").read_bytes()
SLOW = b"__asan_init" in LIBRARY or b"__tsan_init" in LIBRARY
ROUNDS = int(os.environ.get("RENKU_RACE_ROUNDS") or (16 if SLOW else 160))
SEALING_ROUNDS = max(1, ROUNDS // 80)  # those with encryption take half a second for each request
CLIENTS = 64


@dataclass
class Shot:
    """One request; afterwards with its answer."""

    token: str | None
    method: str
    path: str
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    text: str = ""

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"{self.method} {self.path} {self.body} -> {self.status} {self.text[:200]}"


class Volleys:
    """64 connections that are kept."""

    def __init__(self, url: str):
        place = urlsplit(url).netloc
        self.lines = [http.client.HTTPConnection(place, timeout=120) for _ in range(CLIENTS)]
        self.shots = 0
        self.rounds = Counter()  # of each race

    def close(self) -> None:
        for line in self.lines:
            line.close()

    @staticmethod
    def _send(line: http.client.HTTPConnection, shot: Shot) -> None:
        headers = dict(shot.headers)
        if shot.token:
            headers["authorization"] = f"Bearer {shot.token}"
        if line.sock and select.select([line.sock], [], [], 0)[0]:
            line.close()  # it was idle for so long that the server has closed it; another one is made
        body = None if shot.body is None else json.dumps(shot.body).encode()
        line.request(shot.method, PREFIX + shot.path, body, headers | {"content-type": "application/json"})

    def fire(self, shots: list[Shot]) -> list[Shot]:
        """At most 64 at once. None may be answered by a 5xx."""
        for start in range(0, len(shots), CLIENTS):
            together = shots[start : start + CLIENTS]
            for line, shot in zip(self.lines, together, strict=False):
                self._send(line, shot)
            for line, shot in zip(self.lines, together, strict=False):
                response = line.getresponse()
                shot.status, shot.text = response.status, response.read().decode()
        self.shots += len(shots)
        assert not [shot for shot in shots if shot.status >= 500]
        return shots


def statuses(shots: list[Shot]) -> Counter:
    return Counter(shot.status for shot in shots)


def one_wins(success: int, refusal: int):
    def judge(shots: list[Shot]) -> None:
        assert statuses(shots) == {success: 1, refusal: len(shots) - 1}, shots

    return judge


def shot(caller: Caller, method: str, path: str, body=None, **headers: str) -> Shot:
    return Shot(caller.token, method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
