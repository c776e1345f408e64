# SPDX-License-Identifier: Apache-2.0
"""Guests of the library: programs in C with a database, an identity provider, and people to be."""

import subprocess
import time
import uuid
from pathlib import Path

import pytest

from support.server import BUILD, REPORTS, ROOT

PROGRAMS = BUILD / "tests" / "abi"
LIBRARY = BUILD / ".libs" / "librenku.so"
HERE = Path(__file__).parent


def kind_of_build() -> str:
    """The sanitizers that the build carries: "", "thread" or "address,undefined"."""
    content = LIBRARY.read_bytes()
    return "thread" if b"__tsan_init" in content else "address,undefined" if b"__asan_init" in content else ""


def person(realm, slug: str, **more) -> tuple[str, str, str]:
    """A token, the id and the e-mail address in it."""
    user_id, email = str(uuid.uuid4()), f"{slug}@example.org"
    names = {"given_name": slug.title(), "family_name": "", "preferred_username": slug, "email": email}
    return realm.token(user_id, **names | more), user_id, email


@pytest.fixture(scope="session")
def other_database(make_database):
    return make_database()


@pytest.fixture(scope="session")
def spare_database(make_database):
    """For what takes a database to pieces."""
    return make_database()


@pytest.fixture(scope="session")
def locales(folder):
    """A locale whose numbers have a comma, and one where i and I are no pair, made here."""
    path = folder / "locales"
    path.mkdir()
    for name in ("de_DE", "tr_TR"):
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", path / f"{name}.UTF-8"], check=True, capture_output=True)
    return path


@pytest.fixture(scope="session")
def guest_env(environment, realm, other_database, spare_database, folder, locales):
    jane, jane_id, jane_email = person(realm, "jane")
    john, john_id, _ = person(realm, "john")
    root, _, _ = person(realm, "root", realm_access={"roles": ["renku-admin"]})
    return environment | {
        "ABI_JANE": jane,
        "ABI_JANE_ID": jane_id,
        "ABI_JANE_EMAIL": jane_email,
        "ABI_JOHN": john,
        "ABI_JOHN_ID": john_id,
        "ABI_ROOT": root,
        "ABI_OTHER_DATABASE": other_database["DB_NAME"],
        "ABI_SPARE_DATABASE": spare_database["DB_NAME"],
        "ABI_FOLDER": str(folder),
        "ABI_COMMA_LOCALE": "de_DE.UTF-8",
        "ABI_DOTLESS_LOCALE": "tr_TR.UTF-8",
        "ABI_LOCALES": str(locales),
        "ABI_OWN_THREADS": "2" if kind_of_build() == "thread" else "1",
        "TSAN_OPTIONS": "exitcode=66",
        "LSAN_OPTIONS": f"suppressions={HERE}/lsan.supp:print_suppressions=0",
    }


@pytest.fixture
def guest(guest_env, realm):
    """Runs one program to its end: it succeeds, and has reported nothing."""

    def run(program: str, *arguments: str, **more) -> subprocess.CompletedProcess:
        brief, _, _ = person(realm, "brief", exp=int(time.time()) + 3)
        done = subprocess.run(
            [PROGRAMS / program, *arguments],
            env=guest_env | {"ABI_BRIEF": brief} | more,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            errors="replace",
        )
        assert not REPORTS.search(done.stderr), done.stderr[-20000:]
        assert done.returncode == 0, done.stdout + done.stderr[-20000:]
        return done

    return run


def compiler_flags() -> list[str]:
    """Warnings are errors, and nothing but the public headers is in reach."""
    return ["-pedantic", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", f"-I{BUILD}/gen"]


@pytest.fixture
def compile_guest(tmp_path):
    """Compiles a program against the public headers and the shared library only."""

    def run(text: str, compiler: str = "gcc", standard: str = "-std=c99") -> Path:
        source = tmp_path / f"guest.{'cc' if '++' in compiler else 'c'}"
        program = source.with_suffix("")
        source.write_text(text)
        sanitizer = [f"-fsanitize={kind_of_build()}"] if kind_of_build() else []
        if "clang" in compiler:
            sanitizer = []  # the library brings the runtime of gcc, and a process has room for one
        libraries = [f"-L{LIBRARY.parent}", f"-Wl,-rpath,{LIBRARY.parent}", "-lrenku"]
        done = subprocess.run(
            [compiler, standard, *compiler_flags(), *sanitizer, source, "-o", program, *libraries], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return program

    return run
