#!/bin/sh
# What a revert to a smaller disk leaves of RAM: one reference too many, each time.
#
# QEMU 7.2.22 (Debian 12, 1:7.2+dfsg-7+deb12u18+b3); 10.0.13 does the same (Debian 13, seen
# through libvirt 11.3). A qcow2 image holds a snapshot with RAM and, from before it was resized,
# one of a smaller disk. "qemu-img snapshot -a" of the one with RAM lets the disk of now refer to
# the RAM too; -a of the smaller one cuts the disk off below it and does not count it down. As many
# clusters as the RAM takes keep a refcount of 2 and one reference. The content is right. When
# the snapshot with RAM is deleted they are lost to the image, until it is repaired.
#
# Seen, with a guest of 16 MiB that is not running yet:
#   small: 0 leaked clusters
#   ram: 0 leaked clusters
#   small again: 7 leaked clusters, of the 7 that the RAM takes
#   ram deleted: 7 leaked clusters
#
# Needs Debian 12 (amd64) with the libraries that QEMU's packages depend on. It fails when what it
# sees changes.
set -eu
version='1:7.2+dfsg-7+deb12u18+b3'
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get -qq download "qemu-utils=$version" "qemu-system-x86=$version" \
    "qemu-system-common=$version" 'qemu-system-data=1:7.2+dfsg-7+deb12u18' 'seabios=1.16.2-1' 2>/dev/null
for package in *.deb; do dpkg-deb --extract "$package" .; done
export PATH="$place/usr/bin:$PATH" QEMU_MODULE_DIR="$place/usr/lib/x86_64-linux-gnu/qemu"
qemu-img --version | head -n 1

leaked() {
    qemu-img check image.qcow2 2>&1 | grep -c '^Leaked cluster' || true
}

qemu-img create -q -f qcow2 image.qcow2 4M
qemu-img snapshot -c small image.qcow2
qemu-img resize -q image.qcow2 8M
printf 'savevm ram\nquit\n' | qemu-system-x86_64 -S -m 16 -nodefaults -display none \
    -L usr/share/qemu -L usr/share/seabios -monitor stdio \
    -drive file=image.qcow2,format=qcow2,if=virtio >/dev/null
qemu-img snapshot -a small image.qcow2
first=$(leaked)
echo "small: $first leaked clusters"
qemu-img snapshot -a ram image.qcow2
second=$(leaked)
echo "ram: $second leaked clusters"
qemu-img snapshot -a small image.qcow2
third=$(leaked)
size=$(qemu-img info --output=json image.qcow2 | sed -n 's/.*"vm-state-size": \([1-9][0-9]*\).*/\1/p')
clusters=$(((size + 65535) / 65536))
echo "small again: $third leaked clusters, of the $clusters that the RAM takes"
qemu-img snapshot -d ram image.qcow2
fourth=$(leaked)
echo "ram deleted: $fourth leaked clusters"
[ "$first" = 0 ] && [ "$second" = 0 ] && [ "$third" = "$clusters" ] && [ "$fourth" = "$clusters" ]
