#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes a tutorial apart: the files that it shows, and run.sh or run.py with its commands.

usage: blocks.py PAGE DIR
"""

import re
import sys
from pathlib import Path

FILE = re.compile(r"^<!-- file: ([\w.]+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TESTED = re.compile(r"^<!-- tested -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCRIPTS = {"sh": ("run.sh", "set -euo pipefail\n"), "python": ("run.py", "")}


def main():
    page, folder = Path(sys.argv[1]), Path(sys.argv[2])
    if not page.exists():
        raise SystemExit(f"{page} is missing")
    text = page.read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILE.findall(text):
        (folder / name).write_text(content, encoding="utf-8")
    blocks = TESTED.findall(text)
    if not blocks:
        raise SystemExit(f"{page} has no commands that can be run")
    for language in {language for language, _ in blocks}:
        name, head = SCRIPTS[language]
        script = head + "".join(block for kind, block in blocks if kind == language)
        (folder / name).write_text(script, encoding="utf-8")


if __name__ == "__main__":
    main()
