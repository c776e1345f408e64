#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a project of each line of a CSV file with the columns name, namespace and visibility. It can be repeated.

usage: import_csv.py SETTINGS FILE
"""

import csv
import os
import sys
from collections import Counter

from librenku import Client, RenkuError, errors


def make(client, row):
    """What became of the line."""
    try:
        client.project_create({"name": row["name"], "namespace": row["namespace"], "visibility": row["visibility"]})
        return "created"
    except errors.Conflict:
        return "there"


def main(settings, path):
    done = Counter()
    with Client(settings, token=os.environ["RENKU_TOKEN"]) as client, open(path, newline="") as file:
        rows = csv.DictReader(file)
        for row in rows:
            try:
                done[make(client, row)] += 1
            except RenkuError as problem:
                done["failed"] += 1
                print(f"line {rows.line_num}: {problem}", file=sys.stderr)
            if sys.stderr.isatty():
                print(f"\r{sum(done.values())} lines", end="", file=sys.stderr)
    print(f"{done['created']} created, {done['there']} were there, {done['failed']} failed")
    return 1 if done["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
