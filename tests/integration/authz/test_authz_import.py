# SPDX-License-Identifier: Apache-2.0
"""Relationships come in as text, are held against the rows, and leave the same way. Spec: authorization.md 5, 9, 11"""

import pytest

from support.authz_driver import Authz, Refused
from support.migrations import Database

USERS = ["u1", "u2"]
ROWS = """
INSERT INTO users.users (keycloak_id) VALUES ('u1'), ('u2');
INSERT INTO common.groups (id, name, created_by, creation_date) VALUES ('GROUP', 'g', 'u1', now()), ('GROUP2', 'h', 'u1', now());
INSERT INTO common.namespaces (id, slug, user_id, group_id) VALUES
    ('NS-U1', 'u1', 'u1', NULL), ('NS-U2', 'u2', 'u2', NULL), ('NS-G', 'g', NULL, 'GROUP'), ('NS-G2', 'h', NULL, 'GROUP2');
INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date) VALUES
    ('PUBLIC', 'a', 'public', 'u1', now()), ('PRIVATE', 'b', 'private', 'u1', now());
INSERT INTO storage.data_connectors (id, name, visibility, storage_type, configuration, source_path, target_path,
    created_by_id, readonly, creation_date)
    VALUES ('DATA', 'd', 'private', 's3', '{}', '/', '/', 'u1', true, now()),
           ('GLOBAL', 'e', 'public', 'doi', '{}', '/', '/', 'u1', true, now());
INSERT INTO common.entity_slugs (slug, project_id, namespace_id, data_connector_id) VALUES
    ('a', 'PUBLIC', 'NS-G', NULL), ('b', 'PRIVATE', 'NS-U1', NULL), ('d', 'PUBLIC', 'NS-G', 'DATA');
INSERT INTO resource_pools.resource_pools (name, "default", public) VALUES ('pool', false, true);
"""

FLAGS = {"platform:renku#project_creator@user:*", "platform:renku#group_creator@user:*"}


def public(object_: str) -> set[str]:
    return {f"{object_}#public_viewer@user:*", f"{object_}#public_viewer@anonymous_user:*"}


PLATFORMS = {
    f"{object_}#{object_.split(':')[0]}_platform@platform:renku"
    for object_ in ("user_namespace:NS-U1", "user_namespace:NS-U2", "group:GROUP", "group:GROUP2", "project:PUBLIC",
                    "project:PRIVATE", "data_connector:DATA", "data_connector:GLOBAL", "resource_pool:1")
}  # fmt: skip
# What the rows imply.
IMPLIED = (
    PLATFORMS
    | {"user_namespace:NS-U1#owner@user:u1", "user_namespace:NS-U2#owner@user:u2"}
    | {"project:PUBLIC#project_namespace@group:GROUP", "project:PRIVATE#project_namespace@user_namespace:NS-U1"}
    | {"data_connector:DATA#data_connector_namespace@project:PUBLIC"}
    | public("user_namespace:NS-U1") | public("user_namespace:NS-U2") | public("group:GROUP") | public("group:GROUP2")
    | public("project:PUBLIC") | public("data_connector:GLOBAL") | public("resource_pool:1")
)  # fmt: skip
ROLES = {"group:GROUP#owner@user:u1", "project:PRIVATE#owner@user:u1", "project:PUBLIC#viewer@user:u2"}
WHOLE = IMPLIED | ROLES | FLAGS


@pytest.fixture(scope="module")
def template(postgres):
    database = Database(postgres, postgres.create_database())
    database.done("up")
    database.run(ROWS)
    return database.name


@pytest.fixture
def own_deployment(postgres, template, tmp_path):
    authz = Authz(Database(postgres, postgres.create_database(template)), tmp_path / "log")
    yield authz
    authz.stop()


@pytest.fixture(scope="module")
def shared_deployment(postgres, template, folder):
    authz = Authz(Database(postgres, postgres.create_database(template)), folder / "authz-import.log")
    yield authz
    authz.stop()


@pytest.fixture
def deployment(shared_deployment):
    """The library on a database with rows, and only what a migration writes as relationships."""
    shared_deployment.clear()
    shared_deployment.touch(*FLAGS)
    return shared_deployment


def exported(authz) -> set[str]:
    return set(authz.call("export").splitlines())


