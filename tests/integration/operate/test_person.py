# SPDX-License-Identifier: Apache-2.0
"""Everything about one person, and what removing one would do."""

import json

import pytest

from support.database import Rows
from support.operate import fingerprint
from support.server import ROOT

ALICE, BOB = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
ALICE_MD5 = "c6426b96020dfc0cac3adc1cf3952797"

# Every row of a person, with values that must never come out ("SECRET") and those of others ("OTHER").
WORLD = f"""
INSERT INTO users.users (keycloak_id, first_name, last_name, email, secret_key)
VALUES ('{ALICE}', 'Alice', NULL, 'alice@example.org', 'SECRET'),
       ('{BOB}', 'OTHER', 'OTHER', 'OTHER@example.org', NULL);
INSERT INTO common.groups (id, name, created_by, creation_date, description)
VALUES ('G1', 'Ice', '{ALICE}', '2026-01-01', 'text'), ('G2', 'OTHER', '{BOB}', '2026-01-01', NULL);
INSERT INTO common.namespaces (id, slug, user_id, group_id)
VALUES ('N1', 'alice', '{ALICE}', NULL), ('N2', 'OTHER', '{BOB}', NULL), ('N3', 'ice', NULL, 'G1');
INSERT INTO common.namespaces_old (id, slug, latest_slug_id) VALUES ('O1', 'alice-before', 'N1');
INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date)
VALUES ('P1', 'Cores', 'private', '{ALICE}', '2026-01-02'), ('P2', 'Shared', 'public', '{BOB}', '2026-01-02'),
       ('P3', 'OTHER', 'private', '{BOB}', '2026-01-02');
INSERT INTO common.entity_slugs (slug, project_id, namespace_id)
VALUES ('cores', 'P1', 'N1'), ('shared', 'P2', 'N2'), ('other', 'P3', 'N2');
INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)
VALUES ('p', 'P1', 'o', 'u', '{ALICE}'), ('p', 'P1', 'v', 'u', '{BOB}'), ('p', 'P2', 'e', 'u', '{ALICE}'),
       ('p', 'P2', 'o', 'u', '{BOB}'), ('p', 'P3', 'o', 'u', '{BOB}'), ('n', 'N1', 'o', 'u', '{ALICE}'),
       ('g', 'G1', 'o', 'u', '{ALICE}'), ('L', 'renku', 'A', 'u', '{ALICE}');
INSERT INTO users.user_preferences (user_id, pinned_projects)
VALUES ('{ALICE}', '{{"project_slugs": ["alice/cores"]}}'), ('{BOB}', '{{"project_slugs": ["OTHER"]}}');
INSERT INTO secrets.secrets (id, name, default_filename, encrypted_value, encrypted_key, modification_date, user_id)
VALUES ('S1', 'key of a bucket', 'bucket', 'SECRET', 'SECRET', now(), '{ALICE}'),
       ('S2', 'OTHER', 'bucket', 'SECRET', 'SECRET', now(), '{BOB}');
INSERT INTO projects.session_secret_slots (id, project_id, name, filename, created_by_id, creation_date)
VALUES ('T1', 'P1', 'slot', 'file', '{ALICE}', now());
INSERT INTO projects.session_secrets (id, user_id, secret_slot_id, secret_id)
VALUES ('U1', '{ALICE}', 'T1', 'S1'), ('U2', '{BOB}', 'T1', 'S2');
INSERT INTO storage.data_connectors (id, name, visibility, storage_type, configuration, source_path, target_path,
                                     created_by_id, readonly, creation_date)
VALUES ('D1', 'bucket', 'private', 's3', '{{"password": "SECRET"}}', 'SECRET', '/', '{ALICE}', true, now());
INSERT INTO storage.data_connector_to_project_links (id, data_connector_id, project_id, created_by_id, creation_date)
VALUES ('L1', 'D1', 'P1', '{ALICE}', now());
INSERT INTO storage.data_connector_secrets (user_id, data_connector_id, name, secret_id)
VALUES ('{ALICE}', 'D1', 'password', 'S1'), ('{BOB}', 'D1', 'OTHER', 'S2');
INSERT INTO storage.deposits (source_id, status_id, original_id, data_connector_id, user_id, job_name, name)
SELECT s.id, t.id, '10.5281', 'D1', '{ALICE}', 'job', 'paper'
  FROM storage.deposit_sources s, storage.deposit_statuses t WHERE s.source = 'zenodo' AND t.status = 'complete';
INSERT INTO connected_services.oauth2_clients (id, client_id, display_name, created_by_id, kind, scope, url, client_secret)
VALUES ('C1', 'SECRET', 'GitLab', '{ALICE}', 'gitlab', 'api', 'https://g', 'SECRET');
INSERT INTO connected_services.oauth2_connections (id, user_id, client_id, token, state, status, code_verifier, next_url)
VALUES ('X1', '{ALICE}', 'C1', '{{"access_token": "SECRET"}}', 'SECRET', 'connected', 'SECRET', 'SECRET'),
       ('X2', '{BOB}', 'C1', NULL, 'OTHER', 'pending', NULL, NULL);
INSERT INTO sessions.environments (id, name, created_by_id, creation_date, container_image, default_url,
                                   environment_kind, port, uid, gid)
VALUES ('E1', 'python', '{ALICE}', now(), 'image', '/', 'CUSTOM', 1, 1, 1);
INSERT INTO sessions.launchers (id, name, created_by_id, creation_date, project_id, environment_id, env_variables)
VALUES ('A1', 'launcher', '{ALICE}', now(), 'P1', 'E1', '[{{"name": "a", "value": "SECRET"}}]');
INSERT INTO common.k8s_objects (name, namespace, manifest, deleted, version, kind, cluster, user_id)
VALUES ('session-1', 'ns', '{{"env": "SECRET"}}', false, 'v1', 'AmaltheaSession', 'c', '{ALICE}'),
       ('OTHER', 'ns', '{{}}', false, 'v1', 'AmaltheaSession', 'c', '{BOB}');
INSERT INTO resource_pools.resource_pools (name, "default", public) VALUES ('pool', true, true);
INSERT INTO resource_pools.users (keycloak_id, no_default_access) VALUES ('{ALICE}', true);
INSERT INTO resource_pools.resource_pools_users (user_id, resource_pool_id) SELECT u.id, p.id
  FROM resource_pools.users u, resource_pools.resource_pools p;
INSERT INTO resource_pools.resource_requests_log (namespace, name, uid, kind, api_version, phase, capture_date,
                                                  capture_interval, user_id)
VALUES ('ns', 'session-1', 'u', 'Pod', 'v1', 'Running', now(), '10 minutes', '{ALICE}'),
       ('ns', 'OTHER', 'u', 'Pod', 'v1', 'Running', now(), '10 minutes', '{BOB}');
INSERT INTO notifications.alerts (title, message, event_type, user_id)
VALUES ('disk', 'is full', 'e', '{ALICE}'), ('OTHER', 'OTHER', 'e', '{BOB}');
INSERT INTO metrics.metrics (anonymous_user_id, event) VALUES ('{ALICE_MD5}', 'project_created'), ('x', 'OTHER');
INSERT INTO authz.project_user_authz (project_id, role, user_id) VALUES ('P1', 80, '{ALICE}'), ('OTHER', 80, '{BOB}');
"""


