# SPDX-License-Identifier: Apache-2.0
"""The platform: its configuration, who may create what, redirects. Spec: platform.md"""

from urllib.parse import quote, unquote

from model.model import CREATORS, NO_CONTENT, Among, Answer, Computed, Learn, Model, Person, Redirect, etag_of, refuse_unless

from . import Call, operation

# --- configuration ----------------------------------------------------------------------------------------------


def show_config(m: Model, call: Call | None = None, before: str | None = None) -> Answer:
    if call and call.if_none_match and call.if_none_match == m.config.etag:
        return Answer(304, Answer.NOTHING)
    etag = Learn(m.config, "etag", unlike=before)
    return Answer(200, {"etag": etag, "incident_banner": m.config.banner}, {"etag": Computed(lambda: m.config.etag)})


def draw_get(d) -> Call:
    return Call(if_none_match=d.pick((None, None, d.model.config.etag)))


@operation("GET", "/platform/config", draw_get, successes=(200, 304), weight=3)
def platform_config_get(m: Model, _me: Person, call: Call) -> Answer:
    return show_config(m, call)


def draw_config(d) -> Call:
    etag = d.pick((d.model.config.etag, d.model.config.etag, '"X"', None))
    return d.faulty(Call(body=d.some(incident_banner=d.pick(("", "**Soon**", "Later"))), if_match=etag))


@operation("PATCH", "/platform/config", draw_config, refusals=(400, 401, 403, 409, 422, 428), weight=5, admin=True)
def platform_config_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_admin()
    call.check_if_match()
    call.check_body()
    refuse_unless(call.if_match == m.config.etag, 409)
    before, banner = m.config.etag, call.body.get("incident_banner", m.config.banner)
    if banner != m.config.banner:
        m.config.banner, m.config.etag = banner, None
    return show_config(m, None, before)


# --- who may create what ----------------------------------------------------------------------------------------


def flags_etag(m: Model) -> str:
    return etag_of(f"create_projects={m.create_projects},create_groups={m.create_groups}")


def show_flags(m: Model) -> Answer:
    body = {"etag": flags_etag(m), "create_projects": m.create_projects, "create_groups": m.create_groups}
    return Answer(200, body, {"etag": flags_etag(m)})


def draw_flags(d) -> Call:
    return Call(if_none_match=d.pick((None, None, flags_etag(d.model))))


@operation("GET", "/platform/authorization_config", draw_flags, successes=(200, 304), weight=3)
def authorization_config_get(m: Model, _me: Person, call: Call) -> Answer:
    return Answer(304, Answer.NOTHING) if call.if_none_match == flags_etag(m) else show_flags(m)


def draw_flags_patch(d) -> Call:
    etag = d.pick((flags_etag(d.model), flags_etag(d.model), '"X"', None))
    flag = (CREATORS[0], CREATORS[0], CREATORS[1])
    return d.faulty(Call(body=d.some(create_projects=d.pick(flag), create_groups=d.pick(flag)), if_match=etag))


@operation("PATCH", "/platform/authorization_config", draw_flags_patch, refusals=(400, 401, 403, 409, 422, 428), weight=6, admin=True)
def authorization_config_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_admin()
    call.check_if_match()
    call.check_body()
    refuse_unless(call.if_match == flags_etag(m), 409)
    m.create_groups = call.body.get("create_groups", m.create_groups)
    m.create_projects = call.body.get("create_projects", m.create_projects)
    return show_flags(m)


# --- redirects --------------------------------------------------------------------------------------------------

TARGETS = ("/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ", "https://code.example.org/a", "http://code.example.org/a", "/p/x")


def show(redirect: Redirect, before: str | None = None) -> dict:
    etag = Learn(redirect, "etag", unlike=before)
    return {"etag": etag, "source_url": redirect.source, "target_url": redirect.target}


def good_source(source: str) -> bool:
    return "#" not in source and not source.endswith("/")


def good_target(target: str) -> bool:
    return target in TARGETS[:2]


def lookup(m: Model, call: Call) -> Redirect | None:
    source = call.path["source_url"]
    return next((one for one in m.redirects if quote(one.source, safe="") == source), None)


def draw_list(d) -> Call:
    return Call(query=d.pick(({}, {"per_page": 1}, {"page": "?"}, {"nonsense": "1"})))


@operation("GET", "/platform/redirects", draw_list, refusals=(401, 403, 422), weight=4, admin=True)
def redirect_list(m: Model, me: Person, call: Call) -> Answer:
    me.check_admin()
    call.check_query("page", "per_page")
    return Answer(200, Among(map(show, m.redirects), "source_url"), {"total": m.past.redirects + len(m.redirects)})


def draw_redirect(d) -> Call:
    return d.faulty(Call(body={"source_url": d.source(), "target_url": d.pick(TARGETS)}))


@operation("POST", "/platform/redirects", draw_redirect, refusals=(400, 401, 403, 409, 422), successes=(201,), weight=6, admin=True)
def redirect_create(m: Model, me: Person, call: Call) -> Answer:
    me.check_admin()
    call.check_body()
    redirect = Redirect(call.body["source_url"], call.body["target_url"])
    refuse_unless(good_source(redirect.source) and good_target(redirect.target), 422)
    refuse_unless(all(one.source != redirect.source for one in m.redirects), 409)
    m.redirects.append(redirect)
    return Answer(201, show(redirect))


def draw_source(d) -> Call:
    return Call({"source_url": quote(d.source(), safe="")})


@operation("GET", "/platform/redirects/{source_url}", draw_source, refusals=(404,))
def redirect_get(m: Model, _me: Person, call: Call) -> Answer:
    redirect = lookup(m, call)
    refuse_unless(redirect, 404)
    return Answer(200, show(redirect))


def etag_for(d, call: Call) -> str | None:
    redirect = lookup(d.model, call)
    known = redirect.etag if redirect else '"X"'
    return d.pick((known, known, '"X"', None))


def draw_patch(d) -> Call:
    call = draw_source(d)
    return d.faulty(Call(call.path, d.some(target_url=d.pick(TARGETS)), if_match=etag_for(d, call)))


@operation("PATCH", "/platform/redirects/{source_url}", draw_patch, refusals=(400, 401, 403, 404, 409, 422, 428), weight=7, admin=True)
def redirect_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_admin()
    call.check_if_match()
    call.check_body()
    redirect, target = lookup(m, call), call.body.get("target_url")
    refuse_unless(good_source(unquote(call.path["source_url"])) and (target is None or good_target(target)), 422)
    refuse_unless(redirect, 404)
    refuse_unless(call.if_match == redirect.etag, 409)
    before = redirect.etag
    if target not in (None, redirect.target):
        redirect.target, redirect.etag = target, None
    return Answer(200, show(redirect, before))


def draw_delete(d) -> Call:
    call = draw_source(d)
    return Call(call.path, if_match=etag_for(d, call))


@operation("DELETE", "/platform/redirects/{source_url}", draw_delete, refusals=(401, 403, 409, 428), successes=(204,), weight=5, admin=True)
def redirect_delete(m: Model, me: Person, call: Call) -> Answer:
    me.check_admin()
    call.check_if_match()
    redirect = lookup(m, call)
    if redirect:
        refuse_unless(call.if_match == redirect.etag, 409)
        m.redirects.remove(redirect)
    return NO_CONTENT


# --- about the service ------------------------------------------------------------------------------------------


@operation("GET", "/version", lambda d: Call(), weight=1)
def version_get(_m: Model, _me: Person, _call: Call) -> Answer:
    return Answer(200, {"version": "1.2.3-test"})
