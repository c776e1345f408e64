# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The whole test suite, step by step. Each step is a function check_NAME whose output goes to build/check/NAME.log.

LOGS=build/check
LANES=${RENKU_CHECK_LANES:-2}
SANITIZE=(--enable-debug "--enable-sanitizers=address,undefined")
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}

# name, q: part of --quick too, !: runs while no other does, what it shows. They begin in this order.
check_table() {
    cat <<'TEXT'
setup            q! packages and the Python environment are there
shell            q  shellcheck over every script
format           q  clang-format has nothing to change
build            q  the library and its fronts build without a warning
peers            q  the programs of others that tests talk to are there, made once per user
tidy             q  clang-tidy finds nothing in the library and its fronts
analysis         q  cppcheck and GCC's analyzer find nothing but what is known to be wrong
build-sanitize   -  the same with AddressSanitizer, UBSan and assertions
unit             q  unit tests
unit-sanitize    -  unit tests under the sanitizers
TEXT
    local suite
    for suite in $(python_suites); do
        printf '%-16s q  tests/%s against the plain build\n' "$suite" "$suite"
    done
    for suite in $(sanitized_suites); do
        printf '%-16s -  tests/%s against the sanitizer build, leaks included\n' "$suite-sanitize" "$suite"
    done
    cat <<'TEXT'
guest-oom        -  every block that an operation asks for fails once, also within an arena
guest-tsan       -  64 threads on one context, and calls cancelled from others, under ThreadSanitizer
http-tsan        -  the server under ThreadSanitizer: the races, and tests of tests/http with many requests at once
distcheck        -  a distribution archive builds, passes its tests, installs and uninstalls
packages         -  Debian packages build, install on a bare Debian, follow the tutorials there, and leave nothing (root)
fuzz             -! each fuzz target for RENKU_FUZZ_SECONDS (default: 20)
TEXT
}

# Folders of tests/ that hold Python tests.
python_suites() {
    find tests -mindepth 2 -maxdepth 3 -name 'test_*.py' | cut -d/ -f2 | sort -u
}

# Those that are about the programs, not about the tree.
sanitized_suites() {
    python_suites | grep -vxE 'dev|docs|house|instructions|python' || true
}

check_setup() {
    setup_all
}

check_shell() {
    local scripts=()
    mapfile -t scripts < <(list_files '*' |
        xargs grep -slE '^#!.*\b(ba)?sh$|^# shellcheck shell=' --)
    shellcheck -x "${scripts[@]}"
    printf '%d scripts\n' "${#scripts[@]}"
}

check_format() {
    format_files --dry-run
}

# Builds and installs, below the build itself: while that is done no server of it can start, and no test may run.
build_for_tests() {
    build_tree "$@"
    RENKU_BUILD=$ROOT/$1 PYTHONPATH=$ROOT/tests .venv/bin/python -m support.installed
}

check_build() {
    build_for_tests build
}

# Each once; a machine with empty caches takes minutes for it.
check_peers() {
    tests/peers/build.py
    PYTHONPATH=tests /usr/bin/python3 -m peers.keycloak
}

# The generated headers come from the plain build.
check_tidy() {
    local flags=(-std=gnu11 -D_GNU_SOURCE -I. -Iinclude -Ibuild/gen -Ibuild -include build/config.h)
    build_tree build
    mapfile -t -O ${#flags[@]} flags < <(pkg-config --cflags json-c libsodium libcurl libpq cjose | xargs -n1)
    list_files 'librenku/*.c' 'frontends/*.c' 'examples/*.c' |
        xargs -P "$JOBS" -I{} clang-tidy-14 --quiet {} -- "${flags[@]}" 2> >(grep -vE '^[0-9]+ warnings? generated\.$' >&2)
}

# The generated headers come from the plain build.
check_analysis() {
    build_tree build
    list_files 'librenku/*.c' 'frontends/*.c' 'examples/*.c' | xargs tools/dev/analyze.py --jobs "$JOBS"
}

check_build-sanitize() {
    build_for_tests build-sanitize "${SANITIZE[@]}"
}

# $1: folder of the build, then its arguments. A test program that was skipped is a failure, and so is none at all.
run_units() {
    local folder=$1 status=0
    build_tree "$@"
    make -C "$folder" -j "$JOBS" --no-print-directory check VERBOSE=1 || status=$?
    find "$folder/tests" -name '*.log' ! -name test-suite.log -exec cat {} + 2>/dev/null || true
    if ! grep -qsE '^:test-result: ' -r "$folder/tests" --include='*.trs'; then
        say "no test program was run"
        status=1
    fi
    if grep -qsE '^:test-result: SKIP' -r "$folder/tests" --include='*.trs'; then
        say "a test program was skipped"
        status=1
    fi
    return "$status"
}

check_unit() {
    run_units build
}

check_unit-sanitize() {
    run_units build-sanitize "${SANITIZE[@]}"
}

# How a suite is spread over the processors: files that take long apart would leave one of them idle.
spread_of() {
    case "$1" in
    cli) echo worksteal ;;
    *) echo loadfile ;;
    esac
}

