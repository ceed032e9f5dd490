#!/usr/bin/env bash
# The two commands of README on a bare Debian, made for it and removed at the end: as an ordinary user
# who may install nothing, then as root. Needs root, and debootstrap; takes about ten minutes and 5 GB.
#
# From the environment, if set: DEBIAN_SUITE (bookworm), DEBIAN_MIRROR, http_proxy, https_proxy,
# no_proxy, PIP_INDEX_URL, SSL_CERT_FILE (for pip).
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ]; then
    echo "make test-bare makes file systems and mounts: run it as root." >&2
    exit 1
fi

# Mounts and processes of the inside end with its name spaces, however it ends.
if [ "${1:-}" != inside ]; then
    tests/install_debian_packages.sh debootstrap
    root=$(mktemp -d "${TMPDIR:-/tmp}/mhhs-bare-XXXXXX")
    trap 'rm -rf --one-file-system "$root"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    unshare --mount --pid --fork --kill-child tests/bare/run.sh inside "$root" &
    wait $! || { code=$?; kill $! 2>/dev/null || true; wait || true; exit "$code"; }
    exit
fi

root=$2
say() { echo "$(date +%T) test-bare: $*"; }

say "making a bare Debian ..."
debootstrap --variant=minbase "${DEBIAN_SUITE:-bookworm}" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} \
    >"$root.log" || { tail -n 20 "$root.log" >&2; exit 1; }
rm "$root.log"
chmod 755 "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf /etc/hosts "$root/etc/"

environment=(LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
for name in http_proxy https_proxy no_proxy PIP_INDEX_URL; do
    [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done
if [ -n "${SSL_CERT_FILE:-}" ]; then
    cp "$SSL_CERT_FILE" "$root/etc/certificates.pem"
    environment+=(PIP_CERT=/etc/certificates.pem SSL_CERT_FILE=/etc/certificates.pem)
fi

# as USER COMMAND: in the bare Debian, in the checkout of the user.
as() {
    local user=$1 home=/home/$1
    [ "$user" != root ] || home=/root
    shift
    chroot --userspec="$user:$user" "$root" env --ignore-environment --chdir="$home/mhhs" \
        "${environment[@]}" HOME="$home" USER="$user" "$@"
}

# What README tells a newcomer to install, and nothing else.
install=$(grep -oE 'apt-get install [a-z0-9 -]+' README.md | head -n 1)
say "$install"
chroot "$root" useradd --create-home reader
mkdir "$root/root/mhhs" "$root/home/reader/mhhs"
as root apt-get update -qq
# shellcheck disable=SC2086 # the command is words
as root env DEBIAN_FRONTEND=noninteractive $install --yes -qq >/dev/null </dev/null

tests="tests/python/test_locking.py tests/python/test_full_disk.py tests/browser/test_sql_browser.py"
for user in reader root; do
    home=$root/home/reader
    [ "$user" = reader ] || home=$root/root
    git archive HEAD | tar -x -C "$home/mhhs"
    chroot "$root" chown -R "$user:$user" "${home#"$root"}/mhhs"
    say "make demo as $user"
    as "$user" python3 tests/bare/demo.py
    say "$(du -sm "$home/mhhs/.venv" | cut -f1) MB of packages, $(du -sm "$home/mhhs/demo" | cut -f1) MB of demo"
    say "make test as $user: $tests"
    as "$user" make test TESTS="$tests" | tee "$home/out"
    if [ "$user" = reader ]; then
        grep -q 'tests were skipped.*Chromium is not installed.*apt-get install.*chromium' "$home/out" \
            || { say "the end of the run does not say what is missing"; exit 1; }
    elif grep -q 'skipped' "$home/out"; then
        say "root skipped tests"
        exit 1
    fi
    say "$(du -sm "$home/mhhs" | cut -f1) MB in the checkout, $(du -sm "$root/tmp" | cut -f1) MB left in /tmp"
    rm -rf "$home/mhhs" "$home/.cache"
done
say "passed"
