# SPDX-License-Identifier: Apache-2.0
"""The page of the operations: as a client, a program in C or Python, and somebody at a shell call them."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from apigen.api import read  # noqa: E402
from apigen.emit_descriptions import describe  # noqa: E402

BASES = {"data": "/api/data", "secrets": "/api/secrets"}
CALL = re.compile(r'^RK_CALL\("([a-z ]+)".*?^\s*"([*\w]+)",', re.MULTILINE | re.DOTALL)
WHO = {"gitlab": "A token of GitLab stands in `Gitlab-Access-Token`."}
HEAD = """\
# Operations

{note}

Each operation of the API under its one name: `renku_NAME()` in C ([tutorial](tutorial-c.md)), a method `NAME()` of the clients in Python
([python.md](python.md)), `renku api NAME` at a shell ([cli.md](cli.md)), and a method with a path over HTTP. Parameters and members have
the same names everywhere. `/api/data/spec.json` has all of it for programs, answers included; `man 3 renku_NAME` and
`help(Client.NAME)` tell what each of them needs.

Failures that any operation may have - no login, no permission, a malformed value - are those of [errors.md](errors.md). Lists by page take `page` and
`per_page`; `renku_pages_new()`, `NAME_all()` and `renku api` read them to their end.
"""


def cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def sentence(text: str) -> str:
    plain = " ".join(text.split())
    return plain if not plain or plain[-1] in ".!?" else f"{plain}."


def table(rows: list[dict]) -> list[str]:
    lines = ["| Name | In | Type | Meaning |", "| --- | --- | --- | --- |"]
    for row in rows:
        choice = f": {', '.join(f'`{value}`' for value in row['enum'])}" if "enum" in row else ""
        needed = ", required" if row["required"] else ""
        lines.append(f"| `{row['name']}` | {row['in']} | {row['type']}{needed}{choice} | {cell(row['description'])} |")
    return lines


def remarks(told: dict) -> list[str]:
    """What else a caller must know, one sentence each."""
    if told["body"] == "form":
        yield "The body is a form."
    elif told["list"]:
        yield "The body is a list; what stands below belongs to its items."
    elif told["body"] and not told["members"]:
        yield "The body is one of several objects: `/api/data/spec.json` has them."
    if told["if_match"]:
        yield "`If-Match` with the ETag of what was read is required."
    elif told["etag"]:
        yield "The answer has an ETag."
    if told["paginated"]:
        yield "A list, page by page."
    if told["authentication"] in WHO:
        yield WHO[told["authentication"]]
    if told["person"]:
        yield "Not for service identities."


def section(told: dict, service: str, commands: list[str]) -> list[str]:
    lines = ["", f"### {told['id']}", "", f"`{told['method']} {BASES[service]}{told['path']}` - {sentence(told['summary'])}"]
    lines += [sentence(text) for text in (told["description"],) if text]
    lines += list(remarks(told))
    if commands:
        lines.append(f"At a shell also {' and '.join(f'`renku {name}`' for name in commands)}.")
    rows = told["parameters"] + told["members"]
    lines += ["", *table(rows)] if rows else []
    lines += ["", *(f"* {error['status']}: {sentence(error['description'])}" for error in told["errors"])] if told["errors"] else []
    return lines


def commands_of(operation: str, calls: list[tuple[str, str]]) -> list[str]:
    return [name for name, of in calls if of == operation or (of[0] == "*" and operation.endswith(of[1:]))]


def operations(note: str) -> str:
    api = read([str(path) for path in sorted((ROOT / "librenku").glob("*/apispec.yaml"))])
    calls = CALL.findall((ROOT / "frontends/cli/calls.def").read_text())
    lines = HEAD.format(note=note).splitlines()
    for service in BASES:
        for room in api.of(service).rooms:
            mine = [operation for operation in room.operations if service == "data" or "data" not in operation.services]
            if mine:
                lines += ["", f"## {room.name.replace('_', ' ').capitalize()}"]
            for operation in mine:
                lines += section(describe(operation), service, commands_of(operation.id, calls))
    return "\n".join(lines) + "\n"
