# SPDX-License-Identifier: Apache-2.0
"""gen/patterns.c: the patterns of all schemas, in the order of their numbers.

Most are no more than characters of certain kinds in a row: these are told as runs, which need no regular expressions.
"""

import re

from . import names
from .emit_operations import HEAD

RUN = re.compile(r"(?P<kind>\[(?!\^)(?:[^\[\]\\]|\\[^\w\s])+\])(?:\{(?P<count>\d+)\}|(?P<many>[+*]))?")
MANY = "SIZE_MAX"


def _bounds(run):
    if run["many"]:
        return ("1" if run["many"] == "+" else "0", MANY)
    return (run["count"] or "1",) * 2


def runs_of(pattern):
    """[(kind, least, most)] of a pattern that is runs from start to end, of which the last alone may vary; else []."""
    found, at, end = [], 1, len(pattern) - 1
    if not (pattern.isascii() and pattern.startswith("^") and pattern.endswith("$")):
        return []
    while at < end:
        run = RUN.match(pattern, at, end)
        if not run or (found and found[-1][2] == MANY):
            return []
        found.append((run["kind"], *_bounds(run)))
        at = run.end()
    return found


def _members(kind):
    codes = [code for code in range(128) if re.fullmatch(kind, chr(code))]
    return "{" + ", ".join(f"[{code}] = true" for code in codes) + "}"


def _tables(runs):
    kinds = list(dict.fromkeys(kind for row in runs for kind, _, _ in row))
    for number, kind in enumerate(kinds):
        yield f"static const bool kind_{number}[256] = {_members(kind)};\n"
    for number, row in enumerate(runs):
        if row:
            items = ", ".join(f"{{kind_{kinds.index(kind)}, {least}, {most}}}" for kind, least, most in row)
            yield f"static const rk_run runs_{number}[] = {{{items}}};\n"


def _source(number, text, newline, runs):
    told = f"runs_{number}, {len(runs)}" if runs else "NULL, 0"
    return f"    {{{names.quote(text)}, {'true' if newline else 'false'}, {told}}},\n"


def emit(api):
    """Yields (file, text)."""
    runs = [runs_of(text) for text, _ in api.patterns]
    rows = [_source(number, *pattern, runs[number]) for number, pattern in enumerate(api.patterns)]
    table = "".join(rows) or "    {NULL, false, NULL, 0},\n"
    yield "patterns.c", (
        f'{HEAD}#include "librenku/http/patterns.h"\n\n{"".join(_tables(runs))}'
        f"const rk_pattern_source rk_pattern_sources[] = {{\n{table}}};\n"
        f"const int rk_pattern_source_count = {len(rows)};\n"
    )
