# SPDX-License-Identifier: Apache-2.0
"""Actors: each one changes its own things, one after the other, and remembers what it was promised."""

import random
from dataclasses import dataclass, field

import httpx

from .api import Api, ServerErrors, unique
from .realm import Realm


@dataclass
class Actor:
    """Remembers what the server has acknowledged, and what was under way when it died."""

    id: str
    token: str
    slug: str
    friend: str
    groups: dict[str, str] = field(default_factory=dict)  # id: slug
    projects: dict[str, dict] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)  # of the friend, by path
    deleted: list[str] = field(default_factory=list)
    doubtful: set[str] = field(
        default_factory=set
    )  # ids and paths whose last change was not answered
    refused: list[str] = field(default_factory=list)  # what nothing speaks against, and was refused
    acknowledged: int = 0


async def call(
    http: httpx.AsyncClient,
    actor: Actor,
    method: str,
    path: str,
    touches: str | None = None,
    **more,
):
    """One change; None when there was no answer to rely on."""
    certain = touches not in actor.doubtful
    if touches:
        actor.doubtful.add(touches)
    headers = {"authorization": f"Bearer {actor.token}"} | more.pop("headers", {})
    response = await http.request(method, path, headers=headers, **more)
    if certain and 300 <= response.status_code < 500:
        actor.refused.append(f"{method} {path}: {response.status_code} {response.text}")
    if response.status_code >= 300:
        return None
    if touches:
        actor.doubtful.discard(touches)
    actor.acknowledged += 1
    return response


async def create_group(http, actor: Actor) -> dict | None:
    slug = unique("group")
    response = await call(http, actor, "POST", "/groups", json={"name": slug, "slug": slug})
    if response:
        group = response.json()
        actor.groups[group["id"]] = group["slug"]
        return group
    return None


async def create_project(http, actor: Actor, namespace: str) -> dict | None:
    body = {"name": unique("Project"), "namespace": namespace, "repositories": ["https://e.org/a"]}
    body["visibility"] = random.choice(["public", "private"])
    response = await call(http, actor, "POST", "/projects", json=body)
    if response:
        project = response.json()
        actor.projects[project["id"]] = project
        return project
    return None


async def set_role(http, actor: Actor, path: str, role: str) -> None:
    if await call(
        http, actor, "PATCH", path, touches=path, json=[{"id": actor.friend, "role": role}]
    ):
        actor.roles[path] = role


async def remove_role(http, actor: Actor, path: str) -> None:
    if await call(http, actor, "DELETE", f"{path}/{actor.friend}", touches=path):
        actor.roles.pop(path, None)


async def change_project(http, actor: Actor, project: dict, **body) -> None:
    path = f"/projects/{project['id']}"
    headers = {"if-match": actor.projects[project["id"]]["etag"]}
    response = await call(
        http, actor, "PATCH", path, touches=project["id"], json=body, headers=headers
    )
    if response:
        actor.projects[project["id"]] = response.json()


async def delete_project(http, actor: Actor, project: dict) -> None:
    if await call(http, actor, "DELETE", f"/projects/{project['id']}", touches=project["id"]):
        del actor.projects[project["id"]]
        actor.deleted.append(project["id"])


async def act(http: httpx.AsyncClient, actor: Actor) -> None:
    """The life of one actor; a connection error is the death of the server."""
    group = await create_group(http, actor)
    own = await create_project(http, actor, actor.slug)
    if not group or not own:
        return
    members = f"/projects/{own['id']}/members"
    await set_role(http, actor, members, "viewer")
    await set_role(http, actor, f"/groups/{group['slug']}/members", "editor")
    inside = await create_project(http, actor, group["slug"])
    await set_role(http, actor, members, "owner")
    await change_project(http, actor, own, visibility="public", slug=unique("renamed"))
    await change_project(http, actor, own, namespace=group["slug"])
    await remove_role(http, actor, members)
    if inside:
        await delete_project(http, actor, inside)


def check_actor(api: Api, actor: Actor) -> list[str]:
    """What is missing of what this actor was promised."""
    caller, wrong = api.with_token(actor.token), list(actor.refused)
    for group_id, slug in actor.groups.items():
        if caller.get(f"/groups/{slug}").json().get("id") != group_id:
            wrong.append(f"group {slug} is gone")
    for project_id, project in actor.projects.items():
        response = caller.get(f"/projects/{project_id}")
        if project_id not in actor.doubtful and (
            response.status_code != 200 or response.json() != project
        ):
            wrong.append(f"project {project}: {response.text}")
    for project_id in actor.deleted:
        if caller.get(f"/projects/{project_id}").status_code != 404:
            wrong.append(f"project {project_id} is back")
    for path, role in actor.roles.items():
        members = {member["id"]: member["role"] for member in caller.get(path).json()}
        if path not in actor.doubtful and members.get(actor.friend) != role:
            wrong.append(f"{path}: {members.get(actor.friend)}, not {role}")
    return wrong


def make_actors(url: str, realm: Realm, count: int) -> list[Actor]:
    api = Api(url, realm, ServerErrors())
    people = [api.user() for _ in range(count)]
    api.close()
    friends = people[1:] + people[:1]
    return [
        Actor(person.id, person.token, person.slug, friend.id)
        for person, friend in zip(people, friends, strict=True)
    ]
