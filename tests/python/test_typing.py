# SPDX-License-Identifier: Apache-2.0
"""The types of the package, as mypy and pyright see them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.python import PACKAGE

GOOD = '''
import asyncio
from datetime import datetime
from typing import Iterator, List, Optional, assert_type

from librenku import Answer, AsyncClient, Cancel, Client, Config, Ulid, errors, types


def use(client: Client) -> None:
    project = client.project_get("x", with_documentation=True, timeout=1.5, cancel=Cancel())
    assert_type(project, types.Project)
    assert_type(project["id"], Ulid)
    assert_type(project["creation_date"], datetime)
    assert_type(project.get("updated_at"), Optional[datetime])
    assert_type(client.project_get("x", if_none_match="y"), Optional[types.Project])
    assert_type(client.project_list(), List[types.Project])
    assert_type(client.project_list_all(), Iterator[types.Project])
    body: types.ProjectPost = {"name": "x", "namespace": "y", "visibility": "public", "slug": None}
    assert_type(client.project_create(body), types.Project)
    client.project_patch(project["id"], {"keywords": ["x"]}, if_match="z")
    assert_type(client.call("project_get"), Answer)
    client.project_member_set("x", [{"id": "y", "role": "editor"}])
    assert_type(client.authz_check("project", "x", "read"), bool)


async def use_async(client: AsyncClient) -> None:
    assert_type(await client.project_get("x"), types.Project)
    assert_type([item async for item in client.project_list_all()], List[types.Project])
    assert_type(await client.project_get("x", if_none_match="y"), Optional[types.Project])


try:
    with Client(Config(DB_HOST="x"), user="y") as found:
        use(found)
        use(found.on_behalf(token="z"))
except errors.Conflict as problem:
    print(problem.code + problem.status, problem.detail, problem.message)
asyncio.run(use_async(AsyncClient("file")))
'''

# Each line is a mistake that both checkers find.
WRONG = [
    'client.project_get(5)',
    'client.project_get("x", if_none_match="y")["id"]',
    'client.project_get("x")["updated"]',
    'client.project_get("x", with_documentation="yes")',
    'client.project_create({"name": "x"})',
    'client.project_create({"name": "x", "namespace": "y", "visibility": "secret"})',
    'client.project_create({"name": "x", "namespace": "y", "owner": "z"})',
    'client.project_patch("x", {"name": "y"})',
    'client.project_list(pages=3)',
    'client.project_member_set("x", [{"id": "y", "role": "king"}])',
    'client.no_such_operation()',
    'client.project_delete("x").get("y")',
]  # fmt: skip


def mypy(folder: Path, *paths: Path | str) -> dict[str, set[int]]:
    """file -> lines with findings"""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / ".mypy"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env={"MYPYPATH": str(PACKAGE), "PATH": ""})
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return found(re.findall(r"^([^:\n]+):(\d+): error", done.stdout, re.MULTILINE))


def pyright(folder: Path, *paths: Path | str) -> dict[str, set[int]]:
    """The same. Python 3.9 is the oldest that the package runs on."""
    settings = {"extraPaths": [str(PACKAGE)], "typeCheckingMode": "strict", "reportPrivateUsage": False, "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings | {"include": [str(path) for path in paths]}))
    command = [sys.executable, "-m", "pyright", "--outputjson", "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    rows = json.loads(done.stdout)["generalDiagnostics"]
    return found([(row["file"], row["range"]["start"]["line"] + 1) for row in rows if row["severity"] == "error"])


def found(rows) -> dict[str, set[int]]:
    lines: dict[str, set[int]] = {}
    for file, line in rows:
        lines.setdefault(Path(file).name, set()).add(int(line))
    return lines


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_programs_are_checked(checker, tmp_path):
    (tmp_path / "good.py").write_text(GOOD)
    wrong = "from librenku import Client\n\nclient = Client()\n" + "".join(f"{line}\n" for line in WRONG)
    (tmp_path / "wrong.py").write_text(wrong)

    assert checker(tmp_path, "good.py", "wrong.py") == {"wrong.py": set(range(4, 4 + len(WRONG)))}


def test_the_package_passes_mypy(tmp_path):
    assert mypy(tmp_path, PACKAGE / "librenku") == {}


def test_the_package_passes_pyright_for_the_oldest_python(tmp_path):
    command = [sys.executable, "-m", "pyright", "--pythonversion", "3.9", str(PACKAGE / "librenku")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    assert done.returncode == 0, done.stdout
