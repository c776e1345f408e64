# SPDX-License-Identifier: Apache-2.0
"""gen/patterns.c: the patterns of all schemas, in the order of their numbers."""

from . import names
from .emit_operations import HEAD


def emit(api):
    """Yields (file, text)."""
    rows = [f"    {{{names.quote(text)}, {'true' if newline else 'false'}}},\n" for text, newline in api.patterns]
    table = "".join(rows) or "    {NULL, false},\n"
    yield "patterns.c", (
        f'{HEAD}#include "librenku/http/patterns.h"\n\n'
        f"const rk_pattern_source rk_pattern_sources[] = {{\n{table}}};\n"
        f"const int rk_pattern_source_count = {len(rows)};\n"
    )
