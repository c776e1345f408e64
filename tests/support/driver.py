# SPDX-License-Identifier: Apache-2.0
"""The driver program: hidden functions of the library behind one JSON object per line."""

import itertools
import json
import queue
import subprocess
import threading

from support.server import BUILD

DRIVER = BUILD / "tests" / "integration" / "driver"
KEYCLOAK, INTERNAL, GITLAB, NOBODY = range(4)


class Driver:
    """One process; calls may overlap, each runs on a thread of the process."""

    def __init__(self, env: dict[str, str], log):
        self.log_file = log
        self.log = open(log, "w+")
        self.process = subprocess.Popen(
            [DRIVER], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.numbers = itertools.count()
        self.lock = threading.Lock()
        self.writing = threading.Lock()
        self.waiting: dict[int, queue.Queue] = {}
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.lock:
                place = self.waiting.pop(answer.pop("n"))
            place.put(answer)

    def begin(self, do: str, **request) -> queue.Queue:
        """Sends a request; the answer can be taken from the queue."""
        place: queue.Queue = queue.Queue()
        with self.lock:
            number = next(self.numbers)
            self.waiting[number] = place
        with self.writing:
            self.process.stdin.write(json.dumps({"n": number, "do": do} | request) + "\n")
            self.process.stdin.flush()
        return place

    def call(self, do: str, **request) -> dict:
        return self.begin(do, **request).get(timeout=60)

    def authenticate(self, token: str | None = None, **more) -> dict:
        return self.call("authenticate", authorization=token, **more)

    def state(self) -> dict:
        return self.call("state")

    def stop(self) -> int:
        self.process.stdin.close()
        status = self.process.wait(60)
        self.reader.join(10)
        self.log.close()
        return status

    def text(self) -> str:
        return self.log_file.read_text()
