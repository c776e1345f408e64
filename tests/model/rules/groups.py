# SPDX-License-Identifier: Apache-2.0
"""Groups, their members, namespaces. Spec: namespaces.md"""

from model.model import (
    NO_CONTENT,
    Among,
    Answer,
    Bag,
    Group,
    Learn,
    Model,
    Namespace,
    Person,
    Project,
    present,
    refuse_unless,
    remove_member,
    set_members,
    ulid,
)

from . import Call, operation


def show(group: Group) -> dict:
    return present(
        id=ulid(group),
        name=group.name,
        slug=group.namespace.slug,
        creation_date=Learn(group, "created"),
        created_by=group.creator.id,
        description=group.description,
    )


def draw_list(d) -> Call:
    return Call(query=d.pick(({"per_page": 100}, {"per_page": 100, "direct_member": "true"}, {"page": "?"}, {"nonsense": 1})))


@operation("GET", "/groups", draw_list, refusals=(422,), weight=3)
def group_list(m: Model, me: Person, call: Call) -> Answer:
    call.check_query("page", "per_page", "direct_member")
    if "direct_member" in call.query:
        mine = [show(group) for group in m.groups if me in group.members]
        return Answer(200, Bag(mine), {"total": len(mine)})
    shown = Among(map(show, m.groups), known=m.gone)
    return Answer(200, shown, {"total": m.past.groups + len(m.groups)})


def draw_group(d) -> Call:
    body = {"name": d.name(), "slug": d.slug()} | d.some(description=d.pick(("about", "")))
    return d.faulty(Call(body=body))


