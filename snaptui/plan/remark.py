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

    DELETED = "{names} {are} deleted."
    MERGED = "{disk}: {path} is merged into {lower} and removed."
    ZEROS_WRITTEN = "QEMU {version} writes zeros as data into {path}, which is raw."
    REMOVED = "{disk}: {path} is removed without a merge."
    RAM_REMOVED = "Its RAM file, {path}, is removed."
    RAM_GONE = "Its RAM file, {path}, is missing already."
    COPIED_RUNNING = (
        "Copies up to {size}, which may take {time} and {can} be cancelled. The guest keeps "
        "running."
    )
    COPIED_ACTIVE = (
        "Copies up to {size}, which may take {time} and {can} be cancelled. The guest does not "
        "change."
    )
    COPIED_OFF = (
        "Copies up to {size}, which may take {time} and {can} be cancelled. libvirt starts a "
        "paused QEMU for it and ends it afterwards."
    )
    FROZEN_ALONE = (
        "{domain} is frozen alone: if the connection broke, snaptui could not thaw it from "
        "another machine."
    )
    TAKEN_WITHIN = (
        "The snapshots were taken within {spread} s, by the clock of the machine that ran snaptui."
    )
    END_OF_ONE = "{end}"
    END_AND_LOSS_OF_ONE = "{end}. You lose: {lost}"


@enum.unique
class Unchecked(enum.Enum):
    """What could not be checked; the value is the sentence, mostly with the reason at its end."""

    # -- names, files and sizes
    NAME_FREE = "Whether the name is free inside {disk}: {reason}"
    FILE_THERE = "Whether {path} exists: {reason}"
    OVERLAY_FREE = "Whether a file {path} exists already"
    RAM_FILE_FREE = "Whether a file {path} exists already, which libvirt would overwrite"
    COPY_NEEDS = "How much space it needs: {reason}"
    MERGE_NEEDS = "How much space the merge of {path} needs: {reason}"
    MERGE_ROOM = "Whether the merge into {path} has enough space: {reason}"
    MERGE_FITS = "{fact} More is not known: {reason}"

    FIRMWARE = "Whether the RAM fits today's firmware ({path}): {reason}"
    FIRMWARE_CHANGED = (
        "Whether the RAM fits the firmware {path}, which was changed since ({when}). If its size "
        "differs, QEMU loads no RAM, and the guest is already stopped then"
    )
    HOST_PART = "Whether this host offers {device}, which the guest of that time needs{reason}"
    DEVICE = "Whether QEMU offers the device of that time here: {device}{reason}"
    MACHINE = "Whether QEMU offers the machine type of that time: {reason}"
    CPU = "Whether QEMU offers the CPU of that time, {cpu}, as libvirt checks it{reason}"

    # -- what images hold, and lie upon
    INSIDE = "The internal snapshots of {disk}: {reason}"
    DISCARDED = (
        "Whether {disk} still holds all of {name}: with discard_no_unref QEMU removes what the "
        "guest discards from its snapshots too"
    )
    INSIDE_UNNAMED = (
        "The internal snapshots of {disk}: the snapshot's metadata does not say which image it was."
    )
    DAMAGED = (
        "Whether QEMU can change {path}, whose tables are damaged (examine it with qemu-img "
        "check): {reason}"
    )
    BENEATH = "The backing chain of {disk}: {reason}"
    CHAIN_DEFINED = (
        "Which image {disk} lies upon: the definition of {domain} names {named} (<backingStore>), "
        "the image itself {beneath}. QEMU starts with the former, and snaptui goes by the latter"
    )
    CHAIN_RECORDED = (
        "Which image {disk} lies upon: the metadata of {name} names {named} (<backingStore>), "
        "the image itself {beneath}. QEMU starts with the former, and snaptui goes by the latter"
    )
    USES_OVERLAY = "Whether {disk} uses {path}: {reason}"
    TAKES_OVERLAY = "Whether QEMU can add an overlay to the image of {disk}: {reason}"
    WHICH_COPY = "Whether the one in {now} or the one in {path} is meant"
    AS_AN_ENTRY = "Whether the disk equals one of its snapshots: {reason}"

    # -- who else uses them
    LIES_UPON = "Whether other overlays use these images: {reason}"
    OTHERS_USE = "Whether others use these images: {reason}"
    OTHERS_USE_OVERLAYS = "Whether others use the current overlays: {reason}"
    USED = "Whether anything else uses it: {reason}"
    OPEN = "Whether a process has it open: {reason}"
    OPEN_UNSEEN = "Whether a process that cannot be inspected has it open"
    OPEN_BENEATH = "Which processes have its backing files open: {reason}"
    OPEN_ON_OTHER_HOST = "Whether another host has {path} open, which is on {kind}"
    OPEN_UNLOCKED = (
        "Whether another host has {path} open: on {kind}, as it is mounted here, QEMU's locks "
        "are not visible"
    )
    WRITABLE = "Whether it is writable: {reason}"

    # -- the domain and its libvirt
    CONFIGURATION = "Which configuration changes happened since: {reason}"
    LOADS_RAM = (
        "Whether this libvirt {version} loads RAM from an image: Debian's packages do since "
        "{since}; upstream's stops the guest and fails."
    )
    LOADS_RAM_FILE = (
        "Whether this libvirt {version} loads RAM from a file with QEMU {qemu}: upstream's "
        "before 12.1 stops the guest and fails."
    )
    ELSEWHERE = "Whether the same guest is active on {host}: {reason}"
    SAME_IMAGE = "Whether {path} is the same file on {host}, where {domain} uses this path"
    IMAGES_ELSEWHERE = "Whether other hosts use its images: {number} did not answer ({hosts})"
    IN_GROUP = "Whether {domain} has a snapshot of the group: {reason}"


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
