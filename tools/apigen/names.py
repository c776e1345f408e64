# SPDX-License-Identifier: Apache-2.0
"""Names and literals of C."""

import re

KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int long"
    " register restrict return short signed sizeof static struct switch typedef typeof union unsigned void"
    " volatile while bool true false asm".split()
)

KEYWORDS_CPP = frozenset(
    "and catch class compl concept consteval constexpr constinit decltype delete explicit export friend mutable"
    " namespace new noexcept not nullptr operator or override private protected public requires template this throw"
    " try typeid typename using virtual xor".split()
)


def snake(name):
    """ProjectGetQuery -> project_get_query, per-page -> per_page."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def member(name):
    """The name of a struct member."""
    plain = snake(name) if re.search(r"[^a-z0-9_]", name) else name
    return f"{plain}_" if plain in KEYWORDS else plain


def public_member(name):
    """The same for headers that C++ reads too."""
    plain = member(name)
    return f"{plain}_" if plain in KEYWORDS_CPP else plain


def constant(enum, value):
    """rk_visibility, private -> RK_VISIBILITY_PRIVATE"""
    return f"{enum}_{snake(str(value))}".upper()


def is_identifier(name):
    return bool(re.fullmatch(r"[a-z][a-z0-9_]*", name)) and name not in KEYWORDS


ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "?": "\\?"}


def quote(text):
    """A C string literal; what is not printable ASCII becomes octal UTF-8."""
    if text is None:
        return "NULL"
    out = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        out.append(ESCAPES.get(char) or (char if 32 <= byte < 127 else f"\\{byte:03o}"))
    return f'"{"".join(out)}"'


def guard(file):
    return f"RK_{re.sub(r'[^A-Za-z0-9]', '_', file).upper()}"
