# SPDX-License-Identifier: Apache-2.0
"""What encryption costs beside what `openssl speed` allows, and rotations that are killed."""

import json
import random
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from report import Report
from support import secrets
from support.database import Rows
from support.server import BUILD, private_pem
from world import World

CALL = BUILD / "tests" / "bench" / "secrets" / "call"
ROTATE = BUILD / "tests" / "integration" / "secret" / "rotate"
VALUE_BYTES = 1024
DIGEST_BYTES = 32  # what one round of PBKDF2-HMAC-SHA256 signs
ALLOWED = 0.8

# --- encryption ----------------------------------------------------------------------------------

# what to measure: arguments of openssl speed
SPEEDS = {
    "round": ("-bytes", str(DIGEST_BYTES), "-hmac", "sha256"),
    "hmac": ("-bytes", str(VALUE_BYTES), "-hmac", "sha256"),
    "cipher": ("-bytes", str(VALUE_BYTES), "-evp", "aes-128-cbc"),
    "rsa": ("rsa2048",),
}


def speed(name: str) -> list[float]:
    """Microseconds of one operation; of RSA: private, public."""
    command = ["openssl", "speed", "-mr", "-seconds", "1", *SPEEDS[name]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *_, last = done.stdout.strip().splitlines()
    numbers = [float(word) for word in last.split(":")[3:]]
    if name == "rsa":
        return [1e6 / rate for rate in numbers]
    size = int(SPEEDS[name][1])
    return [1e6 * size / numbers[0]]


@dataclass
class Allowed:
    """What the operations of one secret take by openssl speed, in microseconds."""

    encrypt: float
    decrypt: float
    derive: float


def allowed() -> Allowed:
    """Two layers: for each a key of 480,000 rounds, one cipher, one HMAC; and one RSA operation."""
    (one,), (hmac,), (cipher,), (private, public) = (speed(name) for name in SPEEDS)
    both = 2 * (secrets.ROUNDS * one + hmac + cipher)
    return Allowed(both + public, both + private, secrets.ROUNDS * one)


def encryption(world: World, report: Report) -> None:
    """CPU time on both sides, in turns."""
    key = world.folder / "secret.pem"
    key.touch(0o600)
    key.write_bytes(private_pem(rsa.generate_private_key(65537, 2048)))
    found = []
    command = [CALL, key, str(VALUE_BYTES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for turn in range(world.rounds):
            report.progress(f"secrets: round {turn + 1} of {world.rounds}")
            process.stdin.write("\n")
            process.stdin.flush()
            encrypt, decrypt = map(float, process.stdout.readline().split())
            found.append((encrypt, decrypt, allowed()))
    for at, name in enumerate(("encrypt", "decrypt")):
        report.add("secrets", f"{name} a secret of {VALUE_BYTES:,} bytes: CPU", "ms", [row[at] / 1000 for row in found])
        limits = [getattr(row[2], name) for row in found]
        report.add("secrets", "  what openssl speed allows", "ms", [limit / 1000 for limit in limits])
        values = [limit / row[at] for limit, row in zip(limits, found, strict=True)]
        report.add("secrets", f"{name}: openssl speed over ours", "", values, above=ALLOWED)


# --- rotation ------------------------------------------------------------------------------------

CHEAP = 2  # rounds of derivation where there are many secrets
KILLS = 10
BATCH = 100  # as librenku/secret/rotate.c
SAMPLE = 12
LEFT = re.compile(r"at most (\d+) s left")
DONE = """
SELECT count(*) FROM secrets.secrets s JOIN bench_before b USING (id) WHERE s.encrypted_key <> b.encrypted_key
"""


@dataclass
class Vault:
    """A database with secrets that an old key pair opens."""

    world: World
    rounds: int
    count: int
    inner: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.database = self.world.cluster.create_database(self.world.template)
        self.rows = Rows(self.database)
        self.old, self.new = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.user = str(uuid.uuid4())
        self.paths = [self._write(name, pair) for name, pair in (("new", self.new), ("old", self.old))]
        self.rows.run("INSERT INTO users.users (keycloak_id) VALUES (%s)", self.user)
        self._fill()

    def _write(self, name: str, pair: rsa.RSAPrivateKey) -> Path:
        path = self.world.folder / f"{name}-{uuid.uuid4()}.pem"
        path.touch(0o600)
        path.write_bytes(private_pem(pair))
        return path

    def _rows(self) -> Iterator[tuple]:
        public = self.old.public_key()
        for number in range(self.count):
            key, inner = f"01{number:024d}", f"inner-{number}"
            value, wrapped = secrets.seal_outer(public, self.user, inner, self.rounds)
            self.inner[key] = inner
            yield key, f"secret-{number}", f"file-{number}", value, wrapped, "2020-01-01Z", self.user

    def _fill(self) -> None:
        columns = "id, name, default_filename, encrypted_value, encrypted_key, modification_date, user_id"
        with self.rows.connection.cursor().copy(f"COPY secrets.secrets ({columns}) FROM STDIN") as copy:
            for row in self._rows():
                copy.write_row(row)
        self.rows.run("CREATE TABLE bench_before AS SELECT id, encrypted_key FROM secrets.secrets")

    def start(self, stderr: int = subprocess.PIPE) -> subprocess.Popen:
        command = [ROTATE, str(self.rounds), *self.paths]
        return subprocess.Popen(
            command, env=self.database, stdout=subprocess.PIPE, stderr=stderr, text=True, bufsize=1
        )

    def done(self) -> int:
        return self.rows.one(DONE)

    def unreadable(self) -> tuple[int, int]:
        """How many are lost, and how many cannot be read with the new key."""
        stored = self.rows.all("SELECT id, encrypted_value, encrypted_key FROM secrets.secrets")
        bad = 0
        for key, value, wrapped in stored:
            try:
                plain = secrets.open_outer(self.new, self.user, bytes(value), bytes(wrapped), self.rounds)
            except Exception:  # whatever it is: it cannot be read
                plain = None
            bad += plain != self.inner.get(key)
        return len(self.inner.keys() - {row[0] for row in stored}), bad


@dataclass
class Run:
    """One rotation to its end."""

    seconds: float
    estimates: list[tuple[float, float]]  # seconds that it said were left at most, and that were left
    state: dict

    @classmethod
    def of(cls, vault: Vault) -> "Run":
        begin, said = time.monotonic(), []
        with vault.start() as process:
            for line in process.stderr:
                found = LEFT.search(line)
                if found:
                    said.append((time.monotonic(), float(found[1])))
            state = json.loads(process.stdout.read())
        end = time.monotonic()
        if process.returncode != 0:
            raise RuntimeError(f"the rotation ended with {process.returncode}")
        return cls(end - begin, [(left, end - at) for at, left in said], state)


def wait_for(vault: Vault, process: subprocess.Popen, target: int) -> None:
    """Until so many are done, or the process has ended."""
    while process.poll() is None and vault.done() < target:
        time.sleep(0.1)


def kill_often(vault: Vault, batch_seconds: float, report: Report) -> list[int]:
    """How many were done at each kill. Where, is drawn at random: the batch, and the moment within it."""
    rng, done = random.Random(20261127), []
    for target in sorted(rng.sample(range(vault.count), min(KILLS, vault.count))):
        process = vault.start(stderr=subprocess.DEVNULL)
        wait_for(vault, process, target)
        try:
            process.communicate(timeout=rng.random() * batch_seconds)
            break  # all was done before its time
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        done.append(vault.done())
        report.progress(f"rotation: killed {len(done)} times, {done[-1]:,} of {vault.count:,} rewritten")
        if done[-1] < max(done):
            raise RuntimeError("a rotation has lost what an earlier one had done")
    return done


def full_cost(world: World, report: Report, count: int) -> None:
    sample = Vault(world, secrets.ROUNDS, 4 if world.quick else SAMPLE)
    report.progress(f"rotation: {sample.count} secrets at full cost")
    run = Run.of(sample)
    rate = sample.count / run.seconds
    lost, bad = sample.unreadable()
    report.add("rotation", f"{sample.count} secrets at full cost", "1/s", [rate], note=f"{lost} lost, {bad} unreadable")
    report.add("rotation", f"  {count:,} would take, by that rate", "h", [count / rate / 3600])
    if run.estimates:
        report.add("rotation", "  told 'at most so much left' over what was left", "",
                   [left / max(real, 0.001) for left, real in run.estimates])


def rotation(world: World, report: Report, count: int) -> None:
    full_cost(world, report, count)
    probe = Run.of(Vault(world, CHEAP, min(count, 2 * BATCH)))
    report.progress(f"rotation: {count:,} secrets are made")
    vault = Vault(world, CHEAP, count)
    batch_seconds = BATCH * probe.seconds / probe.state["secrets"]
    begin = time.monotonic()
    done = kill_often(vault, batch_seconds, report)
    last = Run.of(vault)
    seconds = time.monotonic() - begin
    report.progress("rotation: every secret is read")
    lost, bad = vault.unreadable()
    note = f"{CHEAP} rounds of derivation, killed {len(done)} times"
    report.add("rotation", f"{count:,} secrets, kills and repeated looks included", "1/s", [count / seconds], note=note)
    report.add("rotation", "  kills", "", [len(done)], above=min(KILLS, len(done)) if world.quick else KILLS)
    report.add("rotation", "  rewritten at each kill", "", done or [0])
    report.add("rotation", "  rewritten by the last run, which nobody killed", "", [last.state["rewritten"]])
    report.add("rotation", "  lost", "", [lost], below=0)
    report.add("rotation", "  unreadable", "", [bad + last.state["failed"]], below=0)
