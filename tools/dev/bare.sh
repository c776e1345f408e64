#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs newcomer.sh of a folder on a Debian with nothing but what apt needs. Needs root.
# usage: bare.sh RELEASE FOLDER CACHE
set -euo pipefail
RELEASE=$1 HANDS=$2 CACHE=$3
MIRROR=${RENKU_DEBIAN_MIRROR:-http://deb.debian.org/debian}
ROOT=$(mktemp -d "${TMPDIR:-/tmp}/renku-bare-XXXXXX")
trap 'rm -rf --one-file-system "$ROOT"' EXIT

# Made once, kept in the cache.
make_system() {
    local archive=$CACHE/$RELEASE.tar.gz
    mkdir -p "$CACHE/$RELEASE-archives/partial"
    if [ ! -s "$archive" ]; then
        debootstrap --variant=minbase "$RELEASE" "$ROOT" "$MIRROR"
        tar -C "$ROOT" -czf "$archive.partial" .
        mv "$archive.partial" "$archive"
    else
        tar -C "$ROOT" -xzf "$archive"
    fi
}

# How this machine reaches a network; and nothing is started because it was installed.
connect_system() {
    cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
    {
        apt-config dump --format '%f "%v";%n' Acquire | grep -E '^Acquire::(https?|Check|Retries|ForceIPv4)' || true
        printf 'APT::Sandbox::User "root";\n' # who reads what was handed over, and writes to the cache
    } >"$ROOT/etc/apt/apt.conf.d/90network"
    printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
    chmod 755 "$ROOT/usr/sbin/policy-rc.d"
    cp -r "$HANDS" "$ROOT/hands"
}

# What is mounted and started for it ends with it.
enter_system() {
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -euc '
        mount --bind "$2" "$1/var/cache/apt/archives"
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
        exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive bash /hands/newcomer.sh' bash "$ROOT" "$CACHE/$RELEASE-archives"
}

chmod 755 "$ROOT"
make_system
connect_system
enter_system
