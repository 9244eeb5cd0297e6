#!/bin/sh
# Make .venv with headgate in it; quick when nothing changed. PYTHON names the interpreter.
# `setup.sh run` brings what the portal needs; without a word, also the tools of whoever changes
# Headgate and the tests' system packages. One goes on from the other: nothing is taken away.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)
python=${PYTHON:-python3}
stamp=.venv/.setup
level=${1:-all}

say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

require_python() {
    command -v "$python" >/dev/null || stop "no $python here. Install Python 3.11 or newer," \
        "or name one: make PYTHON=/path/to/python3.11 setup"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        stop "$python is $("$python" --version 2>&1); Headgate needs Python 3.11 or newer." \
            "Name one: make PYTHON=/path/to/python3.11 setup"
}

# All that the environment depends on; a moved folder or another interpreter counts too.
fingerprint() {
    {
        echo "$here"
        id -u
        "$python" -c 'import sys; print(sys.version, sys.base_prefix)'
        cat pyproject.toml tests/system-packages.txt scripts/setup.sh
    } | cksum
}

# uv reads dependency groups since 0.7; an older one is passed over for pip.
uv_usable() {
    command -v uv >/dev/null && uv pip install --help 2>/dev/null | grep -q -e --group
}

# An environment is kept when it runs, is of the same Python and was made in this folder.
environment_usable() {
    [ -x .venv/bin/python ] || return 1
    version='import sys; print(sys.version_info[:2])'
    [ "$(.venv/bin/python -c "$version" 2>/dev/null)" = "$("$python" -c "$version")" ] || return 1
    .venv/bin/python -m pip --version >/dev/null 2>&1 || uv_usable || return 1
    [ ! -e .venv/bin/headgate ] || grep -q -F "$here/.venv/" .venv/bin/headgate
}

make_environment() {
    rm -rf .venv
    if uv_usable; then
        uv venv --quiet --seed --python "$python" .venv
        return
    fi
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        can_install || stop "this Python cannot make an environment." \
            "As root: apt-get install python3-venv; or install uv."
        install_packages python3-venv || stop "apt could not install python3-venv"
    fi
    "$python" -m venv .venv
}

# uv installs in a quarter of pip's time. It knows nothing of pip's settings: where one of them says
# where packages come from, pip is asked.
uv_brought() {
    [ ! -x .venv/bin/uv ] || return 0
    ! .venv/bin/python -m pip config list 2>/dev/null |
        grep -q -E '[.](index-url|no-index|proxy)=' || return 1
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: uv \
        2>/dev/null
}

install() {
    if uv_usable; then
        uv pip install --quiet --python .venv/bin/python "$@"
        return
    fi
    if uv_brought; then
        .venv/bin/uv pip install --quiet --python .venv/bin/python "$@" && return
        say "uv could not; pip tries, which takes longer"
    fi
    # Dependency groups need pip 25.1; Debian 12 brings 23.
    [ "$level" = run ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --upgrade 'pip>=25.1'
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
}

can_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

install_packages() {
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    timeout 900 apt-get update -q </dev/null >/dev/null &&
        timeout 900 apt-get install -q -y --no-install-recommends "$@" </dev/null >/dev/null
}

# Prints `package suite` for each package of the tests that this machine does not have.
packages_missing() {
    sed 's/#.*//' tests/system-packages.txt | while read -r package suite; do
        [ -n "$package" ] || continue
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || echo "$package $suite"
    done
}

install_test_packages() {
    missing=$(packages_missing | cut -d ' ' -f 1)
    # shellcheck disable=SC2086 -- one word for each package
    if [ -n "$missing" ] && can_install; then
        install_packages $missing || say "apt could not install the packages above"
    fi
    packages_missing | while read -r package suite; do
        say "tests under $suite will be skipped: they need the Debian package $package"
    done
}

require_python
wanted=$(fingerprint)
case $(cat "$stamp" 2>/dev/null) in "$wanted all" | "$wanted $level") exit 0 ;; esac
[ "$level" = run ] || install_test_packages
if ! environment_usable; then
    say "making .venv on $("$python" --version)"
    make_environment
fi
rm -f "$stamp"
if [ "$level" = run ]; then
    say "installing what the portal needs into .venv"
    install --editable '.[site]'
else
    say "installing headgate and its tools into .venv"
    install --editable '.[kueue,simulate,site,submitit]' --group dev
fi
echo "$wanted $level" >"$stamp"
say "done"
