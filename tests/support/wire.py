# SPDX-License-Identifier: Apache-2.0
"""A proxy before PostgreSQL's unix socket that counts round trips."""

import contextlib
import shutil
import socket
import struct
import tempfile
import threading
from pathlib import Path


class _Pump:
    """One direction of one connection; calls `seen` with each piece before it is passed on."""

    def __init__(self, source: socket.socket, target: socket.socket, seen):
        self.source, self.target, self.seen = source, target, seen
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            while data := self.source.recv(65536):
                self.seen(data)
                self.target.sendall(data)
        except OSError:
            pass
        for end in (self.source, self.target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class _Link:
    """Counts on one connection: a round trip begins when the client speaks after the server."""

    def __init__(self, wire: "Wire", client: socket.socket, server: socket.socket):
        self.wire = wire
        self.server_spoke = True
        self.buffer = b""
        self.pumps = [
            _Pump(client, server, self.from_client),
            _Pump(server, client, self.from_server),
        ]

    def from_client(self, _data: bytes) -> None:
        with self.wire.lock:
            if self.server_spoke:
                self.wire.trips += 1
                self.server_spoke = False

    def from_server(self, data: bytes) -> None:
        with self.wire.lock:
            self.server_spoke = True
            self.buffer += data
            while len(self.buffer) >= 5:
                length = 1 + struct.unpack("!I", self.buffer[1:5])[0]
                if len(self.buffer) < length:
                    break
                self.wire.ready += self.buffer[:1] == b"Z"
                self.buffer = self.buffer[length:]


class Wire:
    """Listens where a server shall find its database, and passes everything on."""

    def __init__(self, target: Path):
        self.target = target
        self.folder = Path(tempfile.mkdtemp(prefix="renku-wire-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.lock = threading.Lock()
        self.trips = self.ready = self.connections = 0

    def __enter__(self) -> "Wire":
        self.listener = socket.socket(socket.AF_UNIX)
        path = self.folder / self.target.name
        self.listener.bind(str(path))
        path.chmod(0o777)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc) -> None:
        self.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.target))
            with self.lock:
                self.connections += 1
            _Link(self, client, server)

    def count(self, action) -> tuple[int, int]:
        """Round trips, and ReadyForQuery answers, while the action runs."""
        with self.lock:
            trips, ready = self.trips, self.ready
        action()
        with self.lock:
            return self.trips - trips, self.ready - ready
