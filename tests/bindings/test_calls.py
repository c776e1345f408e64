# SPDX-License-Identifier: Apache-2.0
"""What calls answer, and how they fail."""

import json
import pickle
import re
from datetime import datetime, timezone

import pytest

from librenku import Cancel, Client, Config, RenkuError, Ulid, errors
from support.api import NO_ULID, unique

UTC = timezone.utc


# --- answers ---


def test_a_project_comes_back_as_it_was_made(user):
    body = {"name": "Ice cores", "namespace": user.slug, "slug": unique("ice"), "keywords": ["ice"], "visibility": "public"}

    made = user.project_create(body)
    read = user.project_get(made["id"])

    assert read == made
    assert {name: made[name] for name in body} == body


def test_ids_and_times_are_more_than_text(user, project):
    before, name = datetime.now(UTC), unique("x")
    made = user.project_create({"name": name, "namespace": user.slug})

    assert type(made["id"]) is Ulid and made["id"] == str(made["id"])
    assert made["creation_date"].utcoffset().total_seconds() == 0
    assert abs((made["id"].time - before).total_seconds()) < 60
    assert abs((made["updated_at"] - before).total_seconds()) < 60
    (listed,) = [item for item in user.project_list(namespace=user.slug) if item["name"] == name]
    assert listed == made and type(listed["id"]) is Ulid
    assert json.loads(json.dumps(made["id"])) == made["id"]


def test_what_answers_nothing_is_none(user, other, project):
    assert user.project_member_set(project["id"], [{"id": other.caller_id, "role": "editor"}]) is None
    assert user.project_delete(project["id"]) is None


def test_members_and_permissions(user, other, project):
    user.project_member_set(project["id"], [{"id": other.caller_id, "role": "viewer"}])

    members = {member["id"]: member["role"] for member in user.project_member_list(project["id"])}

    assert members == {user.caller_id: "owner", other.caller_id: "viewer"}
    assert other.project_permissions(project["id"]) == {"write": False, "delete": False, "change_membership": False}
    user.project_member_remove(project["id"], other.caller_id)
    with pytest.raises(errors.NotFound):
        other.project_get(project["id"])


def test_parameters_of_every_kind_arrive(user):
    slug = unique("group")
    user.group_create({"name": "Glaciers", "slug": slug})

    groups = user.namespace_list(kinds=["group"], minimum_role="owner", page=1, per_page=50)
    users = user.namespace_list(kinds=["user"])

    assert [row["slug"] for row in groups] == [slug] and groups[0]["namespace_kind"] == "group"
    assert [row["slug"] for row in users] == [user.slug]
    assert user.group_list(direct_member=True)[0]["slug"] == slug


def test_texts_of_all_scripts_arrive(user):
    name = "Gletscher ❄ 冰川 \U0001f9ca \"quoted\" \\ \n"

    made = user.project_create({"name": "x", "namespace": user.slug, "description": name})

    assert user.project_get(made["id"])["description"] == name


def test_an_answer_has_status_etag_and_headers(user, project):
    answer = user.call("project_get", project_id=project["id"])

    assert (answer.status, answer.data, answer.etag) == (200, project, project["etag"])
    assert answer.headers["etag"] == answer.etag
    again = user.call("project_get", project_id=project["id"], if_none_match=answer.etag)
    assert (again.status, again.data) == (304, None)
    assert user.call("project_delete", project_id=project["id"]).status == 204


def test_an_unchanged_object_is_none(user, project):
    assert user.project_get(project["id"], if_none_match=project["etag"]) is None
    user.project_patch(project["id"], {"name": "Other"}, if_match=project["etag"])
    assert user.project_get(project["id"], if_none_match=project["etag"])["name"] == "Other"


def test_a_body_of_bytes_is_sent_as_it_stands(user):
    raw = json.dumps({"name": "x", "namespace": user.slug}).encode()

    assert user.call("project_create", raw).status == 201
    with pytest.raises(errors.RenkuError) as failure:
        user.call("project_create", b"{")
    assert failure.value.status in (400, 422)


