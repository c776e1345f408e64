# SPDX-License-Identifier: Apache-2.0
"""librenku/errors.py: a class for each failure of include/renku/errors.h."""

import re
from pathlib import Path

from .python_text import MADE

HEADER = Path(__file__).resolve().parents[2] / "include/renku/errors.h"
ROW = re.compile(r"^#define RENKU_E(\w+) +(\d+) +/\*\*< (\d+): (.*?) \*/$", re.MULTILINE)
# Where the parts of a name do not show in capital letters.
WORDS = {
    "BADREQUEST": "BadRequest",
    "BUILDSTART": "BuildStart",
    "COPYCONNECTORS": "CopyConnectors",
    "INVALIDTOKEN": "InvalidToken",
    "METHOD": "MethodNotAllowed",
    "NOCREDENTIALS": "NoCredentials",
    "NOMEM": "OutOfMemory",
    "NOTFOUND": "NotFound",
    "NOTPERMITTED": "NotPermitted",
    "REQUESTTIMEOUT": "RequestTimeout",
    "SECRETCREATION": "SecretCreation",
    "THIRDPARTY": "ThirdParty",
    "TOOLARGE": "TooLarge",
}
UNLIKE = 1500  # what shares this code has nothing else in common
HEAD = '''"""Every way in which a call can fail.

Failures with the same code have a common base: `except Conflict` is met by Stale too.
"""

from typing import Dict, Type

from ._failure import Closed, RenkuError

__all__ = {names}


'''


def failures():
    """(class, base, number, code, text) of each row, in their order."""
    first = {}
    for word, number, code, text in ROW.findall(HEADER.read_text(encoding="utf-8")):
        name = WORDS.get(word, word.capitalize())
        base = "RenkuError" if int(code) == UNLIKE else first.setdefault(code, name)
        yield name, "RenkuError" if base == name else base, int(number), int(code), text


def class_of_status(status):
    """The class of the first failure with that HTTP status; None when there is none."""
    return next((name for name, _, _, code, _ in failures() if code == 1000 + status), None)


def _class(name, base, number, code, text):
    about = text.replace("if_match", "`if_match`").replace("renku_cancel_now()", "a Cancel")
    about = f"{about[:1].upper()}{about[1:]}."
    return f'class {name}({base}):\n    """{about}"""\n\n    number = {number}\n'


def module():
    rows = list(failures())
    names = ["Closed", "RenkuError", *(row[0] for row in rows)]
    listed = "[\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "]"
    table = "".join(f"    {number}: {name},\n" for name, _, number, _, _ in rows)
    classes = "\n\n".join(_class(*row) for row in rows)
    end = f"\n\nBY_NUMBER: Dict[int, Type[RenkuError]] = {{\n{table}}}\n"
    return MADE + HEAD.replace("{names}", listed) + classes + end
