# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages: built, examined, and tried on a bare machine by somebody who knows the tutorials only.

PACKAGES=build/packages

# From a copy of the tree, as an archive would hold it.
build_packages() {
    local files=()
    mkdir -p "$PACKAGES/source"
    mapfile -t files < <(list_files '*')
    tar -cf - "${files[@]}" | tar -C "$PACKAGES/source" -xf -
    say "building the packages"
    (cd "$PACKAGES/source" && DEB_BUILD_OPTIONS="nocheck parallel=$JOBS" dpkg-buildpackage -b -us -uc)
    rm -rf "$PACKAGES/source"
}

# What a newcomer holds in hands: the packages, the wheel, and the tutorials, as files and as scripts.
hand_over() {
    local hands=$PACKAGES/hands
    mkdir -p "$hands"
    cp "$PACKAGES"/*.deb build/wheel/*.whl tools/dev/newcomer.sh "$hands"
    /usr/bin/python3 tools/dev/blocks.py docs/tutorial-c.md "$hands/c"
    /usr/bin/python3 tools/dev/blocks.py docs/python.md "$hands/python"
    chmod -R a+rX "$hands"
}

check_packages() {
    local release
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        fail "the step 'packages' needs root or sudo: it makes a bare Debian and enters it with chroot"
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && [ "$ID" = debian ] && printf '%s' "$VERSION_CODENAME") ||
        fail "the step 'packages' tries them on the Debian that they are built on, and this machine is none"
    as_root rm -rf "$PACKAGES"
    rm -rf build/wheel
    "$ROOT/dev" wheel
    build_packages
    say "lintian"
    lintian --allow-root --fail-on error --tag-display-limit 0 "$PACKAGES"/*.changes
    hand_over
    as_root bash tools/dev/bare.sh "$release" "$PACKAGES/hands" "${XDG_CACHE_HOME:-$HOME/.cache}/librenku"
}
