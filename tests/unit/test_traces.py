"""What tells where a base is that is gone, and what does not."""

from __future__ import annotations

from dataclasses import replace

from snaptui.model.disk import Presence
from snaptui.model.image import ImageInfo, Missing, NotKnown
from snaptui.model.snapshot import SnapshotDisk
from snaptui.storage.backing_chain import layers_of
from snaptui.storage.traces import Clue, traces_of
from tests.unit.made import CREATED, VDA, config, snapshot

BASE, OVER = "/base", "/over"


def test_the_header_of_its_overlay_names_it() -> None:
    taken = replace(
        snapshot("over"),
        disks=(SnapshotDisk("vda", Presence.EXTERNAL, OVER),),
        config=config(replace(VDA, path=BASE)),
    )
    now = config(replace(VDA, path=OVER))
    moved = ImageInfo("/there", "raw", 8, 8, ())
    for backing, clue in (("/there", Clue.HEADER), (BASE, Clue.NONE), ("/none", Clue.NONE)):
        heads: dict[str, ImageInfo | NotKnown] = {
            BASE: Missing("gone"),
            OVER: ImageInfo(OVER, "qcow2", 8, 8, (), backing=backing, written=CREATED),
            "/there": moved,
        }
        layers = layers_of(now, [taken], heads, keeps_memory=True)
        found = traces_of(now, [taken], layers, {"/there": moved}, lambda _: False)
        assert found[BASE].clue is clue
        if clue is Clue.HEADER:
            trace = found[BASE]
            assert (trace.at, trace.form, trace.by) == ("/there", "raw", OVER)