def found(report, name: str) -> dict[str, str]:
    return {entry["relationship"]: entry["why"] for entry in report[name]}


def test_a_whole_deployment_comes_and_goes(deployment):
    report = deployment.import_text(*sorted(WHOLE))
    assert report == {"lines": len(WHOLE), "normalised": [], "removed": [], "missing": [], "unexpected": [],
                      "new": len(WHOLE - FLAGS), "kept": 0, "applied": True}  # fmt: skip
    assert exported(deployment) == WHOLE
    again = deployment.import_text(*sorted(WHOLE))
    assert (again["new"], again["kept"]) == (0, 0)
    text = deployment.call("export")
    deployment.clear()
    deployment.call("import", text=text, apply=True)
    assert deployment.call("export") == text


def test_nothing_is_written_without_apply(deployment):
    before = exported(deployment)
    report = deployment.import_text(*sorted(WHOLE), apply=False)
    assert (report["applied"], report["new"]) == (False, len(WHOLE - FLAGS))
    assert exported(deployment) == before == FLAGS
    assert deployment.import_text(*sorted(WHOLE), apply=False) == report


@pytest.mark.parametrize("missing", sorted(IMPLIED))
def test_what_the_rows_imply_is_missed(deployment, missing):
    """Spec: authorization.md 9, 11"""
    report = deployment.import_text(*sorted(WHOLE - {missing}), apply=False)
    assert list(found(report, "missing")) == [missing]
    assert report["unexpected"] == []


def test_a_text_about_the_platform_alone_lacks_everything_else(deployment):
    report = deployment.import_text("", "// nothing", "# nothing", "   ", "platform:renku#admin@user:u1")
    assert set(found(report, "missing")) == IMPLIED
    assert (report["lines"], report["new"], report["kept"]) == (5, 1, 2)


@pytest.mark.parametrize("apply", [False, True])
@pytest.mark.parametrize("lines", [[], [""], ["", "// nothing", "# nothing", "   "]])
def test_a_text_without_relationships_is_refused(deployment, lines, apply):
    with pytest.raises(Refused, match="holds no relationship"):
        deployment.import_text(*lines, apply=apply)
    assert exported(deployment) == FLAGS


UNEXPECTED = [
    ("project:GONE#owner@user:u1", "its object does not exist"),
    ("group:NS-G#owner@user:u1", "its object does not exist"),
    ("user_namespace:NS-G#owner@user:u1", "its object does not exist"),
    ("user_namespace:u1#owner@user:u1", "its object does not exist"),
    ("data_connector:GONE#viewer@user:u1", "its object does not exist"),
    ("resource_pool:2#viewer@user:u1", "its object does not exist"),
    ("project:PRIVATE#public_viewer@user:*", "its object is private"),
    ("project:PRIVATE#public_viewer@anonymous_user:*", "its object is private"),
    ("data_connector:DATA#public_viewer@user:*", "its object is private"),
    ("resource_pool:1#group_viewer@group:GONE", "its subject does not exist"),
    ("data_connector:DATA#linked_to@project:GONE", "its subject does not exist"),
    ("data_connector:GLOBAL#data_connector_namespace@group:GROUP", "its object lives elsewhere"),
]


@pytest.mark.parametrize("line, why", UNEXPECTED)
def test_what_the_rows_do_not_have_is_told(deployment, line, why):
    report = deployment.import_text(*sorted(WHOLE), line)
    assert found(report, "unexpected") == {line: why}
    assert report["missing"] == []
    assert line in exported(deployment)


def test_users_and_links_that_are_known_are_no_finding(deployment):
    fine = ["resource_pool:1#viewer@user:never-seen", "data_connector:DATA#linked_to@project:PRIVATE",
            "platform:renku#admin@user:root", "resource_pool:1#project_viewer@project:PUBLIC"]  # fmt: skip
    report = deployment.import_text(*sorted(WHOLE), *fine, apply=False)
    assert (report["missing"], report["unexpected"]) == ([], [])


def test_the_namespace_row_of_a_group_is_put_right(deployment):
    """Spec: authorization.md 9"""
    right, wrong = "project:PUBLIC#project_namespace@group:GROUP", "project:PUBLIC#project_namespace@group:NS-G"
    report = deployment.import_text(*sorted(WHOLE - {right} | {wrong}))
    assert report["normalised"] == [{"from": wrong, "to": right, "why": "this is the id of the namespace of a group"}]
    assert (report["missing"], report["unexpected"]) == ([], [])
    assert exported(deployment) == WHOLE


