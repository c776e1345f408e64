# SPDX-License-Identifier: Apache-2.0
"""A small HTTP client: one connection, one request after the other, and a tenth of the processor time of a large one."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from support.api import PREFIX


@dataclass(frozen=True)
class Answer:
    status_code: int
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    def json(self):
        return json.loads(self.content)


class Client:
    """Speaks like httpx.AsyncClient as far as actors need it; a lost connection is an httpx.TransportError."""

    def __init__(self, url: str, look: Callable[[str, int], None]):
        parts = urlsplit(url)
        self.host, self.port, self.look = parts.hostname, parts.port, look
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_exc) -> None:
        await self.close()

    async def close(self) -> None:
        if self.writer:
            self.writer.close()
            with contextlib.suppress(OSError):
                await self.writer.wait_closed()
        self.reader = self.writer = None

    async def request(self, method: str, path: str, headers=None, json=None, content: bytes | None = None) -> Answer:
        try:
            answer = await self._exchange(method, path, headers or {}, _body(json, content))
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            await self.close()
            raise httpx.ReadError(f"{method} {path}: {error!r}") from error
        self.look(f"{method} {path}", answer.status_code)
        return answer

    async def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        fields = headers | {"host": "soak", "content-type": "application/json", "content-length": str(len(body))}
        lines = [f"{method} {PREFIX}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self.writer.write("\r\n".join(lines).encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        found = dict(line.lower().split(": ", 1) for line in head[1:-2])
        size = 0 if method == "HEAD" else int(found.get("content-length", 0))
        answer = Answer(int(head[0].split(" ")[1]), await self.reader.readexactly(size))
        if found.get("connection") == "close":
            await self.close()
        return answer


def _body(value, content: bytes | None) -> bytes:
    if content is not None:
        return content
    return b"" if value is None else json.dumps(value).encode()
