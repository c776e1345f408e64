# SPDX-License-Identifier: Apache-2.0
"""A project has one home, whoever writes. Spec: authorization.md 3.5, 9"""

import pytest

from support.authz_driver import Refused
from support.database import Rows

FIRST, SECOND = "project:P#project_namespace@group:G", "project:P#project_namespace@user_namespace:N"
TAKEN = "The project belongs to another namespace already: it can belong to one only."


def test_a_second_home_is_refused_and_nothing_is_written(authz):
    authz.touch(FIRST, "project:Q#project_namespace@group:G")
    with pytest.raises(Refused) as caught:
        authz.touch("project:P#owner@user:u1", SECOND)
    assert (caught.value.error, caught.value.message) == ("CONFLICT", TAKEN)
    with pytest.raises(Refused):
        authz.touch("project:R#project_namespace@group:G", "project:R#project_namespace@group:H")
    assert authz.lines() == {FIRST, "project:Q#project_namespace@group:G"}


def test_the_same_home_may_come_again(authz):
    for _ in range(2):
        authz.touch(FIRST)
    authz.call("write", changes=[f"-{FIRST}", f"+{SECOND}"])
    assert authz.lines() == {SECOND}


def test_of_all_else_there_may_be_several(authz):
    """A deployment has left the former homes of its connectors behind, and nothing is concluded from these."""
    lines = {
        "data_connector:D#data_connector_namespace@group:G", "data_connector:D#data_connector_namespace@project:P",
        "data_connector:D#linked_to@project:P", "data_connector:D#linked_to@project:Q", "resource_pool:1#group_viewer@group:G",
        "resource_pool:1#group_viewer@group:H", "resource_pool:1#project_viewer@project:P", "resource_pool:1#project_viewer@project:Q",
    }  # fmt: skip
    authz.touch(*lines)
    assert authz.lines() == lines


@pytest.fixture
def other(database):
    rows = Rows(database.variables)
    yield rows
    rows.close()


def test_of_two_moves_at_once_one_is_refused(authz, other):
    """Whoever moves a project holds its row, so that this cannot happen; if it did, there would be two homes."""
    authz.touch(FIRST)
    moved = [("DELETE FROM librenku.relation",), ("INSERT INTO librenku.relation VALUES ('p', 'P', 'N', 'g', 'H')",)]
    with pytest.raises(Refused) as caught:
        other.let_wait(moved, lambda: authz.call("replace", line=SECOND))
    assert (caught.value.error, caught.value.message) == ("CONFLICT", TAKEN)
    assert authz.lines() == {"project:P#project_namespace@group:H"}
