"""What forbids the delete of an external snapshot where a revert to one has left branches.

Proven on libvirt 11.3 (``make matrix``); the rules are those of its qemuSnapshotDeleteValidate.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui import abilities, text
from snaptui.abilities import Wrong, does
from snaptui.branches import Fixed, line_of
from snaptui.chains import Layers
from snaptui.image_model import ImageInfo, Missing
from snaptui.model import Disk, Presence, Snapshot
from snaptui.plan import checks, removal
from snaptui.plan.after_delete import descendants
from snaptui.plan.facts import Facts
from snaptui.plan.findings import Findings
from snaptui.plan.refusal import Harm, Refusal

_LOCAL = ("file", "block", "dir", "volume")


def refusals(facts: Facts, snapshot: Snapshot) -> Iterator[str]:
    """What the place in the tree forbids."""
    name, version = snapshot.name, abilities.name(facts.host)
    children = sorted(one.name for one in facts.snapshots.values() if one.parent == name)
    if not children:
        return
    below = text.some(children)
    fixed = facts.layers.branches.fixed.get(name)
    if facts.current is None:
        yield Refusal(
            f"No snapshot is the current one, and then libvirt {version} crashes when one with "
            f"others below it ({below}) is deleted. Revert to one, or take one, first.",
            harm=Harm.CRASH,
        )
        return
    way = f"Delete what is below it first ({below})"
    if fixed is Fixed.HERE:
        yield Refusal(
            f"{name} is where {facts.name} is, and libvirt {version} does not merge it while "
            f"others are below it. {way}, or take a snapshot.",
            code=checks.CONFIG_UNSUPPORTED,
        )
    elif fixed is Fixed.LEFT:
        yield Refusal(
            f"{name} lies on a branch that {facts.name} has left, and others are below it. {way}.",
            code=checks.CONFIG_UNSUPPORTED,
        )
    elif fixed is Fixed.FORK:
        yield Refusal(
            f"Branches begin at {name}, and libvirt {version} merges no such snapshot. Delete all "
            f"but one of them first ({below}).",
            code=checks.CONFIG_UNSUPPORTED,
        )
    elif does(facts.host, Wrong.CRASHES_AT_BRANCHES):
        crashing = sorted(_crashing(facts, snapshot))
        if crashing:
            yield Refusal(
                f"libvirt {version} crashes when {name} is merged while there are branches of "
                f"which it does not know what lies beneath. Delete {', '.join(crashing)} first.",
                harm=Harm.CRASH,
            )


def look_at_end(facts: Facts, snapshot: Snapshot) -> Findings:
    """A snapshot that ends a branch: nothing is merged, its images go if nothing needs them."""
    name = snapshot.name
    removed = facts.layers.branches.ended[name]
    found = Findings(
        refusals=list(
            removal.refusals(
                facts, removed.values(), f"Delete only the metadata of {name}.", without=name
            )
        )
    )
    for target, path in removed.items():
        found.notes.append(f"{target}: {path} is removed; nothing is merged.")
        if path.startswith("/dev/"):
            found.refusals.append(f"{path} is a device, no file; snaptui does not delete it yet.")
    left = [
        part.path
        for part in snapshot.disks
        if part.presence is Presence.EXTERNAL and part.path is not None
        if part.path not in facts.layers.in_use
        if not isinstance(facts.layers.heads.get(part.path), Missing)
    ]
    if left:
        found.warnings.append(
            f"{', '.join(left)} stay{'s' * (len(left) == 1)} and keep{'s' * (len(left) == 1)} "
            "the space: libvirt does not remove it. The file systems list it then."
        )
    return found


def _crashing(facts: Facts, snapshot: Snapshot) -> Iterator[str]:
    """Snapshots of branches below it at which libvirt looks, and finds nothing beneath an image.

    It reads one image deep (qemuSnapshotDiskHasBackingDisk), and takes it for granted that it
    found something: only what a record says, or an image with nothing beneath, is safe.
    """
    line = set(line_of(facts.snapshots, facts.current))
    for name in descendants(facts.snapshots, snapshot.name) - line:
        config = facts.snapshots[name].config
        if config is None or any(_unknown(disk, facts.layers) for disk in config.disks):
            yield name


def _unknown(disk: Disk, layers: Layers) -> bool:
    if disk.source_type not in _LOCAL or disk.beneath is not None:
        return False
    image = layers.heads.get(disk.path or "")
    ends = isinstance(image, ImageInfo) and image.format == "qcow2" and image.backing is None
    return not ends
