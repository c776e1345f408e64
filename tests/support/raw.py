# SPDX-License-Identifier: Apache-2.0
"""Bytes over a socket: what no HTTP client would send, and answers as they really came."""

import json
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Answer:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key == name.lower()]
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)


class Connection:
    """One connection; answers are read with their framing."""

    def __init__(self, url: str, timeout: float = 60.0):
        parts = urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_exc) -> None:
        self.file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def request(
        self, method: str, target: str | bytes, headers=(), body: bytes | None = None
    ) -> None:
        """Sends one request; a body gets a content-length unless its framing is given."""
        target = target.encode() if isinstance(target, str) else target
        names = {name.lower() for name, _ in headers}
        lines = [b"%s %s HTTP/1.1" % (method.encode(), target)]
        if "host" not in names:
            lines.append(b"Host: " + self.host.encode())
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            lines.append(b"Content-Length: %d" % len(body))
        lines += [f"{name}: {value}".encode() for name, value in headers]
        self.send(b"\r\n".join(lines) + b"\r\n\r\n" + (body or b""))

    def answer(self, method: str = "GET") -> Answer | None:
        """The next answer; None when the server has closed the connection without one."""
        try:
            line = self.file.readline()
        except ConnectionResetError:
            return None
        if not line:
            return None
        _, status, reason = (line.decode().rstrip("\r\n") + "  ").split(" ", 2)
        headers = []
        while (line := self.file.readline()) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name.lower(), value.strip()))
        length = int(dict(headers).get("content-length", 0))
        bodiless = method == "HEAD" or int(status) in (204, 304) or int(status) < 200
        body = b"" if bodiless else self.file.read(length)
        return Answer(int(status), reason.strip(), headers, body)

    def is_closed(self) -> bool:
        """Whether the server closes the connection; waits for it within the timeout."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def exchange(url: str, method: str, target, headers=(), body: bytes | None = None) -> Answer | None:
    """One request on a connection of its own."""
    with Connection(url) as connection:
        connection.request(method, target, headers, body)
        return connection.answer(method)
