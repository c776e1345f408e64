# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Packages of the distribution, and the Python environment of the tests.

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "dev: $*"
    exit 1
}

# $1: names the log, then a command. What it prints is for the log, and for the screen only when it fails.
logged() {
    local log=build/$1.log status=0
    shift
    mkdir -p build
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || tail -n 40 "$log" >&2
    return "$status"
}

has_go() {
    command -v go >/dev/null || [ -x /usr/local/go/bin/go ]
}

# The packages of one purpose (build) or of all (check).
packages_for() {
    local left_out=go
    has_go || left_out=nothing
    awk -v purpose="$1" -v left_out="$left_out" '!/^#/ && NF && $2 != left_out &&
        ($2 == "build" || purpose == "check") { print $1 }' tools/packages.txt
}

missing_packages() {
    local wanted
    mapfile -t wanted < <(packages_for "$1")
    # shellcheck disable=SC2016
    printf '%s\n' "${wanted[@]}" | grep -vxF -f <(
        dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p'
    ) || true
}

# Runs a command with the rights of root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 "$@"
}

# The package lists are fetched only when the ones at hand do not lead to the packages.
install_packages() {
    if apt-get -s -q install "$@" >/dev/null 2>&1 && apt install --no-install-recommends "$@"; then
        return
    fi
    apt update
    apt install --no-install-recommends "$@"
}

# $1: build or check
setup_packages() {
    local missing
    command -v apt-get >/dev/null || fail "this machine has no apt-get; install what tools/packages.txt lists by other means"
    mapfile -t missing < <(missing_packages "$1")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        say "dev: packages are missing, and only root may install them. As root (su -), run"
        say "       apt-get update && apt-get install --no-install-recommends ${missing[*]}"
        say "     or install sudo; then start again."
        exit 1
    fi
    say "installing ${#missing[@]} packages and what they need (build/packages.log): ${missing[*]}"
    logged packages install_packages "${missing[@]}"
}

# The Python environment of the tests, anew when tests/requirements.txt has changed.
setup_python() {
    local stamp=.venv/requirements.txt
    cmp -s tests/requirements.txt "$stamp" && return 0
    say "installing the Python packages of the tests into .venv"
    rm -rf .venv
    /usr/bin/python3 -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check -r tests/requirements.txt
    cp tests/requirements.txt "$stamp"
}

setup_all() {
    setup_packages check
    setup_python
}
