# SPDX-License-Identifier: Apache-2.0
"""The public headers: each alone, in C and in C++, and in agreement with the tables of the library."""

import re
import subprocess

import pytest
from conftest import compiler_flags

from support.server import BUILD, ROOT

PUBLIC = sorted((ROOT / "include" / "renku").glob("*.h")) + [BUILD / "gen" / "renku" / "operations.h"]
DIALECTS = [
    ("gcc", "-std=c99"), ("gcc", "-std=c11"), ("gcc", "-std=c17"), ("clang-14", "-std=c99"), ("clang-14", "-std=c11"),
    ("g++", "-std=c++11"), ("g++", "-std=c++20"), ("clang++-14", "-std=c++11"),
]  # fmt: skip

PROGRAM = """
#include <renku/renku.h>
#include <renku/renku.h>
#include <string.h>

int main(void)
{
    renku_call call = RENKU_CALL_INIT;
    renku_request request = RENKU_REQUEST_INIT;
    renku_http_request http = RENKU_HTTP_REQUEST_INIT;
    renku_seed seed = RENKU_SEED_INIT;
    renku_project_list_query projects = RENKU_PROJECT_LIST_QUERY_INIT;
    renku_namespace_list_query namespaces = RENKU_NAMESPACE_LIST_QUERY_INIT;
    renku_result *result = renku_request_run(0, 0, &request);
    int right = call.size == sizeof(call) && request.size == sizeof(request) && http.size == sizeof(http) &&
                seed.size == sizeof(seed) && projects.page == RENKU_UNSET && !namespaces.kinds &&
                renku_result_error(result) == RENKU_EINTERNAL && strcmp(renku_version(), RENKU_VERSION) == 0;

    renku_result_free(result);
    return right ? 0 : 1;
}
"""


@pytest.mark.parametrize("compiler,standard", DIALECTS, ids=["".join(row) for row in DIALECTS])
@pytest.mark.parametrize("header", PUBLIC, ids=[path.name for path in PUBLIC])
def test_a_header_stands_alone(header, compiler, standard):
    done = subprocess.run(
        [compiler, standard, *compiler_flags(), "-fsyntax-only", "-x", "c++" if "++" in compiler else "c", "-"],
        input=f"#include <renku/{header.name}>\nint main(void) {{ return 0; }}\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("compiler,standard", DIALECTS, ids=["".join(row) for row in DIALECTS])
def test_a_program_compiles_links_and_runs(compile_guest, guest_env, compiler, standard):
    program = compile_guest(PROGRAM, compiler, standard)
    late = {"ASAN_OPTIONS": f"{guest_env.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"}  # for those that clang made
    assert subprocess.run([program], env=guest_env | late, timeout=60).returncode == 0


def test_the_version_is_that_of_the_build():
    version = re.search(r"AC_INIT\(\[librenku\], \[([\d.]+)\]", (ROOT / "configure.ac").read_text())[1]
    types = (ROOT / "include" / "renku" / "types.h").read_text()
    assert re.search(r'#define RENKU_VERSION "([\d.]+)"', types)[1] == version
    major, minor, patch = map(int, version.split("."))
    assert int(re.search(r"#define RENKU_VERSION_NUMBER (\d+)", types)[1]) == 10000 * major + 100 * minor + patch


def error_rows() -> list[tuple[str, int]]:
    text = (ROOT / "librenku" / "base" / "error.def").read_text()
    return [(name, int(code)) for name, code in re.findall(r"^RK_ERROR\((\w+), +(\d+),", text, re.MULTILINE)]


def test_the_errors_are_those_of_the_table_in_its_order():
    text = (ROOT / "include" / "renku" / "errors.h").read_text()
    public = re.findall(r"^#define RENKU_E(\w+) (\d+) +/\*\*< (\d+):", text, re.MULTILINE)
    wanted = [(name.replace("_", "").replace("NOMEMORY", "NOMEM"), number, code) for number, (name, code) in enumerate(error_rows(), 1)]
    assert [(name, int(number), int(code)) for name, number, code in public] == wanted


# --- structures that can grow ---------------------------------------------------------------------

STRUCTURE = re.compile(r"typedef struct \{\s*size_t size;.*?\} (\w+);", re.DOTALL)


def test_no_structure_ends_in_padding(compile_guest, guest_env):
    """A member that came later would stand where an older program has arbitrary bytes."""
    texts = "".join(re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL) for path in PUBLIC)
    lines = []
    for found in STRUCTURE.finditer(texts):
        last = re.findall(r"(\w+);", found[0])[-2]
        lines.append(
            f"    if (offsetof({found[1]}, {last}) + sizeof((({found[1]} *)0)->{last}) != sizeof({found[1]}))\n"
            f'        failures += puts("{found[1]}");\n'
        )
    assert len(lines) > 8
    program = compile_guest(f"#include <renku/renku.h>\n#include <stdio.h>\nint main(void)\n{{\n    int failures = 0;\n{''.join(lines)}    return failures != 0;\n}}\n")
    done = subprocess.run([program], env=guest_env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
