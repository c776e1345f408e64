# SPDX-License-Identifier: Apache-2.0
"""Commands that are operations of the API: who acts, what is said, what comes out."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.database import Rows
from support.server import BUILD, RENKU
from support.terminal import on_terminal
from support.world import ALICE, BOB


@pytest.fixture
def rows(world):
    rows = Rows(world.env)
    yield rows
    rows.close()


def usage(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "usage: renku " in done.stderr
    assert "example: " in done.stderr
    return done.stderr


# -- who acts ----------------------------------------------------------------------------------------------------


def test_the_operator_sees_what_nobody_else_sees(world):
    assert [one["slug"] for one in world.ask("project", "list")] == ["weather-model"]
    assert world.ask("project", "show", "alice/weather-model", "--as", "bob")["visibility"] == "private"
    world.run("member", "remove", "project:alice/weather-model", "bob")

    assert world.ask("project", "list", "--as", "bob") == []
    done = world.run("project", "show", world.project, "--as", "bob")
    assert done.returncode == 3
    assert "does not exist" in done.stderr


@pytest.mark.parametrize("name", [ALICE, f"user:{ALICE}", "alice@example.org", "alice"])
def test_a_user_is_known_by_id_address_and_username(same_world, name):
    assert same_world.ask("user", "show", name)["id"] == ALICE
    assert same_world.ask("api", "user_me", "--as", name)["username"] == "alice"


@pytest.mark.parametrize("name", [ALICE, f"user:{ALICE}", "alice@example.org", "alice"])
def test_whom_the_operator_exports_or_removes_is_known_by_any_name(world, name):
    assert json.loads(world.run("export", "--user", name).stdout)["user"]["id"] == ALICE
    assert json.loads(world.run("user", "delete", name, "--dry-run", "--json").stdout)["id"] == ALICE


@pytest.mark.parametrize("command", [("export", "--user"), ("user", "delete"), ("user", "delete", "--dry-run")])
@pytest.mark.parametrize("name", ["nobody", "nobody@example.org", "ffffffff-ffff-4fff-bfff-ffffffffffff"])
def test_who_is_no_user_is_neither_exported_nor_removed(same_world, command, name):
    done = same_world.run(*command, name)

    assert done.returncode == 3
    assert f"there is no user '{name}'" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["nobody", "nobody@example.org", "ffffffff-ffff-4fff-bfff-ffffffffffff", "marine-lab", "no such name", ""])
def test_who_is_no_user_is_named(same_world, name):
    done = same_world.run("project", "list", "--as", name)

    assert done.returncode == 3
    assert f"there is no user '{name}'" in done.stderr
    assert "renku user list" in done.stderr
    assert done.stdout == ""


def test_an_address_of_two_users_asks_for_the_id(world, rows):
    rows.run("UPDATE users.users SET email = 'alice@example.org'")

    done = world.run("user", "show", "alice@example.org")

    assert done.returncode == 1
    assert "2 users" in done.stderr
    assert "--email alice@example.org" in done.stderr


def test_a_token_acts_like_its_holder_and_as_is_stronger(world):
    env = {"RENKU_TOKEN": world.token(BOB)}

    assert world.ask("api", "user_me", env=env)["id"] == BOB
    assert world.ask("api", "user_me", "--as", "alice", env=env)["id"] == ALICE
    assert world.run("group", "create", "new-lab", "New", env=env).returncode == 0
    assert world.ask("group", "show", "new-lab")["created_by"] == BOB


def test_a_bad_token_is_refused_and_not_repeated(same_world):
    done = same_world.run("project", "list", env={"RENKU_TOKEN": "very.private.token"})

    assert done.returncode == 1
    assert "private" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["group", "create", "new-lab", "New"],
        ["project", "create", "alice", "New"],
        ["project", "copy", "alice/weather-model", "alice", "New"],
        ["api", "user_me"],
        ["api", "user_pin_add", "--body", '{"project_slug":"a/b"}'],
    ],
    ids=" ".join,
)
def test_what_belongs_to_somebody_needs_somebody(world, rows, arguments):
    before = rows.fingerprint()

    assert "--as USER" in usage(world.run(*arguments))
    assert rows.fingerprint() == before


def test_listing_users_makes_no_user_of_the_operator(world, rows):
    assert {one["id"] for one in world.ask("user", "list")} == {ALICE, BOB}
    assert rows.one("SELECT count(*) FROM users.users") == 2


def test_a_user_has_only_the_permissions_of_that_user(world):
    done = world.run("user", "list", "--as", "bob")

    assert done.returncode == 1
    assert done.stdout == ""
    assert world.run("group", "delete", "marine-lab", "--as", "bob").returncode == 3


# -- what the commands do ----------------------------------------------------------------------------------------


def test_a_group_lives_and_dies(world):
    made = world.ask("group", "create", "ice-lab", "Ice Lab", "--description", "Cores", "--as", "bob")

    assert world.ask("group", "show", "ice-lab") == made
    assert made["created_by"] == BOB
    assert [one["slug"] for one in world.ask("group", "list", "--mine", "--as", "bob")] == ["ice-lab"]
    assert world.ask("group", "change", "ice-lab", "--slug", "snow-lab")["slug"] == "snow-lab"
    assert world.ask("group", "show", "group:snow-lab")["description"] == "Cores"
    assert world.run("group", "delete", "snow-lab", "--as", "bob").returncode == 0
    assert world.run("group", "show", "snow-lab").returncode == 3


def test_a_project_lives_and_dies(world):
    made = world.ask(
        "project", "create", "marine-lab", "Ice cores", "--slug", "ice", "--visibility", "public", "--as", "alice",
        "--keyword", "ice", "--keyword", "old air", "--repository", "https://git.example.org/a/b",
    )

    assert made["keywords"] == ["ice", "old air"]
    assert made["repositories"] == ["https://git.example.org/a/b"]
    changed = world.ask("project", "change", "marine-lab/ice", "--description", "", "--keyword", "snow")
    assert (changed["keywords"], changed["visibility"]) == (["snow"], "public")
    assert world.ask("project", "show", f"project:{made['id']}") == changed
    copied = world.ask("project", "copy", "marine-lab/ice", "bob", "Mine", "--as", "bob")
    assert (copied["template_id"], copied["namespace"]) == (made["id"], "bob")
    assert [one["id"] for one in world.ask("project", "list", "--namespace", "bob")] == [copied["id"]]
    assert world.run("project", "delete", "marine-lab/ice").returncode == 0
    assert world.run("project", "show", made["id"]).returncode == 3


def test_a_change_with_an_old_tag_is_refused(world):
    tag = world.ask("project", "show", "alice/weather-model")["etag"]
    world.ask("project", "change", "alice/weather-model", "--name", "Other", "--if-match", tag)

    done = world.run("project", "change", "alice/weather-model", "--name", "Third", "--if-match", tag)

    assert done.returncode == 1
    assert world.ask("project", "show", "alice/weather-model")["name"] == "Other"


@pytest.mark.parametrize("target", ["project:alice/weather-model", "group:marine-lab"])
def test_members_come_change_and_go(world, target):
    def roles():
        return {one["id"]: one["role"] for one in world.ask("member", "list", target)}

    for role in ("viewer", "editor"):
        assert world.run("member", "set", target, "bob@example.org", role).returncode == 0
        assert roles() == {ALICE: "owner", BOB: role}
    assert world.run("member", "remove", target, "bob").returncode == 0
    assert roles() == {ALICE: "owner"}


def test_a_project_has_members_under_its_id_too(world):
    assert len(world.ask("member", "list", f"project:{world.project}")) == 2


@pytest.mark.parametrize("target", ["alice/weather-model", "planet:earth", ":", ""])
def test_a_target_without_a_known_type_is_explained(same_world, target):
    assert "project:NAMESPACE/SLUG or group:SLUG" in usage(same_world.run("member", "list", target))


@pytest.mark.parametrize("arguments", [["group", "change", "marine-lab"], ["project", "change", "alice/weather-model"]])
def test_a_change_of_nothing_is_explained(same_world, arguments):
    assert "nothing to change" in usage(same_world.run(*arguments))


def test_preferences_are_those_of_the_user(world):
    assert world.ask("user", "preferences", "alice")["pinned_projects"] == {"project_slugs": ["alice/weather-model"]}
    assert "project_slugs: alice/weather-model" in world.run("user", "preferences", "alice").stdout
    assert world.run("user", "preferences", "bob").returncode == 3


def test_a_project_that_is_not_there_is_named(same_world):
    done = same_world.run("project", "show", "alice/nothing")

    assert done.returncode == 3
    assert "'alice/nothing'" in done.stderr
    assert "renku project list" in done.stderr


# -- any operation -----------------------------------------------------------------------------------------------


def operations(world) -> list[dict]:
    return world.ask("api", "--list")


def test_every_operation_is_described(same_world):
    listed = operations(same_world)

    assert len(listed) > 30
    for operation in listed:
        done = same_world.run("api", operation["id"], "--help")
        assert done.returncode == 0
        assert f"usage: renku api {operation['id']}" in done.stdout
        assert operation["summary"] in done.stdout
        assert all(f"  {one['name']} " in done.stdout for one in operation["parameters"] + operation["members"])
        assert all(f"  {one['status']}" in done.stdout for one in operation["errors"])


def test_an_operation_takes_parameters_and_prints_json_as_it_is(same_world):
    done = same_world.run("api", "project_get", "--param", f"project_id={same_world.project}", "--json")

    assert json.loads(done.stdout)["id"] == same_world.project
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith('{"id":"')


@pytest.mark.parametrize("way", ["text", "file", "input"])
def test_a_body_comes_as_text_from_a_file_or_from_the_standard_input(world, way):
    body = json.dumps({"name": "Posted", "namespace": "alice"})
    (world.folder / "body.json").write_text(body)
    given = {"text": body, "file": "@body.json", "input": "-"}[way]

    made = world.ask("api", "project_create", "--body", given, "--as", "alice", input=body if way == "input" else None)

    assert made["slug"] == "posted"


def test_a_list_parameter_is_given_several_times(world):
    answer = world.ask("api", "namespace_list", "--param", "kinds=project", "--param", "kinds=group", "--as", "alice")

    assert {one["namespace_kind"] for one in answer} == {"group", "project"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--list"),
        (["nonsense"], "no operation 'nonsense'"),
        (["project_get"], "needs --param project_id=VALUE"),
        (["project_get", "--param", "project_id"], "must be NAME=VALUE"),
        (["project_get", "--param", "id=1"], "which has: project_id, with_documentation"),
        (["project_create", "--as", "alice"], "needs --body"),
        (["project_list", "--body", "{}"], "takes no body"),
        (["project_list", "--limit", "0"], "at least 1"),
        (["project_list", "--limit", "few"], "'few'"),
        (["project_list", "--if-match", "x"], "takes no --if-match"),
        (["project_patch", "--param", "project_id=x", "--body", "{}"], "needs --if-match"),
    ],
)
def test_a_wrong_call_of_an_operation_is_explained(same_world, arguments, said):
    assert said in usage(same_world.run("api", *arguments))


def test_a_body_that_cannot_be_read_is_named(same_world):
    done = same_world.run("api", "project_create", "--body", "@nothing.json", "--as", "alice")

    assert done.returncode == 1
    assert "nothing.json" in done.stderr


def words_of(operation: dict) -> list[str]:
    """A call that has all that it needs, of things that do not exist."""
    words = ["api", operation["id"]]
    for parameter in operation["parameters"]:
        if parameter["required"]:
            value = {"integer": "999"}.get(parameter["type"], "01JF0000000000000000000000")
            words += ["--param", f"{parameter['name']}={parameter.get('enum', [value])[0]}"]
    if operation["body"]:
        words += ["--body", "[]" if operation["list"] else "{}" if operation["body"] == "json" else "grant_type=refresh_token&refresh_token=x"]
    return words + (["--if-match", "x"] if operation["if_match"] else [])


def test_every_operation_is_run(world):
    """As alice; an operation that is no person's own also as the operator."""
    listed = operations(world)
    calls = [(one["id"], [*words_of(one), *caller]) for one in listed for caller in ([], ["--as", "alice"])]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda call: world.run(*call[1], "--json"), calls))
    alone = [name for (name, words), call in zip(calls, done) if call.returncode == 2 and "needs --as USER" in call.stderr]
    found = [(words, call) for (name, words), call in zip(calls, done) if name not in alone or "--as" in words]

    assert [(words, call.returncode, call.stderr) for words, call in found if call.returncode not in (0, 1, 3)] == []
    assert [words for words, call in found if call.returncode and "\nrenku: " not in f"\n{call.stderr}"] == []
    assert [words for words, call in found if "ADMIN_ONLY" in call.stderr or "no keys" in call.stderr] == []
    assert [words for words, call in found if not call.returncode and call.stdout and json.loads(call.stdout) is None] == []
    assert sum(call.returncode == 0 for _, call in found) > 20
    assert set(alone) == {one["id"] for one in listed if one["person"]}


