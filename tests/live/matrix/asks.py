"""What is asked of each domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from snaptui.model.choices import Form, RunState, SafetyKind, Scope
from snaptui.model.disk import Presence
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.plan import (
    AdoptIntent,
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    DomainIntent,
    EditIntent,
    HoldIntent,
    MergeIntent,
    RelocateIntent,
    RevertIntent,
)
from tests.live.matrix.guest import OFF, Guest
from tests.live.matrix.worlds import World


@dataclass(frozen=True)
class Ask:
    """One thing that an admin may ask for; of the world's own snapshot unless it says so."""

    words: str
    intent: Callable[[Guest, str], DomainIntent]


def _create(words: str, form: Form, name: str = "new") -> Ask:
    return Ask(words, lambda guest, _: CreateIntent(guest.key, name, "", form))


def _of(words: str, form: Form, **more: Any) -> Ask:
    return Ask(words, lambda guest, _: CreateIntent(guest.key, "new", "", form, **more))


def _revert(words: str, state: RunState, safety: SafetyKind = SafetyKind.NONE) -> Ask:
    return Ask(words, lambda guest, name: RevertIntent(guest.key, name, state, safety))


def _delete(words: str, scope: Scope, *, metadata_only: bool = False) -> Ask:
    return Ask(words, lambda guest, name: DeleteIntent(guest.key, name, scope, metadata_only))


def _merge(overlay: str, guest: Guest, _: str) -> MergeIntent:
    return MergeIntent(guest.key, f"{guest.directory}/vda.{overlay}")


CREATE = tuple(_create(f"create {form.value}", form) for form in Form)


def _part(target: str, presence: Presence, path: str | None = None) -> SnapshotDisk:
    return SnapshotDisk(target, presence, path)


HALTING = (
    _of("create internal, then shut off", Form.INTERNAL, halt=True),
    _of("create external, then shut off", Form.DISK_ONLY, halt=True),
    _of("create external with RAM, then shut off", Form.EXTERNAL, halt=True),
)
OPTIONS = (
    *HALTING,
    _of("create internal, vdb left out", Form.INTERNAL, disks=(_part("vdb", Presence.NO),)),
    _of("create external, vdb left out", Form.DISK_ONLY, disks=(_part("vdb", Presence.NO),)),
    _of("create external, vdb inside", Form.DISK_ONLY, disks=(_part("vdb", Presence.INTERNAL),)),
    _of(
        "create external, no disk",
        Form.DISK_ONLY,
        disks=(_part("vda", Presence.NO), _part("vdb", Presence.NO)),
    ),
    _of("create external, vdx too", Form.DISK_ONLY, disks=(_part("vdx", Presence.EXTERNAL),)),
    _of("create external, files frozen", Form.DISK_ONLY, quiesce=True),
    _of("create external, overlays reused", Form.DISK_ONLY, reuse=True),
    _of("create external with RAM, running", Form.EXTERNAL, live=True),
    _of(
        "create external with RAM, vdb left out", Form.EXTERNAL, disks=(_part("vdb", Presence.NO),)
    ),
)
ELSEWHERE = Ask(
    "create external, vdb to a chosen file",
    lambda guest, _: CreateIntent(
        guest.key,
        "new",
        "",
        Form.DISK_ONLY,
        (_part("vdb", Presence.EXTERNAL, f"{guest.directory}/chosen"),),
    ),
)
REVERT = _revert("revert as recorded", RunState.RECORDED)
RUN = _revert("revert and run", RunState.RUNNING)
PAUSE = _revert("revert and pause", RunState.PAUSED)
KEPT = tuple(
    _revert(f"revert, keeping {kind.value}", RunState.RECORDED, kind)
    for kind in (SafetyKind.DISKS, SafetyKind.DISKS_AND_RAM)
)
DELETE = _delete("delete", Scope.THIS)
FORGET = _delete("delete the metadata", Scope.THIS, metadata_only=True)
WITH_CHILDREN = _delete("delete with all below", Scope.WITH_CHILDREN)
CHILDREN = _delete("delete all below", Scope.CHILDREN)
FORGET_ALL = _delete("delete all metadata", Scope.WITH_CHILDREN, metadata_only=True)
DESCRIBE = Ask("describe", lambda guest, name: EditIntent(guest.key, name, "other words"))
RENAME = Ask("rename", lambda guest, name: EditIntent(guest.key, name, "other words", "other name"))
HOLD = Ask("hold", lambda guest, name: HoldIntent(guest.key, name, True))
RELEASE = Ask("release", lambda guest, name: HoldIntent(guest.key, name, False))
ADOPT = Ask("adopt", lambda guest, _: AdoptIntent(guest.key, "s"))
DELETE_UNMANAGED = Ask(
    "delete the unmanaged one", lambda guest, _: DeleteManyIntent(guest.key, (), ("s",))
)
RELOCATE = Ask("let the record say where it is", lambda g, name: RelocateIntent(g.key, name))
MERGES = tuple(
    Ask(words, partial(_merge, name))
    for words, name in (("merge the newest", "tmp2"), ("merge the one beneath", "tmp1"))
)
NAMES = tuple(
    _create(f"create internal, called {words}", Form.INTERNAL, name)
    for words, name in (
        ("3", "3"),
        ("a/b", "a/b"),
        (".a", ".a"),
        ("--all", "--all"),
        ("two words", "two words"),
        ("日本", "日本"),
        ("by 247 bytes", "n" * 247),
        ("by 248 bytes", "n" * 248),
    )
)
TAKEN = tuple(_create(f"create {form.value}, called a", form, "a") for form in Form)
AS_UNMANAGED = tuple(_create(f"create {form.value}, called s", form, "s") for form in Form)


