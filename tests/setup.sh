#!/bin/sh
# Sets up a checkout: system packages (only those that are missing) and a virtual environment.
#
#   tests/setup.sh run    what the program needs
#   tests/setup.sh demo   also libvirt's daemon and QEMU
#   tests/setup.sh test   also the tools for the tests
set -eu
cd "$(dirname "$0")/.."
python=/usr/bin/python3
packages=""

say() { echo "setup: $*"; }

need() { # need TEST-COMMAND PACKAGE...: the packages, unless the test succeeds
    if ! sh -c "$1" >/dev/null 2>&1; then
        shift
        packages="$packages $*"
    fi
}

driver() { # a command that tells whether libvirt has one
    echo "ls /usr/lib*/libvirt/connection-driver/libvirt_driver_$1.so /usr/lib/*/libvirt/connection-driver/libvirt_driver_$1.so 2>/dev/null | grep -q ."
}

download_guest() { # the packages of the guest in tests/guest.py, which are not installed
    kernel() { apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p'; }
    if [ -z "$(kernel)" ] && [ "$(id -u)" = 0 ]; then
        apt-get update
    fi
    rm -f ./*.deb
    apt-get download "$(kernel)" busybox-static qemu-guest-agent
}

if command -v apt-get >/dev/null; then
    install="apt-get install --yes --no-install-recommends"
    update="apt-get update"
    venv=python3-venv
    build="gcc pkg-config python3-dev libvirt-dev"
    daemon="libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients"
    storage=libvirt-daemon-driver-storage
    qemu="qemu-system-x86 qemu-utils"
elif command -v dnf >/dev/null; then
    install="dnf install --assumeyes --setopt=install_weak_deps=False"
    update=true
    venv=python3
    build="gcc pkgconf-pkg-config python3-devel libvirt-devel"
    daemon="libvirt-daemon libvirt-daemon-driver-qemu libvirt-client"
    storage=libvirt-daemon-driver-storage-core
    qemu="qemu-system-x86-core qemu-img"
else
    say "neither apt-get nor dnf is here; install libvirt's headers, daemon and QEMU yourself."
    install="" update="" venv="" build="" daemon="" storage="" qemu=""
fi

PATH="$PATH:/usr/sbin:/sbin"
if [ ! -x $python ] || ! $python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "$python is missing or older than 3.11, which snaptui needs." >&2
    exit 2
fi
need "$python -c 'import venv, ensurepip'" "$venv"
if $python -c 'import libvirt' 2>/dev/null; then
    site=--system-site-packages
else
    site=""
    need "command -v gcc && pkg-config --exists libvirt && ls \$($python -c 'import sysconfig; print(sysconfig.get_path(\"include\"))')/Python.h" "$build"
fi
if [ "${1:-run}" != run ]; then
    need "command -v libvirtd && command -v virsh && $(driver qemu)" "$daemon"
    need "$(driver storage)" "$storage"
    need "$(driver secret)" libvirt-daemon-driver-secret
    need "command -v qemu-system-x86_64 && command -v qemu-img && command -v qemu-io" "$qemu"
fi

if [ -n "$packages" ]; then
    if [ "$(id -u)" != 0 ]; then
        say "some packages are missing. Run this, then make again:" >&2
        echo "    sudo $install$packages" >&2
        exit 2
    fi
    say "installing$packages"
    export DEBIAN_FRONTEND=noninteractive
    $update >/dev/null
    $install $packages >/dev/null
fi

if [ ! -x .venv/bin/python ]; then
    say "making the virtual environment .venv ${site:+with the system's libvirt binding}"
    $python -m venv $site .venv
fi
if [ "${1:-run}" = test ]; then
    what=.[dev]
    say "installing snaptui and the tools for its tests into .venv"
else
    what=.
    say "installing snaptui into .venv"
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$what"
if [ "${1:-run}" = test ] && command -v apt-get >/dev/null; then
    mkdir -p build/guest
    if ! (cd build/guest && download_guest) >/dev/null 2>&1; then
        say "the parts of a guest could not be downloaded; the tests that need it are skipped."
    fi
fi
touch ".venv/ready-${1:-run}"
