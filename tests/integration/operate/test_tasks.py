# SPDX-License-Identifier: Apache-2.0
"""Each task repairs what it is for, and does nothing where nothing is to be done. Spec: tasks.md 4"""

import itertools
import json
import os
import signal
import threading
import uuid

import psycopg
import pytest

from support.database import Rows
from support.operate import fingerprint, start
from support.posthog import KEY, Posthog
from support.server import poll
from support.tasks import TASKS, database, events_left, put_events, rows  # noqa: F401

PUBLIC = {("w", "u", "*"), ("w", "a", "*")}


@pytest.fixture
def once(tools, database):
    """One pass: what it answers. A second one changes nothing."""

    def run(name: str, outcome: str = "done", again: str | None = None, **env: str) -> None:
        first = tools.done("tasks", "--once", name, "--json", database=database | env)
        assert json.loads(first) == {"task": name, "outcome": outcome}
        before = fingerprint(database)
        second = tools.done("tasks", "--once", name, "--json", database=database | env)
        assert json.loads(second)["outcome"] == (again or outcome)
        assert fingerprint(database) == before

    return run


def make_users(rows: Rows, count: int, namespaces: bool = True) -> list[tuple[str, str]]:
    """(user id, namespace id) of new users, without relationships."""
    made = []
    for number in range(count):
        user, space = str(uuid.uuid4()), ""
        rows.run("INSERT INTO users.users (keycloak_id, email) VALUES (%s, %s)", user, f"u{number}@x.org")
        if namespaces:
            space = rows.one(
                "INSERT INTO common.namespaces (id, slug, user_id) VALUES (public.generate_ulid(), %s, %s)"
                " RETURNING id", f"u{number}", user,
            )  # fmt: skip
        made.append((user, space))
    return made


def owned(user: str) -> set[tuple[str, str, str]]:
    return PUBLIC | {("o", "u", user), ("L", "L", "renku")}


@pytest.mark.parametrize("name", TASKS)
def test_a_pass_over_an_empty_installation_changes_nothing(once, database, name):
    before = fingerprint(database)

    once(name)

    assert fingerprint(database) == before


def test_an_unknown_task_is_not_found(tools, database):
    for name in ("nonsense", "_log_tasks", ""):
        assert "There is no task" in tools.refused("tasks", "--once", name, database=database, status=3)


def test_words_that_make_no_sense_are_explained(tools, database):
    assert "--once" in tools.refused("tasks", "send_product_metrics", database=database, status=2)
    assert "name of a task" in tools.refused("tasks", "--once", database=database, status=2)


def test_a_database_that_is_away_is_a_failure(tools, database):
    gone = database | {"DB_NAME": "gone"}
    assert "cannot connect" in tools.refused("tasks", "--once", TASKS[1], database=gone, status=4)


# --- namespaces of users --------------------------------------------------------------------------


def test_users_without_any_namespace_get_one_each(once, rows):
    """Spec: tasks.md 4.3; namespaces.md 4.4, 4.5"""
    people = [
        ("kim.lee@x.org", None, None, "kim.lee"),
        ("kim.lee@y.org", None, None, "kim.lee-1"),
        (None, "Ada", "Lovelace", "ada-lovelace"),
        *((f"Same@{n}.org", None, None, f"same-{n}" if n else "same") for n in range(11)),
    ]
    ids = [str(uuid.uuid4()) for _ in people]
    for id, (email, first, last, _) in zip(ids, people):
        rows.run("INSERT INTO users.users (keycloak_id, email, first_name, last_name) VALUES (%s, %s, %s, %s)",
                 id, email, first, last)  # fmt: skip

    once("generate_user_namespace")

    found = {user: (id, slug) for id, slug, user in rows.all("SELECT id, slug, user_id FROM common.namespaces")}
    assert [found[id][1] for id in ids] == [slug for _, _, _, slug in people]
    for id in ids:
        assert rows.relations("n", found[id][0]) == owned(id)


def test_many_users_get_a_namespace_in_one_pass(once, rows):
    make_users(rows, 450, namespaces=False)

    once("generate_user_namespace")

    assert rows.one("SELECT count(DISTINCT (slug, user_id)) FROM common.namespaces") == 450
    assert rows.one("SELECT count(*) FROM librenku.relation WHERE object_type = 'n'") == 4 * 450


def test_nobody_gets_a_namespace_where_one_is_there(once, rows, database):
    make_users(rows, 1)
    rows.run("INSERT INTO users.users (keycloak_id, email) VALUES ('somebody-else', 'e@x.org')")
    before = fingerprint(database)

    once("generate_user_namespace")

    assert fingerprint(database) == before


