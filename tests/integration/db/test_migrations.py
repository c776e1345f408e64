# SPDX-License-Identifier: Apache-2.0
"""Migrating, adopting, handing back."""

import re

import pytest

from support.migrations import MIGRATIONS
from support.server import poll

FILES = sorted(path.stem for path in MIGRATIONS.glob("*.sql"))
NEWEST = len(FILES)
CONTRACT = "01k4dy9r2we4"


def revision(database) -> int:
    return database.one("SELECT max(number) FROM librenku.migration")


# --- up


def test_an_empty_database_is_brought_to_the_newest_revision(empty):
    assert empty.done("up") == {"from": 0, "to": NEWEST, "applied": FILES}
    assert empty.done("status") == {"revision": NEWEST, "newest": NEWEST, "pending": [], "adopted": False}
    assert empty.done("check") == {"differences": []}


def test_a_second_run_has_nothing_to_do(migrated):
    before = migrated.dump()
    assert migrated.done("up") == {"from": NEWEST, "to": NEWEST, "applied": []}
    assert migrated.dump() == before


def test_processes_at_once_apply_each_migration_once(empty):
    started = [empty.start("up") for _ in range(6)]
    answers = [empty.finish(process) for process in started]
    assert all(answer.ok for answer in answers), [answer.text for answer in answers]
    applied = [name for answer in answers for name in answer.json["applied"]]
    assert sorted(applied) == FILES
    assert empty.done("check") == {"differences": []}


def test_a_failed_migration_leaves_nothing(empty):
    empty.run("CREATE SCHEMA librenku; CREATE TABLE librenku.relation_subject ()")  # the name of an index of 0003
    answer = empty.call("up")
    assert not answer.ok
    assert answer.json["message"] == 'Database error occurred: relation "relation_subject" already exists'
    assert revision(empty) == 2
    assert empty.one("SELECT to_regclass('librenku.relation')") is None
    empty.run("DROP TABLE librenku.relation_subject")
    assert empty.done("up") == {"from": 2, "to": NEWEST, "applied": FILES[2:]}
    assert empty.done("check") == {"differences": []}


def is_migrating(database) -> bool:
    """Somebody holds the lock of the migrations."""
    return database.one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") > 0


def applied(database) -> int:
    there = database.one("SELECT to_regclass('librenku.migration') IS NOT NULL")
    return database.one("SELECT count(*) FROM librenku.migration") if there else 0


@pytest.mark.parametrize("reached", range(3))
def test_a_migration_that_is_killed_leaves_nothing_half(empty, reached):
    process = empty.start("up")
    poll(lambda: process.poll() is not None or (applied(empty) >= reached and is_migrating(empty)))
    process.kill()
    process.communicate()
    assert empty.done("up")["to"] == NEWEST
    assert empty.done("check") == {"differences": []}


def test_each_migration_is_noted_with_the_hash_of_its_text(migrated):
    rows = migrated.all("SELECT number, name, length(checksum), adopted FROM librenku.migration ORDER BY number")
    assert rows == [(int(name[:4]), name[5:], 64, False) for name in FILES]


def test_a_deployments_database_is_left_alone(deployed):
    before = deployed.dump()
    answer = deployed.call("up")
    assert answer.json["error"] == "CONFLICT"
    assert answer.json["detail"] == "take it over with: renku db adopt"
    assert deployed.dump() == before


# --- what a migration finds

HOMES = """
INSERT INTO users.users (keycloak_id) VALUES ('u1');
INSERT INTO common.groups (id, name, created_by, creation_date) VALUES ('GROUP', 'g', 'u1', now());
INSERT INTO common.namespaces (id, slug, user_id, group_id) VALUES ('SPACE', 'u1', 'u1', NULL), ('NS', 'g', NULL, 'GROUP');
INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date)
SELECT id, id, 'public', 'u1', now() FROM unnest(ARRAY['FINE', 'TWICE', 'OWN', 'NEITHER']) id;
INSERT INTO common.entity_slugs (slug, project_id, namespace_id) VALUES
    ('fine', 'FINE', 'NS'), ('twice', 'TWICE', 'NS'), ('own', 'OWN', 'SPACE'), ('neither', 'NEITHER', 'SPACE');
INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id) VALUES
    ('p', 'FINE', 'N', 'g', 'OTHER'), ('p', 'FINE', 'o', 'u', 'u1'), ('d', 'DATA', 'N', 'p', 'FINE'), ('d', 'DATA', 'N', 'g', 'GROUP'),
    ('p', 'TWICE', 'N', 'g', 'NS'), ('p', 'TWICE', 'N', 'g', 'GROUP'), ('p', 'TWICE', 'N', 'u', 'senseless'),
    ('p', 'OWN', 'N', 'n', 'SPACE'), ('p', 'OWN', 'N', 'n', 'NS'), ('p', 'OWN', 'N', 'g', 'GROUP'), ('p', 'OWN', 'L', 'L', 'renku'),
    ('p', 'NEITHER', 'N', 'g', 'A'), ('p', 'NEITHER', 'N', 'g', 'B'), ('p', 'GONE', 'N', 'g', 'A'), ('p', 'GONE', 'N', 'n', 'A');
"""
WARNINGS = [
    "project:GONE#project_namespace@group:A was removed",
    "project:GONE#project_namespace@user_namespace:A was removed",
    "project:NEITHER#project_namespace@user_namespace:SPACE was added",
    "project:NEITHER#project_namespace@group:A was removed",
    "project:NEITHER#project_namespace@group:B was removed",
    "project:OWN#project_namespace@group:GROUP was removed",
    "project:OWN#project_namespace@user_namespace:NS was removed",
    "project:TWICE#project_namespace@group:NS was removed",
]


