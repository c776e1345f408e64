# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL reached over the network that says something else than the real one."""

import contextlib
import socket
import threading
from pathlib import Path


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
                self._begin(self._copy, client, server, {})
                self._begin(self._copy, server, client, self.lies)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, lies: dict[bytes, bytes]) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                for old, new in lies.items():
                    chunk = chunk.replace(old, new)
                target.sendall(chunk)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
