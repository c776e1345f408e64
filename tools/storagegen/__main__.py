# SPDX-License-Identifier: Apache-2.0
"""The schema of storage configurations, from what rclone says of itself.

    rclone config providers | python3 tools/storagegen --reduce > librenku/storage/providers.json
    python3 tools/storagegen --base librenku/storage/providers.json --out gen/storage_schema.c"""

import argparse
import json
import os
import sys

from catalogue import CatalogueError, check, reduce
from emit_c import Emitter
from patches import patched


def reduced_text(text):
    """The base data as they are kept in the tree."""
    providers = reduce(json.loads(text))
    check(providers)
    return json.dumps(providers, indent=1, ensure_ascii=False) + "\n"


def write(path, text):
    """Whole or not at all."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.new", path)


def main():
    parser = argparse.ArgumentParser(prog="storagegen", description="Make the schema of storage configurations.")
    parser.add_argument("--reduce", action="store_true", help="from the output of rclone to the base data")
    parser.add_argument("--base", help="the base data")
    parser.add_argument("--out", help="the C source")
    options = parser.parse_args()
    if options.reduce:
        sys.stdout.write(reduced_text(sys.stdin.read()))
        return 0
    with open(options.base, encoding="utf-8") as file:
        entries = patched(json.load(file))
    write(options.out, Emitter(entries).source())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CatalogueError, OSError, ValueError) as problem:
        sys.exit(f"storagegen: {problem}")
