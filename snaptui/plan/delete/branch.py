"""What forbids the delete of an external snapshot where a revert to one has left branches.

Proven on libvirt 11.3 (``make matrix``); the rules are those of its qemuSnapshotDeleteValidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from snaptui.common import text
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Disk, Presence
from snaptui.model.image import ImageInfo, Missing
from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks import freed_files
from snaptui.plan.delete.findings import Findings
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Note, remark
from snaptui.plan.steps.delete_effect import descendants
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import Layers
from snaptui.storage.branches import Fixed, line_of

_LOCAL = ("file", "block", "dir", "volume")


def refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """What the place in the tree forbids."""
    name, version = snapshot.name, abilities.proven(facts.host)
    children = sorted(one.name for one in facts.snapshots.values() if one.parent == name)
    if not children:
        return
    below = text.some(children)
    names: dict[str, Any] = {"name": name, "names": below, "version": version}
    names["domain"] = facts.name
    if facts.current is None:
        yield refuse(Why.NOTHING_CURRENT_DELETE, Way.REVERT_OR_TAKE, harm=Harm.CRASH, **names)
        return
    fixed = facts.layers.branches.fixed.get(name)
    if fixed is not None:
        why, way = _FIXED[fixed]
        yield refuse(why, way, code=libvirt_codes.CONFIG_UNSUPPORTED, **names)
    elif does(facts.host, Wrong.GOES_DOWN_AT_BRANCHES):
        unknown = ", ".join(sorted(_unproven(facts, snapshot)))
        if unknown:
            yield refuse(
                Why.BRANCHES_UNKNOWN, Way.DELETE_FIRST, harm=Harm.CRASH, name=name, names=unknown,
                version=abilities.by_whom(facts.host, Wrong.GOES_DOWN_AT_BRANCHES),
            )  # fmt: skip


_FIXED: Mapping[Fixed, tuple[Why, Way]] = MappingProxyType(
    {
        Fixed.HERE: (Why.IS_CURRENT, Way.DELETE_BELOW_OR_TAKE),
        Fixed.LEFT: (Why.ON_LEFT_BRANCH, Way.DELETE_BELOW),
        Fixed.FORK: (Why.IS_FORK, Way.DELETE_ALL_BUT_ONE),
    }
)


def look_at_end(facts: Facts, snapshot: Snapshot) -> Findings:
    """A snapshot that ends a branch: nothing is merged, its images go if nothing needs them."""
    name = snapshot.name
    removed = facts.layers.branches.ended[name]
    found = Findings(
        refusals=list(
            freed_files.refusals(facts, removed.values(), Way.ONLY_METADATA_OF, without=name)
        )
    )
    for target, path in removed.items():
        found.notes.append(remark(Note.REMOVED, disk=target, path=path))
        if path.startswith("/dev/"):
            found.refusals.append(refuse(Why.DEVICE_NOT_DELETED_NOT_YET, path=path))
    left = [
        part.path
        for part in snapshot.disks
        if part.presence is Presence.EXTERNAL and part.path is not None
        if part.path not in facts.layers.in_use
        if not isinstance(facts.layers.heads.get(part.path), Missing)
    ]
    if left:
        keep = "stays and keeps" if len(left) == 1 else "stay and keep"
        found.warnings.append(remark(Warn.OVERLAYS_STAY, files=", ".join(left), keep=keep))
    return found


def _unproven(facts: Facts, snapshot: Snapshot) -> Iterator[str]:
    """Snapshots of branches below it beside which it must not be merged.

    Safe is one whose record says what lies beneath its images, or that has nothing beneath.
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