def test_a_secret_is_sealed_with_the_keys_of_the_settings(world):
    body = {"name": "Token", "value": "hush", "default_filename": "token"}

    made = world.ask("api", "user_secret_create", "--body", json.dumps(body), "--as", "alice")
    world.ask("api", "user_secret_patch", "--param", f"secret_id={made['id']}", "--body", '{"value": "hush-hush"}', "--as", "alice")

    assert [one["id"] for one in world.ask("secrets", "list", "--as", "alice")] == [made["id"]]
    assert world.ask("api", "user_secret_key", "--as", "alice")["secret_key"]


def test_an_invalid_body_names_what_is_wrong(same_world):
    done = same_world.run("api", "project_create", "--body", '{"name":1}', "--as", "alice")

    assert done.returncode == 1
    assert "name" in done.stderr


# -- lists -------------------------------------------------------------------------------------------------------


def test_a_list_is_complete_in_its_order_and_one_document(many):
    listed = many.ask("project", "list")
    pages = [many.ask("api", "project_list", "--param", f"page={page}", "--param", "per_page=100") for page in (1, 2, 3)]

    assert len(listed) == 251
    assert listed == [one for page in pages for one in page]


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 250, 251, 1000])
def test_a_limit_cuts_the_list(many, limit):
    listed = many.ask("project", "list", "--limit", str(limit))
    table = many.run("project", "list", "--limit", str(limit)).stdout.splitlines()

    assert len(listed) == min(limit, 251)
    assert len(table) == 1 + min(limit, 251)
    assert [line.split()[0] for line in table[1:]] == [one["id"] for one in listed]