def test_the_callers_differ(client, user, other, make_admin):
    make_admin(other.caller_id)
    trusted = client.on_behalf(user=user.caller_id)

    assert client.caller_id is None and not client.is_admin
    assert trusted.user_me()["id"] == user.caller_id == trusted.caller_id
    assert client.on_behalf(user=other.caller_id).is_admin and not trusted.is_admin
    assert client.on_behalf(service="migrations").is_admin
    assert user.on_behalf().caller_id is None


def test_one_caller_at_a_time(config):
    with pytest.raises(ValueError, match="either a token or a user"):
        Client(config, token="x", user="y")


# --- lists ---


def test_all_pages_are_read_as_they_are_needed(user):
    names = {unique("p") for _ in range(7)}
    for name in names:
        user.project_create({"name": name, "namespace": user.slug})

    assert {item["name"] for item in user.project_list_all(namespace=user.slug, per_page=3)} == names
    pages = user.pages("project_list", namespace=user.slug, per_page=3)
    assert pages.total is None
    assert len(next(pages)) == 3 and pages.total == 7
    assert len(list(pages.items())) == 4
    assert list(pages) == [] and pages.total is None


def test_pages_begin_where_they_are_told(user):
    for _ in range(3):
        user.project_create({"name": unique("p"), "namespace": user.slug})

    assert [len(page) for page in user.pages("project_list", namespace=user.slug, per_page=2, page=2)] == [1]


def test_a_list_fails_when_it_is_read(user):
    with pytest.raises(errors.Invalid):
        next(user.project_list_all(per_page=1000))
    with pytest.raises(errors.Invalid, match="no list"):
        user.pages("project_get", project_id=NO_ULID)
    with pytest.raises(errors.Invalid, match="no list"):
        user.pages("no_such_operation")


# --- failures ---

FAILURES = [
    (errors.NotFound, 1404, lambda user, project: user.project_get(NO_ULID)),
    (errors.NotFound, 1404, lambda user, project: user.project_get("no id")),
    (errors.NotFound, 1404, lambda user, project: user.call("no_such_operation")),
    (errors.Invalid, 1422, lambda user, project: user.project_create({"name": "x"})),
    (errors.Invalid, 1422, lambda user, project: user.call("project_get")),
    (errors.Invalid, 1422, lambda user, project: user.call("project_create")),
    (errors.Invalid, 1422, lambda user, project: user.project_list(page=0)),
    (errors.Unauthorized, 1401, lambda user, project: user.on_behalf().user_me()),
    (errors.InvalidToken, 1401, lambda user, project: user.on_behalf(token="no token")),
    (errors.NotPermitted, 1403, lambda user, project: user.user_delete(user.caller_id)),
    (errors.Precondition, 1428, lambda user, project: user.call("project_patch", {}, project_id=project["id"])),
    (errors.Stale, 1409, lambda user, project: user.project_patch(project["id"], {}, if_match='"old"')),
    (errors.Conflict, 1409, lambda user, project: user.project_create(
        {"name": "x", "namespace": user.slug, "slug": project["slug"]})),
    (errors.NotFound, 1404, lambda user, project: user.on_behalf(user="nobody")),
    (errors.Forbidden, 1403, lambda user, project: user.on_behalf(service="migrations").user_me()),
    (errors.Invalid, 1422, lambda user, project: user.on_behalf(service="nobody")),
    (errors.NotFound, 1404, lambda user, project: Config.from_file("/no/such/file")),
    (errors.Configuration, 1500, lambda user, project: Client(Config(DB_PORT="many"))),
    (errors.Configuration, 1500, lambda user, project: Config.from_file("/")),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FAILURES)), ids=[f"{row[0].__name__}-{n}" for n, row in enumerate(FAILURES)])
def test_each_failure_has_its_class(user, project, number):
    kind, code, call = FAILURES[number]

    with pytest.raises(kind) as failure:
        call(user, project)

    problem = failure.value
    assert (type(problem), problem.code) == (kind, code)
    assert problem.status == {1428: 428}.get(code, code - 1000) and problem.message in str(problem)


