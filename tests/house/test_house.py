# SPDX-License-Identifier: Apache-2.0
"""The tree keeps the rules of the house, and the checker finds each way of breaking them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import check_house
import pytest
from source import Tree, functions

ROOT = Path(__file__).resolve().parents[2]
BUILD = os.environ.get("RENKU_BUILD")
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"

checks = [
    name
    for name in check_house.CHECKS
    if name not in check_house.ONLY_BY_NAME and (BUILD or name not in check_house.ONLY_WITH_BUILD)
]


@pytest.fixture(scope="module")
def tree():
    return Tree(ROOT)


@pytest.mark.parametrize("name", checks)
def test_the_tree_keeps_the_rules(tree, name):
    assert [str(finding) for finding in check_house.run(tree, name, BUILD)] == []


# --- the checker itself -------------------------------------------------------------------------------------------


def header(name, body=""):
    return f"{SPDX}#ifndef RK_{name}_H\n#define RK_{name}_H\n{body}\n#endif\n"


def source(*lines):
    return SPDX + "".join(f"{line}\n" for line in lines)


def body(count):
    return ["    x++;"] * count


GOOD = {
    "include/renku/renku.h": f"{SPDX}#ifndef RENKU_H\n#define RENKU_H\n#include <stddef.h>\nint renku_answer(size_t n);\n#endif\n",
    "librenku/base/op.h": header("OP", "#include <stddef.h>\nstruct rk_op { size_t n; };"),
    "librenku/base/op.c": source('#include "librenku/base/op.h"', "", "static int one(void)", "{", "    return 1;", "}"),
    "librenku/db/db.h": header("DB", '#include "librenku/base/op.h"\nint rk_db(struct rk_op *op);'),
    "librenku/event/change.h": header("CHANGE", '#include "librenku/base/op.h"'),
    "librenku/user/user.h": header("USER", '#include "user_api.h" /* generated */'),
    "librenku/project/project.h": header("PROJECT", '#include "librenku/base/op.h"'),
    "librenku/project/core.h": header("CORE", '#include "librenku/user/user.h"'),
    "librenku/project/core.c": source('#include "librenku/project/core.h"', '#include "librenku/event/change.h"'),
    "librenku/api/api.c": source('#include "user_api.h"', '#include "librenku/project/project.h"', '#include "renku/renku.h"'),
    "frontends/cli/cli.h": header("CLI", '#include "renku/renku.h"'),
    "frontends/cli/main.c": source('#include "frontends/cli/cli.h"', "int main(void)", "{", "    return printf(x);", "}"),
    "tools/gen.py": "#!/usr/bin/env python3\n# SPDX-License-Identifier: Apache-2.0\n",
    "migrations/0001_baseline.sql": "-- SPDX-License-Identifier: Apache-2.0\nSELECT 1;\n",
    "README.md": "# Nothing to see\n",
}


def plant(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return Tree(folder)


@pytest.mark.parametrize("name", [name for name in check_house.CHECKS if name not in check_house.ONLY_WITH_BUILD])
def test_a_good_tree_has_no_findings(tmp_path, name):
    assert check_house.run(plant(tmp_path, GOOD), name) == []


X_MARK = "X" + "XX"

# check, file, its text, line of the finding, what it says
BROKEN = [
    ("floors", "librenku/base/time.c", source('#include "librenku/db/db.h"'), 2, "floor 1 (base) includes floor 2 (db)"),
    ("floors", "librenku/crypto/jwt.c", source('#include "librenku/db/db.h"'), 2, "floor 2 (crypto) includes floor 2 (db)"),
    ("floors", "librenku/db/pool.c", source('#include "librenku/user/user.h"'), 2, "floor 2 (db) includes floor 5 (user)"),
    ("floors", "librenku/base/api.c", source('#include "user_api.h"'), 2, "floor 1 (base) includes floor 5 (user)"),
    ("floors", "librenku/user/db.c", source("", '#include "librenku/project/core.h"'), 3, "entered by project.h only"),
    ("floors", "librenku/user/db.c", source('#include "project_api.h"'), 2, "entered by project.h only"),
    ("floors", "librenku/api/x.c", source('#include "librenku/project/core.h"'), 2, "entered by project.h only"),
    ("floors", "librenku/user/db.c", source('#include "librenku/api/api.h"'), 2, "floor 5 (user) includes floor 6 (api)"),
    ("floors", "librenku/user/db.c", source('#include "frontends/cli/cli.h"'), 2, "floor 5 (user) includes floor 7"),
    ("floors", "librenku/user/db.c", source('#include "user.h"'), 2, "not the full path"),
    ("floors", "librenku/user/db.c", source('#include "../project/core.h"'), 2, "not the full path"),
    ("floors", "librenku/user/db.c", source('#include "tools/gen.py"'), 2, "no floor below"),
    ("floors", "frontends/cli/x.c", source('#include "librenku/base/op.h"'), 2, "a front includes include/renku/"),
    ("floors", "frontends/server/x.c", source('#include "frontends/cli/cli.h"'), 2, "a front includes include/renku/"),
    ("floors", "examples/c/x.c", source('#include "librenku/base/op.h"'), 2, "a front includes include/renku/"),
    ("floors", "frontends/cli/x.c", source('#include "user_api.h"'), 2, "a front includes include/renku/"),
    ("floors", "include/renku/x.h", source('#include "librenku/base/op.h"'), 2, "a public header includes public headers only"),
    ("circles", "librenku/base/op.h", header("OP", '#include "librenku/base/a.h"'), 4, "a circle of files"),
    ("circles", "librenku/user/user.h", header("USER", '#include "librenku/project/project.h"'), None, "a circle of rooms"),
    ("headers", "librenku/base/x.h", header("X", "int rk_x(size_t n);"), 1, "does not compile alone"),
    ("headers", "include/renku/x.h", header("X", "int renku_x(int class);"), 1, "(g++ -std=c++17)"),
    ("headers", "include/renku/x.h", header("X", "enum { A, };\n__extension__ typedef struct { int a; int b[]; } x;\nint f(int a[static 1]);"), 1, "(g++ -std=c++17)"),
    ("headers", "include/renku/x.h", header("X", "_Static_assert(1, \"\");"), 1, "-std=c99"),
    ("guards", "librenku/base/x.h", SPDX + "#pragma once\n", 1, "no guard"),
    ("guards", "librenku/base/x.h", header("Y"), 1, "no guard"),
    ("guards", "librenku/net/db.h", header("DB"), 2, "has the guard of librenku/db/db.h"),
    ("guards", "librenku/base/op.c", source("#include <stdio.h>", '#include "librenku/base/op.h"'), 2, "include librenku/base/op.h first"),
    ("guards", "librenku/base/op.c", source("int x;"), 1, "include librenku/base/op.h first"),
    ("licence", "librenku/base/x.c", "int x;\n", 1, "the first line is not /* SPDX"),
    ("licence", "librenku/base/x.c", "\n" + SPDX, 1, "the first line is not /* SPDX"),
    ("licence", "librenku/base/x.def", "/* x */\n", 1, "the first line is not /* SPDX"),
    ("licence", "tools/x.py", "import x\n# SPDX-License-Identifier: Apache-2.0\n", 1, "the first line is not # SPDX"),
    ("licence", "tools/run", "#!/bin/sh\necho\n", 1, "the first line is not # SPDX"),
    ("licence", "migrations/0002_x.sql", "SELECT 1;\n", 1, "the first line is not -- SPDX"),
    ("words", "README.md", "# A\n\n" + "TO" + "DO: write\n", 3, "open an issue"),
    ("words", "librenku/base/x.c", source(f"/* {X_MARK} */"), 2, "open an issue"),
    ("calls", "librenku/base/x.c", source("void f(void)", "{", "    exit(1);", "}"), 4, "exit(): the library never ends the process"),
    ("calls", "librenku/base/x.c", source("void f(void)", "{", '    printf("x");', "}"), 4, "printf(): the library never prints"),
    ("calls", "librenku/base/x.c", source("void f(void)", "{", '    fprintf(stderr, "x");', "}"), 4, "fprintf(stderr)"),
    ("calls", "librenku/base/x.c", source("void f(void)", "{", "    (void)signal(1, 0);", "}"), 4, "touches signals"),
    ("calls", "librenku/base/x.c", source("int f(void)", "{", "    return fork ();", "}"), 4, "starts a process"),
    ("calls", "librenku/base/x.h", header("X", "#define X() abort()\nstatic inline void f(void) { abort(); }"), 5, "ends the process"),
    ("descriptors", "librenku/base/x.c", source("int f(void)", "{", '    return open("x", O_RDONLY);', "}"), 4, "open()"),
    ("descriptors", "librenku/base/x.c", source('FILE *f = fopen("x", "r");'), 2, "fopen()"),
    ("descriptors", "frontends/cli/x.c", source("int f = socket(AF_INET, 1, 0);"), 2, "socket()"),
    ("size", "librenku/base/x.c", source("int f(int x)", "{", *body(61), "}"), 2, "f() has 61 lines"),
    ("size", "librenku/base/x.c", source("int f(int a, int b, int (*c)(int, int), int d, int e, int g)", "{", "}"), 2, "f() has 6 parameters"),
    ("length", "librenku/base/x.c", source(*["int x;"] * 600), 601, "the file has 601 lines"),
    ("length", "tests/unit/x.c", source(*["int x;"] * 600), 601, "split it by subject"),
    ("length", "tests/http/test_x.py", "# SPDX-License-Identifier: Apache-2.0\n" + "x = 1\n" * 600, 601, "split it by subject"),
    ("sql", "librenku/user/core.c", source("static const rk_query query = {.sql = x};"), 2, "rk_query: SQL stands in db.c"),
    ("sql", "librenku/user/handlers.c", source("static const rk_column columns[] = {x};"), 2, "rk_column: SQL stands in db.c"),
    ("size", "librenku/base/x.c", source("int f(void)", "{", "if (1) { for (;;) { while (1) { do { x(); } while (0); } } }", "}"), 2, "f() nests 4 deep"),
]  # fmt: skip


@pytest.mark.parametrize("name,path,text,line,said", BROKEN, ids=[f"{row[0]}-{row[1]}-{row[4]}" for row in BROKEN])
def test_a_broken_rule_is_found(tmp_path, name, path, text, line, said):
    extra = {"librenku/base/a.h": header("A", '#include "librenku/base/op.h"'), "frontends/server/server.h": header("SERVER")}
    found = check_house.run(plant(tmp_path, {**GOOD, **extra, path: text} if name in ("circles", "floors") else {**GOOD, path: text}), name)
    assert len(found) >= 1
    assert any(said in finding.text for finding in found), found
    if line is not None:
        assert (path, line) in {(finding.path, finding.line) for finding in found}


# text that looks like a broken rule and is none
FINE = [
    ("calls", "librenku/base/x.c", source("/* exit(1); */", "const char *x = \"printf(\";", "// abort()", "#define X exit(1)")),
    ("calls", "librenku/base/x.c", source("int f(void)", "{", "    pthread_cond_signal(x); it->abort(1); it.exit(2); rk_printf(x);", "}")),
    ("descriptors", "librenku/base/x.c", source("int f(void)", "{", "    return open(path,", "                O_RDONLY | O_CLOEXEC);", "}")),
    ("descriptors", "librenku/base/x.c", source('FILE *f = fopen("x", "re");')),
    ("size", "librenku/base/x.c", source("int f(int x)", "{", *body(60), "}")),
    ("length", "librenku/base/x.c", source(*["int x;"] * 599)),
    ("size", "librenku/base/x.c", source("int f(void)", "{", "    static const int t[] = {", *["        1,"] * 70, "    };", "}")),
    ("size", "librenku/base/x.c", source("static const int t[] = {", *["    1,"] * 90, "};")),
    ("size", "librenku/base/x.c", source("int f(int a, int b, int c, int d, int e, ...)", "{", "    g((struct x){.a = 1});", "}")),
    ("words", "librenku/base/x.c", source('char name[] = "/tmp/x.' + 2 * X_MARK + '";')),
    ("licence", "tools/x.sh", "# shellcheck shell=bash\n# SPDX-License-Identifier: Apache-2.0\n"),
    ("floors", "librenku/user/db.c", source('#include "config.h"', '#include "user_api.h"', "#include <user.h>")),
    ("floors", "tests/unit/x.c", source('#include "librenku/project/core.h"')),
    ("sql", "librenku/user/insert.c", source("static const rk_query query = {.sql = x};")),
    ("guards", "librenku/net/db.h", f"{SPDX}#ifndef RK_NET_DB_H\n#define RK_NET_DB_H\n#endif\n"),
]  # fmt: skip


@pytest.mark.parametrize("name,path,text", FINE, ids=[f"{row[0]}-{index}" for index, row in enumerate(FINE)])
def test_what_only_looks_broken_is_left_alone(tmp_path, name, path, text):
    assert check_house.run(plant(tmp_path, {**GOOD, path: text}), name) == []


def test_functions_are_measured():
    code = Tree.strip(
        "struct x { int (*f)(int); };\n"
        "static int one(int a,\n               const char *b)\n{\n    return 1;\n}\n\n"
        'extern "C" {\n'
        "void two(void)\n{\n    for (;;) {\n        if (1)\n            x = (struct x){0};\n    }\n}\n"
        "}\n"
    )
    assert [tuple(function) for function in functions(code)] == [("one", 2, 1, 2, 0, True), ("two", 9, 4, 0, 1, False)]


# --- what was built -----------------------------------------------------------------------------------------------

PUBLIC = (
    f"{SPDX}#ifndef RENKU_H\n#define RENKU_H\n"
    '#define RENKU_API __attribute__((visibility("default")))\n'
    "RENKU_API int renku_one(void);\n/* RENKU_API int renku_not(void); */\nRENKU_API int\nrenku_two(int (*f)(int));\n#endif\n"
)


@pytest.fixture
def built(tmp_path):
    """Builds a library from one C text; gives the tree."""

    def build(text, public=PUBLIC):
        tree = plant(tmp_path, {"include/renku/renku.h": public, "librenku/base/x.c": text})
        (tmp_path / "gen").mkdir(exist_ok=True)
        compiler = shutil.which("gcc")
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-fvisibility=hidden", f"-I{tmp_path}/include", "librenku/base/x.c", "-o", "librenku.so"],
            cwd=tmp_path,
            check=True,
        )
        return tree

    return build


DEFINED = '#include "renku/renku.h"\nint renku_one(void)\n{\n    return 1;\n}\nint renku_two(int (*f)(int))\n{\n    return f(1);\n}\n'


def test_declared_and_exported_functions_agree(built, tmp_path):
    assert check_house.run(built(SPDX + DEFINED), "symbols", tmp_path) == []


def test_an_undeclared_export_is_found(built, tmp_path):
    extra = '__attribute__((visibility("default"))) int renku_three(void);\nint renku_three(void) { return 3; }\n'
    found = check_house.run(built(SPDX + DEFINED + extra), "symbols", tmp_path)
    assert [str(finding) for finding in found] == [
        "librenku/librenku.map:1: renku_three is exported, but no public header declares it"
    ]


def test_a_declaration_without_function_is_found(built, tmp_path):
    text = DEFINED.replace("int renku_one(void)", "static int renku_own(void)")
    found = check_house.run(built(SPDX + text), "symbols", tmp_path)
    assert [str(finding) for finding in found] == ["include/renku/renku.h:5: renku_one is declared, but not exported"]


def test_global_state_is_found(built, tmp_path):
    text = "static int counter;\nstatic const char *const name = \"x\";\nint renku_next(void);\nint renku_next(void)\n{\n    return counter++ + *name;\n}\n"
    found = check_house.run(built(SPDX + DEFINED + text), "globals", tmp_path)
    assert [str(finding) for finding in found] == ["librenku/base/x.c:11: counter can change: the library has no global state"]


def test_a_function_used_in_its_file_only_is_found(built, tmp_path):
    text = "int rk_own(void);\nint rk_own(void)\n{\n    return 1;\n}\nint rk_used(void);\nint rk_used(void)\n{\n    return rk_own();\n}\n"
    tree = built(SPDX + DEFINED + text)
    (tmp_path / "gen" / "table.c").write_text("int (*table[])(void) = {rk_used};\n")
    found = check_house.run(tree, "unused", tmp_path)
    assert [str(finding) for finding in found] == [
        "librenku/base/x.c:12: rk_own() is used in this file only: make it static or remove it"
    ]


def test_a_check_of_the_build_needs_the_build(tmp_path):
    with pytest.raises(check_house.CannotCheck):
        check_house.run(plant(tmp_path, GOOD), "symbols")


# --- paragraphs ---------------------------------------------------------------------------------------------------


def test_a_paragraph_without_a_test_is_listed(tmp_path):
    files = {
        "librenku/base/x.c": source("/* Spec: a.md 1.1, 1.2, b.md 3 and 4 */", "/* a.md 9 */"),
        "tests/unit/x.c": source("/* Spec: a.md 1.2, b.md 3.1 */"),
        "tests/http/x.py": '"""b.md 4"""\n',
    }
    found = check_house.run(plant(tmp_path, files), "spec")
    assert [str(finding) for finding in found] == ["librenku/base/x.c:2: no test names a.md 1.1"]


# --- the command --------------------------------------------------------------------------------------------------


def run_command(*arguments):
    return subprocess.run([sys.executable, check_house.__file__, *map(str, arguments)], capture_output=True, text=True)


def test_the_command_prints_findings_and_fails(tmp_path):
    plant(tmp_path, {**GOOD, "librenku/base/x.c": "int x;\n"})
    done = run_command("--root", tmp_path, "licence")
    assert done.returncode == 1
    assert done.stdout.startswith("librenku/base/x.c:1: the first line is not")


def test_the_command_succeeds_on_a_good_tree(tmp_path):
    plant(tmp_path, GOOD)
    done = run_command("--root", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_command_says_when_it_cannot_check(tmp_path):
    plant(tmp_path, GOOD)
    assert run_command("--root", tmp_path, "symbols").returncode == 2
    assert run_command("--root", tmp_path, "nonsense").returncode == 2
