"""What a plan says beside its refusals and promises: data, of which words are made at the end.

warn.py has the sentences of the warnings.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from snaptui.plan.words.sentence import Names, filled, named
from snaptui.plan.words.warn import Warn


@enum.unique
class Note(enum.Enum):
    """What happens on the way, that is neither good nor bad; the value is the sentence."""

    DELETED = "{names} {go}."
    MERGED = "{disk}: {path} is merged into {lower} and removed."
    REMOVED = "{disk}: {path} is removed; nothing is merged."
    RAM_REMOVED = "Its RAM, {path}, is removed."
    RAM_GONE = "Its RAM, {path}, is gone already."
    COPIED_RUNNING = (
        "Up to {size} are copied, which may take {time} and {can} be cancelled; its guest goes on "
        "meanwhile."
    )
    COPIED_ACTIVE = (
        "Up to {size} are copied, which may take {time} and {can} be cancelled; its guest stays as "
        "it is."
    )
    COPIED_OFF = (
        "Up to {size} are copied, which may take {time} and {can} be cancelled; libvirt starts its "
        "QEMU for that, paused, and ends it."
    )
    FROZEN_ALONE = (
        "{domain} is frozen by itself: from another machine nobody could thaw it if the connection "
        "broke."
    )
    END_OF_ONE = "{end}"
    END_AND_LOSS_OF_ONE = "{end}. Lost: {lost}"


@enum.unique
class Unchecked(enum.Enum):
    """What could not be checked; the value is the sentence, mostly with the reason at its end."""

    # -- names, files and sizes
    NAME_FREE = "Whether the name is free inside {disk}: {reason}"
    FILE_THERE = "Whether {path} is there: {reason}"
    OVERLAY_FREE = "Whether there is a file {path} already"
    RAM_FILE_FREE = "Whether there is a file {path} already, which libvirt would overwrite"
    COPY_NEEDS = "How much it takes: {reason}"
    MERGE_NEEDS = "What the merge of {path} needs: {reason}"
    MERGE_ROOM = "Whether there is room for the merge into {path}: {reason}"
    MERGE_FITS = "{fact} More is not known: {reason}"

    FIRMWARE = "Whether the RAM fits the firmware of today ({path}): {reason}"
    FIRMWARE_CHANGED = (
        "Whether the RAM fits the firmware {path}, which was changed since ({when}): QEMU loads "
        "none where it has another size, and the guest is stopped then"
    )
    HOST_PART = "Whether this host offers {device}, with which the guest of then starts{reason}"
    MACHINE = "Whether QEMU can be the machine of then: {reason}"
    CPU = "Whether QEMU can have the CPU of then, {cpu}, as libvirt checks it{reason}"

    # -- what images hold, and lie upon
    INSIDE = "What {disk} holds inside: {reason}"
    DISCARDED = (
        "Whether {disk} still holds all of {name}: with discard_no_unref QEMU takes what the guest "
        "discards out of its snapshots too"
    )
    INSIDE_UNNAMED = (
        "What {disk} holds inside: the snapshot's metadata do not say which image it was."
    )
    BENEATH = "What lies beneath {disk}: {reason}"
    USES_OVERLAY = "Whether {disk} uses {path}: {reason}"
    TAKES_OVERLAY = "Whether QEMU lays an overlay on the image of {disk}: {reason}"
    WHICH_COPY = "Whether it is the one in {now} or the one in {path}"
    AS_AN_ENTRY = "Whether the disk is as one of its snapshots: {reason}"

    # -- who else uses them
    LIES_UPON = "Whether something else lies upon these images: {reason}"
    OTHERS_USE = "Whether others use these images: {reason}"
    OTHERS_USE_OVERLAYS = "Whether others use the overlays of now: {reason}"
    USED = "Whether something else uses it: {reason}"
    OPEN = "Whether a process has it open: {reason}"
    OPEN_UNSEEN = "Whether a process that may not be looked into has it open"
    OPEN_BENEATH = "Who else has what lies beneath open: {reason}"
    OPEN_ON_OTHER_HOST = "Whether another host has {path} open, which lies on {kind}"
    OPEN_UNLOCKED = (
        "Whether another host has {path} open: on {kind}, as it is mounted here, the lock of its "
        "QEMU does not show"
    )
    WRITABLE = "Whether it may be written to: {reason}"

    # -- the domain and its libvirt
    CONFIGURATION = "What of the configuration changed since: {reason}"
    LOADS_RAM = (
        "Whether this libvirt {version} loads RAM from an image: Debian 13's does, upstream's "
        "stops the guest and fails."
    )
    LOADS_RAM_FILE = (
        "Whether this libvirt {version} loads RAM from a file with QEMU {qemu}: upstream's before "
        "12.1 stops the guest and fails."
    )
    ELSEWHERE = "Whether the same guest is active on {host}: {reason}"
    IN_GROUP = "Whether {domain} has one of the group: {reason}"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a plan says.

    Attributes:
        names: what stands for the names in the sentence.
        member: which of several domains or files it is about; empty where there is one.
    """

    what: Warn | Note | Unchecked
    names: Names = ()
    member: str = ""

    @property
    def words(self) -> str:
        """The same as a sentence."""
        of = f"{self.member}: " if self.member else ""
        return f"{of}{filled(self.what, self.names)}"

    def of(self, member: str) -> Remark:
        """The same of one of several."""
        return replace(self, member=member)


def remark(what: Warn | Note | Unchecked, /, **names: object) -> Remark:
    """A remark; ``names`` are those in the sentence of ``what``."""
    return Remark(what, named(names))
