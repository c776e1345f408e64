# SPDX-License-Identifier: Apache-2.0
"""gen/storage_schema.c: tables for the rules, and the text for the clients."""

import shape
from catalogue import BLOCKED, DROPPED, VIRTUAL

HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tools/storagegen. */
#include "librenku/storage/schema.h"

#include <stddef.h>
"""
WIDTH = 90
INTEGERS = {"int", "Duration", "SizeSuffix", "MultiEncoder"}


def quote(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("?", "\\?") + '"'


def text_or_null(text):
    return "NULL" if text is None else quote(text)


def kind(option):
    names = {"bool": "BOOL", "Tristate": "TRISTATE"}
    return "RK_STORAGE_" + ("INT" if option["Type"] in INTEGERS else names.get(option["Type"], "TEXT"))


class Emitter:
    """Collects the tables and the one text into which they point."""

    def __init__(self, entries):
        self.entries = entries
        self.text = ""
        self.tables = []

    def place(self, text):
        """Appends to the text of the clients: where it stands."""
        offset = len(self.text)
        self.text += text
        return offset, len(text)

    def examples(self, option, symbol):
        """Only those that are more than a hint."""
        if not option["Exclusive"]:
            return "NULL, 0"
        rows = [f"{{{quote(e['Value'])}, {text_or_null(e.get('Provider'))}}}" for e in option["Examples"]]
        self.tables.append(f"static const rk_storage_example {symbol}[] = {{{', '.join(rows)}}};")
        return f"{symbol}, {len(rows)}"

    def fallback(self, option):
        """The default that a required option has, if any. Spec: storage.md 5.2"""
        if not option["Required"] or option["Default"] in (False, 0, "", [], None):
            return "NULL"
        return quote(option["Default"])

    def row(self, option, symbol):
        offset, length = self.place(shape.dumps(shape.option(option)))
        provider = option.get("Provider") or None
        flags = [name for name in ("Required", "IsPassword", "Sensitive", "Exclusive") if option[name]]
        bits = " | ".join(f"RK_STORAGE_{name.removeprefix('Is').upper()}" for name in flags) or "0"
        fields = [quote(option["Name"]), text_or_null(provider), kind(option), bits, self.fallback(option)]
        return f"    {{{', '.join(fields)}, {self.examples(option, symbol)}, {offset}, {length}}},"

    def entry(self, entry, number):
        head = {"name": entry["Name"], "description": entry["Description"], "prefix": entry["Prefix"]}
        self.place(shape.dumps(head)[:-1] + ',"options":[')
        rows = []
        for index, option in enumerate(entry["Options"]):
            self.place("," if index else "")
            rows.append(self.row(option, f"examples_{number}_{index}"))
        self.place("]}")
        table = "\n".join(rows)
        self.tables.append(f"static const rk_storage_option options_{number}[] = {{\n{table}\n}};")
        blocked = DROPPED.get(VIRTUAL.get(entry["Prefix"], entry["Prefix"]), [])
        names = "".join(f"{quote(name)}, " for name in blocked)
        self.tables.append(f"static const char *const blocked_{number}[] = {{{names}NULL}};")
        return f"    {{{quote(entry['Prefix'])}, options_{number}, {len(rows)}, blocked_{number}}},"

    def source(self):
        rows = []
        for number, entry in enumerate(self.entries):
            self.place("," if number else "[")
            rows.append(self.entry(entry, number))
        self.place("]")
        lines = [self.text[start : start + WIDTH] for start in range(0, len(self.text), WIDTH)]
        document = "\n".join(f"    {quote(line)}" for line in lines)
        blocked = "".join(f"{quote(name)}, " for name in BLOCKED)
        parts = [
            HEAD,
            *self.tables,
            "const rk_storage_type rk_storage_types[] = {\n" + "\n".join(rows) + "\n};",
            f"const int rk_storage_type_count = {len(rows)};",
            f"const char *const rk_storage_blocked_types[] = {{{blocked}NULL}};",
            f"const char rk_storage_schema_text[] =\n{document};",
        ]
        return "\n".join(parts) + "\n"