def test_both_forms_become_one(deployment):
    report = deployment.import_text(*sorted(WHOLE), "project:PUBLIC#project_namespace@group:NS-G")
    assert len(report["normalised"]) == 1
    assert exported(deployment) == WHOLE


def test_a_connector_that_left_its_project_is_put_right(deployment):
    """Spec: authorization.md 9: the undo of a move"""
    right = "data_connector:DATA#data_connector_namespace@project:PUBLIC"
    wrong = "data_connector:DATA#data_connector_namespace@user_namespace:PUBLIC"
    report = deployment.import_text(*sorted(WHOLE - {right} | {wrong}))
    assert report["normalised"] == [{"from": wrong, "to": right, "why": "this is the id of a project"}]
    assert exported(deployment) == WHOLE


STALE = [
    "project:PUBLIC#project_namespace@group:GROUP2",
    "project:PUBLIC#project_namespace@user_namespace:NS-U1",
    "project:PRIVATE#project_namespace@user_namespace:NS-U2",
    "data_connector:DATA#data_connector_namespace@group:GROUP",
    "data_connector:DATA#data_connector_namespace@project:PRIVATE",
]


@pytest.mark.parametrize("stale", STALE)
def test_a_former_home_is_left_out(deployment, stale):
    """Spec: authorization.md 9"""
    report = deployment.import_text(*sorted(WHOLE), stale)
    assert report["normalised"] == [{"from": stale, "to": None, "why": "it lives elsewhere by now"}]
    assert exported(deployment) == WHOLE


def test_both_quirks_at_once(deployment):
    """A project that moved from one group to another: the stale one and the misnamed one."""
    right = "project:PUBLIC#project_namespace@group:GROUP"
    wrong = ["project:PUBLIC#project_namespace@group:NS-G", "project:PUBLIC#project_namespace@group:GROUP2"]
    report = deployment.import_text(*sorted(WHOLE - {right}), *wrong)
    assert [(entry["from"], entry["to"]) for entry in report["normalised"]] == [(wrong[0], right), (wrong[1], None)]
    assert exported(deployment) == WHOLE


RIGHT, WRONG = "project:PRIVATE#project_namespace@user_namespace:NS-U1", "project:PRIVATE#project_namespace@group:GROUP2"


def test_an_only_home_stays_even_if_it_is_wrong(deployment):
    report = deployment.import_text(*sorted(WHOLE - {RIGHT}), WRONG)
    assert report["normalised"] == []
    assert found(report, "missing") == {RIGHT: "it lives there"}
    assert found(report, "unexpected") == {WRONG: "its object lives elsewhere"}


def test_a_former_home_does_not_come_back(deployment):
    """Permissions of a project are concluded from one home: a second would not be seen."""
    deployment.import_text(*sorted(WHOLE))
    report = deployment.import_text(WRONG)
    assert report["normalised"] == [{"from": WRONG, "to": None, "why": "it lives elsewhere by now"}]
    assert (report["new"], report["kept"]) == (0, len(WHOLE))
    assert exported(deployment) == WHOLE


def test_a_home_that_was_missing_takes_the_place_of_a_wrong_one(deployment):
    deployment.import_text(*sorted(WHOLE - {RIGHT}), WRONG)
    dry = deployment.import_text(RIGHT, apply=False)
    assert exported(deployment) == WHOLE - {RIGHT} | {WRONG}
    report = deployment.import_text(RIGHT)
    assert report == dry | {"applied": True}
    assert (report["missing"], report["unexpected"], report["new"]) == ([], [], 1)
    assert exported(deployment) == WHOLE


def test_of_two_wrong_homes_none_stays(deployment):
    other = "project:PRIVATE#project_namespace@user_namespace:NS-U2"
    report = deployment.import_text(*sorted(WHOLE - {RIGHT}), WRONG, other)
    assert {entry["from"] for entry in report["normalised"]} == {WRONG, other}
    assert found(report, "missing") == {RIGHT: "it lives there"}
    assert exported(deployment) == WHOLE - {RIGHT}


