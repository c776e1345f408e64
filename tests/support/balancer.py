# SPDX-License-Identifier: Apache-2.0
"""haproxy in TCP mode before several servers, and PgBouncer before PostgreSQL."""

import csv
import socket
import subprocess
import tempfile
from pathlib import Path

from .ports import free_port
from .postgres import PASSWORD, ROLE, Postgres, unprivileged
from .server import poll

BALANCER = """\
defaults
    mode tcp
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    retries 5
    option redispatch 1
    option httpchk GET /readyz
    default-server check inter 100ms fastinter 50ms fall 2 rise 1 observe layer4 error-limit 1 \
on-error mark-down on-marked-up shutdown-backup-sessions
listen renku
    bind 127.0.0.1:{port}
    balance roundrobin
{servers}
"""


class Balancer:
    """Sends each connection to one of the ports that answer /readyz."""

    def __init__(self, folder: Path, ports: list[int]):
        self.port, self.control = free_port(), folder / "haproxy.sock"
        self.config = folder / "haproxy.cfg"
        servers = "\n".join(f"    server s{n} 127.0.0.1:{port}" for n, port in enumerate(ports))
        head = f"global\n    stats socket {self.control} level admin\n    maxconn 500\n"
        self.config.write_text(head + BALANCER.format(port=self.port, servers=servers))
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Balancer":
        self.process = subprocess.Popen(
            ["/usr/sbin/haproxy", "-db", "-q", "-f", self.config], stdin=subprocess.DEVNULL
        )
        poll(self.control.exists)
        return self

    def __exit__(self, *_exc) -> None:
        self.process.kill()
        self.process.wait()

    def ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.control))
            control.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: control.recv(65536), b"")).decode()

    def servers(self) -> dict[str, dict[str, str]]:
        """What haproxy tells of each server, by name."""
        lines = self.ask("show stat").removeprefix("# ").splitlines()
        rows = list(csv.DictReader(line for line in lines if line))
        return {row["svname"]: row for row in rows if row["svname"].startswith("s")}

    def up(self) -> int:
        """How many servers get connections."""
        return sum(row["status"].startswith("UP") for row in self.servers().values())

    def sent(self, number: int) -> int:
        """Connections that one server has got so far."""
        return int(self.servers()[f"s{number}"]["stot"])


class Bouncer:
    """PgBouncer in transaction mode before a cluster, on a socket of its own."""

    def __init__(self, cluster: Postgres, size: int = 4):
        self.cluster, self.size = cluster, size
        self.user = unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="renku-pb-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port = "6432"

    def _write(self) -> Path:
        users = self.folder / "users.txt"
        users.write_text(f'"{ROLE}" "{PASSWORD}"\n')
        config = self.folder / "pgbouncer.ini"
        config.write_text(
            "[databases]\n"
            f"* = host={self.cluster.folder} port={self.cluster.env['DB_PORT']}\n"
            "[pgbouncer]\n"
            "pool_mode = transaction\n"
            f"default_pool_size = {self.size}\nmax_client_conn = 500\n"
            f"listen_port = {self.port}\nunix_socket_dir = {self.folder}\n"
            f"auth_type = scram-sha-256\nauth_file = {users}\n"
            "server_round_robin = 1\n"  # no session shall find the same server by luck
            f"stats_users = {ROLE}\n"
        )
        return config

    def __enter__(self) -> "Bouncer":
        config = self._write()
        if self.user:
            subprocess.run(["chown", "-R", self.user, self.folder], check=True)
        self.log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            ["/usr/sbin/pgbouncer", config],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            user=self.user,
            cwd="/",
        )
        poll((self.folder / f".s.PGSQL.{self.port}").exists)
        return self

    def __exit__(self, *_exc) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()
        for entry in self.folder.iterdir():
            entry.unlink()
        self.folder.rmdir()

    def env(self, database: dict[str, str]) -> dict[str, str]:
        """The DB_* variables that lead to a database through the pooler."""
        return database | {"DB_HOST": str(self.folder), "DB_PORT": self.port}
