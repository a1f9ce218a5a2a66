"""What a plan breaks, costs or leaves behind: the words of all warnings.

The names in braces are those of :class:`~snaptui.plan.remark.Remark`. Nothing compares these
sentences: code and tests go by the members.
"""

from __future__ import annotations

import enum


@enum.unique
class Warn(enum.Enum):
    """A consequence; the value is the sentence."""

    # -- of any plan
    VERSION_NOT_TRIED = "libvirt {version} is not one that was tried: the strictest rules apply."
    DEFINED_ELSEWHERE = (
        "{host} has {domain} too, off, with the same UUID: started there, it would have the disks "
        "as they are then, if they are shared."
    )
    NO_JOURNAL = (
        "The journal cannot be written ({reason}): nothing will tell later how far this came."
    )

    # -- what a new snapshot does not hold, or costs
    SAVE_NOT_KEPT = (
        "The managed save of {domain} is not part of it: its disks will be as after a power cut."
    )
    NOT_WRITTEN_YET = (
        "What the guest has not written to its disks yet is not in it: as after a power cut."
    )
    VARIABLES_NOT_KEPT = "The UEFI variables are not part of it."
    TPM_NOT_KEPT = "The state of its TPM is not part of it."
    LONG_CHAIN = (
        "libvirt {version} starts no guest any more that has more than some 25 external snapshots; "
        "with this one {domain} has {number}."
    )
    DISK_LEFT_OUT = "{disk} is left out: it has no way back."
    INSIDE_OVERLAYS = (
        "It lies inside the overlays of now: as long as it is there, {names} cannot be deleted "
        "(virsh would, and destroy it)."
    )
    INSIDE_BENEATH = (
        "{names} inside the images beneath cannot be reverted to, and no internal snapshot can be "
        "taken, until it is deleted."
    )
    NO_REVERT_HERE = (
        "This host cannot revert to it: {reason}. It can only be deleted, which merges it."
    )
    OVERLAY_AGAINST_SETTING = (
        '{disk} gets an overlay, although the domain sets snapshot="{setting}" for it.'
    )
    OVERLAY_PLAIN = (
        "The new overlay of {disks} is NOT encrypted: libvirt makes it so. What the guest writes "
        "from then on can be read in it, until it is merged."
    )
    RAM_PLAIN = "The file with the RAM is not encrypted either: keys of the guest are in it."
    OVERLAYS_READABLE = (
        "libvirt {version} may make the overlays readable for every user of the host "
        "(CVE-2025-13193)."
    )
    RAM_MAY_NOT_FIT_INSIDE = (
        "The RAM may not fit: the create fails then, and the file system stays full. The guest "
        "goes on, and stops at a write for which there is no room."
    )
    RAM_MAY_NOT_FIT = "The RAM may not fit: libvirt then gives up, and the guest goes on."
    LITTLE_FREE = (
        "Less than 5 % of the file system is free: when it is full, the guest stops with an I/O "
        "error."
    )
    FEW_REFCOUNTS = (
        "The refcounts of {disk} have room for about {number}: then QEMU refuses, and each try "
        "leaks clusters. Delete some first."
    )
    NO_REFCOUNTS = (
        "The refcounts of {disk} have room for no more snapshots: then QEMU refuses, and each try "
        "leaks clusters. Delete some first."
    )

    NARROW_REFCOUNTS = (
        "The refcounts of {disk} go up to {limit}, and {entries} inside: of a cluster that all of "
        "them hold QEMU refuses one more, and each try leaks clusters. Use images with wider ones."
    )

    # -- what a revert makes of the domain
    STOPPED_SLOWLY = "QEMU of {domain} does not answer; stopping it may take 15 s."
    POWERED_OFF = (
        "{domain} is powered off at once: what its guest has not written to its disks yet is lost."
    )
    PAUSED = "{domain} is paused while up to {size} of its RAM are saved; this can be cancelled."
    PAUSED_TO_THE_END = (
        "{domain} is paused while up to {size} of its RAM are saved; this shows no progress and "
        "cannot be cancelled."
    )
    NOT_STARTED_LATER = (
        "{domain} gets the definition of then, with which it does not start here: {reason}. Edit "
        "that before its next start."
    )
    VARIABLES_STAY = "The UEFI variables stay as they are now."
    TPM_STAYS = (
        "The state of its TPM stays as it is now: what the guest has sealed with it may ask for a "
        "recovery key (BitLocker does)."
    )
    BY_OTHER_MEANS = (
        '{disks} was left to other means (snapshot="manual"): libvirt leaves it as it is now. Put '
        "it back by the same means before the next start."
    )
    DISK_STAYS = "{disk} is not part of the snapshot and stays as it is now."
    DISK_AS_FILE = "{disk} is not part of the snapshot: it becomes what {path} holds, as it was."
    DISK_AS_FROZEN = (
        "{disk} is not part of the snapshot: it becomes what {path} holds, as it was when {name} "
        "was taken."
    )
    DISK_LOST = "{disk} ({path}) was attached later; the domain loses it, the file stays."
    DISK_LOST_WITH_OVERLAY = (
        "{disk} was attached later; the domain loses it, and libvirt removes its overlay {path}."
    )
    DISK_SMALLER = "{disk} becomes smaller: {then} as it was then; now it is {now}."
    RAM_LEAKS = (
        "{disk} may then leak the RAM of {name} ({size}): QEMU leaves it one reference too many, "
        "and no delete frees it."
    )
    DISK_LARGER = "{disk} becomes larger: {then} as it was then; now it is {now}."
    CHECKPOINTS_LOST = (
        "No backup can count changes from the checkpoints ({names}) any more: libvirt makes the "
        "new overlays without their bitmaps. The next backup must be a full one."
    )
    OVERLAY_ON_ALL = (
        "{disk} gets an overlay on {path} too, though it is never written to: libvirt takes all "
        "disks. Where none can be made there, the revert fails."
    )
    GROUP_NOT_WHOLE = "{left}"

    # -- what a revert makes of other snapshots
    UNDELETABLE = "Until {name} is deleted, {names} cannot be: {lie} on that branch."
    KEEP_NOW_FIRST = (
        "To keep what is now, delete {names} first, which merges it; then this revert has a safety "
        "snapshot."
    )
    UNUSABLE = (
        "{name} becomes unusable: nobody can revert to it or delete it, only its metadata. What "
        "{files} shows then is a mixture of two times; it stays and keeps its space."
    )
    UNUSABLE_INSIDE = (
        "{name} becomes unusable: it lies in an overlay, and what that shows then is a mixture of "
        "two times."
    )
    WRITES_OVER = (
        "{name} may be whole still and lies upon {path}, which this writes over: {way_back} first."
    )

    # -- what a delete or a merge leaves
    BELOW_MOVES_UP = "{number} below it {move} up."
    ONLY_METADATA = "{fact} Only its metadata go."
    PART_GONE = "{fact} What the other images hold of it goes."
    DATA_STAY = (
        "Inside the images the data of {names} stay and keep their space; libvirt's tools do not "
        "show them any more, qemu-img does."
    )
    FILES_STAY = "These files stay, and nothing tells any more what they are: {files}."
    OVERLAYS_BETWEEN = (
        "{parent} cannot be deleted after that, only its metadata: the overlays of {name} stay "
        "between."
    )
    ONLY_COPY = (
        "{files} may hold the only copy of what was written last: {way_back} before that is "
        "forgotten."
    )
    RAM_STAYS = (
        "Its RAM, {path}, stays and keeps its space: libvirt {version} does not remove it. Remove "
        "it by hand."
    )
    OVERLAYS_STAY = (
        "{files} {keep} the space: libvirt does not remove it. The file systems list it then."
    )
    BACKUP_LOSES = "A backup that counts on this overlay finds it gone."

    # -- of records and guests
    RECORDED_AS_TODAY = "What {domain} was like then is not known: it is recorded as it is today."
    FILES_KEEP_NAMES = "Its files keep their names: {files}."
    COPY_NOT_OF_ONE_MOMENT = (
        "Whoever froze it may be copying its disks: what is copied after this is not of one moment."
    )

    # -- of images that no domain uses
    PROCESSES_HIDDEN = (
        "Some processes may not be looked into; of those that use it only a QEMU would keep "
        "qemu-img out, by its lock."
    )
    TWINS_LEFT = (
        "Left of this name: {number} called {name}. That this very one went is looked at "
        "afterwards."
    )
    RAM_NOT_LOADED = "Its RAM ({size}) is not loaded: the disk will be as after a power failure."
    DISK_RESIZED = "The disk becomes {then} large; now it is {now}."
    RAM_NOT_COPIED = "Its RAM ({size}) is not copied: the disk alone is, as after a power failure."
    BENEATH_COPIED = "What the snapshot takes from {path} is copied too, as that is now."
    OPEN_MEANWHILE = (
        "{who} (process {pid}) has {image} open: QEMU's lock is not heeded. Snapshots do not "
        "change, but this one must not be deleted meanwhile."
    )
    DATA_FILE_STAYS = "Its data are in {path}, which stays and keeps its space. Remove it by hand."
    DATA_FILE_UNKNOWN_STAYS = (
        "Its data are in another file, which stays and keeps its space. Which one is not known: "
        "{reason}"
    )
    HOLES = "A raw file has holes where the disk is empty; some tools fill them."
    WRITTEN_LATELY = "It was written to {age}: somebody may be working with it."
    OTHER_NAMES = "The file has other names, which keep its space."
    NOT_NAMED_HERE = (
        "Nothing on this host names it: no domain, no snapshot, no other image. A copy of its "
        "definition elsewhere (virsh dumpxml, a backup) may."
    )
