# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL reached over the network that says something else than the real one, or falls silent at one statement."""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
TRACKED = 1024  # of a statement, which is as much as pg_stat_activity shows


class Proxy:
    """Listens on a port of this machine; replaces bytes, by as many others, in what the server says."""

    def __init__(self, target: Path, lies: dict[bytes, bytes] | None = None):
        assert all(len(old) == len(new) for old, new in (lies or {}).items())
        self.target, self.lies = target, lies or {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = str(self.listener.getsockname()[1])
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> "Proxy":
        self._begin(self._accept)
        return self

    @property
    def env(self) -> dict[str, str]:
        """What leads a program here."""
        return {"DB_HOST": "127.0.0.1", "DB_PORT": self.port}

    def __exit__(self, *_exc) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def _begin(self, work, *arguments) -> None:
        self.threads.append(threading.Thread(target=work, args=arguments))
        self.threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.target))
                self._serve(client, server)

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        self._begin(self._copy, client, server, lambda chunk: chunk)
        self._begin(self._copy, server, client, self._lie)

    def _lie(self, chunk: bytes) -> bytes:
        for old, new in self.lies.items():
            chunk = chunk.replace(old, new)
        return chunk

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, change: Callable[[bytes], bytes]) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(change(chunk))
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Statements:
    """Finds the statements in what one client says."""

    def __init__(self):
        self.rest = b""
        self.has_begun = False  # before that, packets bear no type

    def read(self, chunk: bytes) -> list[str]:
        """Those that end in this piece, as pg_stat_activity shows them."""
        self.rest += chunk
        found, at = [], 0
        while (end := self._end(at)) is not None:
            message = self.rest[at:end]
            if not self.has_begun:
                self.has_begun = struct.unpack("!I", message[4:8])[0] not in (SSL_REQUEST, GSS_REQUEST)
            elif message[:1] in b"QP":
                text = message[5:].split(b"\0")[message[:1] == b"P"]
                found.append(text[:TRACKED].decode(errors="replace"))
            at = end
        self.rest = self.rest[at:]
        return found

    def _end(self, at: int) -> int | None:
        """Of the message that begins there, when all of it has come."""
        head = at + self.has_begun
        if len(self.rest) < head + 4:
            return None
        end = head + struct.unpack_from("!I", self.rest, head)[0]
        return end if end <= len(self.rest) else None


class Gate(Proxy):
    """PostgreSQL gets the first statement that the pattern finds; what it says from then on waits until open()."""

    def __init__(self, target: Path, pattern: str):
        super().__init__(target)
        self.pattern = re.compile(pattern, re.DOTALL)
        self.reached, self.opened = threading.Event(), threading.Event()

    def __exit__(self, *_exc) -> None:
        self.open()
        super().__exit__(*_exc)

    def open(self) -> None:
        self.opened.set()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        statements = Statements()

        def listen(chunk: bytes) -> bytes:
            if any(map(self.pattern.search, statements.read(chunk))):
                self.reached.set()
            return chunk

        self._begin(self._copy, client, server, listen)
        self._begin(self._copy, server, client, self._hold)

    def _hold(self, chunk: bytes) -> bytes:
        if self.reached.is_set():
            self.opened.wait()
        return chunk
