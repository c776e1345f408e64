# SPDX-License-Identifier: Apache-2.0
"""The rules of the API as a small program: what there is, and who may do what with it.

A rule (rules/*.py) reads like the specification: it raises Refusal at the first check that fails, else it changes the
model and says what the server answers. What only the server knows (ids, dates) the model learns from its answers.
"""

import hashlib
import re
from dataclasses import dataclass, field

from support.api import ULID

ROLES = ("owner", "editor", "viewer")
CREATORS = ("registered_users", "admins_only")


class Refusal(Exception):
    """The server refuses with this status; `empty` is an answer without a body."""

    def __init__(self, status: int, empty: bool = False):
        super().__init__(status)
        self.status, self.empty = status, empty


class Unspecified(Exception):
    """No document says what happens: such a call is not made."""


def refuse_unless(condition, status: int) -> None:
    if not condition:
        raise Refusal(status)


# --- what is wanted of an answer --------------------------------------------------------------------------------


class Learn:
    """A value that the server chooses: taken over the first time, and the same ever after."""

    def __init__(self, owner, name: str, pattern: re.Pattern | None = None, unlike: str | None = None):
        self.owner, self.name, self.pattern, self.unlike = owner, name, pattern, unlike

    def __call__(self, got) -> bool:
        known = getattr(self.owner, self.name)
        if known is not None:
            return got == known
        setattr(self.owner, self.name, got)
        return got != self.unlike and (self.pattern is None or bool(self.pattern.match(got)))

    def __repr__(self):
        return f"<{self.name}>"


class Computed:
    """A value that follows from what was learned earlier in the same answer."""

    def __init__(self, value):
        self.value = value

    def __call__(self, got) -> bool:
        return got == self.value()

    def __repr__(self):
        return f"<{self.value()}>"


class Bag(list):
    """Objects in any order, told apart by one member."""

    key = "id"

    def __init__(self, items=(), key: str = "id"):
        super().__init__(items)
        self.key = key


class Among(Bag):
    """Those that are wanted are there; beside them may be what earlier runs have left, which the model does not know."""

    def __init__(self, items=(), key: str = "id", known=()):
        super().__init__(items, key)
        self.known = {*known}


def _identity(wanted, key: str):
    value = wanted[key]
    return getattr(value.owner, value.name) if isinstance(value, Learn) else value


def _pairs(wanted: Bag, got: list):
    """Wanted and given objects side by side; None where one is missing."""
    there = {item[wanted.key]: item for item in got}
    names = {_identity(item, wanted.key): item for item in wanted}
    foreign = [name for name in there if name not in names and (not isinstance(wanted, Among) or name in wanted.known)]
    return [(item, there.get(name)) for name, item in names.items()] + [(None, there[name]) for name in foreign]


def difference(wanted, got, place: str = "") -> str | None:
    """Where an answer differs from what is wanted, or None."""
    if isinstance(wanted, Learn | Computed):
        return None if wanted(got) else f"{place or '/'}: {got!r} is not {wanted!r}"
    if isinstance(wanted, Bag) and isinstance(got, list):
        if len({item[wanted.key] for item in got}) != len(got):
            return f"{place or '/'}: the same item twice"
        found = (difference(one, other, f"{place}/*") for one, other in _pairs(wanted, got))
        return next((text for text in found if text), None)
    if isinstance(wanted, dict) and isinstance(got, dict):
        if wanted.keys() != got.keys():
            return f"{place or '/'}: members {sorted(got)}, not {sorted(wanted)}"
        found = (difference(wanted[name], got[name], f"{place}/{name}") for name in wanted)
        return next((text for text in found if text), None)
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        found = (difference(one, other, f"{place}/{i}") for i, (one, other) in enumerate(zip(wanted, got, strict=True)))
        return next((text for text in found if text), None)
    return None if wanted == got and type(wanted) is type(got) else f"{place or '/'}: {got!r} is not {wanted!r}"


@dataclass
class Answer:
    """What the server says when it does not refuse; body None: not looked at, Answer.NOTHING: none."""

    NOTHING = object()

    status: int
    body: object = None
    headers: dict[str, object] = field(default_factory=dict)


NO_CONTENT = Answer(204, Answer.NOTHING)


def present(**members) -> dict:
    """An object as the API writes it: without what is missing."""
    return {name: value for name, value in members.items() if value is not None}


# --- what there is ----------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Namespace:
    slug: str
    person: "Person | None" = None
    group: "Group | None" = None
    id: str | None = None


@dataclass(eq=False)
class Person:
    """Somebody who calls: nobody in particular (no id), or with a token."""

    name: str
    id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    badge: bool = False  # administrator by the token
    crown: bool = False  # administrator by relationship
    herald: bool = False  # speaks for Alertmanager
    namespace: Namespace | None = None  # without one there is no record
    token: str | None = None
    secret_key: str | None = None
    preferences: "Preferences | None" = None

    def check_login(self) -> None:
        refuse_unless(self.id, 401)

    def check_admin(self) -> None:
        self.check_login()
        refuse_unless(self.badge, 403)

    def __repr__(self):
        return self.name


