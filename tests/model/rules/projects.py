# SPDX-License-Identifier: Apache-2.0
"""Projects: their life, their copies, their members, what they replace. Spec: projects.md"""

import posixpath

from model.model import (
    NO_CONTENT,
    Among,
    Answer,
    Bag,
    Computed,
    Learn,
    Model,
    Person,
    Project,
    Refusal,
    Slot,
    Unspecified,
    present,
    refuse_unless,
    remove_member,
    set_members,
    ulid,
)
from support.api import ULID

from . import Call, operation
from .groups import show_members, wanted

TEXTS = ("about", "", "more")
REPOSITORIES = ((), ("https://git.example.org/a/b",), ("https://git.example.org/a/b/", "https://git.example.org/a/b"), ("ssh://x",))
MOUNTS = ("/secrets", "/a//b/./c/", "x")


def show(project: Project, documentation: bool = False, before: str | None = None) -> dict:
    """`before` is the time of the last change that the present one must differ from."""
    return present(
        id=ulid(project),
        name=project.name,
        namespace=project.namespace.slug,
        slug=project.slug,
        creation_date=Learn(project, "created"),
        created_by=project.creator.id,
        updated_at=Learn(project, "updated", unlike=before),
        repositories=project.repositories,
        visibility=project.visibility,
        description=project.description,
        etag=Computed(lambda: project.etag),
        keywords=project.keywords,
        documentation=project.documentation if documentation else None,
        template_id=project.template.id if project.template else None,
        is_template=project.is_template,
        secrets_mount_directory=project.mount,
    )


def answer(project: Project, call: Call) -> Answer:
    """A single project with its ETag. Spec: projects.md 4.3"""
    if call.if_none_match == project.etag:
        return Answer(304, Answer.NOTHING)
    documentation = call.query.get("with_documentation") == "true"
    return Answer(200, show(project, documentation), {"etag": project.etag})


def normal_repositories(urls: list[str]) -> list[str]:
    refuse_unless(not any(url.startswith("ssh:") for url in urls), 422)
    return list(dict.fromkeys(url.rstrip("/") for url in urls))


def slug_of(name: str) -> str:
    """Of the names that the model makes up. Spec: projects.md 5.1"""
    slug = name.lower().replace(" ", "-").strip("!?")
    refuse_unless(slug, 422)
    return slug


# --- lists ------------------------------------------------------------------------------------------------------


def draw_list(d) -> Call:
    query = d.pick(({}, {"namespace": d.group()}, {"direct_member": "true"}, {"nonsense": "1"}, {"page": "?"}))
    return Call(query={"per_page": 100} | query)


@operation("GET", "/projects", draw_list, refusals=(422,), weight=6)
def project_list(m: Model, me: Person, call: Call) -> Answer:
    call.check_query("page", "per_page", "namespace", "direct_member")
    place = call.query.get("namespace", "").lower()
    shown = [project for project in m.readable(me) if place in ("", project.namespace.slug)]
    if "direct_member" in call.query:
        shown = [project for project in shown if me in project.members]
    others = 0
    if not place and "direct_member" not in call.query:
        others = m.past.projects if me.crown else m.past.public_projects
    known = [project.id for project in m.projects] + m.gone
    return Answer(200, Among(map(show, shown), known=known), {"total": len(shown) + others})


# --- creation ---------------------------------------------------------------------------------------------------


def draw_body(d) -> dict:
    body = {"name": d.name(), "namespace": d.group()} | d.some(
        slug=d.project_slug(),
        visibility=d.pick(("public", "private")),
        description=d.pick(TEXTS),
        keywords=d.pick(([], ["one", "two"])),
    )
    return body | d.seldom(
        documentation=d.pick(TEXTS),
        repositories=list(d.pick(REPOSITORIES)),
        secrets_mount_directory=d.pick(MOUNTS),
    )


def draft(me: Person, body: dict) -> Project:
    """Spec: projects.md 4.2, step 3"""
    repositories = normal_repositories(body.get("repositories", []))
    slug = body.get("slug") or slug_of(body["name"])
    return Project(
        body["name"],
        slug,
        None,
        me,
        visibility=body.get("visibility", "private"),
        description=body.get("description"),
        documentation=body.get("documentation"),
        keywords=body.get("keywords", []),
        repositories=repositories,
        mount=posixpath.normpath(body.get("secrets_mount_directory", "/secrets")),
        members={me: "owner"},
    )


