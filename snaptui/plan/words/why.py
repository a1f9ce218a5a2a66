"""What can stand in the way of a plan: the words of all refusals. way.py has the ways round.

The names in braces are those of :class:`~snaptui.plan.refusal.Refusal`. Nothing compares these
sentences: code and tests go by the members.
"""

from __future__ import annotations

import enum


@enum.unique
class Why(enum.Enum):
    """What stands in the way; the value is the sentence."""

    # -- the domain as it is now
    BUSY = "libvirt is busy with another job on {domain}."
    IMAGE_ELSEWHERE = "{domain} on {host} is running and uses {path}, which both hosts share."
    ACTIVE_ELSEWHERE = "The same guest (same UUID) is {state} on {host}."
    ENDING = "{domain} is shutting down."
    SUSPENDED = "{domain} is suspended."
    HUNG = "QEMU of {domain} does not answer, and this needs its answer."
    SILENT = (
        "The file system of {path} does not answer. libvirt would hang on it, and so would every "
        "request for {domain}."
    )
    TRANSIENT = "{domain} is transient: libvirt drops its snapshots' metadata when it stops."
    TRANSIENT_NOT_YET = (
        "{domain} is transient; snaptui does not support this for transient domains yet."
    )
    ENDS_TRANSIENT = (
        "{domain} is transient and disappears when it is shut off. libvirt cannot revert it to a "
        "snapshot without RAM."
    )
    SAVE_OF_OTHER_DISKS = (
        "{domain} has a managed save. Its next start would load that memory over different disks."
    )
    SAVE_WRITES_BENEATH = (
        "{domain} has a managed save. Its next start would write to the backing files of the "
        "overlays."
    )
    BLOCK_JOB = "A block job is running on {disks} of {domain} (virsh blockjob shows it)."
    CHECKPOINTS_WHILE_OFF = (
        "While {domain} is shut off, libvirt {version} cannot do this for a domain with "
        "checkpoints ({names})."
    )
    CHECKPOINTS = (
        "{domain} has checkpoints of a backup tool ({names}). QEMU cannot revert to an internal "
        "snapshot while an image holds their bitmaps."
    )
    BITMAPS = (
        "The image of {disk} ({path}) holds bitmaps of a backup tool ({number}). QEMU cannot "
        "revert to an internal snapshot of an image with bitmaps."
    )
    BACKUP = "A backup of {disks} of {domain} is running."
    PIVOTED_UNKNOWN = (
        "QEMU of {domain} no longer uses {path}, although libvirt still names it for {disk}: a "
        "merge was cut off at its end. The guest now writes to {lower}."
    )
    BLOCK_JOB_WAITS = (
        "A copy or merge of {disks} of {domain} is complete and waits for a decision which image "
        "to keep."
    )
    NO_DISK = "{domain} has no disk that a snapshot could include."
    HOST_DEVICES = "{domain} has host devices ({devices}). QEMU cannot save their state."
    VARIABLES_IN_PFLASH = (
        "{domain} keeps its UEFI variables in a pflash image. Before 10.9 libvirt cannot include "
        "that in an internal snapshot."
    )
    VARIABLES_RAW = (
        "{domain} keeps its UEFI variables in a raw image. While it runs, libvirt includes only "
        "qcow2 ones in an internal snapshot."
    )
    VARIABLES_LEFT_OUT = (
        "{domain} keeps its UEFI variables in qcow2. libvirt {version} includes them in an "
        "internal snapshot, but skips them on revert and delete."
    )
    RESET_NOT_WITH_RAM = (
        "The RAM of {name} brings the UEFI variables of that time back, so they cannot be reset."
    )
    RESET_AT_START_ALONE = (
        "{domain} will be shut off. libvirt resets UEFI variables only when it starts the guest."
    )
    RESET_LOSES_PARTS = (
        "A reset replaces {path}, and the parts of snapshots in it are lost ({names})."
    )
    VARIABLES_WITHOUT_PART = (
        "The UEFI variables of {domain} hold no {name}, so QEMU would delete it on no disk while "
        "the domain runs. libvirt {version} would drop its metadata all the same."
    )
    VARIABLES_NOT_INSIDE_NOT_YET = (
        "{domain} keeps its UEFI variables in qcow2. This libvirt includes them in no snapshot, "
        "and snaptui takes none without them yet."
    )
    VARIABLES_NOT_YET = (
        "{domain} keeps its UEFI variables in a pflash image; snaptui does not save RAM to a "
        "file for such a domain yet."
    )
    OTHER_ONCE_OFF_NOT_YET = (
        "Once {domain} is off, its definition names other images than it uses now ({disks}); "
        "snaptui does not power off such a domain yet."
    )
    OFF_HAS_NO_RAM = "{domain} is {state} and has no RAM to save."
    JOURNAL = (
        "The journal cannot be written ({reason}). After an interruption snaptui could not "
        "determine how far the operation came."
    )

    # -- names and descriptions
    NAME_EMPTY = "The snapshot needs a name."
    NAME_SPELLING = "libvirt accepts no name that contains / or begins with a dot."
    NAME_DIGITS = (
        "QEMU can mistake a name of digits only for the ID of another snapshot in the image, and "
        "then revert to that one."
    )
    NAME_INVISIBLE = "The name contains control or invisible characters."
    NAME_LONG = "The name is too long: at most {most} bytes."
    NAME_TAKEN = "A snapshot called {name} exists already."
    NAME_INSIDE = "The image {path} already holds an unmanaged snapshot {name}."
    NAME_IS_ID = "{name} is the ID of the snapshot {other}. QEMU would take it for that one."
    NAME_NOT_TEXT = (
        "The name of {name} (ID {id}) is not UTF-8. qemu-img deletes by name alone, and snaptui "
        "cannot pass this one on exactly."
    )
    NAME_IN_JOB = (
        "libvirt {version} makes the name part of a job ID. QEMU accepts only letters from a to "
        "z, digits, and - . _ in one."
    )
    NAME_IN_MONITOR = (
        'While {domain} runs, libvirt {version} hands names to QEMU in quotes. With " or \\ in the '
        "name QEMU does nothing, and libvirt reports success."
    )
    DESCRIPTION_INVISIBLE = "The description contains control or invisible characters."
    SAME_TEXTS = "Name and description are unchanged."

    # -- the snapshot that it is about
    SNAPSHOT_GONE = "The snapshot {name} no longer exists."
    SNAPSHOT_OTHER = (
        "{name} is not the snapshot that was listed: it was changed, or made anew under the same "
        "name."
    )
    SNAPSHOT_UNREAD = "The snapshot {name} could not be read."
    SOME_UNREAD = "Some snapshots could not be read."
    CHILD_UNREAD = "{name}, a descendant of this snapshot, could not be read."
    NOTHING_BELOW = "{name} has no descendants."
    HELD = "{who} has held {name} since {since}."
    HELD_ALREADY = "{who} already holds {name}."
    NOT_HELD = "{name} is not held."
    NO_DATA_NOT_YET = "{name} has no data of its own; snaptui does not support that yet."
    MIXED_NOT_YET = (
        "{name} is partly internal and partly external; snaptui does not support that yet."
    )
    MIXED_BRINGS_DOWN = (
        "{name} is partly internal and partly external, and a revert to it would bring down "
        "libvirt's daemon ({version})."
    )
    UNFINISHED = "The delete of a snapshot above {name} was started and not finished."
    OVERWRITTEN = (
        "The delete of {names} was started and not finished. What {name} froze may be overwritten "
        "in part."
    )
    NO_DOMAIN = (
        "The metadata of {name} contains no domain. Without one libvirt cannot revert, not even "
        "with --force."
    )
    NO_DOMAIN_ACTIVE = "Deleting {name} while {domain} is active would bring down libvirt's daemon."
    NO_DOMAIN_NOT_YET = (
        "The metadata of {name} contains no domain; snaptui does not delete such a snapshot yet."
    )
    NO_DOMAIN_REDEFINE = (
        "The metadata of {name} contains no domain, and libvirt does not accept such metadata."
    )
    DISKS_NOT_OF_THEN = (
        "The metadata of {name} lists {disks}, which its domain of that time does not have, and "
        "libvirt does not accept such metadata."
    )
    BROKEN = "{name} is broken: {reason}."
    SET_AWAY = "{name} is not in use: {reason}."
    MOVED = (
        "The metadata of {name} names {path}, which does not exist. {now}, the current image of "
        "{disk}, holds a snapshot of the same name and time."
    )
    COPIED = (
        "The metadata of {name} names {path}, which still exists. {now}, the current image of "
        "{disk}, also holds a snapshot of the same name and time; which one is meant is not "
        "known."
    )
    LEFT_BEHIND = (
        "The metadata of {name} names {path}, which exists but does not hold it. {now}, the "
        "current image of {disk}, holds a snapshot of the same name and time."
    )
    NOT_MOVED = "The images of {name} are where its metadata says."
    MOVED_TO_ANOTHER_KIND_NOT_YET = (
        "{disk} was {path} and is now {now}, which is a volume or of another kind; snaptui does "
        "not change the metadata to that yet."
    )
    NAME_IS_INSIDE = (
        "An internal snapshot cannot be renamed: the name of {name} is stored in its images. "
        "libvirt would no longer find it, and could not revert to it."
    )
    DETACHED_NOT_YET = (
        "{disk} ({path}) was part of {domain} at that time and is not any more; snaptui does not "
        "support that yet."
    )
    DEFINED_OTHERWISE_NOT_YET = (
        "When {name} was taken, the guest wrote {disk} to one image and its definition named "
        "another; snaptui does not support that yet."
    )
    MACHINE_GONE = (
        "{name} was taken on the machine type {machine}, which QEMU does not offer here: {reason}."
    )
    CPU_GONE = "{name} was taken with the CPU {cpu}, which QEMU does not offer here{reason}."
    DEVICE_GONE = "{name} was taken with a device that QEMU does not offer here: {device}."
    FEATURE_GONE = "{name} was taken with {feature}, which QEMU does not offer here{reason}."
    HOST_PART_GONE = "{name} was taken with {device}, which this host does not offer{reason}."
    REVERT_BRINGS_DOWN = (
        "A revert to {name} would start the guest and bring down QEMU or libvirt's daemon "
        "({version})."
    )
    DISKS_OF_TWO_TIMES = (
        '{name} excludes {disks} (snapshot="manual"). libvirt would revert the other disks '
        "alone, and start the guest on disks of two times."
    )
    NOT_MERGED_BESIDE = (
        'libvirt {version} cannot merge a snapshot that excludes {disks} (snapshot="manual").'
    )
    RAM_ALONE = (
        "{name} keeps the RAM in a file, and no disk. libvirt {version} fails to delete that."
    )
    BOOT_FILE_GONE = "{path} is missing. Without it no QEMU of {domain} starts, not even to merge."
    FILE_GONE = "{path} is missing, and the domain of that time needs it."

    # -- the images
    IMAGE_GONE = "{path}, the image of {disk}, is missing."
    IMAGE_DAMAGED = "The image of {disk} is damaged: {reason}."
    IMAGE_CUT_OFF = "{beneath}, a backing file of the image of {disk}, is missing."
    DATA_FILE_GONE = "{path}, in which data of {disk} are, is missing."
    IMAGE_BENEATH_GONE = (
        "{beneath}, a backing file of {image}, is missing. QEMU cannot open the image without it."
    )
    IMAGE_BENEATH_WRITTEN = (
        "A QEMU is writing to {beneath}, a backing file of {image}, and has locked it."
    )
    IMAGE_CORRUPT = "{path}, the image of {disk}, is marked corrupt."
    IMAGE_OPEN = "{who} has the image of {disk} open: {path}."
    IMAGE_WRITTEN_BENEATH = (
        "Another QEMU is writing to {lower}, the backing file of {path} ({disk})."
    )
    IMAGE_FAULTY = "{path}: {fault}."
    NOT_AN_OVERLAY = "{path} of {disk} should be an overlay but holds {format}."
    CHAIN_CUT_OFF = "{path} is missing, and {disk} needs it."
    RECORDED_BENEATH_GONE = (
        "The metadata of {name} names {path} beneath {disk} (<backingStore>). That file is "
        "missing, and the domain would not start any more."
    )
    SET_ASIDE_BY_DOMAIN = 'The domain sets snapshot="{setting}" for {disk}.'
    NOT_A_FILE = "{disk} is a {kind} disk."
    NOT_QCOW2 = "{disk} is {format}, not qcow2."
    HOLDS_ANOTHER = "{disk} is declared qcow2 but holds {format}."
    VOLUME_NOT_KNOWN = (
        "{disk} is the volume {volume} of the pool {pool}. Where that is, is not known: {reason}."
    )
    VOLUME_GONE = "{path}, a volume of {disk}, is missing. libvirt asks its pool for it first."
    VOLUME_BENEATH_NOT_KNOWN = (
        "The backing file of {disk} is the volume {volume} of the pool {pool}. libvirt does not "
        "know where that is: {reason}."
    )
    VOLUME_ELSEWHERE = (
        "QEMU has {path} open for {disk}, but the pool {pool} now names {now}. The next start of "
        "{domain} would use that one."
    )
    FILE_PASSED = (
        "The file of {disk} is opened by the program that starts {domain}, not by libvirt "
        "(fdgroup). No other start works."
    )
    PASSED_NOT_YET = (
        "The file of {disk} is opened by the program that starts the domain (fdgroup); snaptui "
        "adds no overlay to such a disk yet."
    )
    PART_OF_FILE = (
        "{disk} cannot be checked: {reason}. libvirt reads and writes the file from its start, "
        "and an overlay loses the note that it is only a part."
    )
    ENCRYPTED_INSIDE = "{disk} is encrypted. Internal snapshots do not work on encrypted disks."
    ENCRYPTED_WHILE_OFF = (
        "{disk} is encrypted. An overlay made while the domain is off makes libvirt drop "
        "<encryption> from its definition."
    )
    LUKS_WHILE_OFF = (
        "{path} of {disk} is raw and begins with a LUKS header, which the guest made. libvirt "
        "takes an overlay that is made while the domain is off for encrypted, and starts it no "
        "more."
    )
    LUKS_BENEATH = (
        "{path} beneath {disk} is raw and begins with a LUKS header, and the definition does not "
        "list it. libvirt takes the disk for encrypted: {domain} does not start, and none of its "
        "overlays can be merged."
    )
    LUKS_REVERT = (
        "{path} of {disk} is raw and begins with a LUKS header, which the guest made. libvirt "
        "takes the new overlay of a revert for encrypted, and the domain does not start."
    )
    ENCRYPTED_REVERT = (
        "{disk} is encrypted. libvirt would make the new overlay without a secret and drop "
        "<encryption> from the definition, which then does not start."
    )
    ENCRYPTED_REVERT_NOT_YET = (
        "{disk} is encrypted and had another backing file at that time; snaptui does not revert "
        "such a disk yet."
    )
    KEY_GONE = (
        "A merge while {domain} is off needs {device}, which this host does not offer{reason}."
    )
    ENCRYPTION_LOST = (
        "The definition of {domain} has no <encryption> for {path} of {disk}. The domain does "
        "not start, and none of its overlays can be merged."
    )
    SELF_BACKED = "{path}, a backing file of {disk}, names itself as its backing file."
    DECLARED_RAW = (
        "{path}, a backing file of {disk}, is qcow2, but its overlay declares it raw. QEMU would "
        "read its tables as data."
    )
    ALL_OR_NONE_INSIDE = "An internal snapshot includes all disks, each inside its image."
    ENTRY_GONE = "{disk} no longer holds the snapshot {name} ({path})."
    SET_EXTERNAL = (
        "The definition of {domain} sets snapshot='{value}' for {disk}. libvirt takes metadata "
        "that are registered for those of an external snapshot."
    )
    SET_APART = (
        "The definition of {domain} sets snapshot='{value}' for {disk}. libvirt leaves what is "
        "inside that disk out of the metadata."
    )
    ENTRY_MISSING = "{disk} holds no snapshot {name}. A revert to it would fail."
    ENTRY_TWINS = "{disk} holds {number} snapshots called {name} (IDs {ids})."
    ENTRY_ID_OF_OTHER = (
        "On {disk} the ID {name} belongs to the snapshot {other}. QEMU looks for IDs before "
        "names and would use that one."
    )
    INSIDE_UNKNOWN = "The internal snapshots of {disk} are not known: {reason}"
    TABLE_DOES_NOT_FIT = (
        "Only {free} are free for {path}, and QEMU needs {needs} to write a new snapshot table. "
        "The delete would free nothing."
    )
    OTHER_IMAGE = (
        "{disk} of {domain} is now {now} but was {then} at that time. Another image lies between "
        "them."
    )
    OTHER_IMAGE_UNREAD = (
        "{disk} of {domain} is now {now} but was {then} at that time. Another image lies between "
        "them. The backing chain could not be read: {reason}"
    )
    USER_SEES_OTHER_DATA = "{user} also uses {path} and would see its data change."
    ONLY_WHILE_OFF = (
        "{name} is inside {path}, and {domain} now writes to {now}. libvirt deletes such a "
        "snapshot only while the domain is off."
    )
    LEFT_BESIDE = (
        "While {domain} runs, QEMU deletes no snapshot beside {disk}, which is writable and can "
        "hold none ({format}). libvirt {version} reports success all the same."
    )
    DELETED_BESIDE_TRANSIENT = (
        "{disk} is transient: while {domain} runs it writes to another image, and libvirt deletes "
        "no snapshot that it did not know."
    )
    DELETED_WHILE_OFF = (
        "{disk} was {then} when {name} was taken and is another image now. libvirt deletes such a "
        "snapshot only while the domain is off."
    )

    # -- creating overlays
    NO_SUCH_DISK = "{domain} has no writable disk {disk}."
    INSIDE_AMONG_OUTSIDE = (
        "{disk} would be snapshotted inside its image and others outside. libvirt takes all "
        "disks inside or all outside."
    )
    NONE_CHOSEN = "No disk is included."
    OVERLAY_ON_VOLUME = (
        "{disk} is a volume of a pool. libvirt could not revert to an external snapshot of it, "
        "nor merge it after the domain's next start."
    )
    BESIDE_DEVICE = "{disk} is a block device. libvirt cannot place an overlay beside it."
    NO_OVERLAY_NOT_YET = "{disk} is a {kind} disk; snaptui adds no overlay to such a disk yet."
    SETTING_NOT_YET = (
        'The domain sets snapshot="{setting}" for {disk}; snaptui does not override that yet.'
    )
    SHARED = "{disk} is shared with other guests, which would not see the overlay."
    SHARED_NOT_YET = (
        "{disk} is shared with other guests, which would not see its new overlay; snaptui does "
        "not support that yet."
    )
    LUN = "{disk} is a LUN, which has to be a block device: it takes no overlay."
    LUN_INSIDE = "{disk} is a LUN, inside which libvirt takes no snapshot."
    LUN_ON_FILE = (
        "{disk} is a LUN on a file ({path}). libvirt neither starts {domain} nor merges an overlay "
        "of it."
    )
    DISCARDS_ALL = (
        "{disk} has discard_no_unref. QEMU silently removes from the image what the guest "
        "discards, even where an internal snapshot needs it."
    )
    RAM_BESIDE_TRANSIENT = (
        "{domain} discards all writes to {disks} when it ends (<transient/>). libvirt saves no "
        "RAM for such a domain."
    )
    TRANSIENT_OVERLAY = (
        "{domain} discards all writes to {disk} when it ends (<transient/>). While it runs, "
        "libvirt adds no overlay to the disk and merges no earlier one."
    )
    LEFT_OUT = "{disk} would be left out: it could not be reverted."
    HOLDS_NOTHING = '{name} has no data: it excludes all disks (snapshot="manual").'
    OPEN_STILL = (
        "{path} is missing. {disk} needs it, and QEMU keeps it open only until {domain} stops."
    )
    FILE_THERE = "{path} exists already."
    PATH_NOT_WHOLE = "{path} must begin with /."
    PATH_TWICE = "{path} is given twice."
    PATH_INVISIBLE = "The file name contains control or invisible characters."
    FILE_NAME_LONG = "The file name would have {bytes} bytes; at most {most} are possible."
    COMMA = (
        "For a domain that is off, libvirt creates an overlay with a comma under another name, "
        "and the domain then does not start."
    )
    REUSED_UNREAD = "The overlay of {disk} cannot be read: {reason}"
    REUSED_NOT_QCOW2 = "{path} is no qcow2 image. It must be an overlay on {lower}."
    REUSED_UPON_OTHER = "{path} is an overlay on {beneath}. It must be one on {lower}."
    REUSED_WRONG_FORMAT = "{path} declares {lower} as {taken}, but it is {format}."
    REUSED_SMALL = "{path} is smaller than {lower}."
    REUSED_ENCRYPTED = "{path} is encrypted, and a create passes no secret for it."
    REUSED_HOLDS_SNAPSHOTS = "{path} holds snapshots of its own."
    PAUSED_CANNOT_FREEZE = "{domain} is {state}. Its guest agent cannot freeze anything."
    AGENT_ABSENT = "{domain} has no channel for a guest agent."
    AGENT_DISCONNECTED = "No guest agent is running in {domain}."
    AGENT_SILENT = "The guest agent of {domain} does not answer."
    AGENT_FROZEN = "{domain} already has frozen file systems (T thaws them)."
    AGENT_FAILS = "The guest agent of {domain} fails: {reason}."
    GROUP_NOT_REVERTED = (
        "snaptui freezes guests together only for snapshots that can be reverted to, and {reason}."
    )

    # -- the safety snapshot
    TOO_FULL = "The file system would have less than 5 % free."
    OVERLAYS_DO_NOT_SURVIVE = (
        "{domain} has external snapshots ({names}). What is in their overlays does not survive a "
        "revert below them."
    )
    NO_SAFETY_BENEATH = (
        "No safety snapshot could bring {disk} back: a current snapshot is an overlay on {path}, "
        "which the revert overwrites."
    )
    RAM_NOT_SAVED_SUSPENDED = "{domain} is suspended. QEMU cannot save its RAM."
    RAM_NOT_SAVED_HUNG = "QEMU of {domain} does not answer and cannot save its RAM."
    RAM_DOES_NOT_FIT = "The RAM of {domain} may need {needs}, and only {free} are free."

    # -- reverting to external snapshots
    NO_EXTERNAL_REVERT = "{name} is external, and {reason}."
    RAM_FILE_GONE = "{path}, the RAM of {name}, is missing."
    NOTHING_CURRENT_REVERT = (
        "With the snapshots as they are now, this revert would bring down libvirt's daemon."
    )
    ALL_MUST_BE_FILES = (
        "{disk} is a {kind} disk. libvirt reverts to an external snapshot only if all disks are "
        "files."
    )
    SAME_OVERLAYS = "The new overlays of two disks would have the same name, {path}<time>."

    # -- deleting external snapshots
    NO_EXTERNAL_DELETE = "libvirt {version} cannot delete external snapshots; 9.0 and later can."
    PARENT_INSIDE = (
        "libvirt {version} cannot delete an external snapshot whose parent is internal ({parent})."
    )
    IN_NO_FILE = "{disk} of {name} is in no file that libvirt knows."
    NOT_USED_NOW = (
        "{disk} does not use {path} now. libvirt {version} cannot delete a snapshot of such a "
        "branch."
    )
    NEWEST_ONLY = (
        "While {domain} is shut off, libvirt {version} merges only the newest overlay of a disk."
    )
    INSIDE_OVERLAY = "{path} holds internal snapshots that the merge would destroy: {names}."
    STANDS_ALONE = (
        "{path}, the overlay of {name}, has no backing file any more: {lower} is not used."
    )
    RECORD_WRONG = "{path} is an overlay on {beneath}, but the metadata of {name} says {lower}."
    VOLUME_REOPENED = (
        "{path} is a volume of a pool, and the definition of {domain} does not name it as the "
        "backing file of {name}. libvirt then does not merge into it."
    )
    DEVICE_NOT_MERGED_NOT_YET = "{path} is a device, not a file; snaptui does not merge it yet."
    DEVICE_NOT_DELETED_NOT_YET = "{path} is a device, not a file; snaptui does not delete it yet."
    LIES_UPON_LOSES = "{other} is also an overlay on {path} and would lose it with {overlay}."
    FROZEN_BY = "By its metadata {name} froze {path}, and the merge writes to that."
    LIES_UPON_SEES_OTHER = "{other} is also an overlay on {path} and would see its data change."
    USER_LOSES = "{user} also uses {path} and would lose it with {overlay}."
    MERGE_DOES_NOT_FIT = (
        "The merge into {path} first needs {needs}, and only {free} are free. libvirt would stop "
        "halfway, and {path} would be changed."
    )
    OVERLAYS_DO_NOT_FIT = (
        "Only {free} are free in {folder}, and the new overlays may need {needs}. libvirt would "
        "fail{then}."
    )
    NOTHING_CURRENT_DELETE = "Deleting {name} would bring down the daemon of libvirt {version}."
    IS_CURRENT = (
        "{name} is the current snapshot of {domain}. libvirt {version} does not merge it while "
        "it has descendants."
    )
    ON_LEFT_BRANCH = "{name} is on a branch that {domain} has left, and it has descendants."
    IS_FORK = "Several branches begin at {name}. libvirt {version} cannot merge such a snapshot."
    BRANCHES_UNKNOWN = (
        "Deleting {name} beside {names} would bring down the daemon of libvirt {version}."
    )
    BASES_REMOVED = (
        "{domain} was reverted to the internal snapshot {parent}. libvirt {version} takes the "
        "domain's images for what {name} left behind and would remove them, with success."
    )
    REMOVED_NEEDED = "libvirt would remove {path}, which {user} needs."
    REMOVED_IN_USE = "libvirt would remove {path}, which {domain} uses now."
    REMOVED_HAS_USER = "libvirt would remove {path}, which {user} also uses."
    REMOVED_HOLDS_SNAPSHOTS = (
        "libvirt would remove {path}, which holds internal snapshots ({names})."
    )
    RECORD_MOVED = (
        "libvirt {version} would put other images into the metadata of {below}, as if the "
        "overlays of {name} were merged."
    )

    # -- overlays that no snapshot names
    NOT_UNNAMED = "{domain} no longer has an unnamed overlay {path}."
    MERGE_WHILE_OFF = "{domain} is off. libvirt merges such an overlay only while QEMU runs."
    PERHAPS_A_CLONE = (
        "{path} is not named like an overlay for a snapshot of {lower}. It may be a linked "
        "clone, and a merge would write into its template."
    )
    BACKUP_KEEPS = "{path} may belong to a backup: the domain has checkpoints ({names})."
    LAYER_OPEN = "{who} has {path} open, a backing file of this overlay. A backup may be running."
    AGE_NOT_KNOWN = "{path} may belong to a running backup. {reason}"
    MADE_LATELY = "{path} was made {age}. A backup may be running."
    NEXT_START_NEEDS = "The definition of {domain} starts it with {path}, which the merge removes."

    # -- unmanaged snapshots
    UNMANAGED_GONE = "The unmanaged snapshot {name} no longer exists."
    UNMANAGED_HAS_NO_METADATA = "{name} is unmanaged: it has no metadata."
    UNMANAGED_NAME = "libvirt accepts no snapshot with the name {name}, and so cannot delete it."
    UNMANAGED_NAME_LONG = "The name {name} is too long for libvirt, which so cannot delete it."
    UNMANAGED_OF_OTHER = "The data of {name} in {path} belongs to another domain: {user}."
    UNMANAGED_ELSEWHERE = "{name} is in {path}, which is not a current disk of the domain."
    UNMANAGED_TWINS = (
        "{path} holds {number} snapshots called {name}. libvirt would delete only one of them."
    )
    KNOWN_ALREADY = "libvirt already knows a snapshot called {name}."
    NO_DISK_HOLDS = "{domain} has no disk that could hold it."
    AMONG_EXTERNAL_NOT_YET = (
        "{domain} has external snapshots; snaptui cannot determine yet whether {name} belongs "
        "below or above them."
    )
    RAM_CANNOT_LOAD = (
        "{name} holds the RAM of a running guest. The image lacks what libvirt needs to load it "
        "again (CPU and devices)."
    )

    # -- frozen guests
    NOT_FROZEN = "The guest agent says that nothing in {domain} is frozen."
    THAW_OFF = "{domain} is off. Nothing in it is frozen."
    THAW_PAUSED = "{domain} is {state}. libvirt asks the agent of a running guest alone."
    THAW_ABSENT = "{domain} has no channel for a guest agent. libvirt can freeze nothing there."
    THAW_DISCONNECTED = "No guest agent is running in {domain}, and only an agent can thaw."
    THAW_SILENT = "The guest agent of {domain} does not answer{reason}."
    THAW_FAILS = "The guest agent of {domain} fails{reason}."

    # -- images that no domain uses
    DATA_FILE = (
        "The data of {image} is in an external data file. QEMU takes no snapshots of such an image."
    )
    BITMAPS_INSIDE = (
        "{image} holds bitmaps of a backup tool ({number}). QEMU applies no snapshot to an image "
        "with bitmaps."
    )
    OTHER_HOST = "{image} is on another host, where snaptui cannot run qemu-img."
    UNREADABLE = "{reason}"
    HOLDS_NO_SNAPSHOTS = "{image} is {format}, a format without internal snapshots."
    ENCRYPTED_BY_HAND = "{image} is encrypted, and snaptui passes no secrets to qemu-img."
    ENCRYPTED_BENEATH_BY_HAND = (
        "{beneath}, a backing file of {image}, is encrypted, and snaptui passes no secrets to "
        "qemu-img."
    )
    IN_USE = "{image} is in use by {users}."
    FAULTY = "{image} is damaged: {fault}."
    NOT_WRITABLE = "{path} is not writable, for you or at all."
    PLACED_GONE = "{name} no longer exists, or the list has changed."
    ID_NOT_TEXT = "snaptui cannot pass the ID of {name} to qemu-img."
    ID_TWICE = "{number} snapshots have the ID {id}. qemu-img uses the first."
    NOT_THE_FIRST = (
        "{first} has the same name as {name} and comes first. qemu-img deletes the first one."
    )
    TARGET_NOT_WHOLE = "The new file needs an absolute path, which begins with /."
    TARGET_UNNAMED = "The new file needs a name."
    TARGET_INVISIBLE = "The path contains control or invisible characters."
    TARGET_LONG = "The file name is too long: at most {most} bytes."
    FOLDER_NOT_READ = "{folder} has not been read yet."
    FOLDER_UNREAD = "{folder} cannot be read: {reason}"
    TARGET_THERE = "{path} exists already, and snaptui never replaces a file."
    TARGET_UNFINISHED = "{path} exists: another copy is running, or one was cut short."
    COPY_CUT_OFF = (
        "{name} is {then} in size and {image} is {now} today. qemu-img would cut the copy off at "
        "today's size."
    )
    COPY_DOES_NOT_FIT = "The copy needs {needs}, and only {free} are free there."
    LEFTOVER_GONE = "{path} no longer exists."
    LEFTOVER_WITHOUT_BASE = "{image} has no backing file. It may be the only copy of a disk."
    LEFTOVER_HIDDEN = (
        "{image} may be a volume that a domain or a snapshot names. Where that volume is, is not "
        "known."
    )
    LEFTOVER_SHARED = (
        "{image} is on {kind}, which other hosts may use too. Whether they need it cannot be "
        "determined from here."
    )
    LEFTOVER_PLACE_UNKNOWN = "The file system it is on is not known: {reason}"

    # -- several at once
    TWICE_IN_GROUP = "{domain} has {number} of the group: {names}."

    @property
    def not_yet(self) -> bool:
        """Whether libvirt might do it, and only snaptui does not."""
        return self in _NOT_YET


_NOT_YET = frozenset(why for why in Why if why.name.endswith("_NOT_YET"))