def test_a_user_without_any_slug_stops_the_generation_and_is_named(tools, rows, database):
    rows.run("INSERT INTO users.users (keycloak_id, email) VALUES ('good-one', 'a@x.org'), ('bad-one', '@corp')")

    assert "bad-one" in tools.refused("tasks", "--once", "generate_user_namespace", database=database)
    assert rows.one("SELECT count(*) FROM common.namespaces") == 0
    assert rows.one("SELECT count(*) FROM librenku.relation WHERE object_type = 'n'") == 0


def test_namespaces_without_relationships_get_them(once, rows):
    """Spec: tasks.md 4.4"""
    people = make_users(rows, 7)
    rows.relate("n", people[0][1], "o", "u", people[0][0])

    once("bootstrap_user_namespaces", again="over")

    for user, space in people:
        assert rows.relations("n", space) == owned(user)


def test_the_bootstrap_is_over_once_five_are_owned(once, rows, database):
    for user, space in make_users(rows, 6)[:5]:
        rows.relate("n", space, "o", "u", user)
    before = fingerprint(database)

    once("bootstrap_user_namespaces", "over")

    assert fingerprint(database) == before


@pytest.mark.parametrize("name", TASKS[2:])
def test_in_development_a_repair_ends_with_its_first_pass(once, name):
    once(name, "over", DUMMY_STORES="true")


# --- what belongs to whom -------------------------------------------------------------------------


def make_group(rows: Rows, creator: str) -> str:
    group = rows.one(
        "INSERT INTO common.groups (id, name, created_by, creation_date)"
        " VALUES (public.generate_ulid(), 'g', %s, now()) RETURNING id", creator,
    )  # fmt: skip
    rows.run("INSERT INTO common.namespaces (id, slug, group_id) VALUES (public.generate_ulid(), lower(%s), %s)",
             group, group)  # fmt: skip
    return group


def make_project(rows: Rows, creator: str, namespace: str) -> str:
    project = rows.one(
        "INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date, secrets_mount_directory)"
        " VALUES (public.generate_ulid(), 'p', 'private', %s, now(), '/secrets') RETURNING id", creator,
    )  # fmt: skip
    rows.run("INSERT INTO common.entity_slugs (slug, project_id, namespace_id) VALUES (lower(%s), %s, %s)",
             project, project, namespace)  # fmt: skip
    return project


def space_of(rows: Rows, group: str) -> str:
    return rows.one("SELECT id FROM common.namespaces WHERE group_id = %s", group)


def test_projects_belong_to_the_group_that_they_stand_in(once, rows):
    """Spec: tasks.md 4.5; projects.md 7"""
    user, own = make_users(rows, 1)[0]
    group, other = make_group(rows, user), make_group(rows, user)
    right, wrong, former = (make_project(rows, user, space_of(rows, group)) for _ in range(3))
    private = make_project(rows, user, own)
    for project, subject in [
        (right, group), (wrong, space_of(rows, group)), (former, other), (private, other),
        ("01JF000000000000000000GONE", group),
    ]:  # fmt: skip
        rows.relate("p", project, "N", "g", subject)

    once("fix_mismatched_project_namespace_ids")

    for project in (right, wrong, former):
        assert rows.relations("p", project) == {("N", "g", group)}
    assert rows.relations("p", private) == {("N", "g", other)}
    assert rows.relations("p", "01JF000000000000000000GONE") == set()


@pytest.mark.parametrize("name,letter", [(TASKS[4], "g"), (TASKS[5], "n")])
def test_what_strangers_cannot_read_becomes_public(once, rows, name, letter):
    """Spec: tasks.md 4.6, 4.7"""
    hidden, half, shown, foreign = (f"01JF00000000000000000000{n:02}" for n in range(4))
    for object_id in (hidden, half, shown):
        rows.relate(letter, object_id, "L", "L", "renku")
    rows.relate(letter, half, "w", "u", "*")
    for relation in PUBLIC:
        rows.relate(letter, shown, *relation)
    rows.relate(letter, foreign, "o", "u", "somebody")
    rows.relate("p", hidden, "L", "L", "renku")

    once(name)

    for object_id in (hidden, half, shown):
        assert rows.relations(letter, object_id) == PUBLIC | {("L", "L", "renku")}
    assert rows.relations(letter, foreign) == {("o", "u", "somebody")}
    assert rows.relations("p", hidden) == {("L", "L", "renku")}


