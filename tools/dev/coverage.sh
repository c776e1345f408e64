# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Which lines and branches the tests reach: a build of its own, the suites against it, and a report.

COVERED=build-coverage
COVERED_APART=build-coverage-apart
COVERAGE=build/coverage

# $1: folder, then arguments of configure. Programs write their counts at their end, also those that serve as another user:
# nobody's mask may shut them out.
build_covered() {
    local folder=$1
    shift
    umask 000
    build_tree "$folder" --disable-werror CFLAGS="-Og -g --coverage -fprofile-update=atomic -fprofile-abs-path" \
        LDFLAGS=--coverage "$@"
    make -C "$folder" -j "$JOBS" --no-print-directory check TESTS=
    chmod -R a+rwX "$folder"
}

# Those of earlier runs, and those of programs that the build itself runs.
forget_counts() {
    find "$COVERED"* -name '*.gcda' -delete
}

# A test that fails, for it is slower here, does not make the lines unseen that it has reached.
cover_units() {
    make -C "$COVERED" -j "$JOBS" --no-print-directory check ||
        say "some unit tests have failed"
}

# $1: folder of the build, $2: folder of tests, then more for pytest
cover_tests() {
    local folder=$1 tests=$2
    shift 2
    say "$tests"
    RENKU_BUILD=$ROOT/$folder PYTHONPATH=$ROOT/tests .venv/bin/python -m pytest -c tests/pytest.ini -q \
        -n "$JOBS" -o cache_dir="$ROOT/$COVERAGE/.pytest-$folder" "$tests" "$@" ||
        say "some tests of $tests have failed"
}

# $1: suite
cover_suite() {
    case "$1" in
    unit) cover_units ;;
    guest-oom)
        build_covered "$COVERED_APART" CPPFLAGS=-DRK_ARENA_APART
        cover_tests "$COVERED_APART" tests/abi/test_memory.py -k of_ours
        ;;
    *) cover_tests "$COVERED" "tests/$1" --dist "$(spread_of "$1")" ;;
    esac
}

report_coverage() {
    local folders=("$COVERED")
    [ ! -d "$COVERED_APART" ] || folders+=("$COVERED_APART")
    say "writing $COVERAGE/index.html"
    .venv/bin/gcovr --root "$ROOT" --filter librenku/ --filter frontends/ \
        --gcov-ignore-errors=no_working_dir_found --merge-mode-functions=merge-use-line-min \
        --gcov-suspicious-hits-threshold=0 --exclude-throw-branches -j "$JOBS" --json "$COVERAGE/coverage.json" \
        --html-nested "$COVERAGE/index.html" "${folders[@]}" >/dev/null
    .venv/bin/python tools/dev/coverage.py "$COVERAGE/coverage.json" "$COVERAGE/uncovered.txt"
}

# The suites that are about the programs; the unit tests, and those without memory, beside them.
coverage_suites() {
    printf 'unit\n'
    sanitized_suites
    printf 'guest-oom\n'
}

# ./dev coverage [SUITE...]: the named suites or all of them. RENKU_COVERAGE_KEEP=1 adds to earlier runs.
coverage_main() {
    local suites suite
    suites=${*:-$(coverage_suites)}
    for suite in $suites; do
        grep -qx "$suite" <<<"$(coverage_suites)" || fail "no such suite: '$suite'"
    done
    setup_all
    mkdir -p "$COVERAGE"
    build_covered "$COVERED"
    [ -n "${RENKU_COVERAGE_KEEP:-}" ] || forget_counts
    for suite in $suites; do
        cover_suite "$suite"
    done
    report_coverage
}
