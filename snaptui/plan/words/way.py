"""The ways round what stands in the way of a plan, in words; why.py says how they are made."""

from __future__ import annotations

import enum


@enum.unique
class Way(enum.Enum):
    """A way round; the value is the sentence."""

    WAIT_JOB = "Wait until it is done (virsh domjobinfo shows it; virsh domjobabort ends a backup)."
    ON_THAT_HOST = (
        "Change it there, or shut it down there first. If it is another guest, give one of them "
        "another UUID, or look at one host alone."
    )
    PIVOT = "{line} keeps the new image, --abort the one of before."
    WHILE_RUNNING = "Start it first: while it runs that works."
    EXTERNAL_WHILE_RUNNING = (
        "Take an external one while it runs; what is written from then on is not encrypted."
    )
    NO_WAY_INSIDE = "Copy the disk with its key instead (qemu-img convert)."
    ONLY_ITS_METADATA = "Delete only its metadata."
    DEFINE_ENCRYPTION = (
        "Give its <backingStore> a <source> with the <encryption> that it had (virsh edit; the XML "
        "of a snapshot before has it: virsh snapshot-dumpxml)."
    )
    WAIT_OFF = "Wait until it is off."
    WAKE = "Wake it (virsh dompmwakeup) or stop it first."
    LIST_AGAIN = "Read the list again (F5), look at it, and mark it again."
    DEFINE = "Define it first (virsh define)."
    DEFINE_AS_NOW = "Let its definition name the images of now first ({line})."
    START_FIRST = "Start it first: while it runs, checkpoints are not in the way."
    DELETE_CHECKPOINTS = (
        "Delete them while {domain} runs (virsh checkpoint-delete, with --metadata where libvirt "
        "finds no bitmap); the next backup is then a full one."
    )
    START_AND_DELETE_CHECKPOINTS = (
        "Start {domain} and delete them (virsh checkpoint-delete, with --metadata where libvirt "
        "finds no bitmap); the next backup is then a full one."
    )
    REMOVE_BITMAPS = (
        "Remove them with the image unused (qemu-img info names them, qemu-img bitmap --remove); "
        "the next backup is then a full one."
    )
    START_OR_DROP_SAVE = "Start it, or drop the save (virsh managedsave-remove)."
    END_JOB = "Wait for its end, or end it."
    END_BACKUP = "Wait for its end ({info} shows it), or give it up ({line})."
    END_JOB_OR_HELPER = (
        "Wait for its end, or end it. If {domain} was off before, this is no guest but what is "
        "left of a delete whose libvirtd died: do not resume it, its disks are half merged. End it "
        "({line}), then delete the snapshot again."
    )
    SERVER_BACK = "Bring its server back first."
    POWER_OFF = "Power {domain} off (virsh destroy) or wait until it answers."
    SHUT_DOWN = "Shut it down first."
    DISKS_OF_OTHER_MACHINE = (
        "Its disks can be had: copy them to files (extract); if it was taken while shut off, "
        "revert to it as recorded and edit the definition; or, where it holds no RAM, delete only "
        "its metadata and adopt it, which gives it the machine of today."
    )
    HOST_PART_BACK = (
        "Put it back first; or, where the snapshot holds no RAM, revert to it so that the domain "
        "is left shut off, and edit the definition."
    )
    LEAVE_SHUT_OFF = (
        "Revert to it so that the domain is left shut off, put that back by the same means, and "
        "start it then."
    )
    START_WHO_PASSES = "Revert with what starts it, or to a state in which it is shut off."
    START_PAUSED = "Start it, or start it paused ({line})."
    PULL_INSTEAD = "It can be made independent of {lower} instead (virsh blockpull)."
    MERGE_LINE = "If you know that nothing needs it: {line}"
    WAIT_OR_MERGE_LINE = "Wait until it is a day old. If you know that nothing needs it: {line}"
    SET_NEXT_START = "Set that disk to what {domain} writes to now ({line})."
    ROOM_BY_DELETES = "Make room first: deletes are possible."
    ROOM = "Make room first (the file systems list what can go)."
    ROOM_OR_ONE = "Make room first (the file systems list what can go), or delete one at a time."
    LARGER_DEVICE = "Make the device larger first (lvextend): nothing else makes room on it."
    POOL_FIRST = "Start or refresh the pool first, or define the disk as it was."
    INTERNAL_FIRST = "Take that off the disk first (virsh edit), and set it again afterwards."
    DELETE_THERE = "Delete it there."
    POOL_START = "Start or refresh the pool first."
    POOLS_FIRST = "Start or refresh the pools first (what is not certain names them)."
    POOL_AS_BEFORE = "Let the pool name that file again, or shut {domain} down."
    SET_NEXT_TO_LOWER = (
        "Before {domain} is started anew set {disk} to {lower} ({line}), else what it writes is "
        "lost. Delete only the metadata of what lay in {path} after that."
    )
    OWN_FILE = "Give the disk a file or a device of its own first."
    BY_PATH = (
        "Take an internal one, or let the disk be the file itself first (virsh edit: "
        "type='file', source file={attribute})."
    )
    ROOM_FOR_TABLE = (
        "Make that much room first: any file that can go, or a leftover overlay (the file systems "
        "list them)."
    )
    OTHER_NAME_OR_OFF = "Take another name, or shut the domain down first."
    SHORTER_NAME = "Take a shorter name."
    NAME_WITHOUT_COMMA = "Take a name without one, or start the domain first."
    LEAVE_CHARACTERS_OUT = "Leave them out."
    DESCRIBE = "Describe it instead, or copy it out of its image."
    RELEASE = "Release it first."
    DELETE_ABOVE_AGAIN = "Delete that one again first."
    DELETE_THESE_AGAIN = "Delete that one again first ({names})."
    DISKS_INSIDE = (
        "With the domain shut off, qemu-img snapshot -a brings its disks back, not its RAM."
    )
    REVERT_SHUT_OFF = "Revert to it so that the domain is left shut off, and start it then."
    APPLY_OFFLINE = "With the domain shut off, qemu-img snapshot -a brings its disks back."
    DELETE_WHILE_RUNNING = "Delete it while the domain runs."
    DELETE_WHILE_OFF = "{name} is deleted only while {domain} is off."
    APPLY_BY_ID = (
        "Way round: shut the domain down and, for each disk, qemu-img snapshot -a with the right "
        "ID."
    )
    DELETE_BY_HAND = "With the domain shut off, qemu-img snapshot -d can."
    PUT_BACK = "Put it back first."
    PUT_BACK_OR_OTHER = "Put it back first, or choose another snapshot."
    REPAIR = "Repair it first."
    REPAIR_COPY = "Repair it first (qemu-img check -r all, on a copy)."
    LOOK_INTO_CHAIN = (
        "Its header must name what it was made upon (qemu-img info; with the domain off, qemu-img "
        "rebase -u writes another name)."
    )
    DECLARE_QCOW2 = "If it is qcow2 (qemu-img info), say so with the domain off: {line}"
    DECLARE_QCOW2_ABOVE = (
        "If it is qcow2 (qemu-img info), say so with the domain off, in the image upon it "
        "(qemu-img rebase -u)."
    )
    LOOK_INTO = "Look into it first (qemu-img check)."
    END_FIRST = "End that first, or wait for it."
    ONLY_EXTERNAL = "Only an external snapshot can hold it."
    ONLY_METADATA_STRAY = "Delete only its metadata: it is a stray then, and can be deleted as one."
    RELOCATE = (
        "Nothing is lost. Adopt it: its record says then where it is, and keeps time, parent and "
        "place."
    )
    RELOCATE_IF = (
        "If it is the one in {now}, adopt it: its record says so then, and keeps time, parent and "
        "place. If it is not, set {disk} to {path} (virsh edit)."
    )
    SET_BACK = (
        "Set {disk} to {overlay} again ({line}, while it is off) before anything is written to "
        "{upon}: until then nothing is lost."
    )
    COPY_OR_SET_BACK = (
        "Look at a copy of {overlay} first (qemu-img convert). If it is whole, set {disk} to it "
        "again ({line}, while it is off)."
    )
    COPY_FIRST = (
        "What {overlay} shows may be a mixture of two times: copy what you need out of it first "
        "(qemu-img convert). Delete only its metadata then; its files stay."
    )
    PUT_BACK_OR_METADATA = (
        "Put it back first. If there is no copy of it, delete only the snapshot's metadata."
    )
    FOUND_UPON = (
        "Of all images here that nothing else names, {at} alone lies upon {by}, has its size and "
        "was written to since. Move it back{lines}."
    )
    FOUND_BY_HEADER = "The header of {by} names {at} instead, which is there. Move it back{lines}."
    FOUND_BY_ENTRIES = (
        "{at} holds the snapshots that the records say are in it, by their names and times: it is "
        "that one. Move it back{lines}."
    )
    NOT_KNOWN_WHICH = (
        "Which file it is now, if any, is not known{perhaps}. Put it back first. If there is no "
        "copy of it, delete only the snapshot's metadata."
    )
    PUT_BACK_WHICH = "Which file it is now, if any, is not known{perhaps}. Put it back first."
    ONLY_METADATA_FILE = (
        "Delete only its metadata; the file stays, and the file systems list it then."
    )
    ONLY_METADATA_OF = "Delete only the metadata of {name}."
    METADATA_BELOW_TOO = "Delete the metadata of {below} too."
    OWN_IMAGE = "Give that an image of its own first (qemu-img convert)."
    DELETE_OWNER_OR_COPY = (
        "Delete what it belongs to first, or copy it to an image of its own (qemu-img convert)."
    )
    DELETE_OR_EXTRACT = "Delete them first, or extract what you need of them."
    CHOOSE_ONE_DISK = "Choose one at least."
    CHOOSE_FILE = "Choose a file for it."
    LEAVE_OUT_OUTSIDE = (
        "Take an external one in which it has no part, or let the domain take it in (virsh edit)."
    )
    OUTSIDE_OR_UNREF = (
        "Take an external one; or take discard_no_unref off the disk (virsh edit), and start the "
        "domain anew."
    )
    NOT_TRANSIENT_FIRST = (
        "Take <transient/> off the disk first (virsh edit, with the domain off), so that its "
        "writes are kept."
    )
    LEAVE_OUT = "Leave it out."
    OVERLAY_OR_LEAVE_OUT = "Choose an overlay for it, or leave it out."
    DISKS_ONLY = "Choose disks only."
    CHOOSE_NONE = "Choose none."
    CHOOSE_SAFETY = "Choose the safety snapshot yourself, or make room first."
    OTHER_FILE_OR_REUSE = "Take another name or, if it is meant, use what is there."
    NO_FREEZE = "Take it without a freeze."
    FREEZE_EACH = "Freeze each by itself."
    OVERLAYS_BY_HAND = (
        "By hand: its disks lie unchanged beneath the overlays. With {domain} shut off make new "
        "overlays on them ({lines}) and let the disks be those (virsh edit). Never write to the "
        "images themselves: the overlays of now lie upon them."
    )
    OVERLAYS_BY_HAND_ENCRYPTED = (
        "By hand: its disks lie unchanged beneath the overlays. With {domain} shut off make new "
        "overlays on them ({lines}), which are not encrypted, and let the disks be those (virsh "
        "edit), each with a <backingStore> whose <source> has the <encryption> that it had. Never "
        "write to the images themselves: the overlays of now lie upon them."
    )
    OVERLAYS_BY_HAND_WITH_RAM = (
        "By hand: its disks lie unchanged beneath the overlays. With {domain} shut off make new "
        "overlays on them ({lines}) and let the disks be those (virsh edit). Never write to the "
        "images themselves: the overlays of now lie upon them. Its RAM is in {ram}: virsh restore "
        "--xml loads it with such disks."
    )
    KEEP_NOW_TAKES_ONE = "Keep the disks of now: that takes one."
    KEEP_NOW = "Keep the disks of now."
    REVERT_OR_TAKE = "Revert to a snapshot, or take one, first."
    PARENT_METADATA = (
        "Way round: delete the metadata of {parent}, then {name}; {parent} stays in its image as a "
        "stray and is adopted again after that."
    )
    PARENT_METADATA_XML = (
        "Way round: delete the metadata of {parent}, then {name}; {parent} stays in its image as a "
        "stray and is adopted again after that, from the XML that is saved before."
    )
    PARENT_FIRST = (
        "Way round: delete {parent} first, or delete the metadata of {parent}, then {name}; "
        "{parent} stays in its image as a stray and is adopted again after that."
    )
    PARENT_FIRST_XML = (
        "Way round: delete {parent} first, or delete the metadata of {parent}, then {name}; "
        "{parent} stays in its image as a stray and is adopted again after that, from the XML that "
        "is saved before."
    )
    NEWER_FIRST = (
        "Delete {above} first; or start {domain} paused (virsh start --paused), delete {name}, and "
        "power it off."
    )
    MERGE_BY_HAND = "Merge by hand (virsh blockcommit), then delete its metadata."
    DELETE_BELOW = "Delete what is below it first ({names})."
    DELETE_BELOW_OR_TAKE = "Delete what is below it first ({names}), or take a snapshot."
    DELETE_ALL_BUT_ONE = "Delete all but one of them first ({names})."
    DELETE_FIRST = "Delete {names} first."
    START_AGENT = "Start it in the guest, or thaw there (fsfreeze --unfreeze)."
    WAIT_OR_THAW_INSIDE = "Wait, or thaw in the guest (fsfreeze --unfreeze)."
    LOOK_IN_GUEST = "Look in the guest."
    RUN_THERE = "Run snaptui there."
    BY_HAND = "Do it by hand."
    CHANGE_THERE = "Change it there, with libvirt, or let go of it first."
    CHECK_AND_REPAIR_COPY = "Look with qemu-img check, and repair a copy first."
    LOOK_AGAIN = "Look again."
    ON_A_COPY = "No tool made it so: look with qemu-img check, and work on a copy of the image."
    EXTRACT_INTO_NEW = "Way round: copy what you need out of the image (extract) into a new one."
    MARK_BOTH = "Way round: mark both; or extract this one to a file."
    OTHER_NAME_FILE = "Choose another name."
    REMOVE_OR_OTHER = "Remove it, or choose another name."
    APPLY_IN_COPY = (
        "Copy the image while nothing uses it, and apply the snapshot in the copy (qemu-img "
        "snapshot -a)."
    )
    OTHER_FOLDER = "Choose another directory, or make room."
    LOOK_THERE = "Look there."
    ALL_BUT_ONE = "Delete all but one, or take the others out of the group (virsh snapshot-edit)."
