# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL cluster on a unix socket, thrown away at the end."""

import contextlib
import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "log_line_prefix": "'%m [%p] %d '",
    "timezone": "'UTC'",
}
PORT = "5432"
ROLE = "renku"
PASSWORD = "pass word'\\ü"  # used literally: foundations.md 22.2


def find_binaries() -> Path:
    """The folder with initdb: PG_BINDIR, or the newest one of Debian, or that of the path."""
    if "PG_BINDIR" in os.environ:
        return Path(os.environ["PG_BINDIR"])
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    initdb = found[-1] if found else shutil.which("initdb")
    if not initdb:
        raise RuntimeError(
            "PostgreSQL is not installed: no initdb below /usr/lib/postgresql nor in the path"
        )
    return Path(initdb).resolve().parent


def unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: whom to become then."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Postgres:
    """One cluster: start(), create_database(), stop(). Also a context manager."""

    init_options: tuple[str, ...] = ()

    def __init__(self, wal_segment_megabytes: str = "16", **settings: str):
        self.wal_segment_megabytes = wal_segment_megabytes
        self.binaries = find_binaries()
        self.user = unprivileged()
        self.folder = Path(
            tempfile.mkdtemp(prefix="renku-pg-", dir="/tmp")
        )  # a socket path has to be short
        self.settings = SETTINGS | settings
        self.process: subprocess.Popen | None = None
        self.numbers = itertools.count(1)

    def __enter__(self) -> "Postgres":
        return self.start()

    def __exit__(self, *_exc) -> None:
        self.stop()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        return self.folder / f".s.PGSQL.{PORT}"

    @property
    def log_path(self) -> Path:
        return self.folder / "log"

    @property
    def env(self) -> dict[str, str]:
        """What leads to the cluster as a deployment names it, without a database."""
        return {
            "DB_HOST": str(self.folder),
            "DB_PORT": PORT,
            "DB_USER": ROLE,
            "DB_PASSWORD": PASSWORD,
        }

    def _become(self, *command: str | Path, **more) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, user=self.user, cwd="/", check=True, capture_output=True, text=True, **more
        )

    def _init(self) -> None:
        if self.user:
            shutil.chown(self.folder, self.user)
        self.folder.chmod(0o755)
        self._become(
            self.binaries / "initdb",
            *(
                "-D",
                str(self.data),
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "--auth=trust",
                f"--wal-segsize={self.wal_segment_megabytes}",
                *self.init_options,
            ),
        )
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in self.settings.items())
        rules = "local all postgres trust\nlocal all all scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(rules)

    def start(self) -> "Postgres":
        """Starts the cluster, and makes it first if need be."""
        fresh = not self.data.exists()
        if fresh:
            self._init()
        self._launch()
        if fresh:
            with self.superuser() as connection:
                role = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                connection.execute(role.format(sql.Identifier(ROLE), sql.Literal(PASSWORD)))
        return self

    def _launch(self) -> None:
        self._become(
            self.binaries / "pg_ctl",
            *("start", "-w", "-t", "120", "-s", "-D", str(self.data), "-l", str(self.log_path)),
            *("-o", f"-k {self.folder} -p {PORT}"),
        )

    def stop(self) -> None:
        """Stops the cluster and removes it."""
        self._stop_processes()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _stop_processes(self) -> None:
        if (self.data / "postmaster.pid").exists():
            subprocess.run(
                [self.binaries / "pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", self.data],
                user=self.user,
                cwd="/",
                check=False,
                capture_output=True,
            )

    def pause(self, mode: str = "fast") -> None:
        """Stops the cluster, for start() to start it again; "immediate" is a crash."""
        self._become(self.binaries / "pg_ctl", "stop", "-w", "-s", "-m", mode, "-D", str(self.data))

    def superuser(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder), port=PORT, user="postgres", dbname=database, autocommit=True
        )

    def create_database(
        self, template: str | None = None, name: str | None = None
    ) -> dict[str, str]:
        """Makes a database, empty or as a copy of one that nobody uses: its DB_* variables."""
        name = name or f"renku_{next(self.numbers)}"
        command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        with self.superuser() as connection:
            connection.execute(
                command.format(
                    *(sql.Identifier(word) for word in (name, ROLE, template or "template0"))
                )
            )
        return self.env | {"DB_NAME": name}

    def backends(self, database: str) -> list[int]:
        """Process ids of the connections to a database."""
        with self.superuser() as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE datname = %s"
            return [pid for (pid,) in connection.execute(query, [database])]

    def end_backends(self, database: str) -> int:
        """Ends the connections to a database, as an administrator would; tells how many there were."""
        with self.superuser() as connection:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            return connection.execute(query, [database]).rowcount

    def kill_backend(self, pid: int) -> None:
        """kill -9: the cluster drops all connections and recovers."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def accepts(self) -> bool:
        """Whether it lets anybody in: not while it starts, stops or recovers."""
        try:
            self.superuser().close()
        except psycopg.OperationalError:
            return False
        return True

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def statements(self, database: str) -> list[str]:
        """The statements of a database in the log (with log_statement = 'all')."""
        pattern = re.compile(rf"\] {re.escape(database)} LOG: +(?:statement|execute [^:]*): (.*)")
        return pattern.findall(self.log())
