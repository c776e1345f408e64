# SPDX-License-Identifier: Apache-2.0
"""API servers that answer what a test wants, or nothing."""

import contextlib
import json
import socket
import ssl
import threading


class Lying:
    """Answers each request with what `tell(line, headers)` says: (status, headers, body); None is silence until the end."""

    def __init__(self, tell, certificate=None, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.tell, self.requests, self.over = tell, [], threading.Event()
        self.listener = socket.create_server((host, 0), family=family)
        self.port = self.listener.getsockname()[1]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate:
            self.context.load_cert_chain(certificate)
        self.secure = certificate is not None
        name = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if certificate else 'http'}://{name}:{self.port}"
        self.threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> "Lying":
        self.threads[0].start()
        return self

    def __exit__(self, *_exc) -> None:
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.threads.append(threading.Thread(target=self._serve, args=(client,)))
                self.threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(30)
            with self.context.wrap_socket(client, server_side=True) if self.secure else client as line:
                self._answer(line)

    def _answer(self, line: socket.socket) -> None:
        text = b""
        while b"\r\n\r\n" not in text:
            chunk = line.recv(65536)
            if not chunk:
                return
            text += chunk
        first, *rest = text.split(b"\r\n\r\n")[0].decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
        self.requests.append((first.rsplit(" ", 1)[0], headers))
        answer = self.tell(first.rsplit(" ", 1)[0], headers)
        if answer is None:
            self.over.wait(30)
            return
        status, more, body = answer
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = "".join(f"{name}: {value}\r\n" for name, value in {"Content-Length": len(body), **more}.items())
        line.sendall(f"HTTP/1.1 {status} X\r\nConnection: close\r\n{fields}\r\n".encode() + body)
