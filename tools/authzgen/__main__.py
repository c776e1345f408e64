# SPDX-License-Identifier: Apache-2.0
"""Compiles a permission schema in SpiceDB's language to C and SQL.

    python3 tools/authzgen --schema schema.zed --storage storage.tbl --emit c --out gen
    python3 tools/authzgen --schema schema.zed --storage storage.tbl --emit json"""

import argparse
import os
import sys

from check import check
from emit_c import Emitter
from emit_json import emit_json
from language import SchemaError, parse
from paths import Graph
from sql import Compiler
from storage import check_storage, read_storage


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path: str, text: str) -> None:
    """Whole or not at all."""
    partial = f"{path}.new"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(partial, path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="authzgen", description="Compile a permission schema to C and SQL.")
    parser.add_argument("--schema", required=True)
    parser.add_argument("--storage", required=True)
    parser.add_argument("--emit", choices=("c", "json", "nothing"), default="nothing")
    parser.add_argument("--out", default=".", help="folder of authz_schema.h and authz_schema.c")
    options = parser.parse_args()
    schema = parse(read(options.schema), options.schema)
    check(schema)
    storage = read_storage(read(options.storage), options.storage)
    check_storage(storage, schema)
    compiler = Compiler(Graph(schema), storage)
    if options.emit == "c":
        emitter = Emitter(compiler, schema, storage)
        write(os.path.join(options.out, "authz_schema.h"), emitter.header())
        write(os.path.join(options.out, "authz_schema.c"), emitter.source())
    elif options.emit == "json":
        sys.stdout.write(emit_json(compiler, schema, storage))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (SchemaError, OSError) as error:
        sys.exit(str(error))
