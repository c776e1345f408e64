# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzing: a short run of every target as a step of the check, and long ones.

# $1: folder, $2: compiler. The handler of requests needs the plain build too, for a database with something in it.
build_fuzz() {
    build_tree build
    build_target fuzz-programs "$1" CC="$2" --enable-fuzz --enable-debug
}

# $1: folder of the build, then what run.py takes.
run_fuzz() {
    local folder=$1
    shift
    PYTHONPATH=$ROOT/tests .venv/bin/python tests/fuzz/run.py --build "$folder" "$@"
}

check_fuzz() {
    setup_python
    build_fuzz build-fuzz clang-14
    run_fuzz build-fuzz --out "$LOGS/fuzz" --seconds "${RENKU_FUZZ_SECONDS:-20}" --at-once "$JOBS"
}

fuzz_usage() {
    cat <<'TEXT'
usage: ./dev fuzz [TARGET...] [--hours N] [--afl]

Runs the named targets of tests/fuzz, or all, on all cores (default: 8 hours); --afl does it with AFL++.
What was learnt and found stays in RENKU_FUZZ_DIR (default: ~/.local/share/renku-fuzz).
TEXT
}

fuzz_main() {
    local hours=8 afl=() folder=build-fuzz compiler=clang-14 names=()
    while [ $# -gt 0 ]; do
        case "$1" in
        --hours)
            hours=${2:?"--hours needs a number"}
            shift
            ;;
        --afl)
            afl=(--afl) folder=build-afl compiler=afl-clang-fast
            ;;
        -*)
            fuzz_usage >&2
            exit 2
            ;;
        *) names+=("$1") ;;
        esac
        shift
    done
    setup_all
    [ ${#afl[@]} -eq 0 ] || command -v afl-fuzz >/dev/null || logged packages install_packages afl++
    build_fuzz "$folder" "$compiler"
    run_fuzz "$folder" --out "${RENKU_FUZZ_DIR:-$HOME/.local/share/renku-fuzz}" --hours "$hours" --at-once "$JOBS" "${afl[@]}" "${names[@]}"
}