@pytest.mark.parametrize("name", TASKS[1:])
def test_a_pass_that_another_runner_makes_is_left_to_it(tools, rows, database, name):
    make_users(rows, 3)
    with rows.connection.transaction():
        rows.all("SELECT pg_advisory_xact_lock(hashtextextended('renku task ' || %s, 0))", name)
        told = tools.done("tasks", "--once", name, "--json", database=database)
    assert json.loads(told) == {"task": name, "outcome": "elsewhere"}
    assert rows.one("SELECT count(*) FROM librenku.relation WHERE object_type = 'n'") == 0


def test_a_pass_that_is_killed_leaves_nothing_and_frees_its_turn(tools, rows, database):
    people = make_users(rows, 3)
    with rows.connection.transaction():
        rows.run("LOCK TABLE librenku.relation IN ACCESS EXCLUSIVE MODE")
        process = start("tasks", "--once", TASKS[4], env=tools.env(database))
        poll(rows.is_waited_for)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    tools.done("tasks", "--once", "bootstrap_user_namespaces", database=database)
    assert {user for user, _ in people} == {
        subject for (subject,) in rows.all("SELECT subject_id FROM librenku.relation WHERE relation = 'o'")
    }


# --- product metrics ------------------------------------------------------------------------------


def put(rows: Rows, id: str, event: str, metadata: str | None) -> None:
    rows.run(
        "INSERT INTO metrics.metrics (id, anonymous_user_id, event, timestamp, metadata)"
        " VALUES (%s, 'abc', %s, '2025-01-31T10:47:44.123456+01:00', %s)", id, event, metadata,
    )  # fmt: skip


def test_events_are_sent_in_the_form_of_posthog(once, rows):
    """Spec: tasks.md 4.2; metrics.md 6.2, 6.3"""
    put(rows, "01JGH5Z3Q0ABCDEFGHJKMNPQRS", "project_created", '{"a": "é", "environment": "mine", "$lib": "x"}')
    put(rows, "01JGH5Z3Q1ABCDEFGHJKMNPQRS", "identify_user", '{"email": "a@b.c"}')
    put(rows, "01JGH5Z3Q2ABCDEFGHJKMNPQRS", "identify_user", None)
    put(rows, "01JGH5Z3Q3ABCDEFGHJKMNPQRS", "x", "null")

    with Posthog() as posthog:
        once("send_product_metrics", **posthog.env())

    assert events_left(rows) == set()
    path, headers, body = posthog.requests[0]
    assert (path, headers["Content-Type"]) == ("/batch/", "application/json")
    assert headers["User-Agent"].startswith("librenku/")
    assert body["api_key"] == KEY and body["historical_migration"] is False
    assert body["sentAt"].endswith("+00:00") and set(body) == {"batch", "api_key", "sentAt", "historical_migration"}
    plain, identify, nobody, empty = posthog.events()
    library = plain["properties"]
    assert plain["uuid"] == "0194225f-8ee0-42d8-973e-1194e95b5f19"
    assert (plain["event"], plain["distinct_id"]) == ("project_created", "abc")
    assert plain["timestamp"] == "2025-01-31T09:47:44.123456+00:00"
    assert (library["a"], library["environment"], library["$lib"]) == ("é", "tests", "librenku")
    assert library["$geoip_disable"] is True and library["$os"] == "Linux" and "$set" not in plain
    assert (identify["event"], identify["$set"]) == ("$identify", {"email": "a@b.c"})
    assert set(identify["properties"]) == {"$lib", "$lib_version", "$geoip_disable", "environment"}
    assert nobody["$set"] == {}
    assert empty["properties"] == {name: value for name, value in library.items() if name != "a"}


def test_what_is_refused_stays_and_the_rest_goes_on(once, rows):
    put_events(rows, 50)
    with Posthog(lambda event: 500 if event["properties"]["n"] % 10 == 0 else 200) as posthog:
        once("send_product_metrics", **posthog.env())
        assert len(events_left(rows)) == 5
        assert set(posthog.accepted.values()) == {0, 1}
        posthog.judge = lambda event: 200
        once("send_product_metrics", **posthog.env())
    assert events_left(rows) == set()
    assert set(posthog.accepted.values()) == {1} and len(posthog.accepted) == 50


def test_a_connection_that_breaks_is_tried_again(once, rows):
    put_events(rows, 3)
    broken = iter([0, 0, 200, 200, 0, 200])
    with Posthog(lambda event: next(broken)) as posthog:
        once("send_product_metrics", **posthog.env())
    assert events_left(rows) == set()
    assert len(posthog.requests) == 6


def test_an_event_that_breaks_every_connection_does_not_hold_up_the_others(once, rows):
    put_events(rows, 30)
    with Posthog(lambda event: 0 if event["properties"]["n"] == 3 else 200) as posthog:
        once("send_product_metrics", **posthog.env())
    assert len(events_left(rows)) == 1
    assert sum(posthog.accepted.values()) == 29


