# SPDX-License-Identifier: Apache-2.0
"""Makes the manual pages from what is written already: the help of the program and the comments of the headers.

usage: python -m mangen --out DIR --release VERSION --program FILE HEADER...
"""

import argparse
import os
import time
from pathlib import Path

from . import commands, library


def day():
    """Of the source where the packager tells it, so that two builds give the same."""
    return time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--release", required=True)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("headers", type=Path, nargs="+")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for old in options.out.glob("*.[13]"):
        old.unlink()
    made = [("the help of the program", page) for page in commands.pages(options.program.resolve())]
    made += [("the public headers", page) for page in library.pages(options.headers)]
    for source, page in made:
        file = options.out / f"{page.name}.{page.section}"
        file.write_text(page.text(source, options.release, day()), encoding="utf-8")
        for other in page.others:
            (options.out / f"{other}.{page.section}").write_text(f".so man{page.section}/{file.name}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
