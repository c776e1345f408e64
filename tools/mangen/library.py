# SPDX-License-Identifier: Apache-2.0
"""librenku(3), a page for each public header, and one for each room of the operations."""

from . import headers
from .roff import Page, bold, code, escape, italic, item, prose

OPERATIONS, ALL = "operations.h", "renku.h"
ROOM = (
    "Each function runs one operation of the REST API, without HTTP. `renku_call`(3) tells what belongs to all of them, and "
    "`renku_result`(3) what they answer with."
)


def described(doc):
    """What a comment says, as the text of a page."""
    if not doc:
        return []
    blocks = [f".PP\n{prose(text)}" for text in doc.paragraphs]
    blocks += [item(italic(name), prose(text)) for name, text in doc.parameters]
    return blocks + [item(bold(label), prose(text)) for label, text in doc.rows]


def entry_blocks(entry):
    title = entry.name if entry.kind != "function" else f"{entry.name}()"
    return [f".SS {escape(title)}", code(entry.text), *described(entry.doc)]


def constants_blocks(entries):
    """Macros without words of their own stand together, as in the header."""
    plain = [entry.text for entry in entries if entry.kind == "macro" and not entry.doc]
    return [".SS Constants", code("\n".join(plain))] if plain else []


def header_page(name, about, header, sections):
    """The page, with its synopsis, and what the sections declare."""
    entries = [entry for section in sections for entry in section.entries]
    functions = [entry for entry in entries if entry.kind == "function"]
    page = Page(name, 3, about, [entry.name for entry in functions])
    lines = [f"#include <renku/{header.name}>"]
    if functions:
        lines += ["", *(entry.text for entry in functions)]
    page.add("SYNOPSIS", code("\n".join(lines)))
    return page, entries


def describe(page, paragraphs, entries):
    page.add("DESCRIPTION", "\n.PP\n".join(prose(text) for text in paragraphs))
    types = [entry for entry in entries if entry.kind == "type" or (entry.kind == "macro" and entry.doc)]
    blocks = [block for entry in types for block in entry_blocks(entry)] + constants_blocks(entries)
    if blocks:
        page.add("TYPES AND CONSTANTS", *blocks)
    functions = [entry for entry in entries if entry.kind == "function"]
    if functions:
        page.add("FUNCTIONS", *(block for entry in functions for block in entry_blocks(entry)))


def room_pages(header):
    """The sections of the operations: each room of the API has its page."""
    for section in header.sections[1:]:
        name = f"renku_{section.title.replace(' ', '_')}"
        page, entries = header_page(name, f"operations of the API: {section.title}", header, [section])
        describe(page, [ROOM, *section.remarks], entries)
        yield page


def plain_page(header):
    name = f"renku_{header.name.removesuffix('.h')}"
    about = header.about.paragraphs[0].split(". ")[0]
    page, entries = header_page(name, about, header, header.sections)
    remarks = [text for section in header.sections for text in section.remarks]
    describe(page, [*header.about.paragraphs, *remarks], entries)
    return page


def main_page(pages):
    page = Page("librenku", 3, "Renku data services as a library")
    page.add(
        "SYNOPSIS",
        code("#include <renku/renku.h>\n\ncc program.c $(pkg-config --cflags --libs renku)"),
    )
    page.add(
        "DESCRIPTION",
        prose(
            "Users, groups, namespaces and projects of a Renku platform, who may see and change them, and the REST API "
            "on top, for programs that link the library. A program makes a configuration, a context from it, callers "
            "on whose behalf it works, and calls operations; each call answers with a result that it releases."
        ),
        *(item(f"{bold(other.name)}(3)", prose(other.about.rstrip(".") + ".")) for other in pages),
    )
    page.see([*((other.name, 3) for other in pages), ("renku", 1)])
    return page


def pages(paths):
    found = []
    for path in sorted(paths, key=lambda path: path.name):
        header = headers.parse(path)
        if not header.about:
            raise SystemExit(f"mangen: {path} says nowhere what it is for (@file)")
        if header.name == OPERATIONS:
            found += room_pages(header)
        elif header.name != ALL:
            found.append(plain_page(header))
    for page in found:
        page.see([("librenku", 3), *((other.name, 3) for other in found)])
    return [main_page(found), *found]
