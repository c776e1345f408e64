# SPDX-License-Identifier: Apache-2.0
"""Databases as large as one likes, made by `renku dev seed`, and who looks at them."""

import time
import uuid
from dataclasses import dataclass

from support.api import Api, Caller
from support.database import Rows
from support.postgres import Postgres
from support.server import deployment, renku

NOWHERE = "http://127.0.0.1:1"  # the tools ask no identity provider
FAST = {
    "shared_buffers": "1GB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "16GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "synchronous_commit": "off",
}

BIG_GROUP = """
SELECT group_id, slug FROM common.namespaces WHERE slug ~ '^group1-' AND group_id IS NOT NULL
"""
WITH_FEW = """
SELECT user_id
  FROM librenku.listing_member m
 WHERE NOT EXISTS (SELECT
                     FROM librenku.relation r
                    WHERE r.object_type = 'g' AND r.object_id = %s AND r.subject_id = m.user_id)
 GROUP BY user_id
 ORDER BY count(*), user_id
 LIMIT 1
"""
VIEWER_OF = """
SELECT subject_id FROM librenku.relation
 WHERE object_type = 'g' AND object_id = %s AND relation = 'v' AND subject_type = 'u'
 ORDER BY 1 LIMIT 1
"""


@dataclass
class Seeded:
    """One database with many projects."""

    name: str
    projects: int
    env: dict[str, str]  # that of a deployment
    people: dict[str, str | None]  # ids of users, by what they see; None is nobody known
    big_namespace: str  # slug of the group that has three in ten projects
    seconds: float  # how long `renku dev seed` took

    def callers(self, api: Api) -> dict[str, Caller]:
        return {
            name: api.visitor(user_id) if user_id else api.anonymous()
            for name, user_id in self.people.items()
        }


def tool(*arguments: str, env: dict[str, str], timeout: float = 60) -> str:
    done = renku(*arguments, env=env, timeout=timeout)
    assert done.returncode == 0, f"renku {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


def make_template(cluster: Postgres, keys: dict[str, str]) -> str:
    """A migrated database to copy."""
    database = cluster.create_database()
    tool("db", "migrate", env=deployment(database, NOWHERE, keys))
    return database["DB_NAME"]


def seed(env: dict[str, str], users: int, groups: int, projects: int) -> float:
    """Seconds."""
    numbers = {"--users": users, "--groups": groups, "--projects": projects}
    words = [word for pair in numbers.items() for word in map(str, pair)]
    begin = time.monotonic()
    tool("dev", "seed", *words, env=env, timeout=3600)
    return time.monotonic() - begin


def vacuum(cluster: Postgres, database: str) -> None:
    with cluster.superuser(database) as connection:
        connection.execute("VACUUM (ANALYZE, PARALLEL 0)")


def find_people(rows: Rows, env: dict[str, str], group: str) -> dict[str, str | None]:
    """One of each kind; "newcomer" has nothing, "administrator" sees all."""
    people = {
        "few projects": rows.one(WITH_FEW, group),
        "big group": rows.one(VIEWER_OF, group),
        "newcomer": str(uuid.uuid4()),
        "administrator": str(uuid.uuid4()),
        "anonymous": None,
    }
    tool("authz", "admin", "add", people["administrator"], env=env)
    return people


def make_seeded(
    cluster: Postgres, template: str, env: dict[str, str], size: tuple[int, int, int]
) -> Seeded:
    """A database of that many users, groups and projects; `env` is that of a deployment without DB_*."""
    env = env | cluster.create_database(template)
    seconds = seed(env, *size)
    vacuum(cluster, env["DB_NAME"])
    rows = Rows(env)
    try:
        group, slug = rows.all(BIG_GROUP)[0]
        people = find_people(rows, env, group)
        return Seeded(env["DB_NAME"], size[2], env, people, slug, seconds)
    finally:
        rows.close()
