# SPDX-License-Identifier: Apache-2.0
"""Two runs side by side."""

import json
from pathlib import Path

from report import FORMAT, number

KEY = ("case", "side", "connections", "what", "unit")
HEAD = f"{'case':<12} {'side':<24} {'what':<62} {'unit':<6} {'A':>9} {'B':>9} {'change':>8}"


class Unusable(Exception):
    """A file that is none of --json."""


def read(path: Path) -> dict:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Unusable(f"{path} is no file of ./dev bench --json")
    return content


def rows_of(content: dict) -> dict[tuple, dict]:
    """What stands below another row is told apart by that one."""
    found, parent = {}, ""
    for row in content["rows"]:
        what = row["what"]
        parent = parent if what.startswith("  ") else what
        key = tuple(row[name] for name in KEY)
        found[key if not what.startswith("  ") else (*key, parent)] = row
    return found


def line(before: dict, after: dict) -> str:
    """A change counts where the spreads of both do not touch each other."""
    change = f"{100 * (after['median'] / before['median'] - 1):+.0f}%" if before["median"] else "-"
    apart = after["min"] > before["max"] or after["max"] < before["min"]
    where = f", {before['connections']} conn." if before["connections"] and " conn." not in before["what"] else ""
    word = "" if apart else "  within the spread"
    return (
        f"{before['case']:<12} {before['side']:<24} {before['what'] + where:<62} {before['unit']:<6}"
        f" {number(before['median']):>9} {number(after['median']):>9} {change:>8}{word}"
    )


def text(first: Path, second: Path) -> str:
    """The rows of both."""
    contents = read(first), read(second)
    before, after = (rows_of(content) for content in contents)
    lines = [
        f"{letter}: {path}, {content['date']}, {content['machine']['revision']}, load average {content['load'][0]:.1f}"
        for letter, path, content in zip("AB", (first, second), contents, strict=True)
    ]
    lines += ["", HEAD, *(line(before[key], after[key]) for key in before if key in after)]
    only = [("A", before.keys() - after.keys()), ("B", after.keys() - before.keys())]
    lines += [f"only in {letter}: {len(keys)} rows" for letter, keys in only if keys]
    return "\n".join(lines)