@pytest.fixture
def world(make_database):
    database = make_database()
    rows = Rows(database)
    rows.connection.execute(WORLD.encode())
    yield database, rows
    rows.close()


@pytest.fixture
def exported(world, tools):
    return json.loads(tools.done("export", "--user", ALICE, database=world[0]))


def test_an_export_holds_something_of_every_kind(exported):
    assert [name for name, section in exported.items() if not section] == []
    assert exported["user"] == {
        "id": ALICE, "email": "alice@example.org", "first_name": "Alice", "last_name": None, "has_secret_key": True,
    }
    assert exported["namespace"] == {"id": "N1", "slug": "alice", "former_slugs": ["alice-before"]}
    assert exported["platform_roles"] == [{"role": "admin"}]
    assert exported["projects_created"][0]["path"] == "alice/cores"
    assert exported["groups_created"][0]["slug"] == "ice"
    assert exported["metrics"][0]["event"] == "project_created"


def test_memberships_name_what_they_are_in(exported):
    assert {(one["type"], one["id"], one["role"], one["name"]) for one in exported["memberships"]} == {
        ("project", "P1", "owner", "Cores"), ("project", "P2", "editor", "Shared"),
        ("group", "G1", "owner", "Ice"), ("user_namespace", "N1", "owner", "alice"),
    }