@dataclass(eq=False)
class Preferences:
    pins: list[str]
    banner: bool


@dataclass(eq=False)
class Group:
    name: str
    namespace: Namespace
    creator: Person
    description: str | None = None
    id: str | None = None
    created: str | None = None
    members: dict[Person, str] = field(default_factory=dict)
    robbed: bool = False  # an administrator deleted an owner's account

    def __repr__(self):
        return f"group {self.namespace.slug}"


@dataclass(eq=False)
class Project:
    name: str
    slug: str
    namespace: Namespace | None  # None: it was lost with its namespace
    creator: Person
    visibility: str = "private"
    description: str | None = None
    documentation: str | None = None
    keywords: list[str] = field(default_factory=list)
    keywords_stored: bool = True  # an empty list, or none: the same to clients, but a change
    repositories: list[str] = field(default_factory=list)
    mount: str = "/secrets"
    is_template: bool = False
    template: "Project | None" = None
    id: str | None = None
    created: str | None = None
    updated: str | None = None
    members: dict[Person, str] = field(default_factory=dict)
    v1_id: int | None = None
    has_launcher: bool = False
    launcher_id: str | None = None
    robbed: bool = False

    @property
    def path(self) -> str:
        return f"{self.namespace.slug}/{self.slug}"

    @property
    def etag(self) -> str:
        return etag_of(f"{self.updated.replace('Z', '+00:00')}-{self.path}")

    def __repr__(self):
        return f"project {self.slug}"


@dataclass(eq=False)
class Slot:
    project: Project
    creator: Person
    name: str
    filename: str
    description: str | None = None
    id: str | None = None
    etag: str | None = None


@dataclass(eq=False)
class Secret:
    owner: Person
    name: str
    filename: str | None
    kind: str = "general"
    expires: str | None = None  # as later answers write it
    id: str | None = None
    modified: str | None = None

    @property
    def usable(self) -> bool:
        return self.expires is None or self.expires > "2090"


@dataclass(eq=False)
class Alert:
    person: Person
    title: str
    message: str
    event_type: str
    session_name: str | None = None
    id: str | None = None
    created: str | None = None
    resolved: bool = False
    resolved_date: str | None = None


@dataclass(eq=False)
class Redirect:
    source: str
    target: str
    etag: str | None = None


@dataclass(eq=False)
class Config:
    banner: str = ""
    etag: str | None = None


def etag_of(text: str) -> str:
    return f'"{hashlib.md5(text.encode()).hexdigest().upper()}"'


@dataclass(eq=False)
class Past:
    """How much of what everybody sees earlier runs have left."""

    groups: int = 0
    projects: int = 0
    public_projects: int = 0
    redirects: int = 0


