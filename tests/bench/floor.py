# SPDX-License-Identifier: Apache-2.0
"""The floor: what Kore and libpq do when nothing stands between them (floor/floor.c).

As a program, beside a database that is named as for libpq: python tests/bench/floor.py PORT
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg

from support.server import BUILD, poll

MODULE = BUILD / "tests" / "bench" / "floor" / ".libs" / "floor.so"
READ = """
SELECT id, name, visibility, created_by_id, creation_date, updated_at, description, keywords,
       secrets_mount_directory
  FROM projects.projects
 WHERE id = $1
"""
TABLES = """
CREATE SCHEMA bench_floor;
CREATE TABLE bench_floor.project (
    id text PRIMARY KEY, name text NOT NULL, visibility text NOT NULL, created_by text NOT NULL,
    created timestamptz NOT NULL DEFAULT now(), description text);
CREATE TABLE bench_floor.slug (
    slug text NOT NULL, namespace text NOT NULL, project text NOT NULL REFERENCES bench_floor.project,
    PRIMARY KEY (namespace, slug));
CREATE TABLE bench_floor.relation (
    object text NOT NULL, relation "char" NOT NULL, subject text NOT NULL,
    PRIMARY KEY (object, relation, subject));
CREATE INDEX ON bench_floor.relation (subject, relation, object);
GRANT USAGE ON SCHEMA bench_floor TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA bench_floor TO PUBLIC;
"""
# project, slug and three relations in one statement and one commit
CREATE = """
WITH project AS (
    INSERT INTO bench_floor.project (id, name, visibility, created_by, description)
    VALUES ($1, 'Bench', 'private', 'somebody', 'A project of the floor')
    RETURNING id, name, visibility, created_by, created, description),
slug AS (
    INSERT INTO bench_floor.slug (slug, namespace, project) SELECT 'bench-' || id, 'space', id FROM project),
relation AS (
    INSERT INTO bench_floor.relation (object, relation, subject)
    SELECT id, v.relation::"char", v.subject
      FROM project, (VALUES ('o', 'somebody'), ('n', 'space'), ('l', 'platform')) v (relation, subject))
SELECT * FROM project
"""
CONFIGURATION = """
root /
pidfile {folder}/floor.pid
workers {workers}
worker_max_connections 1024
worker_accept_threshold 1
worker_set_affinity 0
http_request_limit 1024
load {module}
server floor {{
    bind 127.0.0.1 {port}
    tls no
}}
domain * {{
    attach floor
    route /static floor_static
    route /read floor_read
    route /create floor_create
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def libpq(env: dict[str, str]) -> dict[str, str]:
    """The variables of libpq for a database that DB_* name, with the session of our server."""
    names = {"HOST": "HOST", "PORT": "PORT", "USER": "USER", "PASSWORD": "PASSWORD", "NAME": "DATABASE"}
    own = {f"PG{theirs}": env[f"DB_{ours}"] for ours, theirs in names.items()}
    return own | {"PGOPTIONS": "-c jit=off -c plan_cache_mode=force_generic_plan"}


def make_tables(env: dict[str, str]) -> None:
    """Where /create writes."""
    with psycopg.connect(
        host=env["PGHOST"], port=env["PGPORT"], user=env["PGUSER"], password=env.get("PGPASSWORD"),
        dbname=env["PGDATABASE"], autocommit=True,
    ) as connection:
        if not connection.execute("SELECT to_regclass('bench_floor.project')").fetchone()[0]:
            connection.execute(TABLES)


class FloorServer:
    """Kore with the module of the floor; `env` leads to a database as libpq wants it."""

    def __init__(self, env: dict[str, str], folder: Path, workers: int = 2, port: int = 0):
        self.port, self.log_path = port or free_port(), folder / "floor.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.configuration = folder / "floor.conf"
        self.configuration.write_text(
            CONFIGURATION.format(folder=folder, workers=workers, module=MODULE, port=self.port)
        )
        self.env = os.environ | env | {"FLOOR_READ": READ, "FLOOR_CREATE": CREATE}
        self.process: subprocess.Popen | None = None

    def start(self) -> "FloorServer":
        make_tables(self.env)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [shutil.which("kore") or "/usr/bin/kore", "-f", "-n", "-r", "-q", "-c", self.configuration],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        poll(self.is_ready, deadline=30)
        return self

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the floor ended: {self.log_path.read_text(errors='replace')}")
        return is_open(self.port)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)

    def __enter__(self) -> "FloorServer":
        return self.start()

    def __exit__(self, *_exc) -> None:
        self.stop()


def main() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        server = FloorServer({}, Path(folder), port=int(sys.argv[1])).start()
        print(f"{server.url}/static  {server.url}/read?PROJECT_ID  POST {server.url}/create", flush=True)
        try:
            server.process.wait()
        except KeyboardInterrupt:
            server.stop()


if __name__ == "__main__":
    main()
