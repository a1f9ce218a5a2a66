#!/bin/sh
# What libvirt makes of a raw disk that its guest encrypts itself, once an overlay lies upon it.
#
# libvirt 11.3.0 (Debian 13, 11.3.0-3+deb13u3); 9.0.0, 12.8.0 and 12.9.0 do the same. The disk is
# declared raw and has no <encryption>: its first bytes are the guest's, and a guest that encrypts
# the whole disk writes a LUKS header there. As long as the domain has the disk itself it starts.
# An external snapshot that is taken while it is off gives it an overlay, and leaves the definition
# without a <backingStore>. libvirt then looks beneath the overlay, takes the header for an
# encryption of its own that nobody configured, and starts the domain no more; nor does it delete
# the snapshot. It works where the <backingStore> is listed, as in what it writes while one runs.
#
# Seen:
#   raw: it gets as far as QEMU
#   overlay: Unexpected enum value 0 for virStorageEncryptionEngine
#   overlay, listed: it gets as far as QEMU
#
# Needs root, debootstrap, util-linux and a Debian whose mirror has Debian 13. It fails when what
# it sees changes.
set -eu
version='11.3.0-3+deb13u3'
place=$(mktemp -d)
trap 'rm -rf --one-file-system "$place"' EXIT
mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' | sed -n 's/^Debian //p' | head -n 1)
unshare --mount debootstrap --variant=minbase trixie "$place" "$mirror" >/dev/null
cat >"$place/seen.sh" <<'END'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get -qq install --yes --no-install-recommends "libvirt-daemon-driver-qemu=$1" \
    "libvirt-daemon=$1" "libvirt-clients=$1" qemu-utils qemu-system-x86 >/dev/null 2>&1
printf '%s\n' 'security_driver = "none"' 'user = "root"' 'cgroup_controllers = []' 'namespaces = []' \
    'stdio_handler = "file"' 'remember_owner = 0' >/etc/libvirt/qemu.conf
printf '%s\n' 'auth_unix_rw = "none"' 'unix_sock_dir = "/run/apart"' >/etc/libvirt/libvirtd.conf
mkdir -p /run/apart
libvirtd --daemon --pid-file /run/apart/pid
export LIBVIRT_DEFAULT_URI='qemu+unix:///system?socket=/run/apart/libvirt-sock'
until virsh uri >/dev/null 2>&1; do sleep 0.1; done

qemu-img create -q -f luks --object secret,id=k,data=of-the-guest \
    -o key-secret=k,iter-time=10 /disk.raw 4M
emulator=/usr/bin/qemu-system-x86_64
disk() {
    cat <<XML
<domain type='qemu'><name>guest</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><emulator>$emulator</emulator>
<disk type='file' device='disk'>$1<target dev='vda' bus='virtio'/></disk></devices></domain>
XML
}
started() {
    if virsh start guest >out 2>&1; then
        virsh destroy guest >/dev/null
        echo "$1: it gets as far as QEMU"
    else
        sed -n "s/.*error: internal error: /$1: /p" out
    fi
}
disk "<driver name='qemu' type='raw'/><source file='/disk.raw'/>" >raw.xml
virsh define raw.xml >/dev/null
started raw
virsh snapshot-create-as guest before --disk-only --diskspec vda,snapshot=external,file=/disk.before \
    >/dev/null
started overlay
listed="<backingStore type='file'><format type='raw'/><source file='/disk.raw'/></backingStore>"
disk "<driver name='qemu' type='qcow2'/><source file='/disk.before'/>$listed" >listed.xml
sed -i "s|<memory|<uuid>$(virsh domuuid guest | head -n 1)</uuid><memory|" listed.xml
virsh define listed.xml >/dev/null
started 'overlay, listed'
kill "$(cat /run/apart/pid)"
END
unshare --mount --pid --fork --kill-child sh -c '
    for one in dev sys; do mount --bind "/$one" "$0/$one"; done
    mount -t proc proc "$0/proc"
    exec chroot "$0" sh /seen.sh "$1"' "$place" "$version" >"$place/seen"
cat "$place/seen"
[ "$(cat "$place/seen")" = 'raw: it gets as far as QEMU
overlay: Unexpected enum value 0 for virStorageEncryptionEngine
overlay, listed: it gets as far as QEMU' ]
