# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Out-of-tree builds.

JOBS=$(nproc 2>/dev/null || echo 2)
export PYTHON=${PYTHON:-/usr/bin/python3}

# `configure` is made once; afterwards make itself notices what has changed.
make_configure() {
    if [ ! -e configure ] || [ ! -e Makefile.in ] || [ configure.ac -nt configure ]; then
        say "making ./configure"
        autoreconf -fi
    fi
}

# $1: folder, then arguments of configure. A folder whose arguments have changed is configured anew.
build_tree() {
    local folder=$1
    shift
    make_configure
    mkdir -p "$folder"
    if [ ! -e "$folder/config.status" ] || [ "$(cat "$folder/.arguments" 2>/dev/null)" != "$*" ]; then
        say "configuring $folder"
        (cd "$folder" && ../configure -q "$@")
        printf '%s' "$*" >"$folder/.arguments"
    fi
    say "building $folder"
    make -C "$folder" -j "$JOBS" --no-print-directory
}

c_files() {
    git ls-files -- '*.c' '*.h' 2>/dev/null || find include librenku frontends tests examples -name '*.[ch]'
}

# $1: -i changes the files, --dry-run names what would change
format_files() {
    c_files | xargs clang-format-14 "$1" --Werror
}