def test_a_failure_says_all_that_is_known(user, project):
    with pytest.raises(errors.Conflict) as failure:
        user.project_patch(project["id"], {"name": "x"}, if_match='"old"')

    problem = failure.value
    assert (problem.operation, problem.status) == ("project_patch", 409)
    assert problem.detail and problem.detail in str(problem)
    copy = pickle.loads(pickle.dumps(problem))
    assert (type(copy), copy.args, copy.detail) == (errors.Stale, problem.args, problem.detail)


def test_a_database_that_is_down_is_told(environment):
    with Client(Config(**environment | {"DB_HOST": "/nonexistent"})) as client, pytest.raises(RenkuError) as failure:
        client.project_list()

    assert failure.value.status in (500, 503)


@pytest.mark.parametrize("call", [
    lambda user: user.project_get("x\0y"),
    lambda user: user.call("project_get\0", project_id=NO_ULID),
    lambda user: user.project_list(namespace="x\0"),
    lambda user: user.on_behalf(token="x\0"),
    lambda user: user.project_patch(NO_ULID, {}, if_match="x\0"),
    lambda user: user.user_me(request_id="x\0"),
    lambda user: Config(DB_HOST="x\0"),
    lambda user: user.authz_check("project", "x\0", "read"),
])  # fmt: skip
def test_a_text_is_never_cut_at_a_nul(user, call):
    with pytest.raises(ValueError, match="NUL"):
        call(user)


# Its milliseconds, cut to 64 bits, would be fewer than none.
def test_a_timeout_may_be_very_long(user):
    assert user.user_me(timeout=1.4e16)["id"] == user.caller_id


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_is_a_time(user, timeout):
    with pytest.raises(ValueError, match="timeout"):
        user.user_me(timeout=timeout)


def test_what_cannot_be_said_is_refused(user):
    with pytest.raises(TypeError, match="object cannot be part"):
        user.call("project_create", {"name": object()})
    with pytest.raises(TypeError, match="cannot be a parameter"):
        user.call("project_list", namespace=object())
    with pytest.raises(ValueError):
        user.call("project_create", {"name": float("nan")})
    with pytest.raises(ValueError, match="time zone"):
        user.call("project_create", {"name": datetime(2026, 1, 1)})


# --- ending calls ---


def test_a_call_ends_at_its_deadline(user, gate):
    with pytest.raises(errors.Timeout) as failure:
        user.project_list(timeout=0.2)

    assert failure.value.status == 503


def test_a_call_ends_from_another_thread(user, project, gate, in_thread):
    cancel = Cancel()
    job = in_thread(lambda: user.project_patch(project["id"], {"name": "x"}, if_match=project["etag"], cancel=cancel))
    gate.wait_for(1)

    cancel.now()

    with pytest.raises(errors.Cancelled):
        job.result()
    gate.open()
    assert user.project_get(project["id"]) == project
    with pytest.raises(errors.Cancelled):
        user.project_list(cancel=cancel)


# --- operators ---


def test_operators_ask_for_permissions(client, user, other, project):
    user.project_member_set(project["id"], [{"id": other.caller_id, "role": "viewer"}])

    assert client.authz_check("project", project["id"], "read", other.caller_id) is True
    assert client.authz_check("project", project["id"], "write", other.caller_id) is False
    assert client.authz_check("project", project["id"], "read") is False
    assert client.authz_explain("project", project["id"], "read", other.caller_id)["paths"]
    assert project["id"] in client.authz_lookup("project", "read", other.caller_id)
    line = f"project:{project['id']}#viewer@user:{other.caller_id}"
    assert line in client.authz_export().splitlines()
    assert client.authz_import(line + "\n")


def test_operators_look_after_the_database(make_database, environment):
    seen = []
    with Client(Config(**environment | make_database())) as client:
        assert client.db_migrate()["applied"] == []
        assert client.db_status()
        assert client.db_check()
        assert client.db_verify(repair=True)
        client.dev_seed(users=3, groups=1, projects=4, progress=lambda share, what: seen.append((share, what)))
        assert client.call("project_list", per_page=1).headers["total"] >= "0"
        assert "findings" in client.doctor()
        client.authz_admin("add", "somebody")
        assert "somebody" in str(client.authz_admin("list"))
        client.authz_admin("remove", "somebody")
    assert seen and all(0 <= share <= 1 and what for share, what in seen)


