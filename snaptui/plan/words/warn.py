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
    VERSION_NOT_TRIED = (
        "libvirt {version} was not tried. What is not in its NEWS is taken to be as on {known}."
    )
    DEFINED_ELSEWHERE = (
        "{host} also defines {domain} (same UUID, off). If started there, and the disks are "
        "shared, it would use them as they are then."
    )
    NO_JOURNAL = (
        "The journal cannot be written ({reason}). If snaptui ends meanwhile, nothing tells how "
        "far the operation came."
    )

    # -- what a new snapshot does not hold, or costs
    DATA_FILE_GONE = (
        "{path}, in which data of {disk} are, is missing. Until it is put back, nobody can read "
        "the disk, with the snapshot or without."
    )
    SAVE_NOT_KEPT = (
        "The managed save of {domain} is not included: its disks will be as after a power failure."
    )
    NOT_WRITTEN_YET = (
        "What the guest has not written to its disks yet is not included: as after a power failure."
    )
    VARIABLES_NOT_KEPT = "The {snapshot} does not include the UEFI variables."
    TPM_NOT_KEPT = "The {snapshot} does not include the TPM state."
    LONG_CHAIN = (
        "libvirt {version} starts no guest with some 25 overlays upon each other; with the new "
        "one {disk} has {number}."
    )
    DISK_LEFT_OUT = "{disk} is left out: it cannot be reverted."
    INSIDE_OVERLAYS = (
        "The snapshot is inside the current overlays: while it exists, {names} cannot be deleted "
        "(virsh would, and would destroy it)."
    )
    INSIDE_BENEATH = (
        "A revert to {names}, inside its backing files, makes this overlay unusable and cannot be "
        "undone."
    )
    NO_REVERT_HERE = (
        "The new snapshot, which is external, cannot be reverted to here: {reason}. It can only be "
        "deleted, which merges it."
    )
    OVERLAY_AGAINST_SETTING = (
        '{disk} gets an overlay although the domain sets snapshot="{setting}" for it.'
    )
    OVERLAY_PLAIN = (
        "libvirt makes the new overlay of {disks} WITHOUT encryption. What the guest writes from "
        "then on is readable in it until it is merged."
    )
    RAM_PLAIN = "The RAM file is not encrypted either, and it contains the guest's keys."
    OVERLAYS_READABLE = (
        "libvirt {version} may make the overlays readable by every user of the host "
        "(CVE-2025-13193)."
    )
    RAM_MAY_NOT_FIT_INSIDE = (
        "The RAM may not fit. The create then fails, the file system stays full, and the guest "
        "stops at its next write that needs space."
    )
    ENTRY_MAY_NOT_FIT = (
        "Only {free} are free for {path}, and QEMU may need {needs} for its tables. If they do "
        "not fit, the create fails and leaves an entry inside, or errors that qemu-img check finds."
    )
    RAM_MAY_NOT_FIT = "The RAM may not fit. libvirt then gives up, and the guest keeps running."
    LITTLE_FREE = (
        "The file system has less than 5 % free. Once it is full, the guest stops with an I/O "
        "error."
    )
    FEW_REFCOUNTS = (
        "The refcounts of {disk} have room for about {number}. After that QEMU refuses, and each "
        "try leaks clusters. Delete some first."
    )
    NO_REFCOUNTS = (
        "The refcounts of {disk} have no room for another snapshot. QEMU refuses, and each try "
        "leaks clusters. Delete some first."
    )

    NARROW_REFCOUNTS = (
        "The refcounts of {disk} end at {limit}, and {entries} inside. QEMU refuses one more "
        "where all of them share a cluster, and each try leaks clusters. Use images with wider "
        "refcounts."
    )

    # -- what a revert makes of the domain
    STOPPED_SLOWLY = "QEMU of {domain} does not answer. Stopping it may take 15 s."
    POWERED_OFF = (
        "{domain} is powered off at once. You lose what its guest has not written to its disks yet."
    )
    PAUSED = "{domain} is paused while up to {size} of its RAM is saved. This can be cancelled."
    PAUSED_TO_THE_END = (
        "{domain} is paused while up to {size} of its RAM is saved. This shows no progress and "
        "cannot be cancelled."
    )
    NOT_STARTED_LATER = (
        "{domain} gets its earlier definition, which does not start here: {reason}. Edit it "
        "before the next start."
    )
    VARIABLES_RESET = (
        "The reset overwrites the UEFI variables of now. No snapshot holds them, and the undo does "
        "not bring them back."
    )
    VARIABLES_STAY = "The UEFI variables are not reverted."
    TPM_STAYS = (
        "The TPM state is not reverted. A guest that sealed secrets with it may ask for a "
        "recovery key (BitLocker does)."
    )
    BY_OTHER_MEANS = (
        '{disks} was excluded (snapshot="manual"), and libvirt does not revert it. Put it back '
        "by your own means before the next start."
    )
    DISK_STAYS = "{disk} is not part of the snapshot and is not reverted."
    DISK_AS_FILE = "{disk} is not part of the snapshot. It becomes what {path} holds."
    DISK_AS_FROZEN = (
        "{disk} is not part of the snapshot. It becomes what {path} held when {name} was taken."
    )
    DISK_LOST = "{disk} ({path}) was attached later. The domain loses it; the file stays."
    DISK_LOST_WITH_OVERLAY = (
        "{disk} was attached later. The domain loses it, and libvirt removes its overlay {path}."
    )
    DISK_SMALLER = "{disk} becomes smaller: {then} again instead of {now}."
    RAM_LEAKS = (
        "{disk} may then leak the RAM of {name} ({size}): QEMU counts one reference too many, "
        "and no delete frees it."
    )
    DISK_LARGER = "{disk} becomes larger: {then} again instead of {now}."
    CHECKPOINTS_LOST = (
        "No backup can count changes from the checkpoints ({names}) any more, because libvirt "
        "makes the new overlays without their bitmaps. The next backup must be a full one."
    )
    OVERLAY_ON_ALL = (
        "{disk} gets an overlay on {path} too, although it is never written to: libvirt takes "
        "all disks. If none can be made there, the revert fails."
    )
    GROUP_NOT_WHOLE = "{left}"

    # -- what a revert makes of other snapshots
    UNDELETABLE = "{names} cannot be deleted until {name} is: {lie} on that branch."
    KEEP_NOW_FIRST = (
        "To keep the current state, first delete {names}, which merges it. After that this "
        "revert can take a safety snapshot."
    )
    COPY_NOW_FIRST = (
        "To keep the current state, first copy {files} with {domain} off (qemu-img convert): "
        "libvirt cannot merge {names}, whose parent is internal."
    )
    UNUSABLE_OVERLAY = (
        "{path} becomes unusable: no snapshot made it, and it shows a mixture of two times after "
        "the revert. Copy it first (qemu-img convert)."
    )
    UNUSABLE = (
        "{name} becomes unusable: only its metadata can be deleted, and no revert to it is "
        "possible. {files} then shows a mixture of two times, stays and keeps its space."
    )
    UNUSABLE_FROZEN = "{name} loses its data: {files}, which it froze, is written to."
    UNUSABLE_INSIDE = (
        "{name} becomes unusable: it is in an overlay that then shows a mixture of two times."
    )
    UNUSABLE_UNMANAGED = (
        "The unmanaged snapshot {name} becomes unusable: {path}, which it is in, then shows a "
        "mixture of two times."
    )
    WRITES_OVER = (
        "{name} may still be intact. It is an overlay on {path}, which this overwrites: "
        "{way_back} first."
    )
    WRITES_OVER_FROZEN = (
        "{name} may still be intact in {path}, which it froze and this overwrites: copy it first "
        "(qemu-img convert)."
    )

    # -- what a delete or a merge leaves
    BELOW_MOVES_UP = "{number} below it {move} up."
    ONLY_METADATA = "{fact} Only its metadata is deleted."
    PART_GONE = "{fact} What the other images hold of it is deleted."
    DATA_STAY = (
        "The data of {names} stays inside the images and keeps its space. libvirt's tools no "
        "longer show it; qemu-img does."
    )
    FILES_STAY = "These files stay, and nothing records any more what they are: {files}."
    OVERLAYS_BETWEEN = (
        "After that only the metadata of {parent} can be deleted, because the overlays of {name} "
        "stay in between."
    )
    ONLY_COPY = (
        "{files} may hold the only copy of the latest writes: {way_back} before snaptui forgets "
        "the snapshot."
    )
    RAM_STAYS = (
        "Its RAM file, {path}, stays and keeps its space: libvirt {version} does not remove it. "
        "Remove it by hand."
    )
    OVERLAYS_STAY = (
        "{files} {keep} the space: libvirt does not remove it. Disk usage then lists it."
    )
    APPARMOR_READS_NOT = (
        "AppArmor keeps libvirt's helper (virt-aa-helper) from reading {path} by its name, and the "
        "guest may not start with it. A name that ends in .qcow2 can be read."
    )
    BACKUP_LOSES = "A backup that relies on this overlay will not find it any more."
    METADATA_NAMES_MERGED = (
        "The metadata of {names} names {path} beneath {disk}. Before a revert to it that "
        "<backingStore> has to be removed from it (virsh snapshot-edit)."
    )

    # -- of records and guests
    RECORDED_AS_TODAY = (
        "The domain's configuration at that time is not known; the metadata records {domain} as "
        "it is today."
    )
    FILES_KEEP_NAMES = "Its files keep their names: {files}."
    COPY_NOT_OF_ONE_MOMENT = (
        "A backup may have frozen it and may be copying its disks. What it copies after the thaw "
        "is not of one moment."
    )

    # -- of images that no domain uses
    PROCESSES_HIDDEN = (
        "Some processes cannot be inspected. If one of them uses the image, only QEMU's lock "
        "would keep qemu-img out."
    )
    TWINS_LEFT = (
        "{number} called {name} will be left. snaptui checks afterwards that this very one is gone."
    )
    RAM_NOT_LOADED = "Its RAM ({size}) is not loaded: the disk will be as after a power failure."
    DISK_RESIZED = "The disk becomes {then} in size instead of {now}."
    RAM_NOT_COPIED = "Its RAM ({size}) is not copied, only the disk, as after a power failure."
    BENEATH_COPIED = "What the snapshot takes from {path} is copied too, as it is now."
    OPEN_MEANWHILE = (
        "{who} (process {pid}) has {image} open, and this ignores QEMU's lock. Snapshots do not "
        "change, but do not delete this one meanwhile."
    )
    DATA_FILE_STAYS = "Its data is in {path}, which stays and keeps its space. Remove it by hand."
    DATA_FILE_UNKNOWN_STAYS = (
        "Its data is in another file, which stays and keeps its space. Which file is not known: "
        "{reason}"
    )
    HOLES = "A raw file has holes where the disk is empty; some tools fill them."
    WRITTEN_LATELY = "It was written to {age} and may be in use."
    OTHER_NAMES = "The file has other hard links, which keep its space."
    NOT_NAMED_HERE = (
        "Nothing on this host names it: no domain, snapshot or other image. A copy of its "
        "definition elsewhere (virsh dumpxml, a backup) may."
    )
