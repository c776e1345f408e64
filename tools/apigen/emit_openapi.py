# SPDX-License-Identifier: Apache-2.0
"""gen/openapi.c: the merged document of each service as text."""

import json

from . import names
from .emit_operations import HEAD

WIDTH = 96


def _lines(text):
    for start in range(0, len(text), WIDTH):
        yield f"    {names.quote(text[start : start + WIDTH])}\n"


def _document(service, document):
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True)
    lines = "".join(_lines(text)).rstrip("\n")
    return f"static const char {service}_document[] =\n{lines};\n"


def emit(api):
    """Yields (file, text)."""
    texts = [_document(service, document) for service, document in api.documents.items()]
    rows = "".join(f"    [RK_SERVICE_{service.upper()}] = {service}_document,\n" for service in api.documents)
    table = f"const char *const rk_openapi_documents[RK_SERVICE_COUNT_] = {{\n{rows}}};\n"
    yield "openapi.c", "\n".join([f'{HEAD}#include "librenku/http/operation.h"\n', *texts, table])