def add(m: Model, me: Person, project: Project, slug: str) -> None:
    """Spec: projects.md 4.2, steps 4 to 7"""
    refuse_unless(me.crown or m.create_projects == "registered_users", 403)
    place = m.current(slug)
    refuse_unless(place, 404)
    refuse_unless(m.may(me, "write", place), 403)
    refuse_unless(not m.at(place, project.slug), 409)
    project.namespace = place
    m.projects.append(project)


def draw_project(d) -> Call:
    return d.faulty(Call(body=draw_body(d)))


@operation("POST", "/projects", draw_project, refusals=(400, 401, 403, 404, 409, 422), successes=(201,), weight=14)
def project_create(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    project = draft(me, call.body)
    add(m, me, project, call.body["namespace"])
    return Answer(201, show(project))


def draw_copy(d) -> Call:
    return d.faulty(Call({"project_id": d.project_id()}, draw_body(d)))


@operation(
    "POST",
    "/projects/{project_id}/copies",
    draw_copy,
    refusals=(400, 401, 403, 404, 409, 422),
    successes=(201,),
    weight=6,
)
def project_copy(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    source = m.project(me, call.path["project_id"])
    copy = draft(me, call.body)
    copy.template, copy.documentation = source, source.documentation
    for name in ("description", "keywords", "repositories"):
        setattr(copy, name, getattr(copy, name) or getattr(source, name))
    copy.keywords_stored = bool(call.body.get("keywords")) or source.keywords_stored
    copy.visibility = call.body.get("visibility", source.visibility)
    add(m, me, copy, call.body["namespace"])
    m.enter(me)  # the copies of slots name who made them
    for slot in [slot for slot in m.slots if slot.project is source]:
        m.slots.append(Slot(copy, me, slot.name, slot.filename, slot.description))
    return Answer(201, show(copy))


def draw_copies(d) -> Call:
    return Call({"project_id": d.project_id()}, query=d.pick(({}, {"writable": "true"}, {"writable": "?"})))


@operation("GET", "/projects/{project_id}/copies", draw_copies, refusals=(401, 404, 422))
def project_copy_list(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_query("writable")
    source = m.project(me, call.path["project_id"])
    scope = "write" if "writable" in call.query else "read"
    copies = [copy for copy in m.placed() if copy.template is source and m.may(me, scope, copy)]
    return Answer(200, Bag(map(show, copies)))


# --- one project ------------------------------------------------------------------------------------------------


def draw_get(d) -> Call:
    query = d.pick(({}, {"with_documentation": "true"}, {"nonsense": "1"}, {"with_documentation": "?"}))
    project_id = d.project_id()
    return Call({"project_id": project_id}, query=query, if_none_match=d.pick((None, None, d.etag(project_id))))


@operation("GET", "/projects/{project_id}", draw_get, refusals=(404, 422), successes=(200, 304), weight=10)
def project_get(m: Model, me: Person, call: Call) -> Answer:
    call.check_query("with_documentation", "nonsense")
    return answer(m.project(me, call.path["project_id"]), call)


def draw_by_path(d) -> Call:
    place, slug = d.path()
    return Call({"namespace": place, "slug": slug}, query=d.pick(({}, {}, {"with_documentation": "?"})))


@operation("GET", "/namespaces/{namespace}/projects/{slug}", draw_by_path, refusals=(404, 422), weight=6)
def project_get_by_path(m: Model, me: Person, call: Call) -> Answer:
    call.check_query("with_documentation")
    found = by_path(m, call.path["namespace"].lower(), call.path["slug"])
    refuse_unless(found and m.may(me, "read", found), 404)
    return answer(found, call)


def by_path(m: Model, place: str, slug: str) -> Project | None:
    """Spec: projects.md 5.5"""
    current = next((project for project in m.placed() if (project.namespace.slug, project.slug) == (place, slug)), None)
    if current:
        return current
    found = [project for project in m.placed() if leads_to(m, place, slug, project)]
    if len(found) > 1:
        raise Unspecified
    return found[0] if found else None


def leads_to(m: Model, place: str, slug: str, project: Project) -> bool:
    former_place = (place, project.namespace) in m.former
    former_slug = (slug, project) in m.former_slugs
    return former_place and (project.slug == slug or former_slug) or former_slug and project.namespace.slug == place


def draw_patch(d) -> Call:
    project_id = d.project_id()
    body = d.seldom(
        name=d.name(),
        namespace=d.group(),
        slug=d.project_slug(),
        visibility=d.pick(("public", "private")),
        description=d.pick(TEXTS),
        keywords=d.pick(([], ["one"])),
        documentation=d.pick(TEXTS),
        template_id="",
        is_template=d.pick((True, False)),
        repositories=list(d.pick(REPOSITORIES)),
        secrets_mount_directory=d.pick((*MOUNTS, "")),
    )
    return d.faulty(Call({"project_id": project_id}, body, if_match=d.if_match(project_id)))


@operation("PATCH", "/projects/{project_id}", draw_patch, refusals=(400, 401, 404, 409, 422, 428), weight=14)
def project_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_if_match()
    call.check_body()
    body = dict(call.body)
    if "repositories" in body:
        body["repositories"] = normal_repositories(body["repositories"])
    project = m.lookup(call.path["project_id"])
    refuse_unless(project and project.namespace, 404)
    place, slug = body.pop("namespace", project.namespace.slug), body.pop("slug", project.slug)
    visibility = body.pop("visibility", project.visibility)
    moved, renamed = place != project.namespace.slug, slug != project.slug
    published = visibility != project.visibility
    refuse_unless(m.may(me, "delete" if moved or renamed or published else "write", project), 404)
    refuse_unless(call.if_match == project.etag, 409)
    relocate(m, me, project, place if moved else None, slug if renamed else None)
    project.visibility = visibility
    touched = apply(project, body) or moved or renamed or published
    before = project.updated
    project.updated = None if touched else before
    return Answer(200, show(project, before=before if touched else None))


def relocate(m: Model, me: Person, project: Project, place: str | None, slug: str | None) -> None:
    """Spec: projects.md 5.4"""
    home = target = project.namespace
    if place:
        target = m.resolve(place)
        refuse_unless(target, 404)
        refuse_unless(m.may(me, "write", home), 404)
        refuse_unless(m.may(me, "write", target), 404)
        refuse_unless(not m.at(target, project.slug), 422)
    if slug:
        refuse_unless(not m.at(home, slug), 422)
        refuse_unless(not m.at(target, slug), 422)
    if (place or slug) and (project.slug, project) not in m.former_slugs:
        m.former_slugs.append((project.slug, project))
    project.namespace, project.slug = target, slug or project.slug


def apply(project: Project, body: dict) -> bool:
    """Whether anything has changed, or counts as changed. Spec: projects.md 2.2"""
    mount = body.get("secrets_mount_directory")
    wanted = {name: body[name] for name in ("name", "is_template", "documentation", "repositories") if name in body}
    wanted |= {"description": body["description"] or None} if "description" in body else {}
    wanted |= {"mount": posixpath.normpath(mount or "/secrets")} if mount is not None else {}
    wanted |= {"template": None} if "template_id" in body else {}
    if "keywords" in body:
        wanted |= {"keywords": body["keywords"], "keywords_stored": bool(body["keywords"])}
    changed = any(getattr(project, name) != value for name, value in wanted.items())
    for name, value in wanted.items():
        setattr(project, name, value)
    return changed or "repositories" in body or "documentation" in body


@operation(
    "DELETE",
    "/projects/{project_id}",
    lambda d: Call({"project_id": d.project_id()}),
    refusals=(401, 404),
    successes=(204,),
    weight=3,
)
def project_delete(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    project = m.lookup(call.path["project_id"])
    refuse_unless(project and m.may(me, "delete", project), 404)  # one that has lost its namespace can go, too
    m.drop_project(project)
    return NO_CONTENT


@operation("GET", "/projects/{project_id}/permissions", lambda d: Call({"project_id": d.project_id()}), refusals=(404,), weight=6)
def project_permissions(m: Model, me: Person, call: Call) -> Answer:
    project = m.project(me, call.path["project_id"])
    return Answer(200, {scope: m.may(me, scope, project) for scope in ("write", "delete", "change_membership")})


# --- members ----------------------------------------------------------------------------------------------------


@operation("GET", "/projects/{project_id}/members", lambda d: Call({"project_id": d.project_id()}), refusals=(404,))
def project_member_list(m: Model, me: Person, call: Call) -> Answer:
    project = m.project(me, call.path["project_id"])
    refuse_unless(all(person.namespace for person in project.members), 404)
    return Answer(200, show_members(project.members))


def draw_members(d) -> Call:
    return d.faulty(Call({"project_id": d.project_id()}, d.members()))


@operation("PATCH", "/projects/{project_id}/members", draw_members, refusals=(400, 404, 422), weight=10)
def project_member_set(m: Model, me: Person, call: Call) -> Answer:
    call.check_body()  # nobody has to be logged in to be told about it
    project = m.lookup(call.path["project_id"])
    refuse_unless(project and project.namespace, 404)
    refuse_unless(call.body, 422)
    members = wanted(m, call.body)
    refuse_unless(all(person and person.namespace for person, _ in members), 404)
    refuse_unless(m.may(me, "change_membership", project), 404)
    set_members(project.members, members)
    return Answer(200, Answer.NOTHING)


@operation(
    "DELETE",
    "/projects/{project_id}/members/{member_id}",
    lambda d: Call({"project_id": d.project_id(), "member_id": d.user_id()}),
    refusals=(404, 422),
    successes=(204,),
)
def project_member_remove(m: Model, me: Person, call: Call) -> Answer:
    refuse_unless("!" not in call.path["member_id"], 422)
    project = m.project(me, call.path["project_id"], "change_membership")
    remove_member(project.members, m.person(call.path["member_id"]))
    return NO_CONTENT


# --- what projects replace --------------------------------------------------------------------------------------


def replaced(m: Model, v1_id: str) -> Project | None:
    return next((project for project in m.projects if project.v1_id == int(v1_id)), None)


def show_migration(project: Project) -> dict:
    launcher = Learn(project, "launcher_id", ULID) if project.has_launcher else None
    return present(project_id=project.id, v1_id=project.v1_id, launcher_id=launcher)


def draw_migration(d) -> Call:
    launcher = {"session_launcher": {"name": "launcher", "container_image": "image:1"}}
    body = {"project": draw_body(d)} | d.pick(({}, launcher))
    return d.faulty(Call({"v1_id": d.v1_id()}, body))


@operation(
    "POST",
    "/renku_v1_projects/{v1_id}/migrations",
    draw_migration,
    refusals=(400, 401, 403, 404, 409, 422),
    successes=(201,),
    weight=5,
)
def project_migrate(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    project = draft(me, call.body["project"])
    refuse_unless(not replaced(m, call.path["v1_id"]), 422)
    add(m, me, project, call.body["project"]["namespace"])
    project.v1_id, project.has_launcher = int(call.path["v1_id"]), "session_launcher" in call.body
    return Answer(201, show(project))


@operation("GET", "/renku_v1_projects/{v1_id}/migrations", lambda d: Call({"v1_id": d.v1_id()}), refusals=(404,), weight=3)
def project_migration_get(m: Model, me: Person, call: Call) -> Answer:
    project = replaced(m, call.path["v1_id"])
    refuse_unless(project, 404)
    return Answer(200, show(m.project(me, project.id)))


@operation("GET", "/renku_v1_projects/migrations", lambda d: Call(), refusals=(401,), weight=2)
def project_migration_list(m: Model, me: Person, _call: Call) -> Answer:
    me.check_login()
    shown = [show_migration(project) for project in m.readable(me) if project.v1_id is not None]
    return Answer(200, Among(shown, "project_id", [project.id for project in m.projects] + m.gone))


@operation("GET", "/projects/{project_id}/migration_info", lambda d: Call({"project_id": d.project_id()}), refusals=(401, 404), weight=3)
def project_migration_of(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    project = m.project(me, call.path["project_id"], "write")
    if project.v1_id is None:
        raise Refusal(404, empty=True)
    return Answer(200, show_migration(project))
