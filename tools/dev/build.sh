# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Out-of-tree builds.

JOBS=$(nproc 2>/dev/null || echo 2)
export PYTHON=${PYTHON:-/usr/bin/python3}

# `configure` is made once; afterwards make itself notices what has changed.
make_configure() {
    if [ ! -e configure ] || [ ! -e Makefile.in ] || [ configure.ac -nt configure ]; then
        say "making ./configure"
        mkdir -p m4
        logged configure autoreconf -fi
    fi
}

# $1: folder, then arguments of configure.
configure_tree() {
    local folder=$1
    shift
    say "configuring $folder"
    (cd "$folder" && ../configure -q "$@")
}

# $1: folder, then arguments of configure. A folder whose arguments or configure.ac have changed, or that has been moved, is built anew;
# one that is older than the packages of the machine finds out again what there is.
prepare_tree() {
    local folder=$1 made_for
    shift
    made_for="$ROOT $* $(<configure.ac)"
    make_configure
    mkdir -p "$folder"
    if [ ! -e "$folder/config.status" ] || [ "$(cat "$folder/.made_for" 2>/dev/null)" != "$made_for" ]; then
        configure_tree "$folder" "$@"
        logged clean make -C "$folder" clean
        printf '%s' "$made_for" >"$folder/.made_for"
    elif [ /var/lib/dpkg/status -nt "$folder/config.status" ]; then
        configure_tree "$folder" "$@"
    fi
}

# $1: what to make, or all; $2: folder, then arguments of configure. Who else builds meanwhile waits.
build_target() {
    mkdir -p build
    (
        flock 9
        prepare_tree "${@:2}"
        say "building $2"
        make -C "$2" -j "$JOBS" --no-print-directory "$1"
    ) 9>build/.lock
}

build_tree() {
    build_target all "$@"
}

# Files of the tree that match the patterns, new ones too; without git, all that look like ours.
list_files() {
    local files
    if git rev-parse --git-dir >/dev/null 2>&1; then
        files=$(git ls-files --cached --others --exclude-standard -- "$@" | sort -u)
    else
        files=$(find . -type f -not -path './build*' -not -path './.venv/*' | sed 's,^\./,,')
    fi
    local pattern file
    while read -r file; do
        for pattern in "$@"; do
            # shellcheck disable=SC2254
            case "$file" in $pattern) [ -e "$file" ] && printf '%s\n' "$file" ;; esac
        done
    done <<<"$files"
}

# $1: -i changes the files, --dry-run names what would change
format_files() {
    list_files '*.c' '*.h' | xargs -P "$JOBS" -n 16 clang-format-14 "$1" --Werror
}