def test_a_list_that_does_not_come_in_pages_is_cut_too(world):
    assert len(world.ask("user", "list", "--limit", "1")) == 1


def test_an_empty_list_is_a_head_or_an_empty_document(world):
    assert world.ask("project", "list", "--namespace", "bob") == []
    done = world.run("project", "list", "--namespace", "bob")
    assert done.returncode == 0
    assert done.stdout.split() == ["ID", "PROJECT", "NAME", "VISIBILITY", "UPDATED"]


def test_a_list_needs_no_memory_for_what_it_has_written(world):
    def peak(*arguments):
        script = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)"
        script += "; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        command = ["python3", "-c", script, str(RENKU), *arguments]
        return int(subprocess.run(command, env=world.env, capture_output=True, text=True, check=True).stdout)

    world.run("dev", "seed", "--users", "5", "--groups", "0", "--projects", "3000")
    first = peak("project", "list", "--limit", "200", "--json")

    # AddressSanitizer keeps what was freed for a while: there the bound says that much less
    sanitized = b"__asan_init" in (BUILD / ".libs/librenku.so").read_bytes()
    assert peak("project", "list", "--json") < first + (24 * 1024 if sanitized else 2048)


# -- hostile values ----------------------------------------------------------------------------------------------


@pytest.fixture
def hostile(world, rows):
    """A project whose name wants to steer the terminal."""

    def name(text: str) -> None:
        rows.run("UPDATE projects.projects SET name = %s", text)

    return name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\033[2J\033]0;owned\007", r"\x1b[2J\x1b]0;owned\x07"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x7f\u0085\u009b31m", r"\x7f\u{85}\u{9b}31m"),
        ("abc\u202egpj.exe", r"abc\u{202e}gpj.exe"),
        ("\u2028line\u200bzero", r"\u{2028}line\u{200b}zero"),
    ],
)
@pytest.mark.parametrize("arguments", [["list"], ["show", "alice/weather-model"]], ids=["list", "show"])
def test_control_characters_never_reach_a_terminal(world, hostile, arguments, name, shown):
    hostile(name)

    done = world.run("project", *arguments)

    assert done.returncode == 0
    assert shown in done.stdout
    assert not set(name) & {chr(code) for code in range(128, 0xFFFF)} & set(done.stdout)
    assert all(character == "\n" or character.isprintable() for character in done.stdout)


