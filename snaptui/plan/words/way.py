"""The ways round what stands in the way of a plan, in words; why.py says how they are made."""

from __future__ import annotations

import enum


@enum.unique
class Way(enum.Enum):
    """A way round; the value is the sentence."""

    WAIT_JOB = "Wait until it ends (virsh domjobinfo shows it; virsh domjobabort ends a backup)."
    OFF_THERE = "Shut down the other guest, or change the images there."
    ON_THAT_HOST = (
        "Change or shut down the guest there first. If it is another guest, change one UUID, or "
        "open one host alone."
    )
    PIVOT = "{line} keeps the new image, --abort the old one."
    WHILE_RUNNING = "Start it first; it works while the domain runs."
    EXTERNAL_WHILE_RUNNING = (
        "Take an external one while it runs; what is written from then on is not encrypted."
    )
    NO_WAY_INSIDE = "Copy the disk with its key instead (qemu-img convert)."
    ONLY_ITS_METADATA = "Delete only its metadata."
    DEFINE_ENCRYPTION = (
        "Give its <backingStore> a <source> with the <encryption> that it had (virsh edit; an "
        "earlier snapshot's XML has it: virsh snapshot-dumpxml)."
    )
    LIST_CHAIN = (
        "List {path} with format raw as the <backingStore> of {disk} (virsh edit); if libvirt had "
        "encrypted it, with its <encryption>."
    )
    LIST_CHAIN_AFTER = (
        "Reverted to by another tool it starts once {path} is listed, with format raw, as the "
        "<backingStore> of {disk} (virsh edit)."
    )
    WAIT_OFF = "Wait until it is off."
    WAKE = "Wake it (virsh dompmwakeup) or stop it first."
    LIST_AGAIN = "Refresh the list, check it, and mark the snapshot again."
    DEFINE = "Define it first (virsh define)."
    DEFINE_AS_NOW = "First let its definition name the current images ({line})."
    START_FIRST = "Start it first; checkpoints are no obstacle while it runs."
    DELETE_CHECKPOINTS = (
        "Delete the checkpoints while {domain} runs (virsh checkpoint-delete, with --metadata "
        "where libvirt finds no bitmap). The next backup is then a full one."
    )
    START_AND_DELETE_CHECKPOINTS = (
        "Start {domain} and delete the checkpoints (virsh checkpoint-delete, with --metadata "
        "where libvirt finds no bitmap). The next backup is then a full one."
    )
    REMOVE_BITMAPS = (
        "Remove the bitmaps while nothing uses the image (qemu-img info lists them, qemu-img "
        "bitmap --remove). The next backup is then a full one."
    )
    START_OR_DROP_SAVE = "Start it, or drop the save (virsh managedsave-remove)."
    END_JOB = "Wait for it, or abort it."
    END_BACKUP = "Wait for it ({info} shows it), or abort it ({line})."
    END_JOB_OR_HELPER = (
        "Wait for it, or abort it. If {domain} was off before, this is no guest but the rest of "
        "a delete whose libvirtd died. Do not resume it, because its disks are half merged: end "
        "it ({line}), then delete the snapshot again."
    )
    SERVER_BACK = "Bring its server back first."
    POWER_OFF = "Power {domain} off (virsh destroy) or wait until it answers."
    SHUT_DOWN = "Shut it down first."
    DISKS_OF_OTHER_MACHINE = (
        "Its disks are not lost. Extract them to files; or, if it was taken while shut off, "
        "revert to it as recorded and edit the definition; or, if it holds no RAM, delete only "
        "its metadata and register it again with today's machine."
    )
    HOST_PART_BACK = (
        "Put it back first; or, if the snapshot holds no RAM, revert with the domain left shut "
        "off and edit the definition."
    )
    LEAVE_SHUT_OFF = (
        "Revert with the domain left shut off, put that disk back by your own means, and start "
        "the domain then."
    )
    START_WHO_PASSES = (
        "Revert with the program that starts it, or to a state in which it is shut off."
    )
    START_PAUSED = "Start it, or start it paused ({line})."
    PULL_INSTEAD = "Make it independent of {lower} instead (virsh blockpull)."
    MERGE_LINE = "If you are sure that nothing needs it: {line}"
    WAIT_OR_MERGE_LINE = "Wait until it is a day old. If you are sure that nothing needs it: {line}"
    SET_NEXT_START = "Set that disk to what {domain} writes to now ({line})."
    ROOM_BY_DELETES = "Free some space first; deletes are possible."
    ROOM = "Free some space first (F shows what can go)."
    ROOM_OR_ONE = "Free some space first (F shows what can go), or delete one at a time."
    LARGER_DEVICE = "Enlarge the device first (lvextend); nothing else makes room on it."
    POOL_FIRST = "Start or refresh the pool first, or define the disk as it was."
    INTERNAL_FIRST = (
        "Remove that setting from the disk first (virsh edit), and set it again afterwards."
    )
    DELETE_THERE = "Delete it there."
    POOL_START = "Start or refresh the pool first."
    POOLS_FIRST = "Start or refresh the pools first (they are named under what was not checked)."
    POOL_AS_BEFORE = "Let the pool name that file again, or shut {domain} down."
    SET_NEXT_TO_LOWER = (
        "Before the next start of {domain} set {disk} to {lower}, without its <backingStore> "
        "({line}), or what it writes now is lost. After that delete only the metadata of what was "
        "in {path}."
    )
    OWN_FILE = "Give the disk a file or a device of its own first."
    BY_PATH = (
        "Take an internal one, or first define the disk as the file itself (virsh edit: "
        "type='file', source file={attribute})."
    )
    ROOM_FOR_TABLE = (
        "Free that much space first: any file that can go, or an orphaned overlay (F lists them)."
    )
    OTHER_NAME_OR_OFF = "Choose another name, or shut the domain down first."
    SHORTER_NAME = "Choose a shorter name."
    NAME_WITHOUT_COMMA = "Choose a name without a comma, or start the domain first."
    LEAVE_CHARACTERS_OUT = "Remove them."
    DESCRIBE = "Change the description, or extract the snapshot."
    RELEASE = "Release it first."
    DELETE_ABOVE_AGAIN = "Delete that snapshot again first."
    DELETE_THESE_AGAIN = "Delete it again first ({names})."
    DISKS_INSIDE = "With the domain shut off, qemu-img snapshot -a reverts its disks, not its RAM."
    VARIABLES_AS_NOW = "Leave the UEFI variables as they are now."
    START_OR_AS_NOW = (
        "Choose running or paused as the state after, or leave the variables as they are now."
    )
    REVERT_SHUT_OFF = "Revert with the domain left shut off, and start it then."
    APPLY_OFFLINE = "With the domain shut off, qemu-img snapshot -a reverts its disks."
    DELETE_WHILE_RUNNING = "Delete it while the domain runs."
    DELETE_WHILE_OFF = "Delete {name} while {domain} is off."
    APPLY_BY_ID = (
        "Shut the domain down and, for each disk, run qemu-img snapshot -a with the right ID."
    )
    DELETE_BY_HAND = "With the domain shut off, qemu-img snapshot -d can delete it."
    DELETE_WITH_KEY = (
        "With the domain shut off, qemu-img snapshot -d can delete it, with --image-opts and its "
        "key as an --object."
    )
    PUT_BACK = "Put it back first."
    PUT_BACK_OR_OTHER = "Put it back first, or choose another snapshot."
    REPAIR = "Repair it first."
    REPAIR_COPY = "Repair it first (qemu-img check -r all, on a copy)."
    LOOK_INTO_CHAIN = (
        "Its header must name the image that it was made on (qemu-img info; with the domain off, "
        "qemu-img rebase -u writes another name)."
    )
    RECORD_WITHOUT_CHAIN = (
        "If it was merged or moved, first remove that <backingStore> from the metadata ({line}); "
        "otherwise put the file back."
    )
    DECLARE_QCOW2 = "If it is qcow2 (qemu-img info), declare it so with the domain off: {line}"
    DECLARE_QCOW2_ABOVE = (
        "If it is qcow2 (qemu-img info), declare it so in its overlay, with the domain off "
        "(qemu-img rebase -u)."
    )
    LOOK_INTO = "Examine it first (qemu-img check)."
    END_FIRST = "End that process first, or wait for it."
    ONLY_EXTERNAL = "Take an external snapshot instead."
    ONLY_METADATA_UNMANAGED = (
        "Delete only its metadata. It is unmanaged then, and can be deleted as such."
    )
    RELOCATE = (
        "Nothing is lost. Register it: the metadata then says where it is, and keeps time, "
        "parent and place."
    )
    RELOCATE_IF = (
        "If the one in {now} is meant, register it: the metadata then says so, and keeps "
        "time, parent and place. If not, set {disk} to {path}, without a <backingStore> (virsh "
        "edit)."
    )
    SET_BACK = (
        "Set {disk} to {overlay} again, without a <backingStore> ({line}, while it is off), before "
        "anything writes to {upon}. Until then nothing is lost."
    )
    ONLY_DELETED = "It can only be deleted."
    COPY_WHILE_OPEN = (
        "Do not stop {domain}. If the file was moved, move it back; otherwise copy the disk first: "
        "{line}"
    )
    COPY_OR_SET_BACK = (
        "Examine a copy of {overlay} first (qemu-img convert). If it is intact, set {disk} to it "
        "again, without a <backingStore> ({line}, while it is off)."
    )
    COPY_FIRST = (
        "{overlay} may show a mixture of two times. First copy what you need out of it (qemu-img "
        "convert), then delete only its metadata; its files stay."
    )
    PUT_BACK_OR_METADATA = (
        "Put it back first. If there is no copy of it, delete only the snapshot's metadata."
    )
    FOUND_UPON = (
        "Of all images here that nothing else names, only {at} is an overlay on {by}, has its "
        "size and was written to since. Move it back{lines}."
    )
    FOUND_BY_HEADER = "The header of {by} names {at} instead, which exists. Move it back{lines}."
    FOUND_BY_ENTRIES = (
        "{at} is that file: it holds the snapshots that the metadata names, with their names and "
        "times. Move it back{lines}."
    )
    NOT_KNOWN_WHICH = (
        "Which file it is now, if any, is not known{perhaps}. Put it back first. If there is no "
        "copy of it, delete only the snapshot's metadata."
    )
    PUT_BACK_WHICH = "Which file it is now, if any, is not known{perhaps}. Put it back first."
    ONLY_METADATA_FILE = "Delete only its metadata. The file stays, and F then lists it."
    ONLY_METADATA_OF = "Delete only the metadata of {name}."
    METADATA_BELOW_TOO = "Delete the metadata of {below} too."
    OWN_IMAGE = "Give that one an image of its own first (qemu-img convert)."
    DELETE_OWNER_OR_COPY = (
        "Delete what it belongs to first, or copy it to an image of its own (qemu-img convert)."
    )
    DELETE_OR_EXTRACT = "Delete them first, or extract what you need of them."
    CHOOSE_ONE_DISK = "Choose at least one."
    CHOOSE_FILE = "Choose a file for it."
    LEAVE_OUT_OUTSIDE = (
        "Take an external one without this disk, or let the domain include the disk (virsh edit)."
    )
    OUTSIDE_OR_UNREF = (
        "Take an external one; or remove discard_no_unref from the disk (virsh edit) and restart "
        "the domain."
    )
    NOT_TRANSIENT_FIRST = (
        "First remove <transient/> from the disk (virsh edit, with the domain off), so that its "
        "writes are kept."
    )
    LEAVE_OUT = "Leave it out."
    OUTSIDE_WITHOUT = "Take an external one without this disk."
    LUN_AS_DISK = (
        "Define {disk} with device='disk' (virsh edit), delete the overlay, and set device='lun' "
        "again, with its <reservations> if it had any."
    )
    OVERLAY_OR_LEAVE_OUT = "Choose an overlay for it, or leave it out."
    DISKS_ONLY = "Choose disks only."
    CHOOSE_NONE = "Choose none."
    CHOOSE_SAFETY = "Choose the safety snapshot yourself, or free some space first."
    OTHER_FILE_OR_REUSE = "Choose another name; or, if you mean that file, choose to use it."
    NO_FREEZE = "Take it without a freeze."
    FREEZE_EACH = "Freeze each by itself."
    OVERLAYS_BY_HAND = (
        "By hand: its disks are unchanged below the overlays. With {domain} shut off make new "
        "overlays on them ({lines}) and set the disks to those, without their <backingStore> "
        "(virsh edit). Never write to the images themselves: the current overlays depend on them."
    )
    OVERLAYS_BY_HAND_ENCRYPTED = (
        "By hand: its disks are unchanged below the overlays. With {domain} shut off make new "
        "overlays on them ({lines}), which are not encrypted, and set the disks to those (virsh "
        "edit), each with a <backingStore> whose <source> has the <encryption> that it had. "
        "Never write to the images themselves: the current overlays depend on them."
    )
    OVERLAYS_BY_HAND_LUKS = (
        "By hand: its disks are unchanged below the overlays. With {domain} shut off make new "
        "overlays on them ({lines}) and set the disks to those, each with its raw image as "
        "<backingStore> (virsh edit). Never write to the images themselves: the current overlays "
        "depend on them."
    )
    OVERLAYS_BY_HAND_WITH_RAM = (
        "By hand: its disks are unchanged below the overlays. With {domain} shut off make new "
        "overlays on them ({lines}) and set the disks to those, without their <backingStore> "
        "(virsh edit). Never write to the images themselves: the current overlays depend on them. "
        "Its RAM is in {ram}; virsh "
        "restore --xml loads it with such disks."
    )
    KEEP_NOW_TAKES_ONE = "Keep the current disks; that takes a snapshot."
    KEEP_NOW = "Keep the current disks."
    REVERT_OR_TAKE = "Revert to a snapshot or take one first."
    PARENT_METADATA = (
        "Delete the metadata of {parent}, then {name}. {parent} stays in its image as an "
        "unmanaged snapshot and can be registered again after that."
    )
    PARENT_METADATA_XML = (
        "Delete the metadata of {parent}, then {name}. {parent} stays in its image as an "
        "unmanaged snapshot and can be registered again after that, from the XML that is saved "
        "before."
    )
    PARENT_FIRST = (
        "Delete {parent} first; or delete the metadata of {parent}, then {name}. {parent} stays "
        "in its image as an unmanaged snapshot and can be registered again after that."
    )
    PARENT_FIRST_XML = (
        "Delete {parent} first; or delete the metadata of {parent}, then {name}. {parent} stays "
        "in its image as an unmanaged snapshot and can be registered again after that, from the "
        "XML that is saved before."
    )
    NEWER_FIRST = (
        "Delete {above} first; or start {domain} paused (virsh start --paused), delete {name}, and "
        "power it off."
    )
    MERGE_BY_HAND = "Merge by hand (virsh blockcommit), then delete its metadata."
    DELETE_BELOW = "Delete its descendants first ({names})."
    DELETE_BELOW_OR_TAKE = "Delete its descendants first ({names}), or take a snapshot."
    DELETE_ALL_BUT_ONE = "Delete all but one of them first ({names})."
    DELETE_FIRST = "Delete {names} first."
    RESUME_GUEST = "Let the guest run first (virsh resume)."
    START_AGENT = "Start the agent in the guest, or thaw there (fsfreeze --unfreeze)."
    WAIT_OR_THAW_INSIDE = "Wait, or thaw in the guest (fsfreeze --unfreeze)."
    LOOK_IN_GUEST = "Look into the guest."
    RUN_THERE = "Run snaptui there."
    BY_HAND = "Do it by hand."
    CHANGE_THERE = "Change it there with libvirt, or make that domain release it first."
    CHECK_AND_REPAIR_COPY = "Examine it with qemu-img check, and repair a copy first."
    LOOK_AGAIN = "Look again."
    ON_A_COPY = "No tool makes such an image. Examine it with qemu-img check, and work on a copy."
    EXTRACT_INTO_NEW = "Extract what you need into a new image."
    MARK_BOTH = "Mark both, or extract this one to a file."
    OTHER_NAME_FILE = "Choose another name."
    REMOVE_OR_OTHER = "Remove it, or choose another name."
    APPLY_IN_COPY = (
        "Copy the image while nothing uses it, and apply the snapshot in the copy (qemu-img "
        "snapshot -a)."
    )
    OTHER_FOLDER = "Choose another directory, or free some space."
    LOOK_THERE = "Look there."
    ALL_BUT_ONE = "Delete all but one, or take the others out of the group (virsh snapshot-edit)."
