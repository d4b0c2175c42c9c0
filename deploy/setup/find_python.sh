#!/bin/sh
# Prints the newest Python 3.11 to 3.14 on PATH that really runs; a version manager's shim may not.
# PYTHON=/path/to/python overrides the search. Exit status 1 and a reason when there is none.
set -eu

runs() {
    "$1" -c 'import sys, sqlite3, ssl; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    if runs "$PYTHON"; then
        command -v "$PYTHON"
        exit 0
    fi
    echo "PYTHON=$PYTHON is no Python 3.11 or newer with sqlite3 and ssl" >&2
    exit 1
fi

for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    if runs "$name"; then
        command -v "$name"
        exit 0
    fi
done
echo "no Python 3.11 or newer on PATH (Debian 12: apt-get install -y python3 python3-venv)" >&2
exit 1
