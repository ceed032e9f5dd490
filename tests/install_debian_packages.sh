#!/usr/bin/env bash
# Installs the Debian packages that tests need and this machine lacks, as root or through sudo without
# a password. Who may not install them is told the command; tests that need them are skipped then.
# With CI set, a package that stays missing is a failure.
#
#   tests/install_debian_packages.sh [PACKAGE ...]     also a package whose command has its name
#   tests/install_debian_packages.sh --command         print the command for what is missing, if anything
set -euo pipefail

has() { command -v "$1" >/dev/null; }

# Each package by a check of its own: a machine may have any of them from another source.
missing() {
    has make || echo make
    "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    [ -n "${CHROMIUM:-}" ] || has chromium || has chromium-browser || echo chromium
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || echo fonts-dejavu-core
    /sbin/ldconfig -p | grep -q 'libatomic\.so\.1' || echo libatomic1  # for Playwright's driver
    for name in "$@"; do has "$name" || echo "$name"; done
}

install_command() { echo "apt-get install --yes --no-install-recommends ${packages[*]}"; }
with_sudo() { echo "sudo apt-get update && sudo $(install_command)"; }

only_tell=""
if [ "${1:-}" = --command ]; then
    only_tell=yes
    shift
fi
mapfile -t packages < <(missing "$@")
[ ${#packages[@]} -gt 0 ] || exit 0
if [ -n "$only_tell" ]; then
    with_sudo
    exit 0
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
if has apt-get && { [ ${#as_root[@]} -eq 0 ] || sudo -n true 2>/dev/null; }; then
    echo "Installing Debian packages: ${packages[*]} ..."
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    "${as_root[@]}" apt-get update >"$log" 2>&1 || true  # one source of many may not answer
    # shellcheck disable=SC2046 # the command is words
    if "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        $(install_command) >>"$log" 2>&1 </dev/null
    then
        mapfile -t packages < <(missing "$@")
        [ ${#packages[@]} -gt 0 ] || exit 0
    else
        tail -n 5 "$log" >&2
    fi
fi
echo "Not installed: ${packages[*]}. Tests that need them are skipped. To install them:" \
    "$(with_sudo)" >&2
[ -z "${CI:-}" ]