def test_of_several_homes_of_a_project_that_is_gone_none_stays(deployment):
    homes = {f"project:GONE#project_namespace@{home}" for home in ("group:GROUP", "group:GROUP2", "user_namespace:NS-U1")}
    dry = deployment.import_text(*sorted(WHOLE | homes), apply=False)
    report = deployment.import_text(*sorted(WHOLE | homes))
    assert report == dry | {"applied": True}
    assert {entry["from"]: entry["why"] for entry in report["normalised"]} == dict.fromkeys(homes, "its object does not exist")
    assert exported(deployment) == WHOLE
    first, second, _ = sorted(homes)
    assert deployment.import_text(first)["normalised"] == []
    assert len(deployment.import_text(second)["normalised"]) == 2
    assert exported(deployment) == WHOLE


def test_an_unknown_connector_may_have_several_homes(deployment):
    homes = {f"data_connector:GONE#data_connector_namespace@{home}" for home in ("group:GROUP", "project:PUBLIC")}
    assert deployment.import_text(*sorted(WHOLE | homes))["normalised"] == []
    assert exported(deployment) == WHOLE | homes


def test_who_may_create_is_said_by_the_deployment(deployment):
    """Spec: authorization.md 5, 7.9: what the migration wrote gives way."""
    line = "platform:renku#project_creator@user:*"
    dry = deployment.import_text(*sorted(WHOLE - {line}), apply=False)
    assert dry["removed"] == [line]
    assert exported(deployment) == FLAGS
    report = deployment.import_text(*sorted(WHOLE - {line}))
    assert report["removed"] == [line]
    assert exported(deployment) == WHOLE - {line}


def test_some_lines_are_added_to_what_is_there(deployment):
    deployment.import_text(*sorted(WHOLE))
    report = deployment.import_text("platform:renku#admin@user:u1")
    assert (report["new"], report["kept"], report["removed"]) == (1, len(WHOLE), [])
    assert (report["missing"], report["unexpected"]) == ([], [])
    assert exported(deployment) == WHOLE | {"platform:renku#admin@user:u1"}


def test_a_few_lines_do_not_take_the_right_to_create(deployment):
    deployment.import_text("platform:renku#admin@user:u1")
    assert exported(deployment) == FLAGS | {"platform:renku#admin@user:u1"}


@pytest.mark.parametrize("line, message", [
    ("project:P#boss@user:u1", "Line 3: The type 'project' has no relation 'boss'"),
    ("nonsense", "Line 3: 'nonsense' is not of the form"),
    ("project:P#owner@user:u1\0", "Line 3: A line holds a NUL"),
])  # fmt: skip
def test_one_wrong_line_stops_the_import(deployment, line, message):
    with pytest.raises(Refused, match=f"INVALID: {message}"):
        deployment.import_text("project:P#owner@user:u1", "", line)
    assert exported(deployment) == FLAGS


def test_repeated_lines_and_line_ends_do_not_matter(deployment):
    line = "platform:renku#admin@user:u1"
    report = deployment.call("import", text=f"{line}\r\n  {line}\n{line}", apply=True)
    assert (report["lines"], report["new"]) == (3, 1)


def test_many_relationships(deployment):
    lines = [f"project:P{n}#owner@user:u{n % 7}" for n in range(25000)]
    assert deployment.import_text(*lines)["new"] == 25000
    assert len(exported(deployment)) == 25002


def test_what_the_schema_does_not_know_leaves_as_a_comment(deployment):
    deployment.database.run("INSERT INTO librenku.relation VALUES ('p', 'P', 'q', 'u', 'x'), ('p', 'P', 'o', 'u', '*')")
    comments = {line for line in exported(deployment) if line.startswith("//")}
    assert comments == {"// not in the schema: p:P#q@u:x", "// not in the schema: p:P#o@u:*"}
    text = deployment.call("export")
    deployment.clear()
    deployment.call("import", text=text, apply=True)
    assert exported(deployment) == FLAGS


def test_what_was_exported_may_be_lost(own_deployment):
    """A database is handed back once its relationships were exported. Spec: authorization.md 5"""
    own_deployment.touch("project:PUBLIC#owner@user:u1")
    assert not own_deployment.database.call("hand-back").ok
    exported(own_deployment)
    own_deployment.database.done("hand-back")