# $1: suite, $2: folder of the build, then its arguments
run_python() {
    setup_python
    build_tree "${@:2}"
    RENKU_BUILD=$ROOT/$2 PYTHONPATH=$ROOT/tests .venv/bin/python -m pytest -p support.no_skip -c tests/pytest.ini \
        -n "$JOBS" --dist "$(spread_of "$1")" -o cache_dir="$ROOT/$LOGS/.pytest-$1-$2" "tests/$1"
}

check_guest-oom() {
    setup_python
    build_tree build-apart CPPFLAGS=-DRK_ARENA_APART
    RENKU_BUILD=$ROOT/build-apart PYTHONPATH=$ROOT/tests .venv/bin/python -m pytest -p support.no_skip -c tests/pytest.ini \
        -n "$JOBS" -o cache_dir="$ROOT/$LOGS/.pytest-oom" -k of_ours tests/abi/test_memory.py
}

# Without any exception: what others race with in their own code has not shown.
check_guest-tsan() {
    setup_python
    build_tree build-tsan --enable-sanitizers=thread
    RENKU_BUILD=$ROOT/build-tsan PYTHONPATH=$ROOT/tests .venv/bin/python -m pytest -p support.no_skip -c tests/pytest.ini \
        -n "$JOBS" -o cache_dir="$ROOT/$LOGS/.pytest-tsan" -k 'threads or cancel or callers' tests/abi/test_abi.py
}

# Kore is not instrumented; the module and the library in its workers are.
check_http-tsan() {
    setup_python
    build_tree build-tsan --enable-sanitizers=thread
    RENKU_BUILD=$ROOT/build-tsan PYTHONPATH=$ROOT/tests .venv/bin/python -m pytest -p support.no_skip -c tests/pytest.ini \
        -n "$JOBS" --dist loadfile -o cache_dir="$ROOT/$LOGS/.pytest-http-tsan" \
        -k 'test_races or (simultaneous or at_once or key_set or rotat) and not test_secrets' tests/races tests/http
}

check_distcheck() {
    make -C build -j "$JOBS" --no-print-directory distcheck
}

# What a step is made of; the suites share one function.
step_body() {
    case "$1" in
    setup | shell | format | build | peers | tidy | analysis | build-sanitize | unit | unit-sanitize | guest-oom | guest-tsan | \
        http-tsan | fuzz | distcheck | packages) "check_$1" ;;
    *-sanitize) run_python "${1%-sanitize}" build-sanitize "${SANITIZE[@]}" ;;
    *) run_python "$1" build ;;
    esac
}

# Adds up the closing lines of the runners in a log: passed and failed.
count_tests() {
    awk '
    function number(word,    at) {
        return match($0, "[0-9]+ " word) ? substr($0, RSTART, RLENGTH) + 0 : 0
    }
    /[0-9]+ (passed|failed|error).* in [0-9.]+s/ || /^[0-9]+ passed, [0-9]+ failed$/ {
        passed += number("passed")
        failed += number("failed") + number("error")
    }
    /^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
        split($0, part, /[^0-9]+/)
        failed += part[3] + part[4]
        passed += part[2] - part[3] - part[4]
    }
    END { print passed + 0, failed + 0 }' "$1"
}

