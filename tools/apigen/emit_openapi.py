# SPDX-License-Identifier: Apache-2.0
"""gen/openapi.c: the merged document as text."""

import json

from . import names
from .emit_operations import HEAD

WIDTH = 96


def _lines(text):
    for start in range(0, len(text), WIDTH):
        yield f"    {names.quote(text[start : start + WIDTH])}\n"


def emit(api):
    """Yields (file, text)."""
    text = json.dumps(api.document, separators=(",", ":"), ensure_ascii=True)
    lines = "".join(_lines(text)).rstrip("\n")
    yield "openapi.c", f'{HEAD}#include "librenku/http/operation.h"\n\nconst char rk_openapi_document[] =\n{lines};\n'
