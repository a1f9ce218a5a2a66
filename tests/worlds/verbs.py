"""What is asked in a world: our plans' intents, chosen by names and numbers that are data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import Form, RunState, SafetyKind, Scope
from snaptui.model.disk import Presence
from snaptui.model.image import ImageInfo, ImageKey, PlacedEntry
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.plan import (
    AdoptIntent,
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    EditIntent,
    HoldIntent,
    ImageApply,
    ImageCreate,
    ImageDelete,
    ImageExtract,
    Intent,
    MergeIntent,
    RelocateIntent,
    RevertIntent,
    ThawIntent,
)
from snaptui.storage.in_image import unmanaged_in
from snaptui.storage.unnamed import unnamed_overlays
from tests.worlds.machine import Machine
from tests.worlds.member import Member


@dataclass(frozen=True)
class Ask:
    """One thing that an admin wants.

    Attributes:
        verb: its key in :data:`VERBS`.
        on: which domain.
        which: which snapshot, entry or overlay of those that there are.
    """

    verb: str
    on: str
    which: int


def intent(machine: Machine, ask: Ask) -> Intent | None:
    """What is asked; ``None`` where there is nothing that it could be asked of."""
    member = machine.members.get(ask.on)
    if member is None or member.domain is None or not member.there:
        return None
    member.until_it_answers()
    return VERBS[ask.verb](machine, member, ask.which)


Verb = Callable[[Machine, Member, int], Intent | None]


def _create(form: Form, **more: object) -> Verb:
    def made(_: Machine, member: Member, which: int) -> Intent:
        return CreateIntent(member.key, f"new{which}", "", form, **more)  # type: ignore[arg-type]  # its fields

    return made


def _create_without(machine: Machine, member: Member, which: int) -> Intent | None:
    targets = sorted(member.now)
    if len(targets) < 2:
        return None
    left = (SnapshotDisk(targets[which % len(targets)], Presence.NO),)
    return CreateIntent(member.key, f"new{which}", "", Form.DISK_ONLY, left)


def _named(make: Callable[[Member, str], Intent]) -> Verb:
    """Of one of the snapshots, the newest more often than not."""

    def made(_: Machine, member: Member, which: int) -> Intent | None:
        names = [one.getName() for one in member.domain.listAllSnapshots()]
        return make(member, sorted(names)[which % len(names)]) if names else None

    return made


def _revert(state: RunState, safety: SafetyKind | None) -> Verb:
    return _named(lambda member, name: RevertIntent(member.key, name, state, safety))


def _delete(scope: Scope, *, metadata_only: bool = False) -> Verb:
    return _named(lambda member, name: DeleteIntent(member.key, name, scope, metadata_only))


def _several(_: Machine, member: Member, which: int) -> Intent | None:
    names = sorted(one.getName() for one in member.domain.listAllSnapshots())
    chosen = tuple(name for at, name in enumerate(names) if (which >> at) % 2 or at == which % 3)
    return DeleteManyIntent(member.key, chosen) if len(chosen) > 1 else None


def _unmanaged(machine: Machine, member: Member, which: int) -> str | None:
    facts = read_facts(machine.backend, machine.host, CreateIntent(member.key, "x", ""))
    found = [one.name for one in unmanaged_in(facts.names, facts.images)]
    return found[which % len(found)] if found else None


def _adopt(machine: Machine, member: Member, which: int) -> Intent | None:
    name = _unmanaged(machine, member, which)
    return AdoptIntent(member.key, name) if name is not None else None


def _delete_unmanaged(machine: Machine, member: Member, which: int) -> Intent | None:
    name = _unmanaged(machine, member, which)
    return DeleteManyIntent(member.key, (), (name,)) if name is not None else None


def _as_unmanaged(machine: Machine, member: Member, which: int) -> Intent | None:
    name = _unmanaged(machine, member, which)
    form = (Form.INTERNAL, Form.DISK_ONLY)[which % 2]
    return CreateIntent(member.key, name, "", form) if name is not None else None


def _merge(machine: Machine, member: Member, which: int) -> Intent | None:
    facts = read_facts(machine.backend, machine.host, MergeIntent(member.key, ""))
    found = unnamed_overlays(facts.status.config, facts.snapshots.values(), facts.layers)
    return MergeIntent(member.key, found[which % len(found)].path) if found else None


def _image(
    make: Callable[[Machine, ImageKey, tuple[PlacedEntry, ...], int], Intent | None],
) -> Verb:
    """Of an image that no domain uses."""

    def made(machine: Machine, _: Member, which: int) -> Intent | None:
        if not machine.loose:
            return None
        key = ImageKey(machine.lab.uri, str(machine.loose[which % len(machine.loose)]))
        head = machine.backend.image(key.path)
        assert isinstance(head, ImageInfo)
        placed = tuple(PlacedEntry(at, one) for at, one in enumerate(head.snapshots))
        return make(machine, key, placed, which)

    return made


def _extract(
    machine: Machine, key: ImageKey, placed: tuple[PlacedEntry, ...], which: int
) -> Intent | None:
    if not placed:
        return None
    target = f"{machine.images}/extracted"
    return ImageExtract(key, placed[which % len(placed)], target)


VERBS: dict[str, Verb] = {
    "create internal": _create(Form.INTERNAL),
    "create external": _create(Form.DISK_ONLY),
    "create external with RAM": _create(Form.EXTERNAL),
    "create with RAM, halting": _create(Form.EXTERNAL, halt=True),
    "create external, frozen": _create(Form.DISK_ONLY, quiesce=True),
    "create without one disk": _create_without,
    "create under a name inside": _as_unmanaged,
    "revert": _revert(RunState.RECORDED, None),
    "revert, keeping disks": _revert(RunState.RECORDED, SafetyKind.DISKS),
    "revert, keeping nothing": _revert(RunState.RECORDED, SafetyKind.NONE),
    "revert and run": _revert(RunState.RUNNING, None),
    "delete": _delete(Scope.THIS),
    "delete with all below": _delete(Scope.WITH_CHILDREN),
    "delete all below": _delete(Scope.CHILDREN),
    "delete the metadata": _delete(Scope.THIS, metadata_only=True),
    "delete several": _several,
    "describe": _named(lambda member, name: EditIntent(member.key, name, "other words")),
    "rename": _named(lambda member, name: EditIntent(member.key, name, "", f"{name}-too")),
    "hold": _named(lambda member, name: HoldIntent(member.key, name, True)),
    "adopt": _adopt,
    "delete an unmanaged one": _delete_unmanaged,
    "thaw": lambda _, member, __: ThawIntent(member.key),
    "relocate": _named(lambda member, name: RelocateIntent(member.key, name)),
    "merge": _merge,
    "create in an image": _image(lambda _, key, __, which: ImageCreate(key, f"new{which}")),
    "apply in an image": _image(
        lambda _, key, placed, which: (
            ImageApply(key, placed[which % len(placed)]) if placed else None
        )
    ),
    "delete in an image": _image(
        lambda _, key, placed, which: (
            ImageDelete(key, (placed[which % len(placed)],)) if placed else None
        )
    ),
    "extract": _image(_extract),
}
OFTEN = ("revert", "delete", "create internal", "create external")
"""What people ask for most."""
