"""What is done while something goes wrong, and to what."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from snaptui.backend.files.image_reader import read_image
from snaptui.model.choices import Form, SafetyKind, Scope
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageKey, PlacedEntry
from snaptui.plan.plan import (
    AdoptIntent,
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    EditIntent,
    ImageApply,
    ImageDelete,
    ImageExtract,
    Intent,
    MergeIntent,
    RelocateIntent,
    RevertIntent,
)
from tests.lab import qemu_img, write
from tests.live.matrix.guest import RUNNING, Guest

FREE = "free.qcow2"
"""The image that no domain uses."""
SPARE = "spare"
"""A snapshot that the operation leaves alone, and that the second admin may delete."""


class Obstacle(enum.Enum):
    """What keeps the host at a call."""

    NONE = "nothing: it takes no time"
    SECOND = "the second qemu-img"
    FIRST = "the first qemu-img"
    GUEST = "the guest's QEMU"
    HELPER = "the QEMU that merges"


@dataclass(frozen=True)
class Act:
    """One operation.

    Attributes:
        intent: for a domain of a guest, as the program's URI calls it.
        steps: how many its plan has.
        image: it is about an image that no domain uses.
        bare: the domain has no snapshot, so that it can be renamed.
        external: the second admin takes external snapshots as well.
        spoils: snapshots that it takes apart.
        running: its guest runs.
        spare: the domain has one that the second admin may delete.
        moves: the domain runs and has no snapshot, so that it can be migrated.
        since: the first libvirt that does it.
    """

    words: str
    build: Callable[[Guest], None]
    intent: Callable[[Guest, str], Intent]
    obstacle: Obstacle
    steps: int = 1
    image: bool = False
    bare: bool = False
    external: bool = False
    spoils: tuple[str, ...] = ()
    spare: bool = False
    moves: bool = False
    running: bool = False
    since: tuple[int, ...] = (9, 0)


def _made(*names: str, state: str = "", external: bool = False) -> Callable[[Guest], None]:
    def build(guest: Guest) -> None:
        guest.define()
        for name in names:
            guest.external(name) if external else guest.internal(name)
        if state:
            guest.go(state)
            guest.write()

    return build


def _unmanaged(guest: Guest) -> None:
    guest.define()
    guest.make_unmanaged("unmanaged")


def _undoable(guest: Guest) -> None:
    """As after a revert with its safety snapshot."""
    guest.define()
    guest.internal("a")
    guest.internal("safety-20261120T020000Z-a")
    guest.revert("a")


def _free(guest: Guest) -> None:
    guest.define()
    path = guest.directory / FREE
    qemu_img("create", "-q", "-f", "qcow2", str(path), "4M")
    for byte, name in ((1, "one"), (2, "two"), (3, "")):
        write(path, byte)
        if name:
            qemu_img("snapshot", "-c", name, str(path))


def _moved(guest: Guest) -> None:
    guest.define()
    guest.internal("a")
    guest.move()


def _left(guest: Guest) -> None:
    """Its backup went away and left overlays that no snapshot names."""
    guest.define()
    guest.go(RUNNING)
    guest.unnamed("tmp")


def _key(guest: Guest, uri: str) -> DomainKey:
    return DomainKey(uri, guest.key.uuid)


def _create(form: Form) -> Callable[[Guest, str], Intent]:
    return lambda guest, uri: CreateIntent(_key(guest, uri), "new", "", form)


def _revert(name: str, safety: SafetyKind) -> Callable[[Guest, str], Intent]:
    return lambda guest, uri: RevertIntent(_key(guest, uri), name, safety=safety)


def _delete(scope: Scope) -> Callable[[Guest, str], Intent]:
    return lambda guest, uri: DeleteIntent(_key(guest, uri), "a", scope)


def _edit(new_name: str = "") -> Callable[[Guest, str], Intent]:
    return lambda guest, uri: EditIntent(_key(guest, uri), "a", "other words", new_name)


def _image(make: Callable[[ImageKey, PlacedEntry], Intent]) -> Callable[[Guest, str], Intent]:
    def intent(guest: Guest, uri: str) -> Intent:
        path = str(guest.directory / FREE)
        first = read_image(path).snapshots[0]
        return make(ImageKey(uri, path), PlacedEntry(0, first))

    return intent


ACTS = (
    Act("create internal, off", _made(), _create(Form.INTERNAL), Obstacle.SECOND, bare=True),
    Act(
        "create internal, running",
        _made(state=RUNNING),
        _create(Form.INTERNAL),
        Obstacle.GUEST,
        running=True,
        moves=True,
    ),
    Act(
        "create external, running",
        _made(state=RUNNING),
        _create(Form.DISK_ONLY),
        Obstacle.GUEST,
        external=True,
        running=True,
        moves=True,
    ),
    Act(
        "create external with RAM",
        _made(state=RUNNING),
        _create(Form.EXTERNAL),
        Obstacle.GUEST,
        external=True,
    ),
    Act(
        "revert, running",
        _made("a", SPARE, state=RUNNING),
        _revert("a", SafetyKind.DISKS_AND_RAM),
        Obstacle.SECOND,
        steps=2,
        spare=True,
        running=True,
    ),
    Act(
        "undo, off",
        _undoable,
        _revert("safety-20261120T020000Z-a", SafetyKind.DISKS),
        Obstacle.SECOND,
        steps=2,
    ),
    Act(
        "revert external, off",
        _made("a", external=True),
        _revert("a", SafetyKind.DISKS),
        Obstacle.SECOND,
        steps=2,
        external=True,
        since=(9, 9),
    ),
    Act(
        "delete internal, off",
        _made("a", "b", SPARE),
        _delete(Scope.THIS),
        Obstacle.SECOND,
        spoils=("a",),
        spare=True,
    ),
    Act(
        "delete internal, running",
        _made("a", "b", SPARE, state=RUNNING),
        _delete(Scope.THIS),
        Obstacle.GUEST,
        spoils=("a",),
        spare=True,
        running=True,
    ),
    Act(
        "delete external, off",
        _made("a", external=True),
        _delete(Scope.THIS),
        Obstacle.HELPER,
        external=True,
        spoils=("a",),
    ),
    Act(
        "delete external, running",
        _made("a", external=True, state=RUNNING),
        _delete(Scope.THIS),
        Obstacle.GUEST,
        external=True,
        spoils=("a",),
        running=True,
    ),
    Act(
        "delete with children, off",
        _made("a", "b", "c"),
        _delete(Scope.WITH_CHILDREN),
        Obstacle.SECOND,
        steps=3,
        spoils=("a",),
    ),
    Act(
        "delete marked, off",
        _made("a", "b", "c", SPARE),
        lambda guest, uri: DeleteManyIntent(_key(guest, uri), ("a", "c")),
        Obstacle.SECOND,
        steps=2,
        spoils=("a", "c"),
        spare=True,
    ),
    Act("describe", _made("a", "b", SPARE), _edit(), Obstacle.NONE, spare=True),
    Act(
        "rename",
        _made("a", "b", external=True),
        _edit("c"),
        Obstacle.NONE,
        steps=3,
        external=True,
    ),
    Act(
        "adopt",
        _unmanaged,
        lambda guest, uri: AdoptIntent(_key(guest, uri), "unmanaged"),
        Obstacle.NONE,
        bare=True,
    ),
    Act(
        "relocate",
        _moved,
        lambda guest, uri: RelocateIntent(_key(guest, uri), "a"),
        Obstacle.NONE,
    ),
    Act(
        "merge what a backup left, running",
        _left,
        lambda guest, uri: MergeIntent(_key(guest, uri), str(guest.directory / "vda.tmp")),
        Obstacle.GUEST,
        external=True,
        running=True,
    ),
    Act(
        "image: apply",
        _free,
        _image(ImageApply),
        Obstacle.FIRST,
        steps=2,
        image=True,
    ),
    Act(
        "image: delete",
        _free,
        _image(lambda key, placed: ImageDelete(key, (placed,))),
        Obstacle.FIRST,
        image=True,
    ),
    Act(
        "image: extract",
        _free,
        _image(lambda key, one: ImageExtract(key, one, f"{key.path.rpartition('/')[0]}/copy")),
        Obstacle.FIRST,
        image=True,
    ),
)
