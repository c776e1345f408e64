# SPDX-License-Identifier: Apache-2.0
"""The names of all commands, as the tables of the program have them."""

import re

from .server import ROOT

TABLES = {
    "commands.def": r'^RK_COMMAND\(\w+,\s*"([^"]+)"',
    "calls.def": r'^RK_CALL\("([^"]+)"',
}


def names() -> list[str]:
    found = []
    for file, row in TABLES.items():
        text = (ROOT / "frontends/cli" / file).read_text()
        rows = re.findall(row, text, re.MULTILINE)
        assert len(rows) == len(re.findall(r"^RK_\w+\(", text, re.MULTILINE)), f"not every row of {file} was read"
        found += rows
    return found


NAMES = names()
