"""RAM in the format ``sparse``, of a host that is set so (qemu.conf, libvirt 11.2 and later).

No client is told of the format: what a create of RAM does with it shows when it is asked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.demo.daemon import Daemon
from snaptui.model.choices import Form, SafetyKind
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.words.why import Why
from tests.lab import Lab
from tests.live.planned import planned
from tests.unit.made import assert_refused

CONF = 'save_image_format = "sparse"\nsnapshot_image_format = "sparse"\n'
RAM = b"LibvirtQemudSave"


@pytest.fixture
def lab(newer_root: Path) -> Iterator[Lab]:
    """Of a daemon that saves so."""
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as place:
        lab = Lab(Path(place), newer_root)
        lab.daemon.stop()
        state = lab.directory / "sparse"
        state.mkdir()
        lab.daemon = Daemon(state, root=newer_root, qemu_conf=CONF)
        try:
            yield lab
        finally:
            lab.daemon.stop()


def test_a_managed_save_is_in_the_way_as_any_other(lab: Lab) -> None:
    key = lab.define("web", running=True)
    lab.virsh("managedsave", "web")
    (saved,) = lab.directory.glob("sparse/lib/qemu/save/*")
    assert saved.read_bytes()[: len(RAM)] == RAM
    assert saved.stat().st_size > 32 << 20, "each page has its place in the file"
    outside = planned(lab, CreateIntent(key, "out", "", Form.DISK_ONLY))
    assert_refused(outside, Why.SAVE_WRITES_BENEATH)
    planned(lab, CreateIntent(key, "in", ""), carry_out=True)
    lab.start("web")
    assert lab.state("web") == "running"


def test_ram_in_a_file_is_loaded_or_not_taken_at_all(lab: Lab) -> None:
    """libvirt 12.8 and 12.9 let QEMU write it to a file that QEMU 11.1 takes otherwise alone."""
    key = lab.define("web", running=True)
    intent = CreateIntent(key, "ram", "", Form.EXTERNAL)
    memory = lab.image("web").with_suffix(".ram.mem")
    assert planned(lab, intent).possible
    if "QEMU 11" in lab.virsh("version"):
        disk = "vda,snapshot=external"
        words = ("ram", f"--memspec=file={memory}", f"--diskspec={disk}")
        said = lab.virsh("snapshot-create-as", "web", *words, check=False)
        assert "migration to a file is not supported" in said
        assert (lab.state("web"), lab.snapshots("web")) == ("running", [])
        assert [one.name for one in lab.images.iterdir()] == [lab.image("web").name]
        return
    planned(lab, intent, carry_out=True)
    assert memory.read_bytes()[: len(RAM)] == RAM
    planned(lab, RevertIntent(key, "ram", safety=SafetyKind.NONE), carry_out=True)
    assert lab.state("web") == "running"
    planned(lab, DeleteIntent(key, "ram"), carry_out=True)
    assert not memory.exists()
