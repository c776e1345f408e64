# SPDX-License-Identifier: Apache-2.0
"""Pages and totals of GET /projects and of projects in GET /namespaces equal a plain query, whatever concurrent writers have made through the API."""

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from support.api import Api, Caller, unique
from support.database import Rows

PEOPLE, GROUPS = 10, 6
WRITERS, READERS = 6, 2
ROUNDS, CHANGES, LOOKS = 3, 80, 250
ROLES = ("owner", "editor", "viewer")
# What a role on a project, or on the group that has it, must be. Spec: authorization.md 3.5, namespaces.md 3.10
MINIMUM_ROLES = {"viewer": ("oev", "oev"), "editor": ("oe", "o"), "owner": ("o", "o")}
ANSWERS = {200, 201, 204, 403, 404, 409, 422}  # a change may lose against another one

# Everything that a subject may read, straight from the relationships. Spec: authorization.md 3, 11
READABLE = """
SELECT object_id FROM librenku.relation
 WHERE object_type = 'p' AND relation = 'w' AND subject_type = %(type)s AND subject_id = '*'
UNION
SELECT p.object_id
  FROM librenku.relation p
  JOIN librenku.relation m ON m.object_type = p.subject_type AND m.object_id = p.subject_id
 WHERE p.object_type = 'p' AND p.relation = 'N' AND m.subject_type = %(type)s AND m.subject_id = %(id)s
   AND (m.object_type = 'g' AND m.relation IN ('o', 'e', 'v') OR m.object_type = 'n' AND m.relation = 'o')
UNION
SELECT p.object_id
  FROM librenku.relation p
  JOIN librenku.relation m ON m.object_type = 'L' AND m.object_id = p.subject_id
 WHERE p.object_type = 'p' AND p.relation = 'L' AND m.relation = 'A' AND m.subject_type = %(type)s
   AND m.subject_id = %(id)s
UNION
"""
DIRECT = """
SELECT object_id FROM librenku.relation
 WHERE object_type = 'p' AND relation IN ('o', 'e', 'v') AND subject_type = %(type)s AND subject_id = %(id)s
"""
SORTED = """
SELECT p.id
  FROM projects.projects p
  JOIN common.entity_slugs s ON s.project_id = p.id AND s.data_connector_id IS NULL
  JOIN common.namespaces n ON n.id = s.namespace_id
 WHERE p.id IN ({ids}) AND (%(namespace)s::text IS NULL OR n.slug = lower(%(namespace)s))
 ORDER BY coalesce(p.updated_at, p.creation_date) DESC, p.id COLLATE "C"
"""


WITH_ROLE = """
SELECT object_id FROM librenku.relation
 WHERE object_type = 'p' AND strpos(%(direct)s, relation::text) > 0 AND subject_type = 'u' AND subject_id = %(id)s
UNION
SELECT p.object_id
  FROM librenku.relation p
  JOIN librenku.relation m ON m.object_type = p.subject_type AND m.object_id = p.subject_id
 WHERE p.object_type = 'p' AND p.relation = 'N' AND m.subject_type = 'u' AND m.subject_id = %(id)s
   AND (m.object_type = 'g' AND strpos(%(parent)s, m.relation::text) > 0 OR m.object_type = 'n' AND m.relation = 'o')
UNION
SELECT p.object_id
  FROM librenku.relation p
  JOIN librenku.relation m ON m.object_type = 'L' AND m.object_id = p.subject_id
 WHERE p.object_type = 'p' AND p.relation = 'L' AND m.relation = 'A' AND m.subject_type = 'u' AND m.subject_id = %(id)s
"""
PATHS = """
SELECT n.slug || '/' || s.slug
  FROM projects.projects p
  JOIN common.entity_slugs s ON s.project_id = p.id AND s.data_connector_id IS NULL
  JOIN common.namespaces n ON n.id = s.namespace_id
 WHERE p.id IN ({ids})
 ORDER BY p.id COLLATE "C"
"""


def plain_paths(rows: Rows, person: Caller, minimum_role: str | None) -> list[str]:
    """The paths that the list of project namespaces should have, all of them."""
    direct, parent = MINIMUM_ROLES.get(minimum_role, (None, None))
    ids = WITH_ROLE if minimum_role else READABLE + DIRECT
    subject = {"type": "u", "id": person.id, "direct": direct, "parent": parent}
    return [path for (path,) in rows.connection.execute(PATHS.format(ids=ids), subject)]