def test_json_keeps_hostile_values_as_they_are(world, hostile):
    hostile("\033[2J\n\u202e")

    done = world.run("project", "list", "--json")

    assert json.loads(done.stdout)[0]["name"] == "\033[2J\n\u202e"
    assert "\033" not in done.stdout


def test_arguments_in_messages_are_escaped_too(world):
    done = world.run("user", "show", "\033[31mred")

    assert done.returncode == 3
    assert r"\x1b[31mred" in done.stderr
    assert "\033" not in done.stderr


def test_wide_characters_keep_the_columns_aligned(world, rows):
    rows.run("UPDATE projects.projects SET name = %s", "天気モデル e\u0301 🌊")
    world.ask("project", "create", "alice", "Plain", "--as", "alice")

    head, *lines = world.run("project", "list").stdout.splitlines()

    def column(line, word):
        """The place of a word in columns of a terminal."""
        wide = {"天", "気", "モ", "デ", "ル", "🌊"}
        before = line[: line.index(word)]
        return sum(0 if one == "\u0301" else 2 if one in wide else 1 for one in before)

    assert {column(line, "private") for line in lines} == {column(head, "VISIBILITY")}


def test_a_very_long_value_is_whole_when_it_goes_into_a_file(world, rows):
    rows.run("UPDATE projects.projects SET name = repeat('x', 99)")

    assert "x" * 99 in world.run("project", "list").stdout


