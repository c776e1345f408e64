# SPDX-License-Identifier: Apache-2.0
"""A page of projects costs the page: a hundred times as many projects cost hardly more."""

import pytest

from support.api import Api, ServerErrors
from support.database import Rows

LIMIT = 1.5
DEEPER = 2  # for one row: hardly anything but probes, each of which may go one level deeper
MOST = 300  # buffers of a page of twenty with its total, for anybody and however many projects there are
ROUNDS = 8  # PostgreSQL plans the first five executions for their parameters
PEOPLE = ("few projects", "big group", "newcomer", "administrator", "anonymous")
QUERIES = {
    "first page": lambda seeded: {},
    "third page": lambda seeded: {"page": 3},
    "page of a namespace": lambda seeded: {"namespace": seeded.big_namespace},
}
MINIMUM_ROLES = ("viewer", "editor", "owner")
# Everybody has a page of readable projects; a role on at least one is needed for the other pages.
NAMESPACES = [
    *((who, None) for who in ("few projects", "big group", "newcomer", "administrator", "owner")),
    ("big group", "viewer"),
    *((who, role) for who in ("administrator", "owner") for role in MINIMUM_ROLES),
]
BIGGEST_OWNER = """
SELECT subject_id FROM librenku.relation
 WHERE object_type = 'p' AND relation = 'o' AND subject_type = 'u'
 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""
STATEMENT = "librenku.listing"


def buffers_of(plans, caller, query) -> int:
    """What a full page of the list touches, all statements of the request together."""

    def read():
        response = caller.get("/projects", params=query)
        assert response.status_code == 200, response.text
        assert len(response.json()) == 20
        assert int(response.headers["total"]) > 60

    return sum(plan.buffers for plan in plans.of(read, STATEMENT))


def measure(seeded, server, plans, realm) -> dict[tuple[str, str], list[int]]:
    """Who and which page: buffers of each round but the first, which also reads the catalog."""
    api = Api(server.url, realm, ServerErrors())
    people = seeded.callers(api)
    found = {(who, name): [] for who in people for name in QUERIES}
    for _ in range(ROUNDS):
        for (who, name), buffers in found.items():
            buffers.append(buffers_of(plans, people[who], QUERIES[name](seeded)))
    assert int(people["administrator"].get("/projects").headers["total"]) == seeded.projects
    api.close()
    return {kind: buffers[1:] for kind, buffers in found.items()}


def namespace_buffers(plans, caller, minimum_role) -> int:
    """What one project namespace and the total touch, all statements of the request together."""
    query = {"kinds": "project", "per_page": 1}
    query |= {"minimum_role": minimum_role} if minimum_role else {}

    def read():
        response = caller.get("/namespaces", params=query)
        assert response.status_code == 200, response.text
        assert len(response.json()) == 1, response.headers

    return sum(plan.buffers for plan in plans.of(read, STATEMENT))


def measure_namespaces(seeded, server, plans, realm) -> dict[tuple[str, str | None], list[int]]:
    api = Api(server.url, realm, ServerErrors())
    rows = Rows(seeded.env)
    people = seeded.callers(api) | {"owner": api.visitor(rows.one(BIGGEST_OWNER))}
    rows.close()
    found = {kind: [] for kind in NAMESPACES}
    for _ in range(ROUNDS):
        for (who, minimum_role), buffers in found.items():
            buffers.append(namespace_buffers(plans, people[who], minimum_role))
    api.close()
    return {kind: buffers[1:] for kind, buffers in found.items()}


@pytest.fixture(scope="module")
def measured(planned, realm):
    return [measure(*parts, realm) for parts in planned]


@pytest.fixture(scope="module")
def measured_namespaces(planned, realm):
    return [measure_namespaces(*parts, realm) for parts in planned]


# Spec: DESIGN 4: lists cost what the page costs
@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("who", PEOPLE)
def test_a_page_touches_as_much_in_a_million_projects_as_in_ten_thousand(measured, who, name):
    few, many = (buffers[who, name] for buffers in measured)
    print(f"{who}, {name}: {min(few)} to {max(few)} buffers, {min(many)} to {max(many)}")
    assert max(many) <= min(LIMIT * min(few), MOST)


# Spec: DESIGN 4: lists cost what the page costs; a hash table of 100,000 empty places costs more than the page
@pytest.mark.parametrize("path", ("/projects", "/namespaces?kinds=project"))
@pytest.mark.parametrize("who", ("big group", "newcomer", "administrator"))
def test_no_page_prepares_for_more_rows_than_it_has(planned, realm, who, path):
    seeded, server, plans = planned[-1]
    api = Api(server.url, realm, ServerErrors())
    caller = seeded.callers(api)[who]

    def read():
        response = caller.get(path)
        assert response.status_code == 200, response.text

    found = plans.of(read, STATEMENT)
    api.close()
    assert max((rows for plan in found for rows in plan.hashed), default=0) < 1000


# Spec: namespaces.md 3.10; DESIGN 4: lists cost what the page costs
@pytest.mark.parametrize("who, minimum_role", NAMESPACES)
def test_a_page_of_namespaces_touches_as_much_in_a_million_projects(
    measured_namespaces, who, minimum_role
):
    few, many = (buffers[who, minimum_role] for buffers in measured_namespaces)
    print(f"{who}, {minimum_role}: {min(few)} to {max(few)} buffers, {min(many)} to {max(many)}")
    assert max(many) <= DEEPER * min(few)