def plain(rows: Rows, person: Caller, namespace: str | None, direct: bool) -> list[str]:
    """The ids that a list should have, all of them."""
    ids = DIRECT if direct else READABLE + DIRECT
    subject = {"type": "u" if person.token else "a", "id": person.id or "*"}
    query = rows.connection.execute(SORTED.format(ids=ids), subject | {"namespace": namespace})
    return [project_id for (project_id,) in query]


@dataclass
class World:
    people: list[Caller]
    groups: dict[str, Caller]  # those who made them, by current slug
    slugs: list[str]  # current and former slugs of namespaces
    projects: list[tuple[str, Caller]] = field(default_factory=list)  # with who made them


@pytest.fixture
def world(api: Api) -> World:
    people = [api.user() for _ in range(PEOPLE)]
    groups = {person.create_group()["slug"]: person for person in people[:GROUPS]}
    return World(people, groups, [*groups, *(person.slug for person in people)])


class Worker(threading.Thread):
    """Does random things until it has done enough, or is told to stop."""

    def __init__(self, world: World, seed: int):
        super().__init__()
        self.world, self.generator = world, random.Random(seed)
        self.failure: BaseException | None = None
        self.stopped = threading.Event()

    def steps(self) -> None:
        raise NotImplementedError

    def run(self):
        try:
            self.steps()
        except BaseException as error:
            self.failure = error

    def person(self) -> Caller:
        return self.generator.choice(self.world.people)


class Writer(Worker):
    """Changes projects as the ones who made them, and groups as anybody."""

    def steps(self):
        kinds = [self.create] * 8 + [self.touch, self.gain, self.enter_group] * 3
        kinds += [self.publish, self.move, self.copy] * 2
        kinds += [self.lose, self.remove, self.leave_group, self.rename_group]
        for _ in range(CHANGES):
            response = self.generator.choice(kinds)()
            assert response.status_code in ANSWERS, (
                f"{response.request.method} {response.request.url}: {response.text}"
            )

    def project(self) -> tuple[str, Caller]:
        return self.generator.choice(self.world.projects or [(unique("none"), self.person())])

    def place(self, person: Caller) -> str:
        """One of two, their own namespace; the group may refuse them."""
        return self.generator.choice([person.slug, self.group()])

    def create(self):
        person = self.person()
        body = {"name": unique("Project"), "namespace": self.place(person)}
        visibility = {"visibility": self.generator.choice(["public", "private"])}
        response = person.post("/projects", json=body | visibility)
        if response.status_code == 201:
            self.world.projects.append((response.json()["id"], person))
        return response

    def copy(self):
        (project_id, _), person = self.project(), self.person()
        body = {"name": unique("Copy"), "namespace": person.slug}
        response = person.post(f"/projects/{project_id}/copies", json=body)
        if response.status_code == 201:
            self.world.projects.append((response.json()["id"], person))
        return response

    def change(self, **body):
        project_id, person = self.project()
        response = person.get(f"/projects/{project_id}")
        if response.status_code != 200:
            return response
        etag = {"if-match": response.json()["etag"]}
        return person.patch(f"/projects/{project_id}", json=body, headers=etag)

    def touch(self):
        return self.change(description=unique("text"))

    def publish(self):
        return self.change(visibility=self.generator.choice(["public", "private"]))

    def move(self):
        return self.change(namespace=self.place(self.person()))

    def gain(self):
        (project_id, person), friend = self.project(), self.person()
        body = [{"id": friend.id, "role": self.generator.choice(ROLES)}]
        return person.patch(f"/projects/{project_id}/members", json=body)

    def lose(self):
        (project_id, person), friend = self.project(), self.person()
        return person.delete(f"/projects/{project_id}/members/{friend.id}")

    def remove(self):
        project_id, person = self.project()
        return person.delete(f"/projects/{project_id}")

    def group(self) -> str:
        return self.generator.choice(list(self.world.groups))

    def owned_group(self) -> tuple[str, Caller]:
        return self.generator.choice(list(self.world.groups.items()))

    def enter_group(self):
        (slug, owner), friend = self.owned_group(), self.person()
        body = [{"id": friend.id, "role": self.generator.choice(ROLES)}]
        return owner.patch(f"/groups/{slug}/members", json=body)

    def leave_group(self):
        (slug, owner), friend = self.owned_group(), self.person()
        return owner.delete(f"/groups/{slug}/members/{friend.id}")

    def rename_group(self):
        (old, owner), new = self.owned_group(), unique("group")
        response = owner.patch(f"/groups/{old}", json={"slug": new})
        if response.status_code == 200:
            self.world.slugs.append(new)
            self.world.groups[new] = self.world.groups.pop(old)
        return response