# Runs one step. A step without tests counts as one. NAME.outcome keeps how many have passed and failed.
run_step() {
    local name=$1 log=$LOGS/$1.log started=$SECONDS status passed failed
    set +e
    (
        set -e
        step_body "$name"
    ) >"$log" 2>&1 </dev/null
    status=$?
    set -e
    read -r passed failed < <(count_tests "$log")
    [ "$passed" -gt 0 ] || [ "$failed" -gt 0 ] || [ "$status" -ne 0 ] || passed=1
    [ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
    printf '%s %s\n' "$passed" "$failed" >"$LOGS/$name.outcome"
    tell_step "$status" $((SECONDS - started))
}

# What there is to say about the step of the caller, as one text: others may speak, too.
tell_step() {
    local text
    printf -v text '%-16s %-6s %5d s  %s passed, %s failed' \
        "$name" "$([ "$1" -eq 0 ] && echo ok || echo FAILED)" "$2" "$passed" "$failed"
    [ "$1" -eq 0 ] || text+=$'\n'$(tail -n 40 "$log" | sed 's/^/    /')
    printf '%s\n' "$text"
}

# $1: how many steps may stay under way
await_steps() {
    while [ "$UNDER_WAY" -gt "$1" ]; do
        wait -n || true
        UNDER_WAY=$((UNDER_WAY - 1))
    done
}

# sudo can ask for a password in the foreground only.
is_alone() {
    grep -qE "^$1 +[q-]!" <<<"$(check_table)" || { [ "$1" = packages ] && [ "$(id -u)" -ne 0 ]; }
}

has_failed() {
    local passed failed
    read -r passed failed <"$LOGS/$1.outcome"
    [ "$failed" -gt 0 ]
}

# A step that waits, or that one processor is enough for, leaves room for another one.
run_steps() {
    local name UNDER_WAY=0
    for name in "$@"; do
        printf '0 1\n' >"$LOGS/$name.outcome" # until its end it has failed
        if is_alone "$name"; then
            await_steps 0
            run_step "$name"
        else
            await_steps $((LANES - 1))
            run_step "$name" &
            UNDER_WAY=$((UNDER_WAY + 1))
        fi
        [ "$name" != setup ] || ! has_failed setup || break # none of the others can pass
    done
    await_steps 0
}

# Each step is a process group; what is interrupted ends its servers.
stop_steps() {
    local group
    trap - INT TERM
    for group in $(jobs -p); do
        kill -INT -- "-$group" 2>/dev/null || true
    done
    wait
    exit 130
}

# What the steps have counted besides tests: the lines "counted: NUMBER WHAT" of their logs.
sum_up() {
    local name passed failed all_passed=0 all_failed=0 broken=()
    printf '\n'
    for name in "$@"; do
        [ -e "$LOGS/$name.outcome" ] || continue
        read -r passed failed <"$LOGS/$name.outcome"
        all_passed=$((all_passed + passed)) all_failed=$((all_failed + failed))
        [ "$failed" -eq 0 ] || broken+=("$name")
        sed -n "s/^counted: /$(printf '%-16s ' "$name")/p" "$LOGS/$name.log"
    done
    printf '\n%d min %02d s; logs in %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$LOGS"
    [ ${#broken[@]} -eq 0 ] || printf 'failed: %s\n' "${broken[*]}"
    printf '%d passed, %d failed\n' "$all_passed" "$all_failed"
    [ ${#broken[@]} -eq 0 ]
}

# The names of the steps to run: the given ones, or all.
choose_steps() {
    local quick=$1 name mark _
    shift
    if [ $# -gt 0 ]; then
        for name in "$@"; do
            grep -q "^$name " <<<"$(check_table)" || fail "no such step: '$name' (./dev check --list)"
            printf '%s\n' "$name"
        done
        return
    fi
    while read -r name mark _; do
        [ "$quick" = no ] || [[ $mark == q* ]] && printf '%s\n' "$name"
    done < <(check_table)
}

check_main() {
    local quick=no names steps
    case "${1:-}" in
    --list)
        check_table | sed -E 's/^([^ ]+ +)[q-][! ] /\1/'
        return
        ;;
    --quick)
        quick=yes
        shift
        ;;
    -*)
        say "dev: check knows --quick and --list, not '$1'"
        exit 2
        ;;
    esac
    names=$(choose_steps "$quick" "$@") || exit 2
    mapfile -t steps <<<"$names"
    mkdir -p "$LOGS"
    rm -f "$LOGS"/*.outcome
    [[ " ${steps[*]} " == *" setup "* ]] || setup_all
    set -m
    trap stop_steps INT TERM
    run_steps "${steps[@]}"
    sum_up "${steps[@]}"
}

# ./dev bench: what only tells something needs no build.
bench_main() {
    case " $* " in
    *" --help "* | *" -h "* | *" --list "* | *" --compare "*) setup_python ;;
    *)
        setup_all
        build_tree build
        make -C build -j "$JOBS" --no-print-directory bench-programs tests/integration/secret/rotate
        ;;
    esac
    PYTHONPATH=$ROOT/tests .venv/bin/python tests/bench/bench.py "$@"
}

# ./dev soak: load and faults for as long as one likes.
soak_main() {
    setup_all
    build_tree build
    PYTHONPATH=$ROOT/tests .venv/bin/python tests/soak/soak.py "$@"
}