@dataclass(eq=False)
class Model:
    people: list[Person]
    past: Past
    config: Config
    namespaces: list[Namespace] = field(default_factory=list)
    former: list[tuple[str, Namespace]] = field(default_factory=list)  # slugs of groups, the latest last
    groups: list[Group] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    former_slugs: list[tuple[str, Project]] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    links: dict[tuple[Slot, Person], Secret] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # ids of what was deleted
    create_projects: str = CREATORS[0]
    create_groups: str = CREATORS[0]

    # -- looking up ----------------------------------------------------------------------------------------------

    def person(self, user_id: str) -> Person | None:
        return next((person for person in self.people if person.id and person.id == user_id), None)

    def known(self) -> list[Person]:
        return [person for person in self.people if person.namespace]

    def current(self, slug: str) -> Namespace | None:
        return next((place for place in self.namespaces if place.slug == slug.lower()), None)

    def resolve(self, slug: str) -> Namespace | None:
        """By the current slug, else by the latest former one. Spec: namespaces.md 4.3"""
        found = (place for former, place in reversed(self.former) if former == slug.lower())
        return self.current(slug) or next(found, None)

    def group(self, slug: str) -> Group:
        """404 when there is none; former slugs lead to it. Spec: namespaces.md 3.3"""
        place = self.resolve(slug)
        refuse_unless(place and place.group, 404)
        return place.group

    def group_for_change(self, me: Person, slug: str, scope: str) -> Group:
        """409 under a former slug, 404 without the permission. Spec: namespaces.md 3.4"""
        group = self.group(slug)
        refuse_unless(group.namespace.slug == slug.lower(), 409)
        refuse_unless(self.may(me, scope, group), 404)
        return group

    def project(self, me: Person, project_id: str, scope: str = "read") -> Project:
        """What is missing and what may not be seen look alike. Spec: projects.md 3"""
        found = self.lookup(project_id)
        refuse_unless(found and found.namespace and self.may(me, scope, found), 404)
        return found

    def lookup(self, project_id: str) -> Project | None:
        return next((project for project in self.projects if project.id == project_id), None)

    def at(self, place: Namespace, slug: str) -> Project | None:
        return next((project for project in self.placed() if project.namespace is place and project.slug == slug), None)

    def placed(self) -> list[Project]:
        return [project for project in self.projects if project.namespace]

    # -- permissions. Spec: authorization.md 3 and 4 -------------------------------------------------------------

    def may(self, me: Person, scope: str, thing: Group | Namespace | Project) -> bool:
        if isinstance(thing, Project):
            return getattr(self, f"_project_{scope}")(me, thing)
        if isinstance(thing, Group):
            return self._may_group(me, scope, thing)
        return self._may_group(me, scope, thing.group) if thing.group else self._may_home(me, scope, thing)

    @staticmethod
    def _may_group(me: Person, scope: str, group: Group) -> bool:
        role = group.members.get(me)
        everything = role == "owner" or me.crown
        return {
            "read": True,
            "read_children": everything or role is not None,
            "write": everything or role == "editor",
            "delete": everything,
            "change_membership": everything,
        }[scope]

    @staticmethod
    def _may_home(me: Person, scope: str, home: Namespace) -> bool:
        return scope == "read" or home.person is me or me.crown

    def _above(self, me: Person, scope: str, project: Project) -> bool:
        return project.namespace is not None and self.may(me, scope, project.namespace)

    def _project_read(self, me: Person, project: Project) -> bool:
        return project.visibility == "public" or self._project_read_children(me, project)

    def _project_read_children(self, me: Person, project: Project) -> bool:
        return me in project.members or self._project_write(me, project) or self._above(me, "read_children", project)

    def _project_write(self, me: Person, project: Project) -> bool:
        return project.members.get(me) == "editor" or self._project_delete(me, project)

    def _project_delete(self, me: Person, project: Project) -> bool:
        return project.members.get(me) == "owner" or me.crown or self._above(me, "delete", project)

    _project_change_membership = _project_delete

    def readable(self, me: Person) -> list[Project]:
        return [project for project in self.placed() if self.may(me, "read", project)]

    # -- changes that several rooms make -------------------------------------------------------------------------

    def free_slug(self, person: Person) -> str:
        """Spec: namespaces.md 4.4"""
        base = person.email.split("@")[0]
        return next(slug for slug in (base, *(f"{base}-{i}" for i in range(1, 6))) if not self.current(slug))

    def enter(self, person: Person) -> None:
        """Makes the record and the namespace of somebody who has none. Spec: users.md 4.1"""
        if not person.namespace:
            person.namespace = Namespace(self.free_slug(person), person=person)
            self.namespaces.append(person.namespace)

    def drop_project(self, project: Project) -> None:
        self.projects.remove(project)
        self.gone.append(project.id)
        self.former_slugs = [(slug, one) for slug, one in self.former_slugs if one is not project]
        for copy in self.projects:
            if copy.template is project:
                copy.template = None
        for slot in [slot for slot in self.slots if slot.project is project]:
            self.drop_slot(slot)

    def drop_slot(self, slot: Slot) -> None:
        self.slots.remove(slot)
        self.links = {key: secret for key, secret in self.links.items() if key[0] is not slot}

    def drop_secret(self, secret: Secret) -> None:
        self.secrets.remove(secret)
        self.links = {key: one for key, one in self.links.items() if one is not secret}

    def drop_namespace(self, place: Namespace) -> None:
        self.namespaces.remove(place)
        self.former = [(slug, one) for slug, one in self.former if one is not place]

    # -- what holds at any time ----------------------------------------------------------------------------------

    def check(self) -> None:
        """The invariants that no sequence of calls may break."""
        slugs = [place.slug for place in self.namespaces]
        paths = [project.path for project in self.placed()]
        assert len(slugs) == len(set(slugs)) and len(paths) == len(set(paths))
        for thing in (*self.groups, *self.projects):
            assert thing.robbed or "owner" in thing.members.values(), f"{thing} has lost its owners"


def set_members(members: dict[Person, str], wanted: list[tuple[Person, str]]) -> list[tuple[Person, str]]:
    """Changes roles unless that would take the last owner; the changes, as they are reported. Spec: authorization.md 10.1"""
    after = members | dict(wanted)
    refuse_unless("owner" in after.values(), 422)
    last = {person: i for i, (person, _) in enumerate(wanted)}
    changed = [(person, role) for i, (person, role) in enumerate(wanted) if last[person] == i and members.get(person) != role]
    members.update(wanted)
    return changed


def remove_member(members: dict[Person, str], person: Person) -> None:
    """Spec: authorization.md 10.2"""
    owners = [one for one, role in members.items() if role == "owner"]
    refuse_unless(owners != [person], 422)
    members.pop(person, None)


def ulid(owner, name: str = "id") -> Learn:
    return Learn(owner, name, ULID)
