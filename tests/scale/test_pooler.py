# SPDX-License-Identifier: Apache-2.0
"""PgBouncer in transaction mode between us and PostgreSQL: another server for each transaction."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import Api, Caller, ServerErrors, unique
from support.balancer import Bouncer
from support.database import Rows
from support.halves import half_things
from support.server import deployment, poll, renku

POOL = 3  # connections of PgBouncer to PostgreSQL


@pytest.fixture(scope="module")
def bouncer(postgres):
    with Bouncer(postgres, POOL) as bouncer:
        yield bouncer


@pytest.fixture(scope="module")
def settings(bouncer, make_database, environment):
    return environment | bouncer.env(make_database())


@pytest.fixture(scope="module")
def server(start_server, settings):
    server = start_server(base=settings)
    yield server
    assert server.stop() == 0, server.log()
    assert not server.reports(), server.log()


@pytest.fixture
def api(server, realm):
    api = Api(server.url, realm, ServerErrors())
    yield api
    api.close()
    assert api.errors.seen == []


def live(person: Caller, friend: Caller) -> None:
    """What people do most, read back each time."""
    group = person.create_group()
    project = person.create_project(namespace=group["slug"], visibility="private")
    members = f"/projects/{project['id']}/members"
    assert friend.get(f"/projects/{project['id']}").status_code == 404
    person.set_members(members, (friend, "editor"))
    assert friend.project(project["id"])["slug"] == project["slug"]
    response = person.patch_project(project, description="changed", keywords=["a", "b"])
    assert response.status_code == 200, response.text
    assert friend.project(project["id"])["keywords"] == ["a", "b"]
    found = person.get("/projects", params={"namespace": group["slug"]}).json()
    assert [entry["id"] for entry in found] == [project["id"]]
    secret = person.post("/user/secrets", json={"name": unique("s"), "kind": "general", "value": "v"})
    assert secret.status_code == 201, secret.text
    assert person.delete(f"/projects/{project['id']}").status_code == 204
    assert person.get(f"/projects/{project['id']}").status_code == 404


def test_many_people_live_through_a_pooler_without_a_failure(api, server, settings, bouncer):
    people = [api.user() for _ in range(12)]
    with ThreadPoolExecutor(len(people)) as crowd:
        list(crowd.map(live, people, people[1:] + people[:1]))
    assert "prepared statements do not last" in server.log()
    rows = Rows(settings | {"DB_HOST": bouncer.cluster.env["DB_HOST"], "DB_PORT": "5432"})
    assert half_things(rows) == {}
    rows.close()


def test_more_connections_than_the_pooler_has_servers_wait_for_one(api, bouncer, settings):
    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(lambda _: api.anonymous().get("/projects"), range(64)))
    assert {answer.status_code for answer in answers} == {200}
    poll(lambda: len(bouncer.cluster.backends(settings["DB_NAME"])) <= POOL)  # one of the test before may still be leaving


def test_times_read_the_same_when_the_database_has_another_zone(
    postgres, bouncer, make_database, start_server, environment, realm
):
    database = make_database()
    name = database["DB_NAME"]
    with postgres.superuser() as connection:
        connection.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
        connection.execute(f"ALTER DATABASE {name} SET datestyle = 'German'")
        connection.execute(f"ALTER DATABASE {name} SET intervalstyle = 'sql_standard'")
        connection.execute(f"ALTER DATABASE {name} SET bytea_output = 'escape'")
    server = start_server(base=environment | bouncer.env(database))
    api = Api(server.url, realm, ServerErrors())
    person = api.user()
    projects = [person.create_project() for _ in range(4)]

    def read(project: dict) -> bool:
        return person.project(project["id"]) == project

    with ThreadPoolExecutor(12) as crowd:
        assert all(crowd.map(read, projects * 12))
    assert api.errors.seen == []
    api.close()
    assert server.stop() == 0, server.log()


def test_commands_of_the_operator_work_through_a_pooler(
    bouncer, postgres, realm, keys, settings, folder
):
    empty = deployment(bouncer.env(postgres.create_database()), realm.url, keys)
    copy = folder / "pooler.tar"
    for arguments, env in [
        (("db", "migrate"), empty),
        (("db", "check"), empty),
        (("db", "verify"), settings),
        (("tasks", "--once", "generate_user_namespace"), settings),
        (("tasks", "--once", "fix_mismatched_project_namespace_ids"), settings),
        (("tasks", "--once", "send_product_metrics"), settings),
        (("backup", str(copy)), settings),
        (("restore", str(copy)), empty),
        (("db", "verify"), empty),
    ]:
        done = renku(*arguments, env=env)
        assert done.returncode == 0, (arguments, done.stdout + done.stderr)
