"""On which file system a path lies, against df and stat."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snaptui.backend.files.file_systems import file_system
from snaptui.backend.files.mounts import locks_reach, mount_of, unlocked


@pytest.mark.parametrize("path", ["/", "/proc/self", "/dev/null", "/usr/bin"])
def test_mount_and_type_are_those_that_df_tells(path: str) -> None:
    if mount_of("/") == ("", ""):
        pytest.skip("In a root that is no mount df names another mount of the same device.")
    told = subprocess.run(
        ["df", "--output=target,fstype", path], capture_output=True, text=True, check=True
    )
    target, kind = told.stdout.splitlines()[1].split()
    assert mount_of(path) == (target, kind)


def test_a_link_lies_where_it_leads(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev")
    found = file_system(str(link))
    assert (found.mount, found.kind) == mount_of("/dev")


@pytest.mark.parametrize(
    ("kind", "options", "reaches"),
    [
        ("nfs", "rw,vers=3,rsize=1048576,local_lock=none,addr=192.0.2.1", True),
        ("nfs", "rw,vers=3,nolock,proto=tcp,local_lock=all,addr=192.0.2.1", False),
        ("nfs4", "rw,vers=4.2,local_lock=none,addr=192.0.2.1", True),
        ("nfs4", "rw,vers=4.2,local_lock=posix,addr=192.0.2.1", False),
        ("gfs2", "rw,localflocks", False),
        ("cifs", "rw,vers=3.1.1,nobrl", False),
        ("ceph", "rw,acl", True),
        ("fuse.glusterfs", "rw,user_id=0", True),
        ("fuse.sshfs", "rw,user_id=0", False),
        ("9p", "rw,trans=virtio", False),
    ],
)
def test_whether_locks_reach_other_hosts(kind: str, options: str, reaches: bool) -> None:
    """As the kernel shows the options (``/proc/mounts`` on such hosts, nfs(5))."""
    assert locks_reach(kind, options) is reaches


def test_what_no_other_host_uses_needs_no_locks(tmp_path: Path) -> None:
    assert not unlocked(str(tmp_path))
    assert not unlocked("/dev/null")
