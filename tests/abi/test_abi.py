# SPDX-License-Identifier: Apache-2.0
"""The public functions, as a program in C finds them."""

import re
import subprocess

import pytest
from conftest import HERE, PROGRAMS

from support.server import BUILD, ROOT

SENTENCES = sorted(
    (path.stem, name)
    for path in HERE.glob("*.c")
    for name in re.findall(r"^TEST\((\w+)\)", path.read_text(), re.MULTILINE)
)
DECLARATION = re.compile(r"\bRENKU_API\b[^;{(]*?(\w+)\s*\(")


@pytest.mark.parametrize("name", [name for _, name in SENTENCES], ids=[f"{file}-{name}" for file, name in SENTENCES])
def test_a_guest_finds_that(guest, name):
    done = guest("abi", name)
    assert (done.stdout, done.stderr) == ("", "")


def test_an_unknown_test_is_an_error():
    assert subprocess.run([PROGRAMS / "abi", "no_such_test"], capture_output=True).returncode == 2


def declared(path) -> set[str]:
    return set(DECLARATION.findall(re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)))


def test_every_public_function_is_called_by_a_test():
    texts = "".join(path.read_text() for path in HERE.glob("*.c"))
    names = set().union(*(declared(path) for path in (ROOT / "include" / "renku").glob("*.h")))
    assert len(names) > 60
    assert sorted(name for name in names if not re.search(rf"\b{name}\(", texts)) == []


# --- every function of renku/operations.h, from its prototype ------------------------------------

ARGUMENTS = {"int64_t": "0", "size_t": "0", "int": "0"}
PROTOTYPE = re.compile(r"RENKU_API renku_result \*\s*(\w+)\(([^;]*)\);")


def calls(first: str) -> str:
    """A call of each function with nothing but NULL and 0 behind the context."""
    text = (BUILD / "gen" / "renku" / "operations.h").read_text()
    lines = []
    for name, parameters in PROTOTYPE.findall(text):
        kinds = [parameter.rsplit(None, 1)[0].strip() for parameter in parameters.replace("\n", " ").split(",")]
        values = [first, *(ARGUMENTS.get(kind, "NULL") for kind in kinds[1:])]
        lines.append(f'    look("{name}", {name}({", ".join(values)}));')
    assert len(lines) > 40
    return "\n".join(lines)


PROGRAM = """
#include <renku/renku.h>
#include <stdio.h>
#include <string.h>

static int failures;

static void look(const char *name, renku_result *result)
{
    int fine = result && (renku_result_status(result) < 500 || !strcmp(name, "renku_error_sample")
                          || strstr(renku_result_message(result), "The context is NULL"));

    if (!fine)
        failures += printf("%%s: %%d %%s\\n", name, renku_result_status(result), renku_result_message(result));
    renku_result_free(result);
}

int main(void)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = NULL;

    if (renku_config_from_environment(config) < 0)
        return 1;
    renku_result_free(renku_ctx_new(&ctx, config));
%s
%s
    renku_ctx_free(ctx);
    renku_config_free(config);
    return failures != 0;
}
"""


def test_every_operation_survives_null(guest_env, compile_guest):
    program = compile_guest(PROGRAM % (calls("NULL"), calls("ctx")))
    done = subprocess.run([program], env=guest_env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_printed_by_the_library(guest):
    done = guest("abi", "nothing_is_printed")
    assert (done.stdout, done.stderr) == ("", "")