def asks(world: World, state: str) -> Iterable[Ask]:
    """What it makes sense to ask of a world in a state of the guest."""
    if "busy" in world.tags:
        return (CREATE[0], REVERT, DELETE, FORGET, DESCRIBE)
    if "ended" in world.tags:
        return (CREATE[0], REVERT, KEPT[0], DELETE, FORGET, DESCRIBE)
    if "hung" in world.tags:
        return (REVERT, KEPT[0])
    if "left" in world.tags:
        return (*MERGES, *CREATE)
    if "edited" in world.tags:
        return (*HALTING, *CREATE, *KEPT)
    if "open" in world.tags:
        return (*CREATE, KEPT[0], REVERT)
    if "empty" in world.tags:
        return (REVERT, KEPT[0], DELETE, FORGET, DESCRIBE, RENAME, HOLD)
    if "moved" in world.tags:
        return (RELOCATE,)
    if "unmanaged" in world.tags:
        return (ADOPT, DELETE_UNMANAGED, *AS_UNMANAGED)
    if not world.target:
        more = (*NAMES, *OPTIONS) if "bare" in world.tags else ()
        return (*CREATE, *more, *((ELSEWHERE,) if "block" in world.tags else ()))
    found = [REVERT, DELETE, FORGET]
    if "transient" not in world.tags:  # a revert that fails ends it, so that both cannot be seen
        found.append(RENAME)
    if "held" in world.tags:
        return (*found, DESCRIBE, HOLD, RELEASE)
    if "branches" in world.tags:
        found.append(KEPT[0])
    if world.below:
        return (*found, WITH_CHILDREN, CHILDREN, FORGET_ALL)
    found += CREATE
    if "single" in world.tags:
        found += (RUN, PAUSE, DESCRIBE, HOLD, *TAKEN, KEPT[0])
        found += () if state == OFF else (KEPT[1],)
    elif "backup" in world.tags:
        found += (RUN, KEPT[0]) if state == OFF else (RUN, *KEPT)
    elif "damaged" in world.tags:
        found += (DESCRIBE, HOLD)
    elif "manual" in world.tags:
        found += (RUN, PAUSE)
    return found
