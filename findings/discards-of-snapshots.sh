#!/bin/sh
# What a discard takes out of an internal snapshot, where a disk has discard-no-unref.
#
# QEMU 10.0.13 (Debian 13, 1:10.0.13+ds-0+deb13u1); 11.1.3 does the same (Debian sid). The option is
# there since QEMU 8.1, and libvirt 9.5 has it as discard_no_unref='on'. A qcow2 image holds a
# snapshot, and what the disk and the snapshot share is discarded. Without the option the disk
# refers to nothing then, and the snapshot keeps the data. With it the cluster keeps its place for
# the disk, and a hole is punched there, although the snapshot refers to it as well: it reads as
# zeros after "qemu-img snapshot -a". "qemu-img check" finds nothing wrong.
#
# Seen, with 1 MiB of the byte 1 in the snapshot:
#   off: the snapshot has its data, No errors were found on the image.
#   on: the snapshot reads as zeros, No errors were found on the image.
#
# Needs Debian 13 (amd64) with the libraries that qemu-utils depends on, and a file system that
# punches holes. It fails when what it sees changes.
set -eu
version='1:10.0.13+ds-0+deb13u1'
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get -qq download "qemu-utils=$version" 2>/dev/null
for package in *.deb; do dpkg-deb --extract "$package" .; done
export PATH="$place/usr/bin:$PATH"
qemu-img --version | head -n 1

reads_as() {
    ! qemu-io -r -c "read -P $1 0 1M" image.qcow2 | grep -q 'verification failed'
}

for option in off on; do
    rm -f image.qcow2
    qemu-img create -q -f qcow2 image.qcow2 4M
    qemu-io -c 'write -P 1 0 1M' image.qcow2 >/dev/null
    qemu-img snapshot -c before image.qcow2
    qemu-io --image-opts -c 'discard 0 1M' \
        "driver=qcow2,discard=unmap,discard-no-unref=$option,file.driver=file,file.filename=image.qcow2,file.discard=unmap" \
        >/dev/null
    qemu-img snapshot -a before image.qcow2
    found='has other data'
    if reads_as 1; then found='has its data'; fi
    if reads_as 0; then found='reads as zeros'; fi
    echo "$option: the snapshot $found, $(qemu-img check image.qcow2 | head -n 1)"
done >seen
cat seen
[ "$(cat seen)" = 'off: the snapshot has its data, No errors were found on the image.
on: the snapshot reads as zeros, No errors were found on the image.' ]
