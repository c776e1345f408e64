#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the reference pages of docs/ from the tables of the source.

usage: tools/docgen/docgen.py [--check]

--check writes nothing, names the pages that are out of date, and fails when there is one.
"""

import re
import sys
from pathlib import Path

from operations import operations

ROOT = Path(__file__).resolve().parents[2]
TEXT = r'(?:NULL|"(?:[^"\\]|\\.)*")'
SETTING = re.compile(rf"RK_SETTING\(\s*(\w+),\s*({TEXT}),\s*(\w+),\s*({TEXT}),\s*([\w| ]+?),\s*({TEXT})\s*\)")
ERROR = re.compile(rf"RK_ERROR\(\s*(\w+),\s*(\d+),\s*(\d+),\s*(\w+),\s*({TEXT})\s*\)")
SECTION = re.compile(r"^/\* (.+?)\. Spec: ([\w.-]+\.md [\d.]+) \*/$")
KINDS = {"TEXT": "text", "INT": "whole number", "NUMBER": "number", "BOOL": "`true` or anything else"}
NEEDED = {
    "REQUIRED": "yes",
    "KEYCLOAK": "yes, unless `DUMMY_STORES` is true",
    "LATER": "later, with the part that uses it",
}
NOTE = "<!-- Written by tools/docgen/docgen.py. Change the table in the source, then run it. -->"


def c_text(literal: str) -> str | None:
    """The value of a C string literal; None for NULL."""
    return None if literal == "NULL" else literal[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def code() -> str:
    """All that may ask for a setting: the source without the table and what reads it."""
    files = [path for folder in ("librenku", "frontends") for path in sorted((ROOT / folder).rglob("*"))]
    wanted = [path for path in files if path.suffix in (".c", ".h", ".def", ".yaml") and path.stem != "settings"]
    return "\n".join(path.read_text() for path in wanted)


def is_used(field: str, name: str, source: str) -> bool:
    """The library asks for RK_SET_FIELD, a front for "NAME" in its environment, a description for the role of a setting."""
    return re.search(rf'\bRK_SET_{field}\b|"{name}"|role: {name}\b', source) is not None


def setting_row(line: str, source: str) -> list[str]:
    field, name, kind, fallback, flags, help_text = SETTING.search(line).groups()
    marks = flags.replace(" ", "").split("|")
    needed = next((text for flag, text in NEEDED.items() if flag in marks), "no")
    if "DATA" in marks:
        needed += "; not by the secrets storage"
    default = c_text(fallback)
    shown = "unset" if default is None else f"`{default}`" if default else "empty"
    notes = " Never printed." if "SECRET" in marks else ""
    if not is_used(field, c_text(name), source):
        notes += " Not used."
    return [f"`{c_text(name)}`", KINDS[kind], cell(shown), needed, cell(c_text(help_text)) + "." + notes]


def configuration() -> str:
    settings = (ROOT / "librenku/base/settings.def").read_text()
    source = code()
    out = [
        "# Configuration",
        "",
        NOTE,
        "",
        "Every process reads its settings from the environment at its start, under the names of an existing deployment.",
        "A missing or malformed one stops the start, and the message names all of them at once. A boolean is true only",
        "for the text `true`, in any case. `renku up` writes the settings of a local installation to its file `env`.",
        "",
        "What is not used is read and checked like the others, so that the environment of a deployment can stay as it is, and has",
        "no effect: its part of the API is still to come, or does without it.",
    ]
    rows: list[list[str]] = []
    sections: list[tuple[str, list[list[str]]]] = []
    for line in settings.splitlines():
        section = SECTION.match(line)
        if section:
            rows = []
            sections.append((section.group(1), rows))
        elif line.startswith("RK_SETTING("):
            rows.append(setting_row(line, source))
    for title, entries in sections:
        out += ["", f"## {title}", ""]
        out += table(["Variable", "Value", "Default", "Required", "Meaning"], entries)
    return "\n".join(out) + "\n"


def errors() -> str:
    source = (ROOT / "librenku/base/error.def").read_text()
    out = [
        "# Errors",
        "",
        NOTE,
        "",
        "An error answer is `{\"error\": {\"code\": ..., \"message\": ..., \"detail\": ...}}`; `detail` may be missing. The",
        "message below is the one that stands when the place that failed has nothing better to say. The name is the one",
        "of the source (`RK_ERR_...`): codes repeat, names do not. Programs in C find it as a number of",
        "`renku/errors.h`, through `renku_result_error()`. A logged error leaves a line in the log of the server; the",
        "others are the everyday answers to everyday mistakes.",
        "",
    ]
    public = re.findall(r"#define (RENKU_E\w+) (\d+) ", (ROOT / "include/renku/errors.h").read_text())
    rows = [
        [f"`{name}`", f"`{c_name}`", number, code, status, "yes" if quiet == "LOUD" else "no", cell(c_text(message))]
        for (name, code, status, quiet, message), (c_name, number) in zip(ERROR.findall(source), public)
    ]
    return "\n".join(out + table(["Name", "In C", "Number", "Code", "HTTP status", "Logged", "Message"], rows)) + "\n"


PAGES = {
    "docs/configuration.md": configuration,
    "docs/errors.md": errors,
    "docs/operations.md": lambda: operations(NOTE),
}


def stale() -> list[str]:
    """The pages that differ from what the source says."""
    return [
        name for name, page in PAGES.items() if not (ROOT / name).exists() or (ROOT / name).read_text() != page()
    ]


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        for name in stale():
            print(f"{name} is out of date: run tools/docgen/docgen.py")
        return 1 if stale() else 0
    if arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    for name, page in PAGES.items():
        (ROOT / name).write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
