"""Two hosts with one image, on a share over which no lock reaches the other one.

Oracle: libvirt and QEMU themselves, which see nothing wrong on either host.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from snaptui.model.choices import Form
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageKey, PlacedEntry
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    DomainIntent,
    ImageApply,
    ImageCreate,
    ImageIntent,
    RevertIntent,
)
from snaptui.plan.remark import Unchecked
from tests.lab import MIB, Lab, entries, qemu_img, write
from tests.live.planned import planned, read_image
from tests.share import missing, shared

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
_DISK = """\
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>
<source file='{}'/><target dev='vda' bus='virtio'/></disk>"""


@pytest.fixture
def neighbours(every_root: Path) -> Iterator[tuple[Lab, Lab, Path]]:
    """Both hosts, each with the domain, and where the server has its image."""
    with TemporaryDirectory(prefix="snaptui-", dir="/tmp") as directory, ExitStack() as stack:
        behind = Path(directory) / "behind.qcow2"
        qemu_img("create", "-q", "-f", "qcow2", str(behind), str(8 * MIB))
        write(behind, 0x11)
        with behind.open("r+b") as f:
            f.truncate(64 * MIB)
        labs = []
        for name in ("here", "there"):
            (Path(directory) / name).mkdir()
            share = stack.enter_context(shared(Path(directory) / name / "store", behind))
            lab = Lab(Path(directory) / name, root=every_root)
            stack.callback(lab.daemon.stop)
            lab.define_disks("web", _DISK.format(share.path))
            labs.append(lab)
        yield labs[0], labs[1], behind


def guest_writes(lab: Lab, byte: int) -> None:
    for command in (f"write -P {byte} 0 1M", "flush"):
        to = "/machine/peripheral/virtio-disk0/virtio-backend"
        said = lab.virsh("qemu-monitor-command", "web", "--hmp", f'qemu-io -d {to} "{command}"')
        assert "failed" not in said


def entry_holds(behind: Path, name: str, byte: int) -> bool:
    raw = behind.with_suffix(".raw")
    qemu_img("convert", "-U", "-l", f"snapshot.name={name}", "-O", "raw", str(behind), str(raw))
    with raw.open("rb") as f:
        return f.read(MIB) == bytes([byte]) * MIB


def doubted(lab: Lab, intent: DomainIntent | ImageIntent) -> bool:
    plan = planned(lab, intent)
    assert plan.possible, plan.refusals
    return Unchecked.OPEN_UNLOCKED in {one.what for one in plan.unchecked}


def test_a_guest_next_door_is_a_doubt_where_no_lock_tells_of_it(
    neighbours: tuple[Lab, Lab, Path],
) -> None:
    """Its next write lands in the snapshot of here, and its own snapshot takes the place of it."""
    here, there, behind = neighbours
    key = DomainKey(here.uri, here.virsh("domuuid", "web").strip())
    there.virsh("start", "web")
    assert doubted(here, CreateIntent(key, "new", ""))
    assert doubted(here, CreateIntent(key, "new", "", Form.DISK_ONLY))
    here.snapshot("web", "kept")
    assert entry_holds(behind, "kept", 0x11)
    guest_writes(there, 0x22)
    assert entry_holds(behind, "kept", 0x22), "the snapshot holds what was written after it"
    done = subprocess.run(["qemu-img", "check", "-U", "-q", str(behind)], check=False)
    assert done.returncode == 0, "and no tool finds that"
    assert doubted(here, RevertIntent(key, "kept"))
    assert doubted(here, DeleteIntent(key, "kept"))
    there.snapshot("web", "other")
    assert [name for _, name in entries(behind)] == ["other"]
    here.virsh("start", "web")
    assert here.state("web") == there.state("web") == "running", "no lock keeps them apart"
    running = planned(here, CreateIntent(key, "new", ""))
    assert Unchecked.OPEN_UNLOCKED not in {one.what for one in running.unchecked}


def test_so_it_is_for_an_image_that_no_domain_of_here_names(
    neighbours: tuple[Lab, Lab, Path],
) -> None:
    here, _, _ = neighbours
    path = here.virsh("domblklist", "web").split()[-1]
    here.snapshot("web", "kept")
    here.virsh("undefine", "web", "--snapshots-metadata")
    key, (entry,) = ImageKey(here.uri, path), read_image(here, Path(path)).snapshots
    assert doubted(here, ImageCreate(key, "new"))
    assert doubted(here, ImageApply(key, PlacedEntry(0, entry), safety=False))
