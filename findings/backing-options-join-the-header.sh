#!/bin/sh
# How QEMU takes a backing image that is given as options, where the image's header names one too.
#
# QEMU 10.0.13 (Debian 13, 1:10.0.13+ds-0+deb13u1); 7.2.22 does the same (Debian 12). An overlay is
# opened by options that give every node of its chain, as a "json:" name does. What lies beneath is
# read from an NBD server. Whoever gives all of it expects that the name in the header plays no
# part. It is joined with the options all the same, unless these are a node's name or have
# "file.filename" (block.c, bdrv_open_backing_file), and is an option too many for NBD. Where the
# header names nothing the same options work. So "qemu-nbd --load-snapshot", which takes no node
# names, does not open an overlay's snapshot so.
#
# Seen:
#   named: Option 'server.path' cannot be used with a file name
#   not named: reads what lies beneath
#
# Needs Debian 13 (amd64) with the libraries that qemu-utils and qemu-system-common depend on. It
# fails when what it sees changes.
set -eu
version='1:10.0.13+ds-0+deb13u1'
place=$(mktemp -d)
server=
trap 'kill $server; rm -rf "$place"' EXIT
cd "$place"
apt-get -qq download "qemu-utils=$version" 2>/dev/null
for package in *.deb; do dpkg-deb --extract "$package" .; done
export PATH="$place/usr/bin:$PATH"
qemu-img --version | head -n 1

qemu-img create -q -f qcow2 base.qcow2 4M
qemu-io -c 'write -P 5 0 1M' base.qcow2 >/dev/null
qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 overlay.qcow2
qemu-nbd --persistent --read-only --format=raw --socket="$place/beneath" --pid-file=ready base.qcow2 &
server=$!
while [ ! -s ready ]; do sleep 0.05; done

beneath='{"driver":"qcow2","file":{"driver":"nbd","server":{"type":"unix","path":"'$place'/beneath"}}}'
all='json:{"driver":"qcow2","file":{"driver":"file","filename":"overlay.qcow2"},"backing":'$beneath'}'
for said in named 'not named'; do
    if [ "$said" = 'not named' ]; then qemu-img rebase -u -b '' overlay.qcow2; fi
    if qemu-io -r -c 'read -P 5 0 1M' "$all" >out 2>&1 && ! grep -q 'verification failed' out; then
        echo "$said: reads what lies beneath"
    else
        sed "s/.*: \([A-Z]\)/$said: \1/" out
    fi
done >seen
cat seen
[ "$(cat seen)" = "named: Option 'server.path' cannot be used with a file name
not named: reads what lies beneath" ]
