# SPDX-License-Identifier: Apache-2.0
"""Names, docstrings and wrapped lines of the Python modules."""

import json
import keyword
import re
import textwrap

WIDTH = 100
OCCUPIED = {"answer", "datetime", "items", "ops", "types"}  # what the methods themselves call something
MADE = "# SPDX-License-Identifier: Apache-2.0\n# Made by tools/apigen: do not edit.\n"


def camel(name):
    """project_member_response -> ProjectMemberResponse"""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def is_name(name):
    return name.isidentifier() and not keyword.iskeyword(name)


def variable(name):
    """The name of an argument: from -> from_, per-page -> per_page."""
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if keyword.iskeyword(plain) or plain in OCCUPIED else plain


def sentence(text):
    """On one line, with a full stop."""
    plain = " ".join(str(text).split())
    return plain if not plain or plain.endswith((".", "!", "?", ":")) else f"{plain}."


def wrapped(text, indent, more="    "):
    """Lines of a docstring."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + more, break_long_words=False)


def docstring(lines, indent):
    """The lines of a docstring with its quotes."""
    safe = [line.replace("\\", "\\\\").replace('"""', "'''").rstrip() for line in lines]
    if len(safe) == 1:
        return f'{indent}"""{safe[0].strip()}"""\n'
    return f'{indent}"""{safe[0].strip()}\n' + "".join(f"{line}\n" for line in safe[1:]) + f'{indent}"""\n'


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def shown(value):
    """Texts, and what is made of them, as source."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{quoted(key)}: {shown(item)}' for key, item in value.items())}}}"
    return "None" if value is None else f"({''.join(f'{quoted(item)}, ' for item in value).rstrip()})"


TYPING = (
    "Any", "AsyncIterator", "Dict", "Iterator", "List", "Literal", "Optional", "TypedDict", "Union", "overload",
)  # fmt: skip


def imports(text, more=()):
    """The import lines that a text needs."""
    words = set(re.findall(r"\w+", text))
    lines = ["from datetime import datetime"] if "datetime" in words else []
    lines.append(f"from typing import {', '.join(word for word in TYPING if word in words)}")
    rows = [*more, *(["from ._convert import Ulid"] if "Ulid" in words else [])]
    return "\n".join([*lines, "", *rows] if rows else lines) + "\n"