def test_nobody_is_asked_for_ever_when_nobody_answers(tools, rows, database):
    put_events(rows, 100)
    env = {"POSTHOG_HOST": "http://user:word@127.0.0.1:1/path?q=secret", "POSTHOG_API_KEY": KEY}
    done = tools.run("tasks", "--once", "send_product_metrics", database=database | env)
    assert done.returncode == 0
    assert done.stderr.count("could not be sent") == 10
    assert not any(word in done.stderr for word in (KEY, "word@", "secret"))
    assert len(events_left(rows)) == 100


# No ULIDs: too short, too long, characters that none has, a first one that is too large.
STRANGE = {"", "nonsense", "!" * 26, "é" * 26, "8" + "0" * 25, "0" * 25 + "u", "0" * 25 + "U", "0" * 27, "0" * 26 + "\n"}


def test_events_with_strange_ids_are_left_alone_and_counted(tools, rows, database):
    for name in STRANGE:
        put(rows, name, "x", None)
    put_events(rows, 45)
    with Posthog() as posthog:
        told = tools.run("tasks", "--once", "send_product_metrics", database=database | posthog.env())
    assert told.returncode == 0 and len(posthog.requests) == 45
    assert events_left(rows) == STRANGE
    assert told.stderr.count(" 9 events can never be sent") == told.stderr.count("never be sent") == 1


TIMES = ["infinity", "-infinity", "294276-12-31", "10000-01-01 00:00:00+00", "0001-12-31 23:59:59.999999 BC"]


@pytest.mark.parametrize("time", TIMES)
def test_an_event_at_a_time_that_nobody_can_write_down_does_not_hold_up_the_others(tools, rows, database, time):
    strange, *fine = sorted(put_events(rows, 25))
    rows.run("UPDATE metrics.metrics SET timestamp = %s WHERE id = %s", time, strange)
    with Posthog() as posthog:
        told = [tools.run("tasks", "--once", "send_product_metrics", database=database | posthog.env()) for _ in range(2)]
    assert [done.returncode for done in told] == [0, 0] and len(posthog.requests) == len(fine)
    assert events_left(rows) == {strange}
    assert all(f' 1 events can never be sent' in done.stderr and f'"{strange}"' in done.stderr for done in told)


@pytest.mark.parametrize("time, sent", [("0001-01-01 00:00:00+00", "0001-01-01T00:00:00+00:00"),
                                        ("9999-12-31 23:59:59.999999+00", "9999-12-31T23:59:59.999999+00:00")])  # fmt: skip
def test_the_first_and_the_last_time_are_sent(once, rows, time, sent):
    put_events(rows, 1)
    rows.run("UPDATE metrics.metrics SET timestamp = %s", time)
    with Posthog() as posthog:
        once("send_product_metrics", **posthog.env())
    assert [event["timestamp"] for event in posthog.events()] == [sent]
    assert events_left(rows) == set()


def test_no_event_is_told_of_when_all_were_sent(tools, rows, database):
    put_events(rows, 1)
    with Posthog() as posthog:
        told = tools.run("tasks", "--once", "send_product_metrics", database=database | posthog.env())
    assert told.returncode == 0 and "never be sent" not in told.stderr


def test_a_sender_that_is_killed_loses_nothing(tools, rows, database):
    ids, reached, numbers = put_events(rows, 60), threading.Event(), itertools.count(1)

    def judge(_event: dict) -> int:
        if next(numbers) == 47:  # in the third batch
            reached.set()
            threading.Event().wait(60)
        return 200

    with Posthog(judge) as posthog:
        process = start("tasks", "--once", "send_product_metrics", env=tools.env(database | posthog.env()))
        assert reached.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert len(events_left(rows)) == 20
        tools.done("tasks", "--once", "send_product_metrics", database=database | posthog.env())
        assert events_left(rows) == set()
        accepted = {event["uuid"] for event in posthog.events() if posthog.accepted[event["uuid"]]}
    assert len(accepted) == len(ids)


def test_rows_that_another_sender_has_are_left_to_it(tools, rows, database):
    ids = sorted(put_events(rows, 30))
    with Posthog() as posthog, psycopg.connect(**rows.connection.info.get_parameters(), password=database["DB_PASSWORD"]) as other:
        other.execute("SELECT FROM metrics.metrics WHERE id = ANY (%s) FOR UPDATE", [ids[5:15]])
        tools.done("tasks", "--once", "send_product_metrics", database=database | posthog.env())
    assert events_left(rows) == set(ids[5:15])