# -- terminals and pipes -----------------------------------------------------------------------------------------


def test_a_terminal_gets_a_table_that_fits(world, rows):
    rows.run("UPDATE projects.projects SET name = repeat('天', 99)")

    shown = on_terminal(world, "renku project list", width=70, env={"NO_COLOR": "1"})

    head, line = shown.splitlines()
    assert "…" in line
    assert line.startswith(world.project)
    assert len(line) + line.count("天") <= 70


def test_colours_are_for_terminals_without_no_color(world):
    assert "\033[1m" in on_terminal(world, "renku group list")
    assert "\033" not in on_terminal(world, "renku group list", env={"NO_COLOR": "1"})
    assert "\033" not in on_terminal(world, "renku group list", env={"TERM": "dumb"})
    assert "\033" not in world.run("group", "list", env={"TERM": "xterm"}).stdout


def test_progress_is_shown_when_only_the_messages_go_to_a_terminal(many):
    shown = on_terminal(many, "renku project list --json > list.json")

    assert "reading the list" in shown
    assert len(json.loads((many.folder / "list.json").read_text())) == 251
    assert many.run("project", "list").stderr == ""


@pytest.mark.parametrize("ignored", [False, True], ids=["dies", "sees the error"])
def test_a_reader_that_goes_away_ends_the_list(many, ignored):
    """As `renku project list | head -1`, with SIGPIPE as usual and ignored."""
    trap = "trap '' PIPE; " if ignored else ""
    script = f"{trap}{{ renku project list --json; echo $? >&2; }} | head -c 10"

    done = subprocess.run(
        ["bash", "-c", script], env=many.env, cwd=many.folder, capture_output=True, text=True, timeout=60
    )

    assert done.stdout == '[{"id":"01'
    status = done.stderr.splitlines()[-1]
    assert status == ("1" if ignored else "141"), done.stderr
    assert ("Broken pipe" in done.stderr) == ignored


@pytest.mark.parametrize("closed", ["<&- >&-", ">&- 2>&-"])
def test_what_is_closed_is_no_place_for_an_answer(world, closed):
    """Least of all the connection to the database, which would get its number."""
    done = subprocess.run(
        ["bash", "-c", f"{RENKU} project list {closed}"], env=world.env, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == ("" if "2>" in closed else "renku: cannot write 'the answer': Bad file descriptor\n")


def test_words_that_are_no_text_are_refused(world):
    for arguments in (["create", "alice", b"\xff"], ["change", world.project, "--description", b"\xff"]):
        assert "'\\xff' is not UTF-8" in usage(world.run("project", *arguments, "--as", "alice"))


def test_a_project_is_named_by_its_id_or_its_path(world):
    done = world.run("project", "show", "ice-cores")

    assert done.returncode == 3
    assert "'ice-cores' is no project: give its id, or NAMESPACE/SLUG" in done.stderr


@pytest.mark.parametrize("arguments", [["project", "list"], ["project", "list", "--json"], ["api", "--list"], ["config", "show"]])
def test_a_full_disk_is_a_failure_told_once(same_world, arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [RENKU, *arguments], env=same_world.env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )

    assert done.returncode == 1
    assert done.stderr.count("No space left") == 1


# -- without a database ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["user", "list"], ["project", "list", "--json"], ["project", "show", "a/b"], ["project", "list", "--as", "alice"]],
    ids=" ".join,
)
def test_a_database_that_is_down_ends_with_4(same_world, arguments):
    done = same_world.run(*arguments, env={"DB_HOST": str(same_world.folder)})

    assert done.returncode == 4
    assert "database" in done.stderr


def test_help_and_lists_of_operations_need_no_settings(renku):
    assert renku("api", "--list").returncode == 0
    assert renku("api", "project_get", "--help").returncode == 0
    assert renku("project", "create", "--help").returncode == 0