def test_long_work_of_operators_is_watched(postgres, environment, make_database):
    seen = []

    def hear(share, what):
        seen.append((share, what))

    with Client(Config(**environment | make_database())) as full, Client(Config(**environment | postgres.create_database())) as empty:
        full.dev_seed(users=3, groups=1, projects=4)
        user = re.search(r"@user:([\w-]{36})", full.authz_export())[1]
        work = {
            "migration 1 of": lambda: empty.db_migrate_with(hear),
            "comparing the index: lists": lambda: full.db_verify_with(True, hear),
            "writing relationship 1 of": lambda: full.authz_export_with(hear),
            "comparing with the rows": lambda: full.authz_import_with(full.authz_export(), True, hear),
            "user": lambda: full.user_export_with(user, hear),
        }
        for what, call in work.items():
            seen.clear()
            assert call()
            assert any(what in told for _share, told in seen), seen
            assert [share for share, _told in seen] == sorted(share for share, _told in seen)
            assert seen[-1] == (1, "done")
        with pytest.raises(errors.Conflict):
            full.db_adopt_with(hear)


def test_operators_adopt_and_hand_back(make_database, environment):
    with Client(Config(**environment | make_database())) as client:
        for call in (client.db_adopt, lambda: client.db_hand_back(force=True)):
            try:
                assert isinstance(call(), dict)
            except errors.Conflict as refused:
                assert refused.message


# --- settings ---


def test_settings_come_from_where_they_are_told(tmp_path, monkeypatch):
    (tmp_path / "env").write_text("# settings\nDB_HOST='from file'\n")
    monkeypatch.setenv("DB_HOST", "from environment")

    assert Config.from_environment().get("DB_HOST") == "from environment"
    assert Config.from_file(tmp_path / "env").get("DB_HOST") == "from file"
    assert Config.from_file(tmp_path / "env", DB_HOST="given").get("DB_HOST") == "given"
    assert Config(DB_HOST="given").get("DB_HOST") == "given"
    assert Config().get("DB_HOST") is None
    assert Config.from_environment(DB_HOST=None).get("DB_HOST") is None


def test_settings_are_described_without_secrets():
    described = Config(DB_PASSWORD="very secret", DB_HOST="h").describe()
    rows = {row["name"]: row for row in described["settings"]}

    assert rows["DB_HOST"]["value"] == "h" and rows["DB_HOST"]["source"] == "call"
    assert "very secret" not in json.dumps(described)
    assert described["problem"]


def test_a_client_is_made_of_a_file(tmp_path, environment, monkeypatch):
    lines = "".join(f'{name}="{value}"\n' for name, value in environment.items() if name != "DB_PASSWORD")
    secret = environment["DB_PASSWORD"].replace("'", "'\\''")
    (tmp_path / "env").write_text(f"{lines}DB_PASSWORD='{secret}'\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with Client(tmp_path / "env") as of_file, Client() as of_environment:
        assert of_file.version_get() == of_environment.version_get() == {"version": environment["VERSION"]}


# --- conversions ---

TIMES = [
    ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("2026-01-02T03:04:05.6Z", datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)),
    ("2026-01-02T03:04:05.123456Z", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
    ("2026-01-02T05:04:05+02:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
]


@pytest.mark.parametrize("text,moment", TIMES)
def test_times_are_read_with_their_zone(text, moment):
    from librenku._convert import from_time, to_time

    assert to_time(text) == moment and to_time(text).tzinfo is not None
    assert to_time(from_time(moment)) == moment


def test_a_ulid_is_a_text_with_a_time():
    ulid = Ulid.parse("01J2F86WS7S8N6159WA3X4042H")

    assert ulid.time == datetime(2024, 7, 10, 21, 18, 53, 223000, tzinfo=UTC)
    assert pickle.loads(pickle.dumps(ulid)) == ulid
    for wrong in ("", "01J2F86WS7S8N6159WA3X4042", "81J2F86WS7S8N6159WA3X4042H", "01j2f86ws7s8n6159wa3x4042h"):
        with pytest.raises(ValueError):
            Ulid.parse(wrong)
