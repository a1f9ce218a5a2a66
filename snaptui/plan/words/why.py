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
    BUSY = "Another job holds {domain}."
    ACTIVE_ELSEWHERE = "The same guest is {state} on {host}: it has the same UUID there."
    ENDING = "{domain} is shutting down."
    SUSPENDED = "{domain} is suspended."
    HUNG = "QEMU of {domain} does not answer, and it must take part."
    SILENT = (
        "The file system of {path} does not answer. libvirt would wait for it, and whoever asks "
        "for {domain} with it."
    )
    TRANSIENT = "{domain} is transient: its snapshots' metadata vanish when it stops."
    TRANSIENT_NOT_YET = "{domain} is transient; snaptui does not do it with such a domain yet."
    ENDS_TRANSIENT = (
        "{domain} is transient, and ends when it is off. libvirt reverts it to no snapshot "
        "that was taken without RAM."
    )
    SAVE_OF_OTHER_DISKS = (
        "{domain} has a managed save, whose memory would be loaded over other disks at the next "
        "start."
    )
    SAVE_WRITES_BENEATH = (
        "{domain} has a managed save, whose start would write to the images beneath the overlays."
    )
    BLOCK_JOB = "A block job runs on {disks} of {domain} (virsh blockjob shows it)."
    CHECKPOINTS_WHILE_OFF = (
        "While {domain} is off, libvirt {version} does not do that beside checkpoints ({names})."
    )
    CHECKPOINTS = (
        "{domain} has checkpoints of a backup tool ({names}), and QEMU goes back to no internal "
        "snapshot while an image holds their bitmaps."
    )
    BITMAPS = (
        "The image of {disk} ({path}) holds bitmaps of a backup tool ({number}), with which QEMU "
        "goes back to no internal snapshot."
    )
    BACKUP = "A backup of {disks} of {domain} is under way."
    PIVOTED_UNKNOWN = (
        "QEMU of {domain} has let go of {path}, which libvirt still names for {disk}: a merge was "
        "cut off at its end, and the guest writes to {lower} now."
    )
    BLOCK_JOB_WAITS = (
        "A copy or merge of {disks} of {domain} is whole, and waits to be told what to keep."
    )
    NO_DISK = "{domain} has no disk that a snapshot could hold."
    HOST_DEVICES = "{domain} has host devices ({devices}), whose state cannot be saved."
    VARIABLES_IN_PFLASH = (
        "{domain} keeps UEFI variables in a pflash image, which libvirt cannot put into an "
        "internal snapshot before 10.9."
    )
    VARIABLES_RAW = (
        "{domain} keeps UEFI variables in a raw image, and while it runs libvirt takes only those "
        "in qcow2 into an internal snapshot."
    )
    VARIABLES_LEFT_OUT = (
        "{domain} keeps UEFI variables in qcow2, which libvirt {version} takes into an internal "
        "snapshot and leaves out when that is reverted to or deleted."
    )
    VARIABLES_WITHOUT_PART = (
        "The UEFI variables of {domain} hold no {name}, and beside them QEMU deletes it on no disk "
        "while it runs: libvirt {version} would forget it all the same."
    )
    VARIABLES_NOT_INSIDE_NOT_YET = (
        "{domain} keeps UEFI variables in qcow2, which this libvirt takes into no snapshot; "
        "snaptui takes none without them yet."
    )
    VARIABLES_NOT_YET = (
        "{domain} keeps UEFI variables in a pflash image; with them snaptui saves no RAM to a "
        "file yet."
    )
    OTHER_ONCE_OFF_NOT_YET = (
        "Once it is off {domain} has other images than now, as its definition says ({disks}); "
        "snaptui does not power it off then yet."
    )
    OFF_HAS_NO_RAM = "{domain} is {state} and has no RAM."
    JOURNAL = "The journal cannot be written ({reason}); how far this came could not be told later."

    # -- names and descriptions
    NAME_EMPTY = "A snapshot needs a name."
    NAME_SPELLING = "libvirt allows no name with / in it or . in front of it."
    NAME_DIGITS = (
        "A name of digits only can be mistaken for the ID of another snapshot in the image, and "
        "QEMU would then revert to that one."
    )
    NAME_INVISIBLE = "A name with control or invisible characters cannot be told from others."
    NAME_LONG = "A name can have {most} bytes at most."
    NAME_TAKEN = "There is a snapshot called {name} already."
    NAME_INSIDE = "The image {path} holds a snapshot {name} that libvirt does not know."
    NAME_IS_ID = "{name} is the ID of {other}, for which QEMU would take it."
    NAME_NOT_TEXT = (
        "The name of {name} (ID {id}) is not UTF-8, so that it cannot be given to qemu-img "
        "exactly, and qemu-img deletes by name alone."
    )
    NAME_IN_JOB = (
        "libvirt {version} makes the name part of a job's ID, in which QEMU takes only letters "
        "from a to z, digits, and - . _"
    )
    DESCRIPTION_INVISIBLE = "The description has control or invisible characters."
    SAME_TEXTS = "Name and description are as they were."

    # -- the snapshot that it is about
    SNAPSHOT_GONE = "The snapshot {name} is not there any more."
    SNAPSHOT_OTHER = (
        "{name} is not as it was listed: it was changed since, or made anew under the same name."
    )
    SNAPSHOT_UNREAD = "The snapshot {name} could not be read."
    SOME_UNREAD = "Some of the snapshots could not be read."
    CHILD_UNREAD = "{name}, which is below it, could not be read."
    NOTHING_BELOW = "There is nothing below {name}."
    HELD = "{name} is held by {who} since {since}."
    HELD_ALREADY = "{name} is held by {who} already."
    NOT_HELD = "{name} is not held."
    NO_DATA_NOT_YET = "{name} has no data of its own; snaptui cannot handle it yet."
    MIXED_NOT_YET = "{name} is mixed; snaptui cannot handle such a snapshot yet."
    UNFINISHED = "A delete of a snapshot above {name} was begun and not finished."
    NO_DOMAIN = (
        "The metadata of {name} hold no domain, without which libvirt reverts to nothing, not even "
        "by force."
    )
    NO_DOMAIN_ACTIVE = "Deleting {name} while {domain} is active would bring libvirt's daemon down."
    NO_DOMAIN_NOT_YET = "The metadata of {name} hold no domain; snaptui does not delete it yet."
    NO_DOMAIN_REDEFINE = "The metadata of {name} hold no domain, and libvirt takes none such."
    BROKEN = "{name} is broken: {reason}."
    SET_AWAY = "{name} is not in use: {reason}."
    MOVED = (
        "The record of {name} says {path}, which is not there; {now}, the image of {disk} now, "
        "holds it: the same name and time."
    )
    COPIED = (
        "The record of {name} says {path}, which is there still, and {now}, the image of {disk} "
        "now, holds an entry of its name and time: which of both it is is not known."
    )
    LEFT_BEHIND = (
        "The record of {name} says {path}, which is there and does not hold it; {now}, the image "
        "of {disk} now, does: the same name and time."
    )
    NOT_MOVED = "The images of {name} are where its record says."
    MOVED_TO_ANOTHER_KIND_NOT_YET = (
        "{disk} was {path} and is {now} now, which is of another kind or a volume: snaptui does "
        "not change the record to that yet."
    )
    NAME_IS_INSIDE = (
        "The data of {name} lie inside the images under this name, which no tool can change, and "
        "libvirt would not find them under another one: it could not be reverted to any more."
    )
    DETACHED_NOT_YET = (
        "{disk} ({path}) was part of {domain} then and is not now; snaptui does not handle this "
        "yet."
    )
    MACHINE_GONE = "{name} was taken of a {machine}, which QEMU here cannot be: {reason}."
    CPU_GONE = "{name} was taken with the CPU {cpu}, which QEMU here does not have{reason}."
    DEVICE_GONE = "{name} was taken with a device that QEMU here does not have: {device}."
    HOST_PART_GONE = "{name} was taken with {device}, which this host does not offer{reason}."
    REVERT_BRINGS_DOWN = (
        "A revert to {name} would start the guest, and bring down QEMU or libvirt's daemon "
        "({version})."
    )
    DISKS_OF_TWO_TIMES = (
        '{name} left {disks} to other means (snapshot="manual"), and libvirt reverts the others '
        "alone."
    )
    NOT_MERGED_BESIDE = (
        "libvirt {version} merges nothing of a snapshot that left {disks} to other means."
    )
    BOOT_FILE_GONE = "{path} is gone, without which no QEMU of {domain} starts, not even to merge."
    FILE_GONE = "{path} is gone, and the domain of that time needs it."

    # -- the images
    IMAGE_GONE = "{path}, the image of {disk}, is gone."
    IMAGE_DAMAGED = "The image of {disk} is damaged: {reason}."
    IMAGE_CUT_OFF = "{beneath}, on which the image of {disk} lies, is gone."
    IMAGE_BENEATH_GONE = "{beneath}, on which {image} lies, is gone, and QEMU does not open it."
    IMAGE_BENEATH_WRITTEN = (
        "A QEMU writes to {beneath}, on which {image} lies, and lets no other open that meanwhile."
    )
    IMAGE_CORRUPT = "{path}, the image of {disk}, is marked corrupt."
    IMAGE_OPEN = "{who} has {path} open, the image of {disk}."
    IMAGE_WRITTEN_BENEATH = "Another QEMU writes to {lower}, and {path} of {disk} lies upon that."
    IMAGE_FAULTY = "{path}: {fault}."
    NOT_AN_OVERLAY = "{path} of {disk} is called an overlay but holds {format}."
    CHAIN_CUT_OFF = "{path} is gone, and {disk} needs it."
    SET_ASIDE_BY_DOMAIN = '{disk} is set to snapshot="{setting}" in the domain.'
    NOT_A_FILE = "{disk} is a {kind} disk."
    NOT_QCOW2 = "{disk} is {format}, not qcow2."
    HOLDS_ANOTHER = "{disk} is called qcow2 but holds {format}."
    VOLUME_NOT_KNOWN = (
        "{disk} is the volume {volume} of the pool {pool}, and where that is is not known: "
        "{reason}."
    )
    VOLUME_BENEATH_NOT_KNOWN = (
        "{disk} lies upon the volume {volume} of the pool {pool}, and libvirt does not know where "
        "that is: {reason}."
    )
    VOLUME_ELSEWHERE = (
        "QEMU has {path} open for {disk}, and the pool {pool} says {now} today: the next start of "
        "{domain} would take that one."
    )
    FILE_PASSED = (
        "The file of {disk} is opened by who starts {domain}, and not by libvirt (fdgroup): a "
        "start by others fails."
    )
    PASSED_NOT_YET = (
        "The file of {disk} is opened by who starts the domain (fdgroup); snaptui puts no overlay "
        "on such a disk yet."
    )
    PART_OF_FILE = (
        "{disk} cannot be checked: {reason}. libvirt reads and writes the file from its start, "
        "and forgets with an overlay that it is a part."
    )
    ENCRYPTED_INSIDE = "{disk} is encrypted, and no internal snapshot of such a disk works."
    ENCRYPTED_WHILE_OFF = (
        "{disk} is encrypted, and with an overlay that is made while the domain is off libvirt "
        "drops <encryption> from its definition."
    )
    ENCRYPTED_REVERT = (
        "{disk} is encrypted. libvirt would make its new overlay without a secret and drop "
        "<encryption> from the definition, which then does not start."
    )
    ENCRYPTED_REVERT_NOT_YET = (
        "{disk} is encrypted and was upon another image then; snaptui does not revert such a disk "
        "yet."
    )
    ENCRYPTION_LOST = (
        "The definition of {domain} has no <encryption> for {path} of {disk}: it does not start, "
        "and nothing of it can be merged."
    )
    SELF_BACKED = "{path}, beneath {disk}, refers to itself as its backing file."
    DECLARED_RAW = (
        "{path}, beneath {disk}, is qcow2, and the image upon it declares it raw: QEMU would read "
        "its tables as data."
    )
    ALL_OR_NONE_INSIDE = "An internal snapshot holds all disks inside their images."
    ENTRY_GONE = "{disk} holds no snapshot {name} any more ({path})."
    SET_APART = (
        "The definition of {domain} sets {disk} to snapshot='{value}': libvirt leaves what lies "
        "inside it out of a record."
    )
    ENTRY_MISSING = "{disk} holds no snapshot {name}: a revert to it would fail."
    ENTRY_TWINS = "{disk} holds {number} snapshots called {name} (IDs {ids})."
    ENTRY_ID_OF_OTHER = (
        "On {disk} the ID {name} belongs to the snapshot {other}: QEMU looks for an ID before a "
        "name and would take that one."
    )
    INSIDE_UNKNOWN = "What {disk} holds inside is not known: {reason}"
    TABLE_DOES_NOT_FIT = (
        "{free} are free for {path}, and QEMU needs {needs} to write its new snapshot table: "
        "the delete would free nothing."
    )
    OTHER_IMAGE = "{disk} of {domain} is {now} now but was {then} then: another image lies between."
    OTHER_IMAGE_UNREAD = (
        "{disk} of {domain} is {now} now but was {then} then: another image lies between. What "
        "lies beneath: {reason}"
    )
    USER_SEES_OTHER_DATA = "{path} has another user, which would see other data in it: {user}."
    ONLY_WHILE_OFF = (
        "{name} lies in {path}, and {domain} writes to {now} now: libvirt deletes it only while "
        "the domain is off."
    )

    # -- creating overlays
    NO_SUCH_DISK = "{domain} has no writable disk {disk}."
    INSIDE_AMONG_OUTSIDE = (
        "{disk} would be kept inside its image and others outside: libvirt takes all inside or all "
        "outside."
    )
    NONE_CHOSEN = "No disk takes part."
    OVERLAY_ON_VOLUME = (
        "{disk} is a volume of a pool: libvirt could not revert to a snapshot outside of it, and "
        "would not merge it once the domain was started anew."
    )
    BESIDE_DEVICE = "{disk} is a block device, beside which no overlay can lie."
    NO_OVERLAY_NOT_YET = "{disk} is a {kind} disk; snaptui puts no overlay on such a disk yet."
    SETTING_NOT_YET = (
        '{disk} is set to snapshot="{setting}" in the domain, and snaptui does not pass over that '
        "yet."
    )
    SHARED = "{disk} is shared with other guests, which would not see the overlay."
    SHARED_NOT_YET = (
        "{disk} is shared with other guests, which would not see its new overlay; snaptui does not "
        "do that yet."
    )
    LUN = "{disk} is a lun, which cannot have an overlay."
    DISCARDS_ALL = (
        "{disk} has discard_no_unref: what the guest discards, QEMU takes out of the image without "
        "a word, although an internal snapshot holds it."
    )
    RAM_BESIDE_TRANSIENT = (
        "{domain} gives up what is written to {disks} when it ends (<transient/>), and libvirt "
        "saves no RAM beside such a disk."
    )
    TRANSIENT_OVERLAY = (
        "What is written to {disk} is given up when {domain} ends (<transient/>): libvirt puts no "
        "overlay on it while {domain} runs, and merges none that was made before."
    )
    LEFT_OUT = "{disk} would be left out: it has no way back."
    OPEN_STILL = "{path} is gone, and QEMU, which has it open still, cannot save the RAM then."
    FILE_THERE = "{path} is there already."
    PATH_NOT_WHOLE = "{path} must begin with /."
    PATH_TWICE = "{path} is named twice."
    PATH_INVISIBLE = "The name of a file has control or invisible characters."
    FILE_NAME_LONG = "The name of a file would have {bytes} bytes, and {most} are possible."
    COMMA = (
        "libvirt makes the overlay of a shut-off domain under another name when there is a comma "
        "in it, and the domain then does not start."
    )
    REUSED_UNREAD = "The overlay of {disk} cannot be looked at: {reason}"
    REUSED_NOT_QCOW2 = "{path} is no qcow2 image, and must lie upon {lower}."
    REUSED_UPON_OTHER = "{path} lies upon {beneath}, and must lie upon {lower}."
    REUSED_WRONG_FORMAT = "{path} takes {lower} for {taken}, and it is {format}."
    REUSED_SMALL = "{path} is smaller than {lower}."
    REUSED_ENCRYPTED = "{path} is encrypted, and a create names no secret for it."
    REUSED_HOLDS_SNAPSHOTS = "{path} holds snapshots of its own."
    PAUSED_CANNOT_FREEZE = "{domain} is paused, so nothing in it can freeze."
    AGENT_ABSENT = "{domain} has no channel for a guest agent."
    AGENT_DISCONNECTED = "{domain} has no guest agent running."
    AGENT_SILENT = "{domain} has a guest agent that does not answer."
    AGENT_FROZEN = "{domain} has frozen file systems already (T thaws them)."
    AGENT_FAILS = "{domain} has a guest agent that fails: {reason}."
    GROUP_NOT_REVERTED = (
        "Guests are frozen together only where what is taken can be reverted to, and {reason}."
    )

    # -- the safety snapshot
    TOO_FULL = "Less than 5 % of the file system would stay free."
    OVERLAYS_DO_NOT_SURVIVE = (
        "{domain} has external snapshots ({names}), and what is inside their overlays does not "
        "survive a revert beneath them."
    )
    NO_SAFETY_BENEATH = (
        "No safety snapshot would bring {disk} back: a snapshot of now lies upon {path}, which "
        "this writes over."
    )
    RAM_NOT_SAVED_SUSPENDED = "{domain} is suspended, so its RAM cannot be saved."
    RAM_NOT_SAVED_HUNG = "QEMU of {domain} does not answer, so its RAM cannot be saved."
    RAM_DOES_NOT_FIT = "The RAM of {domain} may take {needs}, and {free} are free."

    # -- reverting to external snapshots
    NO_EXTERNAL_REVERT = "{name} is external, and {reason}."
    RAM_FILE_GONE = "{path} is gone, and the RAM of {name} with it."
    NOTHING_CURRENT_REVERT = (
        "This revert would bring libvirt's daemon down as the snapshots are now."
    )
    ALL_MUST_BE_FILES = (
        "{disk} is a {kind} disk, and libvirt reverts to an external snapshot only where all disks "
        "are files."
    )
    SAME_OVERLAYS = "The new overlays of two disks would both be called {path}<time>."

    # -- deleting external snapshots
    NO_EXTERNAL_DELETE = "libvirt {version} deletes no external snapshots: 9.0 and later do."
    PARENT_INSIDE = (
        "libvirt {version} deletes no external snapshot whose parent is internal ({parent})."
    )
    IN_NO_FILE = "{disk} of {name} is in no file that libvirt knows."
    NOT_USED_NOW = (
        "{disk} does not use {path} now, and libvirt {version} deletes no snapshot of a branch so."
    )
    NEWEST_ONLY = (
        "While {domain} is shut off, libvirt {version} merges only the newest overlay of a disk."
    )
    INSIDE_OVERLAY = "Inside {path} lie snapshots that the merge would destroy: {names}."
    STANDS_ALONE = "{path}, the overlay of {name}, lies upon nothing any more: {lower} is not used."
    RECORD_WRONG = "{path} lies upon {beneath}, and {name} says {lower}: its record is wrong."
    VOLUME_REOPENED = (
        "{path} is a volume of a pool, which the definition of {domain} does not name beneath the "
        "overlay of {name}: libvirt does not merge into it then."
    )
    DEVICE_NOT_MERGED_NOT_YET = "{path} is a device, no file; snaptui does not merge it yet."
    DEVICE_NOT_DELETED_NOT_YET = "{path} is a device, no file; snaptui does not delete it yet."
    LIES_UPON_LOSES = "{other} lies upon {path} too and would lose it with {overlay}."
    LIES_UPON_SEES_OTHER = "{other} lies upon {path} too and would see other data in it."
    USER_LOSES = "{path} has another user, which would lose it with {overlay}: {user}."
    MERGE_DOES_NOT_FIT = "The merge into {path} needs {needs} first, and {free} are free."
    NOTHING_CURRENT_DELETE = "Deleting {name} would bring the daemon of libvirt {version} down."
    IS_CURRENT = (
        "{name} is where {domain} is, and libvirt {version} does not merge it while others are "
        "below it."
    )
    ON_LEFT_BRANCH = "{name} lies on a branch that {domain} has left, and others are below it."
    IS_FORK = "Branches begin at {name}, and libvirt {version} merges no such snapshot."
    BRANCHES_UNKNOWN = (
        "Deleting {name} beside {names} would bring the daemon of libvirt {version} down."
    )
    BASES_REMOVED = (
        "{domain} went back to {parent}, which lies inside its images, and libvirt {version} takes "
        "these for what {name} left: it would remove them, with success."
    )
    REMOVED_NEEDED = "libvirt would remove {path}, which {user} needs."
    REMOVED_IN_USE = "libvirt would remove {path}, which {domain} uses now."
    REMOVED_HAS_USER = "libvirt would remove {path}, which has another user: {user}."
    REMOVED_HOLDS_SNAPSHOTS = "libvirt would remove {path}, inside which lie snapshots ({names})."
    RECORD_MOVED = (
        "libvirt would put other images into the record of {below}, as if the overlays of {name} "
        "were merged."
    )

    # -- overlays that no snapshot names
    NOT_UNNAMED = "{domain} has no overlay {path} any more that no snapshot names."
    MERGE_WHILE_OFF = "{domain} is off, and libvirt merges only for a QEMU that runs."
    PERHAPS_A_CLONE = (
        "{path} is not called as the overlay of a snapshot of {lower}: it may be a linked clone, "
        "and a merge would write into its template."
    )
    BACKUP_KEEPS = "{path} may be a backup's: there are checkpoints ({names})."
    LAYER_OPEN = "{who} has {path} open, which lies beneath: a backup may be at work."
    AGE_NOT_KNOWN = "{path} may be a backup's that is at work. {reason}"
    MADE_LATELY = "{path} was made {age}: a backup may be at work."
    NEXT_START_NEEDS = "{domain} is defined to start with {path}, which is removed."

    # -- unmanaged snapshots
    UNMANAGED_GONE = "The stray {name} is not there any more."
    UNMANAGED_HAS_NO_METADATA = "{name} is a stray: it has no metadata."
    UNMANAGED_NAME = "libvirt cannot be told to delete {name}: no snapshot can be called so."
    UNMANAGED_NAME_LONG = "libvirt cannot be told to delete {name}: its name is too long."
    UNMANAGED_OF_OTHER = "What {path} holds of {name} belongs to another domain: {user}."
    UNMANAGED_ELSEWHERE = "{name} is in {path}, which is not a disk of the domain now."
    UNMANAGED_TWINS = (
        "{path} holds {number} snapshots called {name}: libvirt would delete only one."
    )
    KNOWN_ALREADY = "libvirt knows a snapshot called {name} already."
    NO_DISK_HOLDS = "{domain} has no disk that could hold it."
    AMONG_EXTERNAL_NOT_YET = (
        "{domain} has external snapshots; whether {name} lies beneath or above them snaptui does "
        "not find out yet."
    )
    RAM_CANNOT_LOAD = (
        "{name} holds the RAM of a running guest, and what libvirt needs to load it again (its "
        "CPU, its devices) is not in the image."
    )

    # -- frozen guests
    NOT_FROZEN = "Nothing in {domain} is frozen: its agent says so."
    THAW_ABSENT = (
        "{domain} has no channel for a guest agent, or is off: nothing can be frozen there."
    )
    THAW_DISCONNECTED = "{domain} has no guest agent running, which alone can thaw."
    THAW_SILENT = "The guest agent of {domain} does not answer{reason}."
    THAW_FAILS = "The guest agent of {domain} fails{reason}."

    # -- images that no domain uses
    DATA_FILE = "The data of {image} are in another file, and QEMU takes no snapshots of those."
    BITMAPS_INSIDE = (
        "{image} holds bitmaps of a backup tool ({number}), with which QEMU applies no snapshot."
    )
    OTHER_HOST = "{image} is on another host, where qemu-img cannot be run from here."
    UNREADABLE = "{reason}"
    HOLDS_NO_SNAPSHOTS = "{image} is {format}, which holds no snapshots."
    ENCRYPTED_BY_HAND = "{image} is encrypted, and snaptui gives qemu-img no secrets."
    IN_USE = "{image} is in use: {users}."
    FAULTY = "{image} is damaged: {fault}."
    NOT_WRITABLE = "{path} may not be written to, for you or at all."
    PLACED_GONE = "{name} is not there any more, or the list changed."
    ID_NOT_TEXT = "The ID of {name} cannot be given to qemu-img."
    ID_TWICE = "{number} snapshots have the ID {id}; qemu-img takes the first."
    NOT_THE_FIRST = "{first} stands before {name}, and qemu-img deletes the first of a name."
    TARGET_NOT_WHOLE = "The new file needs a whole path, which begins with /."
    TARGET_UNNAMED = "The new file needs a name."
    TARGET_INVISIBLE = "A path with control or invisible characters cannot be told from others."
    TARGET_LONG = "The file's name can have {most} bytes at most."
    FOLDER_NOT_READ = "{folder} has not been looked into yet."
    FOLDER_UNREAD = "{folder} cannot be looked into: {reason}"
    TARGET_THERE = "{path} is there already, and is never replaced."
    TARGET_UNFINISHED = "{path} is there: another copy is under way, or was cut short."
    COPY_CUT_OFF = (
        "{name} is {then} large and {image} is {now} today, at which qemu-img would cut the copy "
        "off."
    )
    COPY_DOES_NOT_FIT = "The copy takes {needs}, and {free} are free there."
    LEFTOVER_GONE = "{path} is not there any more."
    LEFTOVER_WITHOUT_BASE = "{image} lies upon no other image: it may be the only copy of a disk."
    LEFTOVER_HIDDEN = (
        "{image} may be a volume that a domain or a snapshot names: where that is is not known."
    )
    LEFTOVER_SHARED = (
        "{image} is on {kind}, which other hosts may use too: whether they need it cannot be known "
        "here."
    )
    LEFTOVER_PLACE_UNKNOWN = "On which file system it lies is not known: {reason}"

    # -- several at once
    TWICE_IN_GROUP = "{domain} has {number} of the group: {names}."

    @property
    def not_yet(self) -> bool:
        """Whether libvirt might do it, and only snaptui does not."""
        return self in _NOT_YET


_NOT_YET = frozenset(why for why in Why if why.name.endswith("_NOT_YET"))