def query_of(generator: random.Random, world: World) -> dict:
    """Filters and a page size of any kind."""
    query = {"per_page": generator.choice([1, 3, 10, 20, 100])}
    if generator.random() < 0.3:
        query["direct_member"] = "true"
    if generator.random() < 0.4:
        slug = generator.choice([*world.slugs, "nobody-has-this"])
        query["namespace"] = generator.choice([slug, slug, slug.upper()])
    return query


def sort_key(project: dict) -> str:
    return project.get("updated_at") or project["creation_date"]


class Reader(Worker):
    """Looks at pages meanwhile: each one is the state of one moment."""

    def steps(self):
        while not self.stopped.is_set():
            query = query_of(self.generator, self.world)
            page, per_page = self.generator.randrange(1, 8), query["per_page"]
            response = self.person().get("/projects", params=query | {"page": page})
            assert response.status_code == 200, response.text
            items, offset = response.json(), (page - 1) * per_page
            assert len({item["id"] for item in items}) == len(items)
            assert all(sort_key(one) >= sort_key(next) for one, next in pairwise(items))
            rest = max(int(response.headers["total"]) - offset, 0)
            assert len(items) == min(rest, per_page), (query, page, response.headers)


def work(world: World, seed: int) -> None:
    writers = [Writer(world, seed * 100 + n) for n in range(WRITERS)]
    readers = [Reader(world, seed * 100 + 50 + n) for n in range(READERS)]
    for worker in writers + readers:
        worker.start()
    for writer in writers:
        writer.join()
    for reader in readers:
        reader.stopped.set()
        reader.join()
    assert [worker.failure for worker in writers + readers if worker.failure] == []


def compare(person: Caller, query: dict, expected: list[str], page: int) -> None:
    per_page, total = query["per_page"], len(expected)
    response = person.get("/projects", params=query | {"page": page})
    assert response.status_code == 200, response.text
    ids = [project["id"] for project in response.json()]
    assert (ids, int(response.headers["total"])) == (
        expected[(page - 1) * per_page : page * per_page],
        total,
    ), (person.id, query, page)
    assert int(response.headers["total-pages"]) == -(-total // per_page)


def look(generator: random.Random, world: World, rows: Rows, who: Callable[[], Caller]) -> int:
    """Compares one page; returns how many projects the list has."""
    person, query = who(), query_of(generator, world)
    expected = plain(rows, person, query.get("namespace"), "direct_member" in query)
    last = -(-len(expected) // query["per_page"])
    compare(person, query, expected, generator.randrange(1, last + 3))
    return len(expected)


def look_at_namespaces(generator: random.Random, person: Caller, rows: Rows) -> int:
    """Compares one page of project namespaces; returns how many there are."""
    minimum_role = generator.choice([None, *MINIMUM_ROLES])
    per_page = generator.choice([1, 7, 20, 100])
    expected = plain_paths(rows, person, minimum_role)
    page = generator.randrange(1, -(-len(expected) // per_page) + 3)
    query = {"kinds": "project", "page": page, "per_page": per_page}
    query |= {"minimum_role": minimum_role} if minimum_role else {}
    response = person.get("/namespaces", params=query)
    assert response.status_code == 200, response.text
    paths = [item["path"] for item in response.json()]
    assert (paths, int(response.headers["total"])) == (
        expected[(page - 1) * per_page : page * per_page],
        len(expected),
    ), (person.id, query)
    return len(expected)


# Spec: projects.md 4.1, namespaces.md 3.10, foundations.md 7, authorization.md 11
def test_pages_and_totals_equal_a_plain_query_after_concurrent_changes(
    api, rows, world, anonymous, admin
):
    seed = int(os.environ.get("RENKU_TEST_SEED", random.randrange(1_000_000)))
    print(f"seed {seed}: {WRITERS} writers, {READERS} readers")
    generator = random.Random(seed)
    everybody = [*world.people, anonymous, admin, api.user(), api.visitor()]
    for turn in range(ROUNDS):
        work(world, seed * 10 + turn)
        sizes = [
            look(generator, world, rows, lambda: generator.choice(everybody)) for _ in range(LOOKS)
        ]
        print(f"{len(world.projects)} projects made, lists of up to {max(sizes)}")
        assert max(sizes) > 40
        logged_in = [person for person in everybody if person.token]
        sizes = [
            look_at_namespaces(generator, generator.choice(logged_in), rows) for _ in range(LOOKS)
        ]
        assert max(sizes) > 40