@operation("POST", "/groups", draw_group, refusals=(400, 401, 403, 422), successes=(201,), weight=6)
def group_create(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    refuse_unless(me.crown or m.create_groups == "registered_users", 403)
    slug = call.body["slug"]
    refuse_unless(not m.current(slug), 422)
    refuse_unless(me.namespace or m.free_slug(me) != slug, 422)
    m.enter(me)
    place = Namespace(slug)
    place.group = Group(call.body["name"], place, me, call.body.get("description"))
    place.group.members[me] = "owner"
    m.namespaces.append(place)
    m.groups.append(place.group)
    return Answer(201, show(place.group))


@operation("GET", "/groups/{group_slug}", lambda d: Call({"group_slug": d.group()}), refusals=(404,))
def group_get(m: Model, _me: Person, call: Call) -> Answer:
    return Answer(200, show(m.group(call.path["group_slug"])))


def draw_patch(d) -> Call:
    body = d.some(name=d.name(), slug=d.slug(), description=d.pick(("changed", "", None)))
    return d.faulty(Call({"group_slug": d.group()}, body))


@operation("PATCH", "/groups/{group_slug}", draw_patch, refusals=(400, 401, 404, 409, 422), weight=6)
def group_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    group = m.group_for_change(me, call.path["group_slug"], "delete")
    slug = call.body.get("slug", group.namespace.slug)
    if slug != group.namespace.slug:
        refuse_unless(not m.current(slug), 422)
        m.former.append((group.namespace.slug, group.namespace))
        group.namespace.slug = slug
    group.name = call.body.get("name", group.name)
    if call.body.get("description") is not None:
        group.description = call.body["description"] or None
    return Answer(200, show(group))


@operation(
    "DELETE",
    "/groups/{group_slug}",
    lambda d: Call({"group_slug": d.group()}),
    refusals=(401, 404, 409),
    successes=(204,),
    weight=2,
)
def group_delete(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    place = m.resolve(call.path["group_slug"])
    if not place or not place.group:
        return NO_CONTENT
    group = m.group_for_change(me, call.path["group_slug"], "delete")
    for project in [project for project in m.projects if project.namespace is place]:
        m.drop_project(project)
    m.groups.remove(group)
    m.gone.append(group.id)
    m.drop_namespace(place)
    return NO_CONTENT


# --- members ----------------------------------------------------------------------------------------------------


def show_members(members: dict[Person, str]) -> Bag:
    return Bag(
        present(
            id=person.id,
            role=role,
            namespace=person.namespace.slug,
            first_name=person.first_name,
            last_name=person.last_name,
        )
        for person, role in members.items()
        if person.namespace
    )


@operation("GET", "/groups/{group_slug}/members", lambda d: Call({"group_slug": d.group()}), refusals=(404,))
def group_member_list(m: Model, _me: Person, call: Call) -> Answer:
    return Answer(200, show_members(m.group(call.path["group_slug"]).members))


def wanted(m: Model, body: list[dict]) -> list[tuple[Person, str]]:
    """Ids of any length pass the schema, but no user has one above 36 characters."""
    refuse_unless(all(len(item["id"]) <= 36 for item in body), 422)
    return [(m.person(item["id"]), item["role"]) for item in body]


def draw_members(d) -> Call:
    return d.faulty(Call({"group_slug": d.group()}, d.members()))


@operation("PATCH", "/groups/{group_slug}/members", draw_members, refusals=(400, 401, 404, 409, 422), weight=8)
def group_member_set(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    group = m.group_for_change(me, call.path["group_slug"], "change_membership")
    changed = set_members(group.members, wanted(m, call.body))
    return Answer(200, [{"id": person.id, "role": role} for person, role in changed])


@operation(
    "DELETE",
    "/groups/{group_slug}/members/{user_id}",
    lambda d: Call({"group_slug": d.group(), "user_id": d.user_id()}),
    refusals=(401, 404, 422),
    successes=(204,),
)
def group_member_remove(m: Model, me: Person, call: Call) -> Answer:
    refuse_unless("!" not in call.path["user_id"], 422)
    me.check_login()
    group = m.group(call.path["group_slug"])  # under a former slug, too
    refuse_unless(m.may(me, "change_membership", group), 404)
    remove_member(group.members, m.person(call.path["user_id"]))
    return NO_CONTENT


@operation("GET", "/groups/{group_slug}/permissions", lambda d: Call({"group_slug": d.group()}), refusals=(404,))
def group_permissions(m: Model, me: Person, call: Call) -> Answer:
    group = m.group(call.path["group_slug"])
    return Answer(200, {scope: m.may(me, scope, group) for scope in ("write", "delete", "change_membership")})


# --- namespaces -------------------------------------------------------------------------------------------------


def show_namespace(place: Namespace, dated: bool = False) -> dict:
    group, person = place.group, place.person
    return present(
        id=ulid(place),
        name=group.name if group else f"{person.first_name} {person.last_name}",
        slug=place.slug,
        created_by=group.creator.id if group else person.id,
        creation_date=Learn(group, "created") if group and dated else None,
        namespace_kind="group" if group else "user",
        path=place.slug,
    )


def show_place(project: Project, dated: bool = False) -> dict:
    return present(
        id=ulid(project.namespace),
        name=project.name,
        slug=project.slug,
        created_by=project.creator.id,
        creation_date=Learn(project, "created") if dated else None,
        namespace_kind="project",
        path=project.path,
    )


SCOPES = {None: "read", "viewer": "read_children", "editor": "write", "owner": "delete"}


def draw_namespaces(d) -> Call:
    kinds = d.pick(([], ["user"], ["group"], ["project"], ["user", "group", "project"]))
    role = d.pick((None, "viewer", "editor", "owner", "?"))
    return Call(query={"per_page": 100} | ({"kinds": kinds} if kinds else {}) | ({"minimum_role": role} if role else {}))


@operation("GET", "/namespaces", draw_namespaces, refusals=(401, 422), weight=5)
def namespace_list(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_query("per_page", "kinds", "minimum_role")
    kinds = call.query.get("kinds", ["user", "group"])
    scope = SCOPES[call.query.get("minimum_role")]
    own = [show_namespace(me.namespace)] if "user" in kinds and me.namespace else []
    groups = [group for group in m.groups if m.may(me, scope, group)] if "group" in kinds else []
    projects = [project for project in m.placed() if m.may(me, scope, project)] if "project" in kinds else []
    others = m.past.groups if groups_of_others(me, scope) and "group" in kinds else 0
    if "project" in kinds:
        others += m.past.projects if me.crown else m.past.public_projects if scope == "read" else 0
    total = {"total": len(own) + len(groups) + len(projects) + others}
    if others:
        return Answer(200, None, total)  # ours are at the end, maybe pages away
    shown = own + [show_namespace(group.namespace, dated=True) for group in groups]
    return Answer(200, Bag(shown + [show_place(project, dated=True) for project in projects], key="path"), total)


def groups_of_others(me: Person, scope: str) -> bool:
    return scope == "read" or me.crown


@operation("GET", "/namespaces/{namespace_slug}", lambda d: Call({"namespace_slug": d.group()}), refusals=(404,))
def namespace_get(m: Model, _me: Person, call: Call) -> Answer:
    place = m.resolve(call.path["namespace_slug"])
    refuse_unless(place, 404)
    return Answer(200, show_namespace(place))


def draw_path(d) -> Call:
    place, slug = d.path()
    return Call({"first_slug": place, "second_slug": slug})


@operation("GET", "/namespaces/{first_slug}/{second_slug}", draw_path, refusals=(404,))
def namespace_project_get(m: Model, me: Person, call: Call) -> Answer:
    path = f"{call.path['first_slug']}/{call.path['second_slug']}"  # no former slugs, no other case
    project = next((project for project in m.readable(me) if project.path == path), None)
    refuse_unless(project, 404)
    return Answer(200, show_place(project))
