# SPDX-License-Identifier: Apache-2.0
"""Commands that documents show."""

import re
from pathlib import Path

BLOCK = re.compile(r"^<!-- tested -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands_of(page: Path) -> list[str]:
    """The blocks of a page that are marked as tested."""
    return BLOCK.findall(page.read_text())
