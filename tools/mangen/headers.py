# SPDX-License-Identifier: Apache-2.0
"""Public headers, taken apart: what they declare, each with the comment before it."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"(?P<comment>/\*(?!\*<).*?\*/)"
    r"|(?P<directive>^#[^\n]*(?:\\\n[^\n]*)*)"
    r"|(?P<declaration>[A-Za-z_](?:[^;{}/]|/\*.*?\*/|\{[^}]*\})*;(?:[ \t]*/\*\*<.*?\*/)?)",
    re.MULTILINE | re.DOTALL,
)
SECTION = re.compile(r"--- (.+) ---")
FUNCTION = re.compile(r"RENKU_API .*?\b(renku_\w+)\(", re.DOTALL)
NAMED = re.compile(r"(\w+)(?:\([^{}]*\))?;")
LABEL = re.compile(r"(?:@(param) (\w+)|@(return)|([A-Z][A-Za-z]+):)(?: +|$)(.*)")
LABELS = {"Errors", "Time", "Memory", "Threads", "REST"}
HIDDEN = {"Spec"}  # for the builders of the house


@dataclass
class Doc:
    paragraphs: list = field(default_factory=list)
    parameters: list = field(default_factory=list)  # (name, text)
    rows: list = field(default_factory=list)  # (label, text)


@dataclass
class Entry:
    kind: str  # function, type, macro
    name: str
    text: str
    doc: Doc


@dataclass
class Section:
    title: str
    entries: list = field(default_factory=list)
    remarks: list = field(default_factory=list)


@dataclass
class Header:
    name: str
    about: Doc = None
    sections: list = field(default_factory=lambda: [Section("")])

    def entries(self, kind):
        return [entry for section in self.sections for entry in section.entries if entry.kind == kind]


def _lines(comment):
    body = re.sub(r"^/\*+|\*+/$", "", comment)
    return [re.sub(r"^\s*\* ?", "", line).rstrip() for line in body.split("\n")]


def parse_doc(comment):
    """A comment: paragraphs, then parameters and labelled rows, which may run over several lines."""
    doc, place = Doc(), None
    for line in _lines(comment):
        match = LABEL.match(line)
        known = match and (match[1] or match[3] or match[4] in LABELS | HIDDEN)
        if known and match[1]:
            place = [match[2], match[5]]
            doc.parameters.append(place)
        elif known:
            place = ["Returns" if match[3] else match[4], match[5]]
            doc.rows.append(place)
        elif not line.strip():
            place = None
        elif place:
            place[1] += f" {line.strip()}"
        else:
            place = ["", line.strip()]
            doc.paragraphs.append(place)
    doc.rows = [row for row in doc.rows if row[0] not in HIDDEN]
    doc.paragraphs = [re.sub(r"\s*Spec: \S+ [\d., -]+$", "", text) for _, text in doc.paragraphs]
    return doc


def _clean(text):
    """Without what is for the compiler and for Doxygen; lines that hung on it move along."""
    if text.startswith("RENKU_API "):
        text = re.sub(r"\n {10}(?=  )", "\n", text.removeprefix("RENKU_API "))
    return re.sub(r"/\*\*<?", "/*", text).strip()


def _declared(text, doc):
    function = FUNCTION.match(text)
    if function:
        return Entry("function", function[1], _clean(text), doc)
    name = NAMED.search(text.rpartition("}")[2] or text)
    return Entry("type", name[1], _clean(text), doc)


def _defined(text, doc):
    match = re.match(r"#define (RENKU_\w+)", text)
    if not match or match[1].endswith("_H") or match[1] in ("RENKU_API", "RENKU_BEGIN_DECLS", "RENKU_END_DECLS"):
        return None
    return Entry("macro", match[1], _clean(re.sub(r"\s*\\\n\s*", " ", text)), doc)


def _take_comment(header, text):
    """The documentation of what follows, if that is what it is."""
    section = SECTION.search(text)
    if section:
        header.sections.append(Section(section[1]))
    elif "@file" in text:
        header.about = parse_doc(text.replace("@file", ""))
    elif text.startswith("/**"):
        return parse_doc(text)
    elif not re.search(r"SPDX-|do not edit", text):
        header.sections[-1].remarks += parse_doc(text).paragraphs
    return None


def parse(path):
    header, doc = Header(path.name), None
    source = re.sub(r"^RENKU_(BEGIN|END)_DECLS$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for match in TOKEN.finditer(source):
        text = match.group(0)
        if match.lastgroup == "comment":
            doc = _take_comment(header, text)
            continue
        entry = _declared(text, doc) if match.lastgroup == "declaration" else _defined(text, doc)
        if entry:
            header.sections[-1].entries.append(entry)
        doc = None
    return header
