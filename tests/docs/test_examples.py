# SPDX-License-Identifier: Apache-2.0
"""The examples do what their first lines say, in the build and against installed files only."""

import json
import os
import random
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from support.server import BUILD, ROOT, renku
from support.up import Installation

SOURCES = sorted((ROOT / "examples").glob("*.c"))


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    place = Installation(tmp_path_factory.mktemp("examples") / "place")
    place.start()
    yield place
    assert place.ask() == 0, place.messages()


@pytest.fixture(scope="module")
def tokens(local):
    return {name: local.run("token", name).stdout.strip() for name in ("alice", "bob")}


@pytest.fixture(scope="module")
def people(local, tokens):
    return {name: ask(local.url, "/user", token)["id"] for name, token in tokens.items()}


def ask(url, path, token=None, body=None):
    request = urllib.request.Request(f"{url}/api/data{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture
def run(local, tokens):
    """Runs an example of the build as somebody."""

    def start(name, *words, caller="alice", status=0):
        env = {"PATH": os.environ["PATH"], "RENKU_TOKEN": tokens[caller]}
        command = [BUILD / "examples" / name, local.folder / "env", *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return start


def test_a_project_is_created_with_its_members(run, people):
    done = run("create_project", "Deep ice", "alice", f"{people['bob']}:editor")

    assert done.stdout == "alice/deep-ice\n  editor  bob\n  owner   alice\n"


def test_what_fails_is_told(run):
    done = run("create_project", "Deep ice", "nowhere", status=1)

    assert 'the namespace "nowhere" does not exist' in done.stderr


def test_a_user_sees_projects_and_why(run, local, tokens, people):
    body = {"name": "Seen by bob", "namespace": "alice"}
    project = ask(local.url, "/projects", tokens["alice"], body)
    run("create_project", "Hidden from bob", "alice")
    patch = [{"id": people["bob"], "role": "viewer"}]
    request = urllib.request.Request(
        f"{local.url}/api/data/projects/{project['id']}/members",
        json.dumps(patch).encode(),
        {"Authorization": f"Bearer {tokens['alice']}", "Content-Type": "application/json"},
        method="PATCH",
    )
    urllib.request.urlopen(request).close()

    done = run("visible", people["bob"])

    reason = f"  because project:{project['id']}#viewer@user:{people['bob']}\n"
    assert f"alice/seen-by-bob\n{reason}" in done.stdout
    assert "hidden-from-bob" not in done.stdout


# Spec: platform.md 4.6: from C the legacy URL comes as it is, without escapes
def test_a_legacy_url_leads_somewhere(run, local):
    token = local.run("token", "root", "--admin").stdout.strip()
    body = {"source_url": "/projects/old/ice", "target_url": "https://example.org/ice"}
    ask(local.url, "/platform/redirects", token, body)

    assert run("redirect", "/projects/old/ice").stdout == "https://example.org/ice\n"
    for unknown in ("%2Fprojects%2Fold%2Fice", "/projects/old"):
        assert run("redirect", unknown, status=3).stderr.startswith(f"A redirect for '{unknown}' does not exist")


def test_a_csv_file_is_imported_and_can_be_repeated(run, tmp_path):
    file = tmp_path / "projects.csv"
    file.write_text('name,namespace,visibility\n"Snow, ""old""",alice,public\nFirn,alice,private\nX,nobody,private\n')

    first, again = run("import_csv", file, status=1), run("import_csv", file, status=1)

    assert first.stdout == "2 created, 0 were there, 1 failed\n"
    assert again.stdout == "0 created, 2 were there, 1 failed\n"
    assert first.stderr.startswith("line 4: ")


def test_a_csv_file_of_nonsense_is_refused_line_by_line(run, tmp_path):
    choices, file = random.Random(20261128), tmp_path / "nonsense.csv"
    pieces = [b"x", b"alice", b"nobody", b"public", b",", b",,,,", b'"', b'""', b"\0", b"\xff\xfe", b"\\", b"\r", b" ", "\u202e".encode(), b"9" * 400]
    lines = [b"".join(choices.choice(pieces) for _ in range(choices.randint(1, 9))) for _ in range(150)]
    lines[70] = b"Snow,alice,private" + b" " * 5000
    file.write_bytes(b"\n".join([b"No name", *lines, b"Last,nobody,private"]))

    done = run("import_csv", file, status=1)

    told = [int(number) for number in re.findall(r"^line (\d+): \S", done.stderr, re.MULTILINE)]
    created, there, failed = map(int, re.findall(r"\d+", done.stdout))
    assert len(told) == failed and created + there + failed <= len(lines) + 2
    assert {1, 72, len(lines) + 2} < set(told) and told == sorted(set(told))


def test_a_batch_job_visits_all_groups(run, local, tokens):
    for number in range(21):
        ask(local.url, "/groups", tokens["alice"], {"name": f"G{number}", "slug": f"g{number}"})
    ask(local.url, "/projects", tokens["alice"], {"name": "In it", "namespace": "g7"})

    lines = run("all_groups").stdout.splitlines()

    assert lines[0] == "group,members,projects"
    assert set(lines[1:]) == {f"g{number},1,{int(number == 7)}" for number in range(21)}


def test_another_web_server_serves_the_api(local, tokens):
    command = [BUILD / "examples" / "embed_microhttpd", local.folder / "env", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        url = server.stdout.readline().removesuffix("/api/data/projects\n")
        body = {"name": "From elsewhere", "namespace": "alice"}
        made = ask(url, "/projects", tokens["alice"], body)
        pages = ask(url, "/projects?per_page=1&page=1", tokens["alice"])
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(url, "/projects", tokens["alice"], {"nonsense": 1})
        server.stdin.close()
        assert server.wait(60) == 0

    assert made["slug"] == "from-elsewhere"
    assert len(pages) == 1
    assert refused.value.code == 422 and json.load(refused.value)["error"]["code"] == 1422


# -- against installed files only --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(installed_root):
    """A scratch root with what `make install` brings, and the flags that pkg-config tells."""
    folder = next(installed_root.rglob("renku.pc")).parent
    env = os.environ | {"PKG_CONFIG_PATH": str(folder), "PKG_CONFIG_SYSROOT_DIR": str(installed_root)}
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "renku"], env=env, capture_output=True, text=True, check=True
    )
    return installed_root, flags.stdout.split()


def others(source: Path) -> list[str]:
    """Flags of the other libraries that an example uses."""
    text, found = source.read_text() + (source.parent / "example.h").read_text(), []
    for header, package in (("json-c/json.h", "json-c"), ("microhttpd.h", "libmicrohttpd")):
        if f"<{header}>" in text:
            found += subprocess.run(["pkg-config", "--cflags", "--libs", package], capture_output=True, text=True).stdout.split()
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_an_example_builds_against_the_installed_files(installed, source, tmp_path):
    root, flags = installed
    copy, program = tmp_path / source.name, tmp_path / source.stem
    shutil.copy(source, copy)
    shutil.copy(source.parent / "example.h", tmp_path)
    strict = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-pedantic", "-Werror"]

    done = subprocess.run(
        ["gcc", *strict, copy, "-o", program, *flags, *others(source)], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    library = next(root.rglob("librenku.so")).parent
    loaded = subprocess.run(["ldd", program], env={"LD_LIBRARY_PATH": str(library)}, capture_output=True, text=True)
    assert f"{library}/librenku.so" in loaded.stdout


def test_a_plain_compiler_line_suffices(installed, tmp_path):
    """cc hello.c $(pkg-config --cflags --libs renku)"""
    _, flags = installed
    source = tmp_path / "hello.c"
    source.write_text('#include <renku/renku.h>\n#include <stdio.h>\nint main(void) { return puts(renku_version()) < 0; }\n')

    done = subprocess.run(["cc", source, "-o", tmp_path / "hello", *flags], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_the_command_is_installed(installed):
    root, _ = installed
    program = next(path for path in root.rglob("bin/renku") if path.is_file())
    library = next(root.rglob("librenku.so")).parent

    done = subprocess.run([program, "version"], env={"LD_LIBRARY_PATH": str(library)}, capture_output=True, text=True)

    assert done.stdout.split()[-1] == renku("version", env={}).stdout.split()[-1]
