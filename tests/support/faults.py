# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL on a bad line: a proxy that knows the protocol, and does one wrong thing at one point of a talk.

The talk of a connection is cut into round trips: what the client says up to Sync (or Query), and what the server answers
up to ReadyForQuery. A fault names a round trip, counted from the moment at which it was armed, and a message in it."""

import contextlib
import select
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

INJECTED: Counter[str] = Counter()  # how many faults of each kind this run has seen
MESSAGES = {
    "40001": "could not serialize access due to concurrent update",
    "40P01": "deadlock detected",
    "25006": "cannot execute INSERT in a read-only transaction",
    "53100": "could not extend file: No space left on device",
    "53200": "out of memory",
    "53300": "sorry, too many clients already",
    "57014": "canceling statement due to statement timeout",
    "57P01": "terminating connection due to administrator command",
    "57P02": "terminating connection because of crash of another server process",
    "57P03": "the database system is starting up",
    "XX000": "unexpected chunk number 0 (expected 1) for toast value 16403",
}
BROKEN_PARSE = b"P" + struct.pack("!I", 4 + len(b"\0!\0\0\0")) + b"\0!\0\0\0"


@dataclass(frozen=True)
class Fault:
    """One wrong thing.

    cut-before   the server never hears of the round trip, and the connection ends
    cut-request  it hears the first `at` messages, and half of the next
    cut-after    it has done everything, and its answer is lost
    cut-answer   the client hears the first `at` messages, and half of the next
    reset        as cut-answer, with a reset in place of an end
    hang-before  nothing moves any more; the server has heard nothing
    hang-answer  the client hears the first `at` messages and no more
    error        statement `at` fails with `state`
    fatal        likewise, and the server ends the connection
    delay        everything comes late and in pieces
    duplicate    message `at` comes twice
    swap         message `at` comes after the next one
    drop         message `at` does not come
    garble       message `at` is of an unknown type
    length       message `at` claims to be longer than anything"""

    kind: str
    trip: int = 0
    at: int = 0
    state: str = ""
    lasting: bool = False  # all round trips from there on

    def __str__(self) -> str:
        words = [self.kind, f"trip {self.trip}", f"at {self.at}", self.state, "lasting" * self.lasting]
        return " ".join(word for word in words if word)

    @property
    def label(self) -> str:
        return f"{self.kind} {self.state}".strip()


LIES = ("duplicate", "swap", "drop", "garble", "length")


@dataclass
class Trip:
    """What was said in one round trip, as the types of the messages."""

    request: str
    answer: str
    tags: list[str] = field(default_factory=list)  # of the statements that were done

    @property
    def statements(self) -> int:
        return self.request.count("B")


class Ended(Exception):
    """One of the two has gone."""


def error_message(state: str, severity: str) -> bytes:
    fields = {"S": severity, "V": severity, "C": state, "M": MESSAGES[state]}
    body = b"".join(name.encode() + text.encode() + b"\0" for name, text in fields.items()) + b"\0"
    return b"E" + struct.pack("!I", 4 + len(body)) + body


class Stream:
    """Messages of one side; notices when the other side goes away meanwhile."""

    def __init__(self, own: socket.socket, other: socket.socket):
        self.own, self.other = own, other
        self.buffer = b""

    def fill(self) -> None:
        poller = select.poll()
        poller.register(self.own, select.POLLIN)
        poller.register(self.other, select.POLLRDHUP)
        for descriptor, _events in poller.poll():
            if descriptor == self.own.fileno():
                data = self.own.recv(65536)
                if not data:
                    raise Ended
                self.buffer += data
                return
        raise Ended

    def take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self.fill()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def message(self) -> bytes:
        head = self.take(5)
        return head + self.take(struct.unpack("!I", head[1:])[0] - 4)

    def until(self, ends: bytes) -> list[bytes]:
        """Messages up to one of these types."""
        messages = [self.message()]
        while messages[-1][:1] not in ends:
            messages.append(self.message())
        return messages


def statement_starts(request: list[bytes]) -> list[int]:
    """Where each statement begins: at its Bind, or at the Parse before it."""
    found = []
    for index, message in enumerate(request):
        if message[:1] == b"B":
            found.append(index - (index > 0 and request[index - 1][:1] == b"P"))
    return found


class Link:
    """One connection, and the fault that befalls it."""

    def __init__(self, line: "Line", client: socket.socket, server: socket.socket):
        self.line, self.client, self.server = line, client, server
        self.from_client = Stream(client, server)
        self.from_server = Stream(server, client)

    def run(self) -> None:
        try:
            with contextlib.suppress(Ended, OSError):
                self._greet()
                while True:
                    self._trip()
        finally:
            self.close()

    def close(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.close()

    # -- the beginning --------------------------------------------------------------------------

    def _greet(self) -> None:
        """Start-up and authentication; each exchange is a step that can fail."""
        step = 0
        while True:
            data = self._first_words() if step == 0 else self.from_client.message()
            self.line.greeting(self, step)
            self.server.sendall(data)
            answer = [self.from_server.message()]
            while answer[-1][:1] not in b"ZER" or (answer[-1][:1] == b"R" and answer[-1][5:9] in (b"\0\0\0\0", b"\0\0\0\x0c")):
                answer.append(self.from_server.message())
            self.client.sendall(b"".join(answer))
            if answer[-1][:1] == b"E":
                raise Ended
            if answer[-1][:1] == b"Z":
                return
            step += 1

    def _first_words(self) -> bytes:
        """The start-up packet; no encryption is offered."""
        while True:
            size = self.from_client.take(4)
            data = size + self.from_client.take(struct.unpack("!I", size)[0] - 4)
            if data[4:8] not in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):
                return data
            self.client.sendall(b"N")

    # -- round trips ----------------------------------------------------------------------------

    def _await_client(self) -> None:
        """What the server says unasked goes through."""
        while not self.from_client.buffer:
            poller = select.poll()
            poller.register(self.client, select.POLLIN)
            poller.register(self.server, select.POLLIN)
            ready = {descriptor for descriptor, _events in poller.poll()}
            if self.server.fileno() in ready:
                data = self.server.recv(65536)
                if not data:
                    raise Ended
                self.client.sendall(data)
            if self.client.fileno() in ready:
                return

    def _trip(self) -> None:
        self._await_client()
        request = self.from_client.until(b"SQX")
        if request[-1][:1] == b"X":
            raise Ended
        fault = self.line.begin_trip()
        if fault:
            INJECTED[fault.label] += 1
            getattr(self, "_" + fault.kind.replace("-", "_"))(fault, request)
        else:
            self._pass_on(request)

    def _answer(self, request: list[bytes]) -> list[bytes]:
        self.server.sendall(b"".join(request))
        answer = self.from_server.until(b"Z")
        self.line.end_trip(request, answer)
        return answer

    def _pass_on(self, request: list[bytes]) -> None:
        self.client.sendall(b"".join(self._answer(request)))

    def hang(self) -> None:
        """Until the client loses its patience."""
        poller = select.poll()
        poller.register(self.client, select.POLLRDHUP)
        poller.register(self.line.alarm, select.POLLIN)
        poller.poll(60_000)
        raise Ended

    @staticmethod
    def _half(messages: list[bytes], at: int) -> bytes:
        head = b"".join(messages[:at])
        return head + (messages[at][: max(1, len(messages[at]) // 2)] if at < len(messages) else b"")

    def _cut_before(self, fault: Fault, request: list[bytes]) -> None:
        raise Ended

    def _cut_request(self, fault: Fault, request: list[bytes]) -> None:
        starts = statement_starts(request)
        at = starts[fault.at] if fault.at < len(starts) else len(request) - 1
        self.server.sendall(self._half(request, at))
        raise Ended

    def _cut_after(self, fault: Fault, request: list[bytes]) -> None:
        self._answer(request)
        raise Ended

    def _cut_answer(self, fault: Fault, request: list[bytes]) -> None:
        self.client.sendall(self._half(self._answer(request), fault.at))
        raise Ended

    def _reset(self, fault: Fault, request: list[bytes]) -> None:
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._cut_answer(fault, request)

    def _hang_before(self, fault: Fault, request: list[bytes]) -> None:
        self.hang()

    def _hang_answer(self, fault: Fault, request: list[bytes]) -> None:
        self.client.sendall(b"".join(self._answer(request)[: fault.at]))
        self.hang()

    def _fail(self, fault: Fault, request: list[bytes], severity: str) -> list[bytes]:
        """The real server refuses something in that place; only its words are changed."""
        starts = statement_starts(request)
        if fault.at >= len(starts):
            self.line.spare()
            return self._answer(request)
        at = starts[fault.at]
        answer = self._answer([*request[:at], BROKEN_PARSE, *request[at:]])
        wrong = next(index for index, message in enumerate(answer) if message[:1] == b"E")
        answer[wrong] = error_message(fault.state, severity)
        return answer[: wrong + 1] if severity == "FATAL" else answer

    def _error(self, fault: Fault, request: list[bytes]) -> None:
        self.client.sendall(b"".join(self._fail(fault, request, "ERROR")))

    def _fatal(self, fault: Fault, request: list[bytes]) -> None:
        self.client.sendall(b"".join(self._fail(fault, request, "FATAL")))
        raise Ended

    def _delay(self, fault: Fault, request: list[bytes]) -> None:
        data = b"".join(self._answer(request))
        size = max(1, len(data) // 8)
        for start in range(0, len(data), size):
            time.sleep(0.002)
            self.client.sendall(data[start : start + size])

    def _lie(self, fault: Fault, request: list[bytes], change, touched: int = 1) -> None:
        """Changes some messages of the answer. Who was out of time says something else in that round trip, and hears no lie."""
        answer, at = self._answer(request), fault.at
        end = at + touched
        if end <= len(answer):
            answer[at:end] = change(answer[at:end])
        else:
            self.line.spare()
        self.client.sendall(b"".join(answer))

    def _duplicate(self, fault: Fault, request: list[bytes]) -> None:
        self._lie(fault, request, lambda one: one * 2)

    def _swap(self, fault: Fault, request: list[bytes]) -> None:
        self._lie(fault, request, lambda two: two[::-1], touched=2)

    def _drop(self, fault: Fault, request: list[bytes]) -> None:
        self._lie(fault, request, lambda one: [])

    def _garble(self, fault: Fault, request: list[bytes]) -> None:
        self._lie(fault, request, lambda one: [b"\xff" + one[0][1:]])

    def _length(self, fault: Fault, request: list[bytes]) -> None:
        self._lie(fault, request, lambda one: [one[0][:1] + b"\x7f\xff\xff\xff" + one[0][5:]])


class Line:
    """Listens where a server shall find its database."""

    def __init__(self, target: Path):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = str(self.listener.getsockname()[1])
        self.lock = threading.Lock()
        self.fault: Fault | None = None
        self.greet_fault: tuple[str, int] | None = None
        self.number = 0
        self.hits = 0
        self.trips: list[Trip] = []
        self.links: set[Link] = set()
        self.alarm, self.bell = socket.socketpair()

    def __enter__(self) -> "Line":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc) -> None:
        self.listener.close()
        self.cut_all()
        self.bell.send(b"x")  # whoever hangs ends

    @property
    def env(self) -> dict[str, str]:
        """What leads a server here."""
        return {"DB_HOST": "127.0.0.1", "DB_PORT": self.port}

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self.target))
        except OSError:
            client.close()
            server.close()
            return
        link = Link(self, client, server)
        with self.lock:
            self.links.add(link)
        try:
            link.run()
        finally:
            with self.lock:
                self.links.discard(link)

    # -- what the test says ---------------------------------------------------------------------

    def arm(self, fault: Fault | None = None) -> None:
        """From now on round trips are counted, and this one fails."""
        with self.lock:
            self.fault, self.number, self.hits, self.trips = fault, 0, 0, []

    def disarm(self) -> int:
        """How often the fault has befallen the line."""
        with self.lock:
            self.fault = self.greet_fault = None
            return self.hits

    def fail_greeting(self, kind: str, step: int) -> None:
        """Connections that begin are refused (a SQLSTATE), cut or hung at that step."""
        with self.lock:
            self.greet_fault, self.hits = (kind, step), 0

    def cut_all(self) -> None:
        """Every connection ends at once."""
        with self.lock:
            links = list(self.links)
        for link in links:
            for end in (link.client, link.server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    # -- what the links ask ---------------------------------------------------------------------

    def greeting(self, link: Link, step: int) -> None:
        with self.lock:
            fault = self.greet_fault
            if not fault or fault[1] != step:
                return
            self.hits += 1
        INJECTED[f"greeting {fault[0]}"] += 1
        if fault[0] == "hang":
            link.hang()
        if fault[0] in MESSAGES:
            link.client.sendall(error_message(fault[0], "FATAL"))
        raise Ended

    def begin_trip(self) -> Fault | None:
        with self.lock:
            number, fault = self.number, self.fault
            self.number += 1
            if not fault or number < fault.trip or (number > fault.trip and not fault.lasting):
                return None
            self.hits += 1
            return fault

    def spare(self) -> None:
        """The fault has not befallen the line after all."""
        with self.lock:
            self.hits -= 1

    def end_trip(self, request: list[bytes], answer: list[bytes]) -> None:
        tags = [message[5:-1].decode() for message in answer if message[:1] == b"C"]
        kinds = [b"".join(message[:1] for message in messages).decode() for messages in (request, answer)]
        with self.lock:
            self.trips.append(Trip(*kinds, tags))
