# SPDX-License-Identifier: Apache-2.0
"""What several suites of groups need."""

from .api import unique
from .members import set_roles_at


def old_slug(user) -> tuple[str, dict]:
    """A former slug, and the group that had it."""
    former = unique("former")
    user.create_group(slug=former)
    response = user.patch(f"/groups/{former}", json={"slug": unique("latter")})
    assert response.status_code == 200, response.text
    return former, response.json()


def set_roles(caller, group: dict, *members):
    return set_roles_at(caller, f"/groups/{group['slug']}/members", *members)