def test_an_export_names_secrets_and_never_tells_them(exported):
    text = json.dumps(exported)

    assert "key of a bucket" in text
    assert "SECRET" not in text
    assert b"SECRET".hex() not in text


def test_an_export_tells_nothing_of_others(exported):
    text = json.dumps(exported)

    assert "OTHER" not in text
    assert BOB not in text


def test_every_table_with_a_user_is_looked_at(make_database):
    """A new column that names a user has to be exported, or named here with the reason."""
    # what follows from the relationships, and from the projects
    left_out = {"librenku.listing_member.user_id", "librenku.listing.created_by_id"}
    source = (ROOT / "librenku/api/export.c").read_text()
    rows = Rows(make_database())
    columns = rows.all(
        "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns"
        " WHERE column_name ~ '(user_id|created_by|created_by_id|keycloak_id)$'"
        "   AND table_schema NOT IN ('pg_catalog', 'information_schema') AND table_name !~ '_expected$'"
    )
    rows.close()
    assert len(columns) > 15
    missing = [(table, name) for table, name in columns if f"{table} " not in source and f"{table}.{name}" not in left_out]
    assert missing == []


def test_an_unknown_person_ends_with_3(world, tools):
    assert "there is no user 'nobody'" in tools.refused("export", "--user", "nobody", database=world[0], status=3)
    assert tools.refused("export", database=world[0], status=2)


# --- removal --------------------------------------------------------------------------------------

REMOVABLE = f"""
DELETE FROM storage.data_connectors;
DELETE FROM projects.session_secret_slots;
DELETE FROM common.groups WHERE created_by = '{ALICE}';
"""


def test_what_stands_in_the_way_is_named(world, tools):
    database, _ = world
    before = fingerprint(database)

    done = tools.run("user", "delete", ALICE, "--dry-run", "--json", database=database)
    plain = tools.run("user", "delete", ALICE, "--dry-run", database=database)

    report = json.loads(done.stdout)
    assert done.returncode == plain.returncode == 1
    assert report["possible"] is False
    assert "delete those first" in report["reason"]
    assert {(one["type"], one["id"], one["name"]) for one in report["stopped_by"]} == {
        ("group", "G1", "Ice"), ("data_connector", "D1", "bucket"), ("session_secret_slot", "T1", "slot"),
    }
    assert report["removed"] == []
    assert "cannot be removed" in plain.stdout and "Ice" in plain.stdout
    assert fingerprint(database) == before
    assert "delete those first" in tools.refused("user", "delete", ALICE, database=database)


def test_a_dry_run_tells_what_the_removal_then_does(world, tools):
    database, rows = world
    rows.connection.execute(REMOVABLE.encode())
    before = fingerprint(database)
    report = json.loads(tools.done("user", "delete", ALICE, "--dry-run", "--json", database=database))
    assert fingerprint(database) == before
    tables = list(before)
    counts = {table: rows.one(f"SELECT count(*) FROM {table}") for table in tables}

    tools.done("user", "delete", ALICE, database=database)

    assert report["possible"] is True
    gone = {table: counts[table] - rows.one(f"SELECT count(*) FROM {table}") for table in tables}
    told = {one["table"]: one["rows"] for one in report["removed"]}
    for counted in (told, gone):
        counted.pop("librenku.listing_total", None)  # sums are added, and folded now and then
    assert told == {table: number for table, number in gone.items() if number}
    assert told["users.users"] == 1
    assert told["librenku.relation"] >= 4
    assert rows.all("SELECT keycloak_id FROM users.users") == [(BOB,)]


def test_a_dry_run_for_people(world, tools):
    database, rows = world
    rows.connection.execute(REMOVABLE.encode())

    done = tools.done("user", "delete", ALICE, "--dry-run", database=database)

    assert done.startswith(f"alice ({ALICE}) can be removed\n")
    assert "1 of users.users\n" in done


def test_somebody_unknown_is_not_previewed(world, tools):
    assert "there is no user 'nobody'" in tools.refused("user", "delete", "nobody", "--dry-run", database=world[0], status=3)


def test_a_database_that_does_not_count_cannot_preview(world, tools, postgres):
    database, _ = world
    with postgres.superuser() as connection:
        connection.execute(f"ALTER DATABASE {database['DB_NAME']} SET track_counts = off")

    assert "track_counts" in tools.refused("user", "delete", ALICE, "--dry-run", database=database)