@pytest.fixture
def at(make, migrated):
    """Makes a database at a former revision."""

    def former(number: int):
        database, notes = make(), migrated.dump("--inserts", "-t", "librenku.migration", "-t", "librenku.exported")
        database.run("CREATE SCHEMA librenku")
        for name in FILES[:number]:
            database.run((MIGRATIONS / f"{name}.sql").read_text())
        database.run(notes)
        database.run(f"DELETE FROM librenku.migration WHERE number > {number}")
        return database

    return former


def test_a_project_of_several_homes_keeps_the_one_that_its_rows_name(at):
    database = at(9)
    database.run(HOMES)
    answer = database.call("up")
    assert answer.ok, answer.text
    assert re.findall(r"\[WARNING\] .* - (project:.*): the project had several homes", answer.log) == WARNINGS
    homes = database.all("SELECT object_id, subject_type::text, subject_id FROM librenku.relation"
                         " WHERE object_type = 'p' AND relation = 'N' AND subject_type IN ('g', 'n')")  # fmt: skip
    assert sorted(homes) == [("FINE", "g", "OTHER"), ("NEITHER", "n", "SPACE"), ("OWN", "n", "SPACE"), ("TWICE", "g", "GROUP")]
    assert database.one("SELECT count(*) FROM librenku.relation WHERE object_type <> 'L'") == 9
    assert database.done("check") == {"differences": []}


def test_without_several_homes_nothing_is_told(at):
    assert "[WARNING]" not in at(9).call("up").log


# --- status and readiness


def test_status_tells_what_is_pending(empty):
    assert empty.done("status") == {"revision": 0, "newest": NEWEST, "pending": FILES, "adopted": False}


def test_an_empty_database_is_not_ready(empty):
    answer = empty.call("ready")
    assert answer.json["error"] == "UNAVAILABLE"
    assert answer.json["message"] == f"The database stands at revision 0, this library needs {NEWEST}."
    assert answer.json["detail"] == "bring it up with: renku db migrate"


def test_a_deployments_database_is_not_ready(deployed):
    assert deployed.call("ready").json["detail"] == "bring it up with: renku db adopt"


def later(database, serves: int) -> None:
    database.run(
        "INSERT INTO librenku.migration (number, name, checksum, serves, adopted)"
        f" VALUES ({NEWEST + 1}, 'later', '', {serves}, false)"
    )


@pytest.mark.parametrize("serves", [0, 1, NEWEST])
def test_a_later_revision_that_serves_this_library_is_ready(migrated, serves):
    later(migrated, serves)
    migrated.done("ready")
    assert migrated.done("up") == {"from": NEWEST + 1, "to": NEWEST + 1, "applied": []}


def test_a_later_revision_that_needs_a_newer_library_is_not_ready(migrated):
    later(migrated, NEWEST + 1)
    answer = migrated.call("ready")
    assert answer.json["error"] == "UNAVAILABLE"
    assert answer.json["detail"] == "install a newer librenku"


# --- check

