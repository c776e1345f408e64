# SPDX-License-Identifier: Apache-2.0
"""The projection behind project lists equals what the rows say, also under concurrent writers."""

import os
import random
import threading

import psycopg
import pytest
from support.database import Rows

WRITERS = 6
CHANGES = 150
USERS = [f"user-{n}" for n in range(8)]

DESCRIBED = (
    "name = 'other'", "description = 'text'", "description = NULL", "keywords = '{a,b}'", "keywords = NULL",
    "is_template = NOT is_template", "secrets_mount_directory = '/other'", "updated_at = NULL",
    "template_id = id", "template_id = NULL", "creation_date = now()", "created_by_id = 'user-1'",
)  # fmt: skip

ADD_REPOSITORY = "INSERT INTO projects.projects_repositories (url, project_id) VALUES (%s, %s)"

DIFFERENCES = """
SELECT 'listing', t::text FROM ((TABLE librenku.listing EXCEPT TABLE librenku.listing_expected)
                         UNION ALL (TABLE librenku.listing_expected EXCEPT TABLE librenku.listing)) t
UNION ALL
SELECT 'member', t::text FROM ((TABLE librenku.listing_member EXCEPT TABLE librenku.listing_member_expected)
                        UNION ALL (TABLE librenku.listing_member_expected EXCEPT TABLE librenku.listing_member)) t
UNION ALL
SELECT 'total', t::text FROM (
    SELECT scope, sum(public), sum(private), sum(owners), sum(editors) FROM (
        SELECT scope, public, private, owners, editors FROM librenku.listing_total
        UNION ALL SELECT scope, -public, -private, -owners, -editors FROM librenku.listing_total_expected) d
     GROUP BY scope
    HAVING (sum(public), sum(private), sum(owners), sum(editors)) <> (0, 0, 0, 0)) t
"""


def ulid(generator: random.Random) -> str:
    return "01" + "".join(generator.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=24))


@pytest.fixture
def rows(make_database):
    rows = Rows(make_database())
    yield rows
    rows.close()


@pytest.fixture
def world(rows):
    """Users with their namespaces, and groups."""
    generator = random.Random(1)
    namespaces = []
    for user in USERS:
        rows.run("INSERT INTO users.users (keycloak_id) VALUES (%s)", user)
        namespaces.append(ulid(generator))
        rows.run(
            "INSERT INTO common.namespaces (id, slug, user_id) VALUES (%s, %s, %s)", namespaces[-1], user, user
        )
    for n in range(4):
        group = ulid(generator)
        rows.run(
            "INSERT INTO common.groups (id, name, created_by, creation_date) VALUES (%s, 'g', %s, now())",
            group, USERS[0],
        )  # fmt: skip
        namespaces.append(ulid(generator))
        rows.run(
            "INSERT INTO common.namespaces (id, slug, group_id) VALUES (%s, %s, %s)", namespaces[-1], f"group-{n}", group
        )
    return namespaces


