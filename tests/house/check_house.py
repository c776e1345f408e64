#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the rules of the house that a machine can check: floors and rooms, headers, sizes, words, symbols.

usage: check_house.py [--root DIR] [--build DIR] [CHECK...]

Prints each finding as file:line: text. The exit status is 1 when there is any, 2 when a check could not run.
Checks that look at what was built (symbols, globals, unused) need --build; so do headers that include generated ones.
"""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from source import Tree, functions, includes, line_of

FLOORS = {"base": 1, "db": 2, "net": 2, "crypto": 2, "http": 3, "authz": 4, "k8s": 4, "keycloak": 4, "api": 6}
ROOM_FLOOR = 5
TOP_FLOOR = 7

# What a room shows to others beside <room>/<room>.h.
ROOM_HEADERS = {"event": {"change.h"}, "user": {"sync.h"}}
# What the server shows to the command line: its launcher, the local identity provider that `renku token` asks, how a
# service manager is told, and how a process gives up root.
FRONT_DOORS = {
    f"frontends/server/{name}.h" for name in ("activation", "identity", "launch", "sanitizer", "user")
}

BODY_MAX, PARAMETERS_MAX, NESTING_MAX = 60, 5, 3
FILE_MAX = 600
# Callbacks whose parameters another library has chosen.
FOREIGN_SIGNATURES = {("examples/embed_microhttpd.c", "handle")}

LICENCE = "SPDX-License-Identifier: Apache-2.0"
LICENCE_FORMS = {
    (".c", ".h", ".def"): f"/* {LICENCE} */",
    (".py", ".sh", ".mk", ".ac", ".am", ".yaml", ".yml", ".toml", ".ini", ".cfg"): f"# {LICENCE}",
    (".sql",): f"-- {LICENCE}",
    (".zed",): f"// {LICENCE}",
}

# The library is a guest: it neither ends, splits, silences nor talks over its host.
CALLS = {
    "ends the process": "exit _exit _Exit quick_exit abort assert raise kill killpg",
    "prints": "printf vprintf puts putchar perror dprintf vdprintf",
    "touches signals": "signal sigaction sigprocmask alarm setitimer",
    "starts a process": "fork vfork system popen posix_spawn posix_spawnp execv execve execvp execlp",
    "changes the process": "setlocale setenv putenv unsetenv chdir umask atexit",
    "asks the locale which letters there are": "strcasecmp strncasecmp strcasestr strcoll tolower toupper isalpha isalnum isupper islower ispunct isspace isprint",
}
# A kubeconfig may name a program that tells credentials; this is where it is started, and stopped.
ALLOWED_CALLS = {"librenku/k8s/exec.c": {"posix_spawnp", "killpg"}}
# What opens a descriptor, and what closes it when the host starts a program.
OPENERS = {
    "open": "O_CLOEXEC", "openat": "O_CLOEXEC", "fopen": r'"[rwa+]*b?e', "socket": "SOCK_CLOEXEC", "accept4": "SOCK_CLOEXEC",
    "eventfd": "EFD_CLOEXEC", "epoll_create1": "EPOLL_CLOEXEC", "pipe2": "O_CLOEXEC", "timerfd_create": "TFD_CLOEXEC",
    "accept": "accept4", "pipe": "pipe2", "dup": "F_DUPFD_CLOEXEC", "epoll_create": "epoll_create1", "creat": "open",
}  # fmt: skip

SYMBOLS_OF_THE_COMPILER = re.compile(r"^(completed\.\d+|__dso_handle|__TMC_END__|_DYNAMIC|_GLOBAL_OFFSET_TABLE_|__gcov.*)$")


class Finding(NamedTuple):
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


class CannotCheck(Exception):
    """The check lacks something that it needs."""


# --- floors and rooms ---------------------------------------------------------------------------------------------


def place_of(path: str):
    """(floor, room) of a file of the tree; None when no floor rule holds for it."""
    parts = path.split("/")
    if parts[0] == "librenku" and len(parts) > 2:
        return FLOORS.get(parts[1], ROOM_FLOOR), parts[1]
    if parts[0] in ("frontends", "examples", "bindings"):
        return TOP_FLOOR, "/".join(parts[:2])
    if path.startswith("include/renku/"):
        return 0, "include"
    return None


def target_of(tree: Tree, name: str):
    """The path in the tree that an include names, a generated header as gen/NAME; None for headers of others."""
    if name == "config.h":
        return None
    if name.startswith("renku/"):
        return f"include/{name}"
    if tree.exists(name) or name.startswith(("librenku/", "frontends/")):
        return name
    generated = re.fullmatch(r"(?:gen/)?(\w+)_(?:api|schema)\.h", name)
    if generated and tree.exists(f"librenku/{generated[1]}"):
        return f"librenku/{generated[1]}/gen/{os.path.basename(name)}"
    return None


def wrong_include(path: str, target: str):
    """Why the file may not include the target; None when it may."""
    floor, room = place_of(path)
    place = place_of(target)
    if room == "include":
        return None if target.startswith("include/renku/") else "a public header includes public headers only"
    if floor == TOP_FLOOR:
        allowed = target.startswith(("include/renku/", f"{room}/")) or target in FRONT_DOORS
        return None if allowed or "/" not in path else "a front includes include/renku/ and its own folder only"
    if place is None:
        return f"{target} stands in no floor below"
    target_floor, target_room = place
    if target_room in (room, "include"):
        return None
    if target_floor > floor or (target_floor == floor and floor != ROOM_FLOOR):
        return f"floor {floor} ({room}) includes floor {target_floor} ({target_room})"
    header = target.rsplit("/", 1)[1]
    shown = {f"{target_room}.h"} | ROOM_HEADERS.get(target_room, set())
    if target_floor == ROOM_FLOOR and header not in shown and not (floor > ROOM_FLOOR and "/gen/" in target):
        return f"the room {target_room} is entered by {target_room}.h only"
    return None


def check_floors(tree: Tree):
    for path in tree.sources():
        if place_of(path) is None:
            continue
        for line, name, quoted in includes(tree.text(path)):
            target = target_of(tree, name)
            if path.startswith("examples/") and tree.exists(f"examples/{name}"):
                continue  # an example is copied out of the tree, with what stands beside it
            if target is None:
                if quoted and place_of(path)[1] != "include" and not name.endswith("config.h") and not tree.is_generated(name):
                    yield Finding(path, line, f'"{name}" is not the full path of a header')
                continue
            wrong = wrong_include(path, target)
            if wrong:
                yield Finding(path, line, f'"{name}": {wrong}')


def graph_of(tree: Tree):
    """file -> [(included file, line)] for all that stands in the tree."""
    graph = {}
    for path in tree.sources():
        targets = ((target_of(tree, name), line) for line, name, _ in includes(tree.text(path)))
        graph[path] = [(target, line) for target, line in targets if target]
    return graph


def circles(edges: dict):
    """One path through each circle of a graph {node: {node: anything}}."""
    state, found = {}, []

    def walk(node, trail):
        state[node] = "open"
        for other in edges.get(node, ()):
            if state.get(other) == "open":
                found.append(trail[trail.index(other) :] + [other])
            elif other not in state:
                walk(other, trail + [other])
        state[node] = "done"

    for start in sorted(edges):
        if start not in state:
            walk(start, [start])
    return found


def check_circles(tree: Tree):
    files, rooms = {}, {}
    for path, targets in graph_of(tree).items():
        for target, line in targets:
            if target.endswith(".h"):
                files.setdefault(path, {}).setdefault(target, (path, line))
            here, there = place_of(path), place_of(target)
            if path.startswith("librenku/") and target.startswith("librenku/") and here[1] != there[1]:
                rooms.setdefault(here[1], {}).setdefault(there[1], (path, line))
    for what, edges in (("files", files), ("rooms", rooms)):
        for circle in circles(edges):
            path, line = edges[circle[0]][circle[1]]
            yield Finding(path, line, f"a circle of {what}: {' -> '.join(circle)}")


# --- headers ------------------------------------------------------------------------------------------------------


def flags_of_packages(names: str):
    found = subprocess.run(["pkg-config", "--cflags", *names.split()], capture_output=True, text=True)
    return found.stdout.split() if found.returncode == 0 else []


def kore_flags():
    try:
        return Path("/usr/share/kore/features").read_text().split()
    except OSError:
        return []


def needs_generated(tree: Tree, header: str, graph: dict, seen=None):
    seen = seen if seen is not None else set()
    seen.add(header)
    return any("/gen/" in target or (target not in seen and needs_generated(tree, target, graph, seen))
               for target, _ in graph.get(header, ()))  # fmt: skip


def first_error(output: str):
    return next((line for line in output.splitlines() if "error:" in line), output.strip().splitlines()[-1] if output.strip() else "")


def compile_header(tree: Tree, build, header: str, compiler: list):
    """A finding when the header alone is no good source text for the compiler."""
    folders = [tree.root, tree.root / "include"] + ([Path(build) / "gen"] if build else [])
    name = header.removeprefix("include/")
    command = [*compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *[f"-I{folder}" for folder in folders], "-"]
    done = subprocess.run(command, input=f'#include "{name}"\n', capture_output=True, text=True, cwd=tree.root)
    if done.returncode == 0:
        return None
    standard = next(flag for flag in compiler if flag.startswith("-std"))
    return Finding(header, 1, f"does not compile alone ({compiler[0]} {standard}): {first_error(done.stderr)}")


def header_jobs(tree: Tree, build):
    packages = flags_of_packages("libpq json-c libcurl libsodium libcrypto cjose libpcre2-8 libutf8proc yaml-0.1")
    own = ["gcc", "-x", "c", "-std=gnu11", "-D_GNU_SOURCE", *packages]
    check = [*own, *flags_of_packages("check")]
    public = [["gcc", "-x", "c", "-std=c99", "-pedantic"], ["g++", "-x", "c++", "-std=c++17", "-pedantic"]]
    graph = graph_of(tree)
    for header in tree.sources((".h",)):
        if not build and needs_generated(tree, header, graph):
            print(f"{header}: not compiled alone, it needs generated headers: give --build", file=sys.stderr)
        elif header.startswith("include/renku/"):
            yield from ((header, compiler) for compiler in [own, *public])
        elif header.startswith("frontends/server/"):
            yield header, [*own, *kore_flags()]
        else:
            yield header, check


def check_headers(tree: Tree, build=None):
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(compile_header, tree, build, *job) for job in header_jobs(tree, build)]
        yield from filter(None, (job.result() for job in jobs))


def guards_of(path: str):
    """What the guard of a header may be called: RK_JWT_H or RK_CRYPTO_JWT_H for librenku/crypto/jwt.h."""
    folder, _, name = re.sub(r"[^\w/]", "_", path.removesuffix(".h")).upper().rpartition("/")
    prefix = "RENKU" if path.startswith("include/") else "RK"
    return {f"{prefix}_{name}_H", f"{prefix}_{folder.rpartition('/')[2]}_{name}_H", f"{name}_H"}


def check_guards(tree: Tree):
    """Each header is guarded under its own name; a .c includes its own header first."""
    seen = {}
    for path in tree.sources((".h",)):
        guard = re.search(r"^#ifndef (\w+)\n#define \1\n", tree.text(path), re.MULTILINE)
        # only headers that one program can include together must differ
        area = "/".join(path.split("/")[: 2 if path.startswith("frontends/") else 1])
        if not guard or guard[1] not in guards_of(path):
            yield Finding(path, 1, "has no guard with its name, like RK_PROJECT_H")
        elif seen.setdefault((area, guard[1]), path) != path:
            yield Finding(path, line_of(tree.text(path), guard.start()), f"has the guard of {seen[area, guard[1]]}")
    for path in tree.sources((".c",)):
        own = path[:-2] + ".h"
        first = next(iter(includes(tree.text(path))), None)
        if tree.exists(own) and (first is None or first[1] != own):
            yield Finding(path, first[0] if first else 1, f"does not include {own} first")


# --- text ---------------------------------------------------------------------------------------------------------


def check_licence(tree: Tree):
    for path in tree.files():
        form = next((text for suffixes, text in LICENCE_FORMS.items() if path.endswith(suffixes)), None)
        head = tree.text(path, errors="replace").split("\n", 3)[:2]
        if form is None and head[0].startswith("#!"):
            form = f"# {LICENCE}"
        if form is None:
            continue
        # only "#!" and "# shellcheck" may stand above it
        may_be_second = form.startswith("#") and head[0].startswith(("#!", "# shellcheck"))
        if form not in (head if may_be_second else head[:1]):
            yield Finding(path, 1, f"the first line is not {form}")


WORDS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")


# What another program says of itself.
FOREIGN_TEXTS = {"librenku/storage/providers.json"}


def check_words(tree: Tree):
    for path in tree.files():
        if path in FOREIGN_TEXTS:
            continue
        for number, line in enumerate(tree.text(path, errors="replace").split("\n"), 1):
            word = WORDS.search(line)
            if word:
                yield Finding(path, number, f"{word[1]}: open an issue instead")


def call_pattern(names):
    return re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")


def check_calls(tree: Tree):
    reasons = {name: reason for reason, names in CALLS.items() for name in names.split()}
    pattern = call_pattern(reasons)
    stream = re.compile(r"\b(v?fprintf|fputs|fputc|fwrite)\b[^;]*\b(stdout|stderr)\b")
    for path in tree.sources(folder="librenku"):
        code = tree.code(path)
        for call in pattern.finditer(code):
            if call[1] not in ALLOWED_CALLS.get(path, ()):
                yield Finding(path, line_of(code, call.start()), f"{call[1]}(): the library never {reasons[call[1]]}")
        for call in stream.finditer(code):
            yield Finding(path, line_of(code, call.start()), f"{call[1]}({call[2]}): the library never prints")


def check_descriptors(tree: Tree):
    pattern = call_pattern(OPENERS)
    for path in tree.sources((".c",)):
        if not path.startswith(("librenku/", "frontends/")):
            continue
        code, text = tree.code(path), tree.text(path)
        for call in pattern.finditer(code):
            end = code.find(";", call.end())
            if not re.search(OPENERS[call[1]], text[call.end() : end]):
                yield Finding(path, line_of(code, call.start()), f"{call[1]}(): the descriptor is not closed on exec")


def check_size(tree: Tree):
    for path in tree.sources((".c", ".h")):
        for function in functions(tree.code(path)):
            if function.lines > BODY_MAX:
                yield Finding(path, function.line, f"{function.name}() has {function.lines} lines, {BODY_MAX} at most")
            if function.parameters > PARAMETERS_MAX and (path, function.name) not in FOREIGN_SIGNATURES:
                yield Finding(path, function.line, f"{function.name}() has {function.parameters} parameters, {PARAMETERS_MAX} at most")
            if function.nesting > NESTING_MAX:
                yield Finding(path, function.line, f"{function.name}() nests {function.nesting} deep, {NESTING_MAX} at most")


def check_length(tree: Tree):
    """What grows beyond a file that one reads at a sitting has a subject that deserves a file of its own."""
    for path in tree.sources((".c", ".h", ".py")):
        lines = tree.text(path).count("\n")
        if lines > FILE_MAX:
            yield Finding(path, FILE_MAX + 1, f"the file has {lines} lines, {FILE_MAX} at most: split it by subject")


def check_sql(tree: Tree):
    """Rules and operations are read without statements: these stand in db.c, or in the file of their use case."""
    for path in tree.sources((".c",), folder="librenku"):
        if path.endswith(("/core.c", "/handlers.c")):
            code = tree.code(path)
            for query in re.finditer(r"\brk_(?:query|column|row)\b", code):
                yield Finding(path, line_of(code, query.start()), f"{query[0]}: SQL stands in db.c or in the file of its use case")


# --- what was built -----------------------------------------------------------------------------------------------


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise CannotCheck(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def library_of(build):
    if not build:
        raise CannotCheck("needs --build")
    for name in (".libs/librenku.so", "librenku.so"):
        if (Path(build) / name).exists():
            return Path(build) / name
    raise CannotCheck(f"{build} has no librenku.so")


def declared_functions(tree: Tree, build):
    """name -> (path, line) of all functions that public headers declare."""
    found = {}
    headers = [(path, tree.code(path)) for path in tree.sources((".h",), folder="include/renku")]
    built = sorted((Path(build) / "gen").glob("renku/*.h")) if build else []
    headers += [(str(path), Tree.strip(path.read_text())) for path in built]
    for path, code in headers:
        for declaration in re.finditer(r"\bRENKU_API\b[^;{(]*?(\w+)\s*\(", code):
            found[declaration[1]] = (path, line_of(code, declaration.start()))
    return found


def check_symbols(tree: Tree, build=None):
    rows = (row.split() for row in output_of("nm", "-D", "--defined-only", library_of(build)).splitlines())
    exported = {row[2].split("@")[0] for row in rows if len(row) == 3 and row[1] != "A"}
    declared = declared_functions(tree, build)
    for name in sorted(exported - set(declared)):
        yield Finding("librenku/librenku.map", 1, f"{name} is exported, but no public header declares it")
    for name in sorted(set(declared) - exported):
        yield Finding(*declared[name], f"{name} is declared, but not exported")


def check_globals(tree: Tree, build=None):
    """Data that the library may change: it has no global state."""
    library = library_of(build)
    sections = {}
    for row in output_of("readelf", "-SW", library).splitlines():
        section = re.match(r"\s*\[\s*(\d+)\]\s+(\.\S+)", row)
        if section:
            sections[section[1]] = section[2]
    rows = [row.split() for row in output_of("readelf", "-sW", library).splitlines()]
    names = {row[7] for row in rows if len(row) >= 8}
    if any(name.startswith("__asan_") for name in names):
        raise CannotCheck(f"{library} is instrumented, which adds variables: give a plain build")
    for row in rows:
        changeable = len(row) >= 8 and row[3] in ("OBJECT", "TLS") and sections.get(row[6]) in (".data", ".bss", ".tdata", ".tbss")
        if changeable and not SYMBOLS_OF_THE_COMPILER.match(row[7]):
            yield Finding(*definition_of(tree, row[7]), f"{row[7]} can change: the library has no global state")


def definition_of(tree: Tree, symbol: str):
    name = symbol.split(".")[0].split("@")[0]
    pattern = re.compile(rf"^[^#\n]*\b{re.escape(name)}\b[^\n(]*[=;\[]", re.MULTILINE)
    for path in tree.sources((".c",), folder="librenku"):
        found = pattern.search(tree.code(path))
        if found:
            return path, line_of(tree.code(path), found.start())
    return "librenku", 1


def check_unused(tree: Tree, build=None):
    """Functions that another file could call and none does: they are static, or not needed."""
    library_of(build)
    words = re.compile(r"\b[A-Za-z_]\w*\b")
    defined, users = {}, {}
    generated = [(str(path), path.read_text()) for path in sorted((Path(build) / "gen").glob("*.c"))]
    texts = [(path, tree.code(path)) for path in tree.sources((".c",))] + generated
    # macros and inline functions call functions too
    calling = re.compile(r"^#define(?:.*\\\n)*.*|^static inline [^;{]*\{.*?^\}", re.MULTILINE | re.DOTALL)
    texts += [(path, "\n".join(calling.findall(tree.text(path)))) for path in tree.sources((".h", ".def"))]
    for path, code in texts:
        for word in set(words.findall(code)):
            users.setdefault(word, set()).add(path)
        if path.startswith("librenku/") and path.endswith(".c"):
            defined.update({f.name: (path, f.line) for f in functions(code) if not f.is_static})
    public = declared_functions(tree, build)
    for name, (path, line) in sorted(defined.items()):
        if name not in public and not users[name] - {path}:
            yield Finding(path, line, f"{name}() is used in this file only: make it static or remove it")


# --- paragraphs ---------------------------------------------------------------------------------------------------

PARAGRAPH = re.compile(r"\b([a-z-]+\.md)((?:[ ,]|\band\b|\bto\b|-|\d+(?:\.\d+)*)+)")


def paragraphs(text: str):
    """(document, number, line) of each paragraph behind a "Spec:" mark: foundations.md 9.3, 9.4."""
    for mark in re.finditer(r"Spec:[^*\n]*", text):
        for document, numbers in PARAGRAPH.findall(mark[0]):
            for number in re.findall(r"\d+(?:\.\d+)*", numbers):
                yield document, number, line_of(text, mark.start())


def check_spec(tree: Tree):
    """Paragraphs that a function implements and no test names; a test of a chapter shows its paragraphs."""
    tested = set()
    for path in tree.files():
        if path.startswith("tests/") and path.endswith((".c", ".py")):
            text = tree.text(path, errors="replace")
            tested |= {found[:2] for found in paragraphs(text)} | set(re.findall(r"([a-z-]+\.md) (\d+(?:\.\d+)*)", text))
    for path in tree.sources(folder="librenku"):
        for document, number, line in paragraphs(tree.text(path)):
            chapters = {number} | {number[:at] for at, char in enumerate(number) if char == "."}
            below = any(other.startswith(f"{number}.") for name, other in tested if name == document)
            if not below and not any((document, chapter) in tested for chapter in chapters):
                yield Finding(path, line, f"no test names {document} {number}")


CHECKS = {
    "floors": check_floors,
    "circles": check_circles,
    "headers": check_headers,
    "guards": check_guards,
    "licence": check_licence,
    "words": check_words,
    "calls": check_calls,
    "descriptors": check_descriptors,
    "size": check_size,
    "length": check_length,
    "sql": check_sql,
    "symbols": check_symbols,
    "globals": check_globals,
    "unused": check_unused,
    "spec": check_spec,
}
OF_THE_BUILD = {"headers", "symbols", "globals", "unused"}
ONLY_WITH_BUILD = OF_THE_BUILD - {"headers"}
# A list for whoever writes tests next, not a rule: runs when it is named.
ONLY_BY_NAME = {"spec"}


def run(tree: Tree, name: str, build=None):
    check = CHECKS[name]
    return sorted(check(tree, build) if name in OF_THE_BUILD else check(tree))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=Path, help="the folder of a plain build")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS))
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.checks) - set(CHECKS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(CHECKS)}")
    left_out = ONLY_BY_NAME | (set() if chosen.build else ONLY_WITH_BUILD)
    names = chosen.checks or [name for name in CHECKS if name not in left_out]
    tree, count = Tree(chosen.root), 0
    for name in names:
        try:
            for finding in run(tree, name, chosen.build):
                print(finding)
                count += 1
        except CannotCheck as problem:
            print(f"check_house: {name}: {problem}", file=sys.stderr)
            return 2
    print(f"check_house: {count} findings in {len(names)} checks", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