DIFFERENCES = [
    (
        "ALTER TABLE common.groups ALTER name TYPE text",
        "column common.groups.name: type is text, expected character varying(99)",
    ),
    (
        "ALTER TABLE common.groups ALTER name DROP NOT NULL",
        "column common.groups.name: nullable is yes, expected no",
    ),
    (
        "ALTER TABLE common.groups ALTER description SET DEFAULT ''",
        "column common.groups.description: default is ''::character varying, expected none",
    ),
    (
        "ALTER TABLE users.users ALTER id SET GENERATED BY DEFAULT",
        "column users.users.id: identity is by default, expected always",
    ),
    ("ALTER TABLE common.groups ADD color text", "column common.groups.color is not expected"),
    ("ALTER TABLE users.user_metrics DROP metrics_identity_hash", None),
    ("DROP INDEX common.ix_common_groups_name", "index common.ix_common_groups_name is missing"),
    ("CREATE INDEX more ON common.groups (name)", "index common.more is not expected"),
    (
        "ALTER TABLE common.namespaces DROP CONSTRAINT namespaces_group_id_fk",
        "constraint common.namespaces.namespaces_group_id_fk is missing",
    ),
    (
        "ALTER TABLE common.namespaces DROP CONSTRAINT either_group_id_or_user_id_is_set",
        "constraint common.namespaces.either_group_id_or_user_id_is_set is missing",
    ),
    ("CREATE TABLE common.more ()", "table common.more is not expected"),
    ("CREATE TABLE public.more ()", "table public.more is not expected"),
    ("DROP TABLE platform.url_redirects", "table platform.url_redirects is missing"),
    ("ALTER TYPE public.visibility ADD VALUE 'hidden'", "enum public.visibility: values is"),
    ("ALTER SEQUENCE users.users_id_seq INCREMENT 2", "sequence users.users_id_seq: increment is 2, expected 1"),
    ("CREATE SEQUENCE users.more", "sequence users.more is not expected"),
    (
        "CREATE FUNCTION common.more() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "function common.more() is not expected",
    ),
    (
        "CREATE TRIGGER more AFTER INSERT ON common.groups EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "trigger common.groups.more is not expected",
    ),
    ("CREATE VIEW common.more AS SELECT 1 AS one", "view common.more is not expected"),
    ("DROP SCHEMA metrics CASCADE", "schema metrics is missing"),
    ("DROP FUNCTION public.generate_ulid() CASCADE", "function public.generate_ulid() is missing"),
]


@pytest.mark.parametrize("change, words", [row for row in DIFFERENCES if row[1]], ids=lambda value: str(value)[:60])
def test_every_difference_is_named(migrated, change, words):
    migrated.run(change)
    answer = migrated.call("check")
    assert answer.json["error"] == "CONFLICT"
    assert any(line.startswith(words) for line in answer.details), answer.details
    count = len(answer.details)
    expected = f"The database differs from the expected schema: {count} difference{'s' if count > 1 else ''}."
    assert answer.json["message"] == expected


def test_what_an_extension_brings_is_no_difference(migrated):
    with migrated.cluster.superuser(migrated.name) as connection:
        connection.execute("CREATE EXTENSION hstore SCHEMA public")
    assert migrated.done("check") == {"differences": []}


def test_a_deployments_own_text_of_its_function_is_no_difference(migrated):
    migrated.run(
        "CREATE OR REPLACE FUNCTION public.generate_ulid() RETURNS text LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN '01' || repeat('0', 24); END $$"
    )
    assert migrated.done("check") == {"differences": []}


def test_a_missing_migration_shows_in_the_check(deployed):
    words = deployed.call("check").details
    assert "schema librenku is missing" in words
    assert "table events.events is missing" in words


# --- adopt


def test_a_deployments_database_is_adopted(deployed):
    assert deployed.done("adopt") == {"adopted": True, "before": False, "revision": NEWEST}
    assert deployed.done("status") == {"revision": NEWEST, "newest": NEWEST, "pending": [], "adopted": True}
    assert deployed.done("check") == {"differences": []}
    deployed.done("ready")
    assert deployed.done("adopt") == {"adopted": True, "before": True, "revision": NEWEST}
    assert deployed.done("up")["applied"] == []


def objects(dump: str) -> list[str]:
    """The pieces of a dump; triggers change their order."""
    return sorted(re.split(r"\n\n+--\n", dump.rstrip("\n")))


def test_adoption_changes_nothing_that_the_deployment_needs(deployed):
    hidden = ("-N", "librenku", "-T", "events.events*")
    before = objects(deployed.dump(*hidden))
    deployed.done("adopt")
    after = objects(deployed.dump(*hidden))
    triggers = [piece for piece in after if "; Type: TRIGGER; " in piece]
    assert [piece for piece in after if piece not in triggers] == before
    assert all("EXECUTE FUNCTION librenku." in piece for piece in triggers)


