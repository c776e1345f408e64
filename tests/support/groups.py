# SPDX-License-Identifier: Apache-2.0
"""What several suites of groups need."""

from .api import unique


def old_slug(user) -> tuple[str, dict]:
    """A former slug, and the group that had it."""
    former = unique("former")
    user.create_group(slug=former)
    response = user.patch(f"/groups/{former}", json={"slug": unique("latter")})
    assert response.status_code == 200, response.text
    return former, response.json()


def set_roles(caller, group: dict, *members):
    body = [{"id": getattr(member, "id", member), "role": role} for member, role in members]
    return caller.patch(f"/groups/{group['slug']}/members", json=body)
