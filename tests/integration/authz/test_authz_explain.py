# SPDX-License-Identifier: Apache-2.0
"""Explaining a permission agrees with checking it. Spec: authorization.md 3"""

import random

import pytest

from support.zed import Graph, Relationship
from support.zedsql import World

GRAPHS = 60


def explain(authz, kind, id, scope, user):
    return authz.call("explain", type=kind, id=id, scope=scope, user=user)


def read(line: str) -> Relationship:
    resource, _, subject = line.partition("@")
    resource, _, relation = resource.partition("#")
    return Relationship(*resource.split(":", 1), relation, *subject.split(":", 1))


def test_a_path_is_told(authz):
    authz.touch("data_connector:D#data_connector_namespace@project:P", "project:P#project_namespace@group:G",
                "group:G#viewer@user:u1", "data_connector:D#public_viewer@user:*")
    found = explain(authz, "data_connector", "D", "read", "u1")
    assert found == {
        "allowed": True,
        "paths": [
            ["data_connector:D#public_viewer@user:*"],
            ["data_connector:D#data_connector_namespace@project:P", "project:P#project_namespace@group:G",
             "group:G#viewer@user:u1"],
        ],
        "refused": [],
    }  # fmt: skip


def test_what_takes_it_away_is_told(authz):
    authz.touch("resource_pool:1#viewer@user:u1", "resource_pool:1#prohibited@user:u1")
    found = explain(authz, "resource_pool", "1", "read", "u1")
    assert found == {"allowed": False, "paths": [], "refused": [["resource_pool:1#prohibited@user:u1"]]}


def test_nothing_to_tell(authz):
    assert explain(authz, "project", "P", "read", None) == {"allowed": False, "paths": [], "refused": []}


def test_a_path_is_told_once(authz):
    authz.touch("project:P#project_namespace@group:G", "group:G#owner@user:u1")
    found = explain(authz, "project", "P", "read", "u1")
    assert found["paths"] == [["project:P#project_namespace@group:G", "group:G#owner@user:u1"]]


def is_path(graph: Graph, path: list[str], kind: str, id: str, user) -> bool:
    """Each relationship is there and allowed, begins where the one before ended, and the last names the user."""
    steps = [read(line) for line in path]
    last = steps[-1]
    linked = [(kind, id)] + [(step.subject_type, step.subject_id) for step in steps[:-1]]
    return (
        all((step.type, step.id) == place for step, place in zip(steps, linked))
        and all((s.subject_type, s.subject_id) in graph.rows[s.type, s.id, s.relation] for s in steps)
        and last.subject_type == ("user" if user else "anonymous_user")
        and last.subject_id in ("*", user or "anonymous")
    )


@pytest.mark.parametrize("batch", range(GRAPHS // 20))
def test_explanation_and_check_agree(lenient_authz, store, compiled, seed, batch):
    """On random relationships, senseless ones among them."""
    dice = random.Random(seed + 1000 + batch)
    world = World(compiled, dice, 20)
    with lenient_authz.database.connect() as connection:
        with connection.cursor().copy("COPY librenku.relation FROM STDIN") as copy:
            for row in sorted({compiled.row(one) for one in world.relationships}):
                copy.write_row(row)
    count = 0
    for kind, permission in compiled.permissions():
        for id in dice.sample(world.objects[kind], min(12, len(world.objects[kind]))):
            id = "renku" if kind == "platform" else id
            for user in ("u", "bob", "nobody-at-all", None):
                found = explain(lenient_authz, kind, id, permission, user)
                subject = ("user", user) if user else ("anonymous_user", "anonymous")
                assert found["allowed"] == world.graph.holds(kind, id, permission, subject), (kind, id, permission, user)
                assert found["allowed"] == bool(found["paths"])
                assert all(is_path(world.graph, path, kind, id, user) for path in found["paths"]), found
                count += 1
    print(f"seed {seed + 1000 + batch}: {count} explanations agree")
