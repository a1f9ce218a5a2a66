"""What a revert to an external snapshot needs (libvirt 9.9 and later), and what speaks against it.

Every disk of then gets a new overlay on the image that it was, and the overlays in use are
removed (qemuSnapshotRevertExternalPrepare and ...Finish). A guest that runs is stopped before any
of that, so all that can fail is looked at here. Proven on libvirt 11.3 (``make matrix``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from snaptui.chains import chain
from snaptui.image_model import Missing, NotKnown
from snaptui.model import Disk, Snapshot
from snaptui.plan import checks, removal
from snaptui.plan.after_revert import overlay_stems
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal


def refusals(facts: Facts, snapshot: Snapshot, *, kept: bool) -> Iterator[str]:
    """What forbids it.

    Args:
        kept: an external safety snapshot is taken first.
    """
    name = snapshot.name
    why = facts.layers.broken.get(name)
    disks = snapshot.config.disks if snapshot.config is not None else ()
    if why is not None:
        sentence = f"{name} is broken: {why}. What it held is lost."
        gone = any(isinstance(facts.layers.heads.get(disk.path or ""), Missing) for disk in disks)
        yield (
            Refusal(sentence, code=checks.CONFIG_UNSUPPORTED)
            if gone
            else Refusal(sentence, harm=Harm.OTHER_DATA)
        )
    yield from _disk_refusals(facts, disks)
    ram = snapshot.memory_path
    if ram is not None and isinstance(facts.layers.heads.get(ram), Missing):
        yield Refusal(
            f"{ram} is gone, and the RAM of {name} with it. Put it back first, or choose another "
            "snapshot: the revert would stop the guest and fail.",
            code=checks.NO_FILE,
            harm=Harm.STOPPED if facts.status.domain.state.active else "",
        )
    if kept:
        return
    if facts.current is None:
        yield Refusal(
            "No snapshot is the current one, and then libvirt crashes with this revert. Keep the "
            "disks of now: that takes one.",
            harm=Harm.CRASH,
        )
    abandoned = facts.layers.branches.abandoned.values()
    yield from removal.refusals(facts, abandoned, "Keep the disks of now.", revert=True)


def unread(facts: Facts, snapshot: Snapshot) -> Iterator[str]:
    """What could not be looked at."""
    for disk in snapshot.config.disks if snapshot.config is not None else ():
        if disk.path is not None:
            end = chain(disk.path, disk.format, facts.layers.heads)[-1].image
            if isinstance(end, NotKnown) and not isinstance(end, Missing) and disk.format != "raw":
                yield f"What lies beneath {disk.target}: {end.reason}"
    yield from (f"Whether others use the overlays of now: {doubt}" for doubt in facts.doubts)


def warnings(snapshot: Snapshot) -> Iterator[str]:
    """What it makes of disks that nobody writes to."""
    for disk in snapshot.config.disks if snapshot.config is not None else ():
        if disk.path is not None and (disk.read_only or disk.device != "disk"):
            yield (
                f"{disk.target} gets an overlay on {disk.path} too, though it is never written to: "
                "libvirt takes all disks. Where none can be made there, the revert fails."
            )


def _disk_refusals(facts: Facts, disks: tuple[Disk, ...]) -> Iterator[str]:
    for disk in disks:
        if disk.source_type != "file":
            yield Refusal(
                f"{disk.target} is a {disk.source_type} disk, and libvirt reverts to an external "
                "snapshot only where all disks are files.",
                code=checks.OPERATION_UNSUPPORTED,
            )
        elif disk.shareable:
            yield (
                f"{disk.target} is shared with other guests, which would not see its new overlay; "
                "snaptui does not do that yet."
            )
        if disk.path is not None and disk.format != "raw":
            end = chain(disk.path, disk.format, facts.layers.heads)[-1]
            if isinstance(end.image, Missing) and end.path != disk.path:
                yield f"{end.path} is gone, and {disk.target} needs it. Put it back first."
    plain = Counter(overlay_stems(disks))
    yield from (
        Refusal(
            f"The new overlays of two disks would both be called {path}<time>.",
            code=checks.CONFIG_UNSUPPORTED,
            harm=Harm.STOPPED if facts.status.domain.state.active else "",
        )
        for path, number in plain.items()
        if number > 1
    )
