#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures speed and size of the server, beside what its database alone can do.

usage: bench.py [--quick] [NAME...]

Names: start memory library seed lists load python; all without any. Writes build/bench.json. --quick leaves out the database of a
million projects and measures less often.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cases
from report import Report
from support.server import BUILD
from world import World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(cases.CASES))
    options = parser.parse_args()
    unknown = set(options.names) - set(cases.CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    report = Report(options.quick)
    report.head()
    with World(options.quick) as world:
        for name, case in cases.CASES.items():
            if not options.names or name in options.names:
                case(world, report)
    report.write(BUILD / "bench.json")


if __name__ == "__main__":
    main()
