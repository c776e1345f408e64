# SPDX-License-Identifier: Apache-2.0
"""The members of groups and projects, by the path of their list."""

from httpx import Response


def roles_at(caller, path: str) -> dict[str, str]:
    """id -> role; nobody stands there twice."""
    response = caller.get(path)
    assert response.status_code == 200, response.text
    members = {member["id"]: member["role"] for member in response.json()}
    assert len(members) == len(response.json())
    return members


def set_roles_at(caller, path: str, *members: tuple) -> Response:
    """The answer to a change of (caller or id, role) pairs."""
    body = [{"id": getattr(member, "id", member), "role": role} for member, role in members]
    return caller.patch(path, json=body)


def owner_and_nameless(owner, nameless) -> list[dict]:
    """What a list says of Jane Doe, who owns it, and of a viewer without a name."""
    return [
        {"id": owner.id, "namespace": owner.slug, "first_name": "Jane", "last_name": "Doe", "role": "owner"},
        {"id": nameless.id, "namespace": nameless.slug, "role": "viewer"},
    ]