class Writer(threading.Thread):
    """Makes random changes, each in a transaction that locks the project first, as the handlers do."""

    def __init__(self, rows, namespaces, projects, seed):
        super().__init__()
        self.generator = random.Random(seed)
        self.info = rows.connection.info
        self.password = rows.connection.info.password
        self.namespaces = namespaces
        self.projects = projects
        self.failure = None

    def connect(self):
        return psycopg.connect(
            host=self.info.host, port=self.info.port, user=self.info.user,
            password=self.password, dbname=self.info.dbname, autocommit=True,
        )  # fmt: skip

    def run(self):
        try:
            with self.connect() as connection:
                for _ in range(CHANGES):
                    self.change(connection)
        except Exception as failure:  # shown by the test
            self.failure = failure

    def change(self, connection):
        kinds = [self.create, self.touch, self.publish, self.move, self.gain, self.gain, self.lose, self.remove]
        kinds += [self.describe, self.rename, self.link, self.unlink]
        kind = self.generator.choice(kinds)
        with connection.transaction():
            if kind == self.create:
                self.create(connection)
                return
            project = self.generator.choice(self.projects) if self.projects else ""
            found = connection.execute(
                "SELECT FROM projects.projects WHERE id = %s FOR UPDATE", [project]
            ).fetchone()
            if found is not None:
                kind(connection, project)
            if self.generator.random() < 0.1:
                raise psycopg.Rollback

    def create(self, connection):
        project, user = ulid(self.generator), self.generator.choice(USERS)
        connection.execute(
            "INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date)"
            " VALUES (%s, 'p', %s, %s, now())",
            [project, self.generator.choice(["public", "private"]), user],
        )
        connection.execute(
            "INSERT INTO common.entity_slugs (slug, project_id, namespace_id) VALUES (%s, %s, %s)",
            [project.lower(), project, self.generator.choice(self.namespaces)],
        )
        connection.execute("INSERT INTO librenku.relation VALUES ('p', %s, 'o', 'u', %s)", [project, user])
        self.projects.append(project)

    def touch(self, connection, project):
        connection.execute("UPDATE projects.projects SET updated_at = now() WHERE id = %s", [project])

    def describe(self, connection, project):
        """Each of the columns that a list shows, for itself."""
        change = self.generator.choice(DESCRIBED)
        connection.execute(f"UPDATE projects.projects SET {change} WHERE id = %s", [project])

    def rename(self, connection, project):
        connection.execute(
            "UPDATE common.entity_slugs SET slug = slug || '-x' WHERE project_id = %s AND length(slug) < 60", [project]
        )

    def link(self, connection, project):
        connection.execute(
            "INSERT INTO projects.projects_repositories (url, project_id)"
            " SELECT 'https://example.org/' || n, %s FROM generate_series(1, 2) n",
            [project],
        )

    def unlink(self, connection, project):
        connection.execute(
            "UPDATE projects.projects_repositories SET url = url || '/x'"
            " WHERE project_id = %s AND url ~ '1$'", [project]
        )
        connection.execute(
            "DELETE FROM projects.projects_repositories WHERE project_id = %s AND url ~ '2$'", [project]
        )

    def publish(self, connection, project):
        connection.execute(
            "UPDATE projects.projects SET visibility = %s, updated_at = now() WHERE id = %s",
            [self.generator.choice(["public", "private"]), project],
        )

    def move(self, connection, project):
        connection.execute(
            "UPDATE common.entity_slugs SET namespace_id = %s WHERE project_id = %s",
            [self.generator.choice(self.namespaces), project],
        )

    def gain(self, connection, project):
        connection.execute(
            "INSERT INTO librenku.relation VALUES ('p', %s, %s, 'u', %s) ON CONFLICT DO NOTHING",
            [project, self.generator.choice("oev"), self.generator.choice(USERS)],
        )

    def lose(self, connection, project):
        connection.execute(
            "DELETE FROM librenku.relation WHERE object_type = 'p' AND object_id = %s AND subject_id = %s"
            " AND relation = ANY (%s)",
            [project, self.generator.choice(USERS), self.generator.choice([["o"], ["e", "v"], ["o", "e", "v"]])],
        )

    def remove(self, connection, project):
        connection.execute("DELETE FROM projects.projects WHERE id = %s", [project])
        connection.execute("DELETE FROM librenku.relation WHERE object_id = %s", [project])


def write(rows, namespaces, seed):
    projects = []
    writers = [Writer(rows, namespaces, projects, seed * 100 + n) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.failure for writer in writers if writer.failure] == []


def test_the_projection_equals_the_rows_after_concurrent_changes(rows, world):
    seed = int(os.environ.get("RENKU_TEST_SEED", random.randrange(1_000_000)))
    print(f"seed {seed}: {WRITERS} writers, {CHANGES} changes each")
    write(rows, world, seed)
    assert rows.one("SELECT count(*) FROM librenku.listing") > 0
    assert rows.all(DIFFERENCES) == []


def test_two_who_add_repositories_at_once_are_both_seen(rows, world):
    """Other programs may not lock the project first."""
    writer = Writer(rows, world, [], 1)
    writer.create(rows.connection)
    one, other = ((ADD_REPOSITORY, f"https://example.org/{n}", *writer.projects) for n in (1, 2))
    with writer.connect() as connection:
        rows.let_wait([one], lambda: connection.execute(other[0], other[1:]))
    assert len(rows.one("SELECT repositories FROM librenku.listing")) == 2
    assert rows.all(DIFFERENCES) == []


def test_removing_a_namespace_takes_its_projects_out_of_the_lists(rows, world):
    write(rows, world, 7)
    rows.run("DELETE FROM common.groups")
    rows.run("DELETE FROM users.users WHERE keycloak_id = %s", USERS[1])
    assert rows.all(DIFFERENCES) == []
    assert rows.all("SELECT FROM librenku.listing_total WHERE scope = 'groups' GROUP BY scope HAVING sum(public) <> 0") == []


def test_a_rebuild_gives_the_same(rows, world):
    write(rows, world, 8)
    before = rows.all("SELECT * FROM librenku.listing_member ORDER BY 1, 2")
    rows.run("UPDATE librenku.listing SET public = NOT public")
    assert rows.all(DIFFERENCES) != []
    rows.all("SELECT librenku.listing_rebuild()")
    assert rows.all(DIFFERENCES) == []
    assert rows.all("SELECT * FROM librenku.listing_member ORDER BY 1, 2") == before
