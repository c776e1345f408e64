# SPDX-License-Identifier: Apache-2.0
"""Who may do what, as the tables of the specification say it. Spec: authorization.md 4, 15"""

import pytest

from support.zedsql import MIGRATION

PLATFORM = "@platform:renku"
PUBLIC = ("user:*", "anonymous_user:*")

# A group G with a private project P, a connector D in P and a connector E in G; a user namespace N with a project Q;
# a public project R with a private connector F; a private project T with a public connector H; a global connector K.
WORLD = [
    "platform:renku#admin@user:root",
    *(f"{kind}:{id}#{kind}_platform{PLATFORM}" for kind, ids in {
        "group": "G", "user_namespace": "N", "project": "PQRT", "data_connector": "DEFHK"}.items() for id in ids),
    *(f"{one}#public_viewer@{who}" for one in (
        "group:G", "user_namespace:N", "project:R", "data_connector:H", "data_connector:K") for who in PUBLIC),
    "group:G#owner@user:go", "group:G#editor@user:ge", "group:G#viewer@user:gv",
    "user_namespace:N#owner@user:no",
    "project:P#project_namespace@group:G",
    "project:P#owner@user:po", "project:P#editor@user:pe", "project:P#viewer@user:pv",
    "project:Q#project_namespace@user_namespace:N",
    "project:R#project_namespace@user_namespace:N", "project:R#viewer@user:rv",
    "project:T#project_namespace@user_namespace:N",
    "data_connector:D#data_connector_namespace@project:P",
    "data_connector:E#data_connector_namespace@group:G",
    "data_connector:F#data_connector_namespace@project:R",
    "data_connector:H#data_connector_namespace@project:T",
]  # fmt: skip

ALL = "read write delete"
MEMBER = "read read_children"
GROUP = "read read_children write delete change_membership"

# who, on what, has exactly these of read, read_children, write, delete, change_membership
MATRIX = [
    ("root", "group:G", GROUP), ("root", "project:P", GROUP), ("root", "project:Q", GROUP),
    ("root", "data_connector:D", ALL + " change_membership"), ("root", "data_connector:E", ALL + " change_membership"),
    ("root", "data_connector:K", ALL + " change_membership"), ("root", "user_namespace:N", MEMBER + " write delete"),
    ("go", "group:G", GROUP), ("go", "project:P", GROUP),
    ("go", "data_connector:D", ALL + " change_membership"), ("go", "data_connector:E", ALL + " change_membership"),
    ("ge", "group:G", MEMBER + " write"), ("ge", "project:P", MEMBER),
    ("ge", "data_connector:D", "read"), ("ge", "data_connector:E", "read"),
    ("gv", "group:G", MEMBER), ("gv", "project:P", MEMBER),
    ("gv", "data_connector:D", "read"), ("gv", "data_connector:E", "read"),
    ("po", "project:P", GROUP), ("po", "data_connector:D", ALL + " change_membership"), ("po", "data_connector:E", ""),
    ("pe", "project:P", MEMBER + " write"), ("pe", "data_connector:D", "read"), ("pe", "data_connector:E", ""),
    ("pv", "project:P", MEMBER), ("pv", "data_connector:D", "read"), ("pv", "data_connector:E", ""),
    ("po", "group:G", "read"), ("pv", "group:G", "read"),
    ("no", "user_namespace:N", MEMBER + " write delete"), ("no", "project:Q", GROUP), ("no", "project:R", GROUP),
    ("no", "data_connector:F", ALL + " change_membership"), ("no", "data_connector:H", ALL + " change_membership"),
    ("rv", "project:R", MEMBER), ("rv", "data_connector:F", "read"),
    *((who, what, held) for who in ("nobody", None) for what, held in (
        ("group:G", "read"), ("user_namespace:N", "read"), ("project:P", ""), ("project:Q", ""), ("project:R", "read"),
        ("project:T", ""), ("data_connector:D", ""), ("data_connector:E", ""), ("data_connector:F", ""),
        ("data_connector:H", "read"), ("data_connector:K", "read"), ("project:missing", ""))),
]  # fmt: skip

