# SPDX-License-Identifier: Apache-2.0
"""The ABI is the one that was promised, and the guard notices when it is not."""

import re
import shutil
import subprocess

import pytest
from conftest import LIBRARY, kind_of_build

from support.server import BUILD, ROOT

MAP = ROOT / "librenku" / "librenku.map"
SONAME = "librenku.so." + re.search(r"\[SOVERSION\], \[(\d+)\]", (ROOT / "configure.ac").read_text())[1]
PACKAGES = "libpq json-c libcurl libsodium libcrypto cjose libpcre2-8 libutf8proc yaml-0.1"


def output_of(*command) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compare(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([ROOT / "tools" / "abi", "compare", *arguments], capture_output=True, text=True)


def test_the_abi_is_the_promised_one():
    done = compare(LIBRARY, ROOT / "include" / "renku", BUILD / "gen" / "renku")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def changed(tmp_path):
    """Links the library anew with changes of admin.h and of what stands behind it; compares."""

    def run(*replacements: tuple[str, str], version_script: str | None = None) -> subprocess.CompletedProcess:
        shutil.copytree(ROOT / "include", tmp_path / "include")
        for name in ("include/renku/admin.h", "librenku/api/tools.c", "librenku/api/seed.c"):
            text = (ROOT / name).read_text()
            for old, new in replacements:
                text = text.replace(old, new)
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        (tmp_path / "map").write_text(version_script or MAP.read_text())
        flags = [f"-fsanitize={kind_of_build()}"] if kind_of_build() else []
        packages = output_of("pkg-config", "--cflags", "--libs", *PACKAGES.split()).split()
        output_of(
            *("gcc", "-shared", "-fPIC", "-g", "-std=gnu11", "-fvisibility=hidden", *flags),
            *(f"-I{folder}" for folder in (tmp_path / "include", ROOT, BUILD / "gen")),
            *("-include", BUILD / "config.h", *(tmp_path / "librenku" / "api").glob("*.c"), "-Wl,--allow-multiple-definition"),
            *("-Wl,--whole-archive", BUILD / ".libs" / "librenku_core.a", "-Wl,--no-whole-archive"),
            *(f"-Wl,--version-script={tmp_path}/map", *packages, "-lpthread", "-lm"),
            *(f"-Wl,-soname,{SONAME}", "-o", tmp_path / "librenku.so"),
        )
        return compare(tmp_path / "librenku.so", tmp_path / "include" / "renku", BUILD / "gen" / "renku")

    return run


FORCE = ("renku_db_hand_back(renku_ctx *ctx, int force)", "renku_db_hand_back(renku_ctx *ctx, int64_t force)")


def test_a_library_that_is_linked_anew_is_still_the_same(changed):
    done = changed()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_parameter_is_noticed(changed):
    done = changed(FORCE, ("*(const int *)user", "*(const int64_t *)user"))
    assert done.returncode == 1
    assert "renku_db_hand_back" in done.stdout and "parameter 2" in done.stdout, done.stdout


def test_a_changed_return_type_is_noticed(changed):
    done = changed(("const char *renku_version(void)", "int renku_version(void)"), ("return PACKAGE_VERSION", "return 0"))
    assert done.returncode == 1
    assert "renku_version" in done.stdout and "return type changed" in done.stdout, done.stdout


def test_a_member_more_in_a_structure_is_noticed(changed):
    done = changed(("    renku_progress *progress;", "    int64_t more;\n    renku_progress *progress;"))
    assert done.returncode == 1
    assert "renku_seed" in done.stdout and "int64_t more" in done.stdout, done.stdout


def test_a_function_that_is_gone_is_noticed(changed):
    done = changed(version_script="RENKU_0.1 {\nglobal:\n\trenku_*;\nlocal:\n\trenku_doctor;\n\t*;\n};\n")
    assert done.returncode == 1
    assert "renku_doctor" in done.stdout and "1 Removed" in done.stdout, done.stdout


def test_another_version_node_is_noticed(changed):
    done = changed(version_script=MAP.read_text().replace("RENKU_0.1", "RENKU_0.2"))
    assert done.returncode == 1


def test_a_function_more_is_no_break(changed):
    more = "renku_result *renku_doctor(renku_ctx *ctx);"
    done = changed(
        (f"RENKU_API {more}", f"RENKU_API {more}\nRENKU_API int renku_more(int number);"),
        ("const char *renku_version(void)\n", "int renku_more(int number)\n{\n    return number;\n}\n\nconst char *renku_version(void)\n"),
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- symbols --------------------------------------------------------------------------------------


def test_the_library_has_its_soname_and_one_node_for_each_release():
    dynamic = output_of("readelf", "-dW", LIBRARY)
    assert f"Library soname: [{SONAME}]" in dynamic
    assert "NODELETE" in dynamic
    version = re.search(r"AC_INIT\(\[librenku\], \[(\d+\.\d+)\.", (ROOT / "configure.ac").read_text())[1]
    nodes = re.findall(r"^(RENKU_[\d.]+) \{", MAP.read_text(), re.MULTILINE)
    assert nodes and len(nodes) == len(set(nodes)) and nodes[-1] == f"RENKU_{version}"
    rows = [row.split() for row in output_of("nm", "-D", "--defined-only", LIBRARY).splitlines()]
    assert {row[2] for row in rows if row[1] == "A"} <= {f"{node}@@{node}" for node in nodes} | set(nodes)
    names = [row[2] for row in rows if row[1] != "A"]
    assert names and all(re.fullmatch(r"renku_\w+@@RENKU_[\d.]+", name) for name in names)


# Functions that would end the process, print, or change what belongs to it. uselocale() is none: it is of one thread,
# for the moment in which a number is read, and manners.c shows that it leaves no trace.
FORBIDDEN = re.compile(
    r"^(exit|_exit|_Exit|abort|quick_exit|atexit|on_exit|signal|sigaction|sigprocmask|raise|kill|fork|vfork|system|popen"
    r"|setlocale|setenv|putenv|unsetenv|clearenv|chdir|umask|setuid|setgid|printf|vprintf|puts|putchar|perror"
    r"|stdout|stderr|__printf_chk|__vprintf_chk|__assert_fail|dup2?|srand|rand|strtok|tzset|gmtime|localtime|setrlimit)$"
)


def test_nothing_is_imported_that_a_guest_has_no_business_with():
    names = {row.split()[-1].split("@")[0] for row in output_of("nm", "-D", "--undefined-only", LIBRARY).splitlines()}
    assert len(names) > 100
    assert sorted(filter(FORBIDDEN.match, names)) == []


def test_nothing_can_be_written_but_what_the_runtime_needs():
    if kind_of_build():
        assert "san_init" in output_of("nm", "-D", LIBRARY)
        return
    sections = dict(re.findall(r"\[ *(\d+)\] (\.\S+)", output_of("readelf", "-SW", LIBRARY)))
    writable = {}
    for row in output_of("readelf", "-sW", LIBRARY).splitlines():
        part = row.split()
        if len(part) >= 8 and part[3] in ("OBJECT", "TLS") and sections.get(part[6]) in (".data", ".bss", ".tdata", ".tbss"):
            writable[part[7]] = sections[part[6]]
    # __dso_handle tells the C library which object asks; completed.0 says that the destructors have run
    assert set(writable) <= {"__dso_handle", "completed.0", "__TMC_END__"}, writable
    sizes = output_of("size", "-A", LIBRARY)
    assert int(re.search(r"^\.bss +(\d+)", sizes, re.MULTILINE)[1]) <= 16
    assert int(re.search(r"^\.data +(\d+)", sizes, re.MULTILINE)[1]) <= 16
