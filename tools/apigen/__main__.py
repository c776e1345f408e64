# SPDX-License-Identifier: Apache-2.0
"""python3 -m apigen --out gen librenku/*/apispec.yaml"""

import argparse
import sys
from pathlib import Path

from . import emit_calls, emit_descriptions, emit_header, emit_openapi, emit_operations, emit_patterns, emit_python, emit_source
from .api import read
from .errors import SpecError

# Whoever emits more - methods of Python, words of the command line - adds a name and a function api -> (file, text).
EMITTERS = {
    "header": emit_header.emit,
    "source": emit_source.emit,
    "operations": emit_operations.emit,
    "patterns": emit_patterns.emit,
    "openapi": emit_openapi.emit,
    "calls": emit_calls.emit,
    "descriptions": emit_descriptions.emit,
    "python": emit_python.emit,
}


def write(path, text):
    """Only what has changed is written, so that make builds no more than that."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="apigen", description="Makes sources from the apispec files of all rooms.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the made files")
    parser.add_argument("--emit", action="append", choices=sorted(EMITTERS), help="what to make; all by default")
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    try:
        api = read(options.files)
    except SpecError as problem:
        print(f"apigen: {problem}", file=sys.stderr)
        return 1
    for name in options.emit or EMITTERS:
        for file, text in EMITTERS[name](api):
            write(options.out / file, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
