# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Which lines and branches the tests reach: a build of its own, the suites against it, and a report.

COVERED=build-coverage
COVERAGE=build/coverage
COVERAGE_SUITES=(http cli integration abi bindings deploy faults)

# Programs write their counts at their end, also those that serve as another user: nobody's mask may shut them out.
build_covered() {
    umask 000
    build_tree "$COVERED" --disable-werror CFLAGS="-Og -g --coverage -fprofile-update=atomic -fprofile-abs-path" \
        LDFLAGS=--coverage
    make -C "$COVERED" -j "$JOBS" --no-print-directory check TESTS=
    find "$COVERED" -name '*.gcda' -delete
    chmod -R a+rwX "$COVERED"
}

# A test that fails, for it is slower here, does not make the lines unseen that it has reached.
cover_units() {
    make -C "$COVERED" -j "$JOBS" --no-print-directory check ||
        say "some unit tests have failed"
}

# $1: suite
cover_suite() {
    say "tests/$1"
    RENKU_BUILD=$ROOT/$COVERED PYTHONPATH=$ROOT/tests .venv/bin/python -m pytest -c tests/pytest.ini -q \
        -n "$JOBS" --dist loadfile -o cache_dir="$ROOT/$COVERAGE/.pytest-$1" "tests/$1" ||
        say "some tests of tests/$1 have failed"
}

report_coverage() {
    say "writing $COVERAGE/index.html"
    .venv/bin/gcovr --root "$ROOT" --object-directory "$COVERED" --filter librenku/ --filter frontends/ \
        --gcov-ignore-errors=no_working_dir_found --merge-mode-functions=merge-use-line-min \
        --exclude-throw-branches -j "$JOBS" --json "$COVERAGE/coverage.json" \
        --html-nested "$COVERAGE/index.html" "$COVERED" >/dev/null
    .venv/bin/python tools/dev/coverage.py "$COVERAGE/coverage.json" "$COVERAGE/uncovered.txt"
}

# ./dev coverage [SUITE...]: the unit tests, and the named suites or all of them. RENKU_COVERAGE_KEEP adds to earlier runs.
coverage_main() {
    local suite
    [ $# -gt 0 ] || set -- unit "${COVERAGE_SUITES[@]}"
    setup_all
    mkdir -p "$COVERAGE"
    build_covered
    for suite in "$@"; do
        case "$suite" in
        unit) cover_units ;;
        *) cover_suite "$suite" ;;
        esac
    done
    report_coverage
}