# who, on what, has exactly these of the narrower permissions
NARROW = [
    ("root", "project:P", "non_public_read"),  # through the group's read_children
    ("root", "group:G", ""),
    ("go", "project:P", "exclusive_owner exclusive_member non_public_read"),
    ("ge", "project:P", "exclusive_member non_public_read"),
    ("gv", "project:P", "exclusive_member non_public_read"),
    ("po", "project:P", "exclusive_owner exclusive_member direct_member non_public_read"),
    ("pe", "project:P", "exclusive_editor exclusive_member direct_member non_public_read"),
    ("pv", "project:P", "exclusive_member direct_member non_public_read"),
    ("rv", "project:R", "exclusive_member direct_member"),
    ("no", "project:R", "exclusive_owner exclusive_member"),
    ("no", "project:Q", "exclusive_owner exclusive_member non_public_read"),
    ("go", "group:G", "exclusive_owner exclusive_member direct_member"),
    ("ge", "group:G", "exclusive_editor exclusive_member direct_member"),
    ("gv", "group:G", "exclusive_member direct_member"),
    ("no", "user_namespace:N", "exclusive_owner exclusive_member direct_member"),
    ("po", "data_connector:D", "exclusive_owner exclusive_member non_public_read"),
    ("gv", "data_connector:D", "exclusive_member non_public_read"),
    ("no", "data_connector:H", "exclusive_owner exclusive_member"),
    ("nobody", "project:R", ""),
    (None, "project:R", ""),
]
NARROW_SCOPES = {"exclusive_owner", "exclusive_editor", "exclusive_member", "direct_member", "non_public_read"}

POOLS = [
    "platform:renku#admin@user:root",
    *(f"resource_pool:{id}#resource_pool_platform{PLATFORM}" for id in "12"),
    *(f"resource_pool:2#public_viewer@{who}" for who in PUBLIC),
    "group:G#viewer@user:gv", "project:P#owner@user:po", "project:P#project_namespace@group:G2", "group:G2#owner@user:g2",
    "resource_pool:1#viewer@user:u1", "resource_pool:1#group_viewer@group:G", "resource_pool:1#project_viewer@project:P",
    *(f"resource_pool:{id}#prohibited@user:{who}" for id in "12" for who in ("bad", "root")),
    "resource_pool:1#viewer@user:bad",
]  # fmt: skip
POOL_READERS = [
    ("root", "1", "read write"), ("root", "2", "read write"), ("u1", "1", "read"), ("gv", "1", "read"), ("po", "1", "read"),
    ("g2", "1", ""), ("bad", "1", ""), ("bad", "2", ""), ("nobody", "1", ""), ("nobody", "2", "read"),
    (None, "1", ""), (None, "2", "read"),
]  # fmt: skip


def held(authz, compiled, who, what) -> set[str]:
    kind, id = what.split(":")
    caller = ("anonymous", "x") if who is None else ("user", who)
    bits = authz.call("bits", caller, type=kind, ids=[id])[0]
    return {name for place, name in enumerate(compiled.scopes) if bits >> place & 1}


@pytest.fixture(scope="module")
def world(shared_authz):
    shared_authz.clear()
    shared_authz.touch(*WORLD)
    return shared_authz


@pytest.mark.parametrize("who, what, expected", MATRIX)
def test_the_matrix_of_roles(world, compiled, who, what, expected):
    """Spec: authorization.md 4"""
    assert held(world, compiled, who, what) - NARROW_SCOPES == set(expected.split())


@pytest.mark.parametrize("who, what, expected", NARROW)
def test_narrow_permissions(world, compiled, who, what, expected):
    """Spec: authorization.md 3, 4"""
    assert held(world, compiled, who, what) & NARROW_SCOPES == set(expected.split())


@pytest.mark.parametrize("who, pool, expected", POOL_READERS)
def test_pools(authz, compiled, who, pool, expected):
    """Spec: authorization.md 3.7, 4"""
    authz.touch(*POOLS)
    assert held(authz, compiled, who, f"resource_pool:{pool}") == set(expected.split())


def test_who_may_create(authz, compiled):
    """Spec: authorization.md 3.2, 7.9"""
    authz.touch("platform:renku#admin@user:root", "platform:renku#project_creator@user:*")
    assert held(authz, compiled, "root", "platform:renku") == {"is_admin", "create_projects", "create_groups"}
    assert held(authz, compiled, "u1", "platform:renku") == {"create_projects"}
    assert held(authz, compiled, None, "platform:renku") == set()


def test_a_new_database_lets_every_user_create(connection):
    """Spec: authorization.md 5"""
    connection.execute("DROP TABLE librenku.relation")
    connection.execute(MIGRATION.read_text())
    rows = connection.execute("SELECT concat(object_type, relation, subject_type), object_id, subject_id FROM librenku.relation")
    assert sorted(rows.fetchall()) == [("LGu", "renku", "*"), ("LPu", "renku", "*")]
