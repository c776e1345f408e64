# SPDX-License-Identifier: Apache-2.0
"""The examples in Python do what their first lines say."""

import os
import shlex
import subprocess
import sys

import pytest

from support.api import unique
from support.python import LIBRARY, PACKAGE, preparation
from support.server import ROOT

FOLDER = ROOT / "examples/python"


@pytest.fixture
def run(environment, tmp_path):
    """Runs an example as the owner of a token."""
    settings = tmp_path / "env"
    settings.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))

    def start(name, *words, token="", status=0):
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE), "RENKU_LIBRARY": str(LIBRARY), "RENKU_TOKEN": token}
        command = [sys.executable, "-B", FOLDER / f"{name}.py", settings, *words]
        done = subprocess.run(command, env=env | preparation(), capture_output=True, text=True, timeout=120)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return start


@pytest.fixture
def token(make_token):
    return make_token()


@pytest.fixture
def owner(client, token):
    owner = client.on_behalf(token=token)
    owner.slug = owner.user_me()["username"]
    return owner


def test_a_project_is_created_with_its_members(run, owner, other, token):
    done = run("create_project", "Deep ice", owner.slug, f"{other.caller_id}:editor", token=token)

    members = sorted([f"  editor  {other.slug}", f"  owner   {owner.slug}"])
    first, *rest = done.stdout.splitlines()
    assert (first, sorted(rest)) == (f"{owner.slug}/deep-ice", members)
    failed = run("create_project", "Deep ice", "nowhere", token=token, status=1)
    assert failed.stderr.startswith("create_project: ") and "nowhere" in failed.stderr


def test_a_user_sees_projects_and_why(run, owner, other):
    project = owner.project_create({"name": unique("seen"), "namespace": owner.slug})
    owner.project_create({"name": unique("hidden"), "namespace": owner.slug})
    owner.project_member_set(project["id"], [{"id": other.caller_id, "role": "viewer"}])

    done = run("visible", other.caller_id)

    assert f"{owner.slug}/{project['slug']}\n  because project:{project['id']}#viewer@user:{other.caller_id}\n" in done.stdout
    assert f"{owner.slug}/hidden" not in done.stdout


def test_a_csv_file_is_imported_and_can_be_repeated(run, owner, token, tmp_path):
    file = tmp_path / "projects.csv"
    file.write_text(f'name,namespace,visibility\n"Snow, ""old""",{owner.slug},public\nFirn,{owner.slug},private\nX,nobody,private\n')

    first, again = (run("import_csv", file, token=token, status=1) for _ in range(2))

    assert first.stdout == "2 created, 0 were there, 1 failed\n"
    assert again.stdout == "0 created, 2 were there, 1 failed\n"
    assert first.stderr.startswith("line 4: ")


def test_a_batch_job_visits_all_groups(run, owner, other):
    slugs = [unique("group") for _ in range(3)]
    for slug in slugs:
        owner.group_create({"name": slug, "slug": slug})
    owner.group_member_set(slugs[0], [{"id": other.caller_id, "role": "viewer"}])
    owner.project_create({"name": "In it", "namespace": slugs[1]})

    lines = run("all_groups").stdout.splitlines()

    assert lines[0] == "group,members,projects"
    assert {f"{slugs[0]},2,0", f"{slugs[1]},1,1", f"{slugs[2]},1,0"} <= set(lines)


def test_a_platform_is_explored_cell_by_cell(run, owner, token):
    for _ in range(2):
        owner.project_create({"name": unique("p"), "namespace": owner.slug})

    lines = run("explore", token=token).stdout.splitlines()

    seen = len(list(owner.project_list_all()))
    assert lines[0] == f"{seen} projects"
    assert lines[-1] == f"{seen} of the last week"


def test_every_example_is_tried():
    tried = {"all_groups", "create_project", "explore", "import_csv", "visible"}

    assert {path.stem for path in FOLDER.glob("*.py")} == tried
