#!/bin/sh
# Sees that the machine has what `make setup` (needs.sh run) or `make setup-test` (needs.sh test) starts from.
# On Debian, as root, it brings what is missing from Debian's own archive, except Node, which is the reader's
# choice of source. Elsewhere it names every missing thing with the command that brings it and exits 1.
set -eu

here=$(dirname "$0")
purpose=$1
packages=""   # Debian packages to bring
complaints="" # one line for each missing thing

complain() {
    complaints="$complaints  $1
"
}

has() {
    command -v "$1" >/dev/null 2>&1
}

debian=no
if [ -r /etc/os-release ] && grep -qx 'ID=debian' /etc/os-release && has apt-get; then
    debian=yes
fi

# want PACKAGE "what it is and how to get it where Debian's package is not to be had"
want() {
    packages="$packages $1"
    if [ "$debian" = yes ]; then
        complain "$2: sudo apt-get install -y $1"
    else
        complain "$2: $3"
    fi
}

if python=$("$here/find_python.sh" 2>/dev/null); then
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        want "python$version-venv" "Python's venv module" "install the venv package of $python"
    fi
else
    complain "Python 3.11 or newer: $("$here/find_python.sh" 2>&1 || true)"
fi
if [ -e .venv/bin/pip ] && ! .venv/bin/python -c '' 2>/dev/null; then
    complain "a working .venv (its Python is gone): make distclean, then try again"
fi

node_missing=""
has node || node_missing="Node"
has npm || node_missing="${node_missing:+$node_missing and }npm"
if [ -n "$node_missing" ]; then
    complain "$node_missing: sudo apt-get install -y nodejs npm, or https://nodejs.org (18 or newer)"
fi

if [ "$purpose" = test ]; then
    if [ -z "${HELPLINE_CHROMIUM:-}" ] && ! has chromium-headless-shell; then
        if has chromium || has chromium-browser || has google-chrome; then
            # It will do. Without a window around it, as Debian has it, it takes half the processor time.
            packages="$packages chromium-headless-shell"
        else
            want chromium-headless-shell "Chromium" "dnf install chromium, brew install --cask chromium, \
or HELPLINE_CHROMIUM=/path/to/chromium"
        fi
    fi
    if [ "$debian" = yes ]; then
        dpkg-query -W -f='${Status}' fonts-noto-core 2>/dev/null | grep -q 'ok installed' ||
            want fonts-noto-core "Noto fonts" ""
    elif ! has fc-list || ! fc-list | grep -qi noto; then
        want fonts-noto-core "Noto fonts" "https://fonts.google.com/noto, or your package manager's noto fonts"
    fi
    has redis-server || want redis-server "Redis" "dnf install redis, brew install redis"
    has caddy || want caddy "Caddy, the proxy that is supplied" "https://caddyserver.com/docs/install"
    has faketime || want faketime "faketime, for a clock that is off" "dnf install libfaketime (Linux only)"
    has strace || want strace "strace" "dnf install strace (Linux only)"
    has khal || want khal "khal, a second reader of calendars" "pip install khal"
fi

if [ -n "$packages" ] && [ "$debian" = yes ] && [ "$(id -u)" = 0 ] && [ -z "${tried_apt:-}" ]; then
    echo "Installing from Debian:$packages" >&2
    export DEBIAN_FRONTEND=noninteractive
    # Word splitting is wanted: one argument for each package. A failure is named by the second look below.
    # shellcheck disable=SC2086
    apt-get -o DPkg::Lock::Timeout=300 -qq update >&2 &&
        apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends $packages >&2 </dev/null ||
        echo "apt-get failed; see above" >&2
    tried_apt=yes exec "$0" "$purpose"
fi

if [ -n "$complaints" ]; then
    echo "This machine still needs:" >&2
    printf '%s' "$complaints" >&2
    exit 1
fi
