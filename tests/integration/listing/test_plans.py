# SPDX-License-Identifier: Apache-2.0
"""A page of projects costs the page: a hundred times as many projects cost hardly more."""

import pytest

from support.api import Api, ServerErrors

LIMIT = 1.5
ROUNDS = 8  # PostgreSQL plans the first five executions for their parameters
PEOPLE = ("few projects", "big group", "newcomer", "administrator", "anonymous")
QUERIES = {
    "first page": lambda seeded: {},
    "third page": lambda seeded: {"page": 3},
    "page of a namespace": lambda seeded: {"namespace": seeded.big_namespace},
}
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


@pytest.fixture(scope="module")
def measured(planned, realm):
    return [measure(*parts, realm) for parts in planned]


# Spec: DESIGN 4: lists cost what the page costs
@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("who", PEOPLE)
def test_a_page_touches_as_much_in_a_million_projects_as_in_ten_thousand(measured, who, name):
    few, many = (buffers[who, name] for buffers in measured)
    print(f"{who}, {name}: {min(few)} to {max(few)} buffers, {min(many)} to {max(many)}")
    assert max(many) <= LIMIT * min(few)
