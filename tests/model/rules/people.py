# SPDX-License-Identifier: Apache-2.0
"""Users and their preferences. Spec: users.md, user-preferences.md"""

from model.model import NO_CONTENT, Among, Answer, Learn, Model, Person, Preferences, present, refuse_unless

from . import Call, operation

MAX_PINS = 3  # MAX_PINNED_PROJECTS of the server
PINS = ("jane/tides", "Jane/Tides", "abc", "lab/one", "lab/two", "no--pin", "x")


def show(person: Person, email: bool) -> dict:
    return present(
        id=person.id,
        username=person.namespace.slug,
        email=person.email if email else None,
        first_name=person.first_name,
        last_name=person.last_name,
    )


@operation("GET", "/user", lambda d: Call(), refusals=(401,), weight=3)
def user_me(m: Model, me: Person, _call: Call) -> Answer:
    me.check_login()
    m.enter(me)
    return Answer(200, show(me, email=True) | {"is_admin": me.badge})


@operation("GET", "/user/secret_key", lambda d: Call(), refusals=(401, 404), weight=1)
def user_secret_key(_m: Model, me: Person, _call: Call) -> Answer:
    me.check_login()
    refuse_unless(me.namespace, 404)
    return Answer(200, {"secret_key": Learn(me, "secret_key")})


def draw_list(d) -> Call:
    email = d.pick((None, d.person().email, "nobody@example.org"))
    return Call(query=d.pick(({"exact_email": email} if email else {}, {}, {"nonsense": "1"})))


@operation("GET", "/users", draw_list, refusals=(401, 403, 422), weight=3, admin=True)
def user_list(m: Model, me: Person, call: Call) -> Answer:
    call.check_query("exact_email")
    me.check_login()
    if email := call.query.get("exact_email"):
        return Answer(200, [show(person, email=True) for person in m.known() if person.email == email])
    refuse_unless(me.badge, 403)
    m.enter(me)
    return Answer(200, Among([show(person, email=True) for person in m.known()], known=[person.id for person in m.people]))


@operation("GET", "/users/{user_id}", lambda d: Call({"user_id": d.user_id()}), refusals=(404,))
def user_get(m: Model, me: Person, call: Call) -> Answer:
    person = m.person(call.path["user_id"])
    if person is me and me.id:
        m.enter(me)
    refuse_unless(person and person.namespace, 404)
    return Answer(200, show(person, email=person is me or me.badge))


@operation(
    "DELETE",
    "/users/{user_id}",
    lambda d: Call({"user_id": d.user_id()}),
    refusals=(401, 403, 404, 409, 422),
    successes=(204,),
    weight=2,
    admin=True,
)
def user_delete(m: Model, me: Person, call: Call) -> Answer:
    refuse_unless("!" not in call.path["user_id"], 422)
    me.check_admin()
    person = m.person(call.path["user_id"])
    if not person or not person.namespace:
        return NO_CONTENT
    refuse_unless(me.crown, 404)
    refuse_unless(not any(thing.creator is person for thing in (*m.groups, *m.slots)), 409)
    forget(m, person)
    return NO_CONTENT


def forget(m: Model, person: Person) -> None:
    """Projects lose their namespace, groups and projects a member, maybe the last owner."""
    for project in m.placed():
        if project.namespace is person.namespace:
            project.namespace = None
            m.former_slugs = [(slug, one) for slug, one in m.former_slugs if one is not project]
    for thing in (*m.groups, *m.projects):
        thing.robbed |= thing.members.pop(person, None) == "owner"
    for secret in [secret for secret in m.secrets if secret.owner is person]:
        m.drop_secret(secret)
    m.links = {key: secret for key, secret in m.links.items() if key[1] is not person}
    m.alerts = [alert for alert in m.alerts if alert.person is not person]
    m.drop_namespace(person.namespace)
    person.namespace, person.secret_key, person.crown = None, None, False


# --- preferences ------------------------------------------------------------------------------------------------


def answer(me: Person) -> Answer:
    refuse_unless(me.preferences, 404)
    pins = {"project_slugs": list(me.preferences.pins)}
    return Answer(
        200, {"user_id": me.id, "pinned_projects": pins, "show_project_migration_banner": me.preferences.banner}
    )


@operation("GET", "/user/preferences", lambda d: Call(), refusals=(401, 404), weight=2)
def user_preferences_get(_m: Model, me: Person, _call: Call) -> Answer:
    me.check_login()
    return answer(me)


def draw_pin(d) -> Call:
    return d.faulty(Call(body={"project_slug": d.pick(PINS)}))


@operation("POST", "/user/preferences/pinned_projects", draw_pin, refusals=(400, 401, 422), weight=5)
def user_pin_add(_m: Model, me: Person, call: Call) -> Answer:
    call.check_body()
    slug = call.body["project_slug"]
    refuse_unless(slug not in ("no--pin", "x"), 422)
    me.check_login()
    if not me.preferences:
        me.preferences = Preferences([slug], True)
        return answer(me)
    pins = me.preferences.pins
    if slug.lower() not in (pin.lower() for pin in pins):
        refuse_unless(len(pins) < MAX_PINS, 422)
        pins.append(slug)
    return answer(me)


def draw_unpin(d) -> Call:
    return Call(query=d.pick(({"project_slug": d.pick(PINS)}, {"project_slug": ""}, {}, {"nonsense": "1"})))


@operation("DELETE", "/user/preferences/pinned_projects", draw_unpin, refusals=(401, 404, 422), weight=2)
def user_pin_remove(_m: Model, me: Person, call: Call) -> Answer:
    call.check_query("project_slug")
    me.check_login()
    refuse_unless(me.preferences, 404)
    slug = call.query.get("project_slug", "").lower()
    me.preferences.pins = [pin for pin in me.preferences.pins if slug and pin.lower() != slug]
    return answer(me)


@operation("POST", "/user/preferences/dismiss_project_migration_banner", lambda d: Call(), refusals=(401,), weight=2)
def user_banner_dismiss(_m: Model, me: Person, _call: Call) -> Answer:
    me.check_login()
    me.preferences = me.preferences or Preferences([], False)
    me.preferences.banner = False
    return answer(me)


@operation("DELETE", "/user/preferences/dismiss_project_migration_banner", lambda d: Call(), refusals=(401, 404), weight=2)
def user_banner_restore(_m: Model, me: Person, _call: Call) -> Answer:
    me.check_login()
    refuse_unless(me.preferences, 404)
    me.preferences.banner = True
    return answer(me)
