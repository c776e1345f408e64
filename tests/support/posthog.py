# SPDX-License-Identifier: Apache-2.0
"""What product metrics are delivered to: a stand-in for PostHog that remembers what it was sent."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import leaks

KEY = "phc-key-of-the-tests"


class _Handler(BaseHTTPRequestHandler):
    posthog: "Posthog"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status = self.posthog.take(self.path, dict(self.headers), body)
        if status:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()
        self.close_connection = True

    def log_message(self, *_arguments) -> None:
        pass


class Posthog:
    """`judge` tells the status for each event, by default 200; 0 breaks the connection."""

    def __init__(self, judge: Callable[[dict], int] = lambda event: 200):
        self.judge = judge
        self.lock = threading.Lock()
        self.requests: list[tuple[str, dict, dict]] = []
        self.accepted: Counter[str] = Counter()  # by uuid
        leaks.remember(KEY)

    def take(self, path: str, headers: dict, body: dict) -> int:
        (event,) = body["batch"]
        with self.lock:
            self.requests.append((path, headers, body))
        status = self.judge(event)
        with self.lock:
            self.accepted[event["uuid"]] += status == 200
        return status

    def events(self) -> list[dict]:
        return [body["batch"][0] for _, _, body in self.requests]

    def env(self) -> dict[str, str]:
        return {"POSTHOG_HOST": self.url, "POSTHOG_API_KEY": KEY, "POSTHOG_ENVIRONMENT": "tests"}

    def __enter__(self) -> "Posthog":
        handler = type("Handler", (_Handler,), {"posthog": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exc) -> None:
        self.server.shutdown()
        self.server.server_close()