def test_adoption_is_refused_with_every_difference(deployed):
    deployed.run("ALTER TABLE common.groups ALTER name TYPE text; DROP INDEX common.ix_common_groups_created_by")
    before = deployed.dump()
    answer = deployed.call("adopt")
    assert answer.json["error"] == "CONFLICT"
    assert answer.details == [
        "column common.groups.name: type is text, expected character varying(99)",
        "index common.ix_common_groups_created_by is missing",
    ]
    assert deployed.dump() == before


def test_a_deployment_at_another_revision_is_not_adopted(deployed):
    deployed.run("UPDATE common.alembic_version SET version_num = 'abc'")
    answer = deployed.call("adopt")
    assert answer.json["error"] == "CONFLICT"
    assert answer.json["message"] == f"The deployment stands at revision 'abc', only '{CONTRACT}' can be taken over."


def test_an_empty_database_is_not_adopted(empty):
    assert empty.call("adopt").json["detail"] == "begin with: renku db migrate"


def test_our_own_database_is_not_adopted(migrated):
    assert migrated.call("adopt").json["detail"] == "bring it up with: renku db migrate"


OUTBOX = (MIGRATIONS / "0002_event_outbox.sql").read_text()


def test_an_outbox_that_is_there_already_stays(deployed):
    deployed.run(OUTBOX)
    deployed.run("INSERT INTO events.events (timestamp_utc, queue, payload) VALUES (now(), 'q', '{}')")
    before = deployed.dump()
    deployed.done("adopt")
    assert deployed.done("check") == {"differences": []}
    deployed.done("hand-back")
    assert deployed.dump() == before


def test_processes_at_once_adopt_once(deployed):
    started = [deployed.start("adopt") for _ in range(4)]
    answers = [deployed.finish(process) for process in started]
    assert sorted(answer.json["before"] for answer in answers) == [False, True, True, True]


# --- hand back


def test_what_is_handed_back_is_as_it_was(deployed):
    schema, everything = deployed.dump("-s"), deployed.dump()
    deployed.done("adopt")
    assert deployed.done("hand-back") == {"handed_back": True, "contract": CONTRACT}
    assert deployed.dump("-s") == schema
    assert deployed.dump() == everything
    deployed.done("adopt")


def test_a_database_of_our_own_can_be_handed_over(migrated, make):
    plain = make()
    plain.run((MIGRATIONS / "0001_baseline.sql").read_text())
    migrated.done("hand-back")
    assert migrated.dump("-s") == plain.dump("-s")
    migrated.done("adopt")


RELATION = (
    "INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)"
    " VALUES ('g', '{}', 'o', 'u', 'u1')"
)


def test_relationships_that_were_not_exported_keep_the_database(deployed):
    before = deployed.dump()
    deployed.done("adopt")
    deployed.run(RELATION.format("one"))
    answer = deployed.call("hand-back")
    assert answer.json["error"] == "CONFLICT"
    assert "renku authz export" in answer.json["detail"]
    deployed.done("exported")
    deployed.run(RELATION.format("two"))
    assert not deployed.call("hand-back").ok
    deployed.run("DELETE FROM librenku.relation WHERE object_id = 'two'")
    deployed.done("hand-back")
    assert deployed.dump() == before


def test_force_loses_relationships(deployed):
    before = deployed.dump()
    deployed.done("adopt")
    deployed.run(RELATION.format("one"))
    deployed.done("hand-back-forced")
    assert deployed.dump() == before


def test_events_that_were_not_sent_keep_the_database(deployed):
    deployed.done("adopt")
    deployed.run("INSERT INTO events.events (timestamp_utc, queue, payload) VALUES (now(), 'q', '{}')")
    answer = deployed.call("hand-back")
    assert answer.json["message"] == "1 events have not been sent."
    deployed.run("DELETE FROM events.events")
    deployed.done("hand-back")


@pytest.mark.parametrize("state", ["empty", "deployed"])
def test_what_is_not_ours_cannot_be_handed_back(state, request):
    database = request.getfixturevalue(state)
    before = database.dump()
    assert database.call("hand-back-forced").json["error"] == "CONFLICT"
    assert database.dump() == before


# --- generate_ulid


def test_identifiers_from_the_database_are_ulids_of_now(migrated):
    values = [value for (value,) in migrated.all("SELECT public.generate_ulid() FROM generate_series(1, 1000)")]
    assert len(set(values)) == 1000
    assert all(re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", value) for value in values)
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    moments = [sum(alphabet.index(c) * 32 ** (9 - i) for i, c in enumerate(value[:10])) for value in values]
    now = float(migrated.one("SELECT extract(epoch FROM clock_timestamp()) * 1000"))
    assert moments == sorted(moments)
    assert 0 <= now - moments[0] < 60000
    last = [value[-1] for value in values]
    assert set(last) == set(alphabet)
