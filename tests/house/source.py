# SPDX-License-Identifier: Apache-2.0
"""Reads a source tree: its files, the code in C files without comments, their includes and functions."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

COMMENTS_AND_TEXTS = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
DIRECTIVES = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def line_of(text: str, offset: int):
    return text.count("\n", 0, offset) + 1


def blanked(match):
    """The same number of characters and lines, without content; texts keep their quotes."""
    text = match[0]
    blank = re.sub(r"[^\n]", " ", text)
    return text[0] + blank[1:-1] + text[-1] if text[0] in "\"'" else blank


def includes(text: str):
    """(line, name, in quotes) of all includes."""
    for found in INCLUDE.finditer(text):
        yield line_of(text, found.start()), found[1] or found[2], found[1] is not None


class Tree:
    """The files that belong to the project below a root folder."""

    IGNORED = re.compile(r"^(build.*|autom4te.cache|__pycache__|\..*|m4|gen)$")

    def __init__(self, root):
        self.root = Path(root).resolve()
        self._texts, self._codes, self._files = {}, {}, None

    def files(self):
        if self._files is None:
            self._files = sorted(path for path in self._list() if (self.root / path).is_file())
        return self._files

    def _list(self):
        if (self.root / ".git").exists():
            listed = subprocess.run(["git", "-C", self.root, "ls-files", "-co", "--exclude-standard", "-z"],
                                    capture_output=True, text=True, check=True)  # fmt: skip
            return [path for path in listed.stdout.split("\0") if path]
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if not self.IGNORED.match(name)]
            found += [str((Path(folder) / name).relative_to(self.root)) for name in names]
        return found

    def sources(self, suffixes=(".c", ".h"), folder=""):
        prefix = f"{folder}/" if folder else ""
        return [path for path in self.files() if path.endswith(suffixes) and path.startswith(prefix)]

    def exists(self, path: str):
        return (self.root / path).exists()

    def is_generated(self, name: str):
        """A header that no file of the tree bears: the build makes it."""
        base = os.path.basename(name)
        return not any(os.path.basename(path) == base for path in self.files())

    def text(self, path: str, errors="strict"):
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_bytes().decode("utf-8", errors)
        return self._texts[path]

    @staticmethod
    def strip(text: str):
        """Code only: comments, the content of texts and directives are blank; offsets stay."""
        return DIRECTIVES.sub(blanked, COMMENTS_AND_TEXTS.sub(blanked, text))

    def code(self, path: str):
        if path not in self._codes:
            self._codes[path] = self.strip(self.text(path))
        return self._codes[path]


class Function(NamedTuple):
    name: str
    line: int
    lines: int
    parameters: int
    nesting: int
    is_static: bool


def opening_of(code: str, closing: int):
    """The offset of the bracket that the one at `closing` closes."""
    depth = 0
    for at in range(closing, -1, -1):
        depth += {")": 1, "(": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return 0


def parameter_count(text: str):
    depth, count = 0, 1
    for char in text:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(char, 0)
        count += char == "," and depth == 0
    named = text.strip()
    return 0 if named in ("", "void") else count - named.endswith("...")


def head_of(code: str, start: int, brace: int):
    """(name, parameters, is static) when the brace opens the body of a function; else None."""
    head = code[start:brace].rstrip()
    if not head.endswith(")"):
        return None
    opening = opening_of(code, start + len(head) - 1)
    before = code[start:opening]
    name = re.search(r"(\w+)\s*$", before)
    if not name or "=" in before:
        return None
    return name[1], parameter_count(code[opening + 1 : start + len(head) - 1]), "static" in before.split()


def kind_of_brace(code: str, brace: int):
    """Whether a brace inside a function opens a block of control flow, a table or something else."""
    before = code[max(0, brace - 4000) : brace].rstrip()
    if before.endswith(("=", ",", "{")) or before.endswith("]"):
        return "table"
    if re.search(r"\b(else|do)$", before):
        return "control"
    if before.endswith(")"):
        word = re.search(r"(\w+)\s*$", before[: opening_of(before, len(before) - 1)])
        return "control" if word and word[1] in ("if", "for", "while", "switch") else "other"
    return "other"


def measure(code: str, brace: int):
    """(offset of the closing brace, lines without tables, depth of control flow) of a body."""
    kinds, deepest, tables, table_start = [], 0, 0, None
    for at in range(brace, len(code)):
        if code[at] == "{":
            kinds.append("body" if at == brace else kind_of_brace(code, at))
            deepest = max(deepest, kinds.count("control"))
            if kinds[-1] == "table" and kinds.count("table") == 1:
                table_start = at
        elif code[at] == "}":
            if kinds.pop() == "table" and "table" not in kinds:
                tables += code.count("\n", table_start, at)
            if not kinds:
                return at, max(0, code.count("\n", brace, at) - 1 - tables), deepest
    return len(code), 0, deepest


def functions(code: str):
    """All functions that code without comments and directives defines."""
    at, start = 0, 0
    while at < len(code):
        char = code[at]
        if char == "{":
            head = head_of(code, start, at)
            if head is None and re.search(r'extern\s+"\s*"\s*$', code[start:at]):
                start = at = at + 1
                continue
            end, lines, nesting = measure(code, at)
            if head:
                name, parameters, is_static = head
                first = line_of(code, start + len(code[start:at]) - len(code[start:at].lstrip()))
                yield Function(name, first, lines, parameters, nesting, is_static)
            at = end
            if head:
                start = at + 1
        elif char in ";}":
            start = at + 1
        at += 1
