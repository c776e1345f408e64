# SPDX-License-Identifier: Apache-2.0
"""Text in the language of manual pages."""

import re
import textwrap

SENTENCE = re.compile(r"(?<=[.:;?!]) (?=[A-Z\"])")
MARKS = re.compile(r"`([^`]+)`|@p (\w+)|\b(renku_\w+\(\))")


def escape(text):
    """As it stands: what troff would read as an order of its own is covered."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


def bold(text):
    return f"\\fB{escape(text)}\\fP"


def italic(text):
    return f"\\fI{escape(text)}\\fP"


def _mark(match):
    code, parameter, function = match.groups()
    return italic(parameter) if parameter else bold(code or function)


def prose(text):
    """A paragraph of a comment or a help text, one sentence a line."""
    parts, end = [], 0
    for match in MARKS.finditer(text):
        parts += [text[end : match.start()].replace("\\", "\\e"), _mark(match)]
        end = match.end()
    parts.append(text[end:].replace("\\", "\\e"))
    lines = []
    for sentence in SENTENCE.split("".join(parts)):
        lines += textwrap.wrap(sentence, 78, break_long_words=False, break_on_hyphens=False)
    return re.sub(r"^(?=[.'])", r"\\&", "\n".join(lines), flags=re.MULTILINE)


def code(text):
    """Lines that stay lines."""
    return f".nf\n{escape(text)}\n.fi"


def item(term, text):
    return f".TP\n{term}\n{text}"


class Page:
    def __init__(self, name, section, about, others=()):
        """@p others: further names under which the page is found."""
        self.name, self.section, self.about = name, section, about
        self.others, self.parts = list(others), []

    def add(self, heading, *blocks):
        self.parts.append("\n".join([f".SH {heading}", *blocks]))

    def see(self, pages):
        words = [f"{bold(name)}({section})" for name, section in pages if name != self.name]
        self.add("SEE ALSO", ",\n".join(words))

    def text(self, source, release, date):
        about = self.about if self.about.startswith("Renku") else self.about[:1].lower() + self.about[1:]
        names = ",\n".join(escape(name) for name in [self.name, *self.others])
        head = (
            f".\\\" Made by tools/mangen from {source}: do not edit.\n"
            f'.TH {escape(self.name)} {self.section} "{date}" "librenku {release}" "librenku"\n'
            f".SH NAME\n{names} \\- {escape(about.rstrip('.'))}"
        )
        return "\n".join([head, *self.parts]) + "\n"
