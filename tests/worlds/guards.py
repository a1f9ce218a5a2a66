"""What stands before each act: the plan that knows its harms, or why none is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from snaptui.backend.virt.snapshot_xml import parse_snapshot
from snaptui.model.choices import Form, RunState, SafetyKind
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    DomainIntent,
    EditIntent,
    MergeIntent,
    RevertIntent,
)
from tests.worlds import contents
from tests.worlds.member import Member

Guard = Callable[..., DomainIntent | None]
"""Of a member and the words of an act, the intent whose plan is asked for harms."""


def _create(form: Form) -> Guard:
    return lambda member, name, *_: CreateIntent(member.key, name, "", form)


def _delete(member: Member, name: str) -> DomainIntent:
    return DeleteIntent(member.key, name)


def _edit(member: Member, name: str, *_: str) -> DomainIntent:
    return EditIntent(member.key, name, "other words")


def _revert(member: Member, name: str) -> DomainIntent:
    return RevertIntent(member.key, name, RunState.RECORDED, SafetyKind.NONE)


def _commit(at: int) -> Guard:
    """Of the overlay so far beneath the newest one: a merge is what a delete does."""

    def merge(member: Member) -> DomainIntent | None:
        disks = [disk for disk in member.disks if disk.format == "qcow2" and disk.path]
        chain = [*contents.chain(disks[0].path or "")] if disks else []
        if len(chain) <= at:
            return None
        for one in member.domain.listAllSnapshots():
            if chain[at] in {part.path for part in parse_snapshot(one.getXMLDesc()).disks}:
                return DeleteIntent(member.key, one.getName())
        return MergeIntent(member.key, chain[at])

    return merge


GUARDS: Mapping[str, Guard] = {
    "internal": _create(Form.INTERNAL),
    "external": _create(Form.DISK_ONLY),
    "external with RAM": _create(Form.EXTERNAL),
    "unnamed": _create(Form.DISK_ONLY),
    "revert": _revert,
    "delete": _delete,
    "virsh-delete": _delete,
    "forget": lambda member, name: DeleteIntent(member.key, name, metadata_only=True),
    "recreate": lambda member, name: DeleteIntent(member.key, name, metadata_only=True),
    "redefine": _edit,
    "from-elsewhere": _edit,
    "commit by hand": _commit(0),
    "commit waits": _commit(0),
    "commit beneath": _commit(1),
}

_MAKES = "there is no domain yet"
_RUNS = "whose guest is known to go down with what runs it is never started (Member.never)"
_DEFINES = "libvirt is told another definition, and no QEMU"
_IMAGE = "qemu-img alone changes an image, of a guest that is off"
_FILES = "only files change, and no program is told"
_BESIDE = "nothing of snapshots, of which alone plans know harms"
UNGUARDED: Mapping[str, str] = {
    **dict.fromkeys(("define", "define-transient", "define-clone", "define-same"), _MAKES),
    **dict.fromkeys(("start", "pause", "power off", "take images", "save", "freeze"), _RUNS),
    **dict.fromkeys(("edit-back", "move", "rename", "rename images", "detach", "attach"), _DEFINES),
    **dict.fromkeys(("stop pool", "undefine pool", "unknown-volume"), _DEFINES),
    **dict.fromkeys(("pooled", "volume-gone"), _FILES),
    **dict.fromkeys(("unmanaged", "drop", "apply", "bitmap", "rebase", "restore"), _IMAGE),
    **dict.fromkeys(("overlay-by-hand", "lend", "loose"), _IMAGE),
    **dict.fromkeys(("set-time-back", "copy back", "remove", "read-only file", "fill"), _FILES),
    **dict.fromkeys(("write", "resize", "checkpoint"), _BESIDE),
    **dict.fromkeys(("copy", "end copy", "backup", "end backup", "push backup"), _BESIDE),
}
"""By act, why no plan is asked before it."""
