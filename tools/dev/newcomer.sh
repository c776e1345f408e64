#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs as root on a bare Debian; /hands holds the packages, the wheel and the tutorials. Somebody installs them, follows
# the tutorials as an ordinary user, and removes everything again.
set -euo pipefail
PASSED=0
AS_NEWCOMER=(setpriv --reuid=newcomer --regid=newcomer --init-groups env HOME=/home/newcomer USER=newcomer)

shown() {
    printf 'shown: %s\n' "$*"
    PASSED=$((PASSED + 1))
}

refuse() {
    printf 'newcomer: %s\n' "$*" >&2
    exit 1
}

as_newcomer() {
    "${AS_NEWCOMER[@]}" "$@"
}

# $1: text, $2: what must be a line of it
expect_line() {
    grep -qxF -- "$2" <<<"$1" || refuse "no line '$2' in: $1"
}

install_all() {
    apt-get -q update
    apt-get -q -y --no-install-recommends install /hands/*.deb \
        postgresql postgresql-contrib gcc libc6-dev pkg-config python3-venv
    shown "the packages install on a bare Debian"
}

look_around() {
    local page
    [ "$(stat -c %a:%U:%G /etc/renku)" = 750:root:renku ] || refuse "/etc/renku is not as tmpfiles says"
    [ "$(getent passwd renku | cut -d: -f6)" = /var/lib/renku ] || refuse "there is no user renku"
    shown "the user and the folders of the service are there"
    [ -z "$(find /etc/systemd/system -name 'renku-*')" ] || refuse "the service is enabled"
    [ -e /lib/systemd/system/renku-server.service ] || refuse "there is no service"
    shown "the service is there, and not enabled"
    for page in man1/renku-up.1.gz man3/librenku.3.gz man3/renku_project_get.3.gz; do
        [ -e "/usr/share/man/$page" ] || refuse "the manual page $page is missing"
    done
    bash -c '. /usr/share/bash-completion/completions/renku && complete -p renku' >/dev/null
    shown "manual pages and completions are there"
}

# Returns once everything runs: then `renku up` prints lines to paste.
start_platform() {
    local line
    useradd --create-home newcomer
    coproc PLATFORM { exec "${AS_NEWCOMER[@]}" renku up --port 0 2>/tmp/up.err; }
    STARTED=$PLATFORM_PID
    until [[ ${line:-} == TOKEN=* ]]; do
        IFS= read -r line <&"${PLATFORM[0]}" || refuse "renku up has ended: $(cat /tmp/up.err)"
    done
    shown "renku up works for an ordinary user"
}

follow_c() {
    local said
    cp -r /hands/c /home/newcomer/c
    chown -R newcomer: /home/newcomer/c
    said=$(cd /home/newcomer/c && as_newcomer bash run.sh)
    expect_line "$said" "0 public projects"
    expect_line "$said" "sea-ice is public"
    expect_line "$said" "too late: yes"
    shown "the programs of the C tutorial compile and run"
}

# $1: a Python interpreter
run_python() {
    local said
    said=$(cd / && as_newcomer env TOKEN="$(as_newcomer renku token alice --admin)" "$1" -I /hands/python/run.py)
    expect_line "$said" "alice"
    expect_line "$said" "changed meanwhile"
}

follow_python() {
    as_newcomer python3 -m venv /home/newcomer/venv
    as_newcomer /home/newcomer/venv/bin/pip install -q --no-index /hands/librenku-*.whl
    run_python /home/newcomer/venv/bin/python
    shown "the wheel installs into a clean environment, and runs the Python tutorial"
    run_python /usr/bin/python3
    shown "so does the package of Debian"
}

stop_platform() {
    kill -TERM "$STARTED"
    wait "$STARTED" || refuse "renku up has ended with status $?: $(cat /tmp/up.err)"
    shown "renku up ends when it is told to"
}

remove_all() {
    local left names=(librenku1 librenku-dev renku python3-librenku)
    apt-get -q -y remove "${names[@]}"
    [ ! -e /usr/bin/renku ] || refuse "a removed package leaves its program"
    [ -d /etc/renku ] || refuse "a removed package takes settings with it"
    dpkg --purge "${names[@]}"
    left=$(find / -xdev \( -path /hands -o -path /home -o -path /var/cache/apt \) -prune -o -iname '*renku*' -print)
    [ -z "$left" ] || refuse "what was purged leaves $left"
    ! getent passwd renku || refuse "what was purged leaves its user"
    shown "purged packages leave nothing"
}

install_all
look_around
start_platform
follow_c
follow_python
stop_platform
remove_all
printf '%d passed, 0 failed\n' "$PASSED"
