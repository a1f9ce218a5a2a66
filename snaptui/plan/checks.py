"""Checks that several plans share. Each returns sentences; none means that it holds."""

from __future__ import annotations

import re

from snaptui import abilities, text
from snaptui.abilities import Wrong, does
from snaptui.image_model import FileSystem, ImageInfo, NotKnown, Silent
from snaptui.model import Disk, DomainState, Kind, Snapshot
from snaptui.plan.facts import Facts
from snaptui.plan.hold import hold_of
from snaptui.plan.refusal import Harm, Refusal
from snaptui.shares import Counted

INTERNAL_ERROR, INVALID_ARG, OPERATION_FAILED, XML_ERROR, XML_DETAIL = 1, 8, 9, 27, 35
NO_FILE, OPERATION_INVALID, CONFIG_UNSUPPORTED, OPERATION_TIMEOUT = 38, 55, 67, 68
ARGUMENT_UNSUPPORTED, REVERT_RISKY, OPERATION_UNSUPPORTED, AGENT_UNRESPONSIVE = 74, 77, 84, 86
"""libvirt's errors as its virterror.h numbers them."""

JOB_ID = re.compile(r"[A-Za-z0-9._-]*")
"""What QEMU lets follow in a job's ID (its util/id.c, ``id_wellformed``)."""

NAME_BYTES = 247
"""libvirt keeps NAME.xml.new in a file system whose names hold 255 bytes."""


def metadata_refusals(facts: Facts) -> list[str]:
    """What forbids a change of libvirt's records of the domain's snapshots."""
    refusals = _busy_refusals(facts)
    if not facts.status.persistent:
        refusals.append(
            Refusal(
                f"{facts.name} is transient: its snapshots' metadata vanish when it stops. "
                "Define it first (virsh define).",
                harm=Harm.FORGOTTEN,
            )
        )
    return refusals


def create_refusals(facts: Facts) -> list[str]:
    """What forbids any new snapshot of the domain as it is now."""
    refusals = metadata_refusals(facts) + _ending_refusals(facts) + _job_refusals(facts)
    refusals += _silent_refusals(facts)
    if facts.status.domain.state is DomainState.PMSUSPENDED:
        refusals.append(
            Refusal(
                f"{facts.name} is suspended. Wake it (virsh dompmwakeup) or stop it first.",
                code=OPERATION_UNSUPPORTED,
            )
        )
    return refusals


def domain_refusals(facts: Facts, *, saved_code: int | None = None) -> list[str]:
    """What forbids to revert the domain as it is now, or to take a snapshot from it.

    Args:
        saved_code: the error with which libvirt refuses it while there is a managed save.
    """
    refusals = _busy_refusals(facts) + _ending_refusals(facts) + _silent_refusals(facts)
    if not facts.status.persistent:
        refusals.append(
            f"{facts.name} is transient; snaptui does not do it with such a domain yet. "
            "Define it first (virsh define)."
        )
    if facts.status.managed_save:
        refusals.append(
            Refusal(
                f"{facts.name} has a managed save, whose memory would be loaded over other disks "
                "at the next start. Start it, or drop the save (virsh managedsave-remove).",
                code=saved_code,
                harm="" if saved_code else Harm.SAVE_LEFT,
            )
        )
    refusals += _job_refusals(facts)
    return refusals


def _busy_refusals(facts: Facts) -> list[str]:
    if not facts.status.busy:
        return []
    sentence = f"Another job holds {facts.name}. Wait until it is done."
    return [Refusal(sentence, code=OPERATION_TIMEOUT)]


def _job_refusals(facts: Facts) -> list[str]:
    if not facts.status.block_jobs:
        return []
    return [_job_sentence(facts)]


def merge_refusals(facts: Facts) -> list[str]:
    """What forbids a merge beside what QEMU does with the images already."""
    if not facts.status.block_jobs:
        return []
    return [Refusal(_job_sentence(facts), code=OPERATION_UNSUPPORTED)]


def _job_sentence(facts: Facts) -> str:
    name = facts.name
    sentence = (
        f"A block job runs on {', '.join(facts.status.block_jobs)} of {name} (virsh blockjob "
        "shows it). Wait for its end, or end it."
    )
    if facts.status.domain.state is DomainState.PAUSED:
        sentence += (
            f" If {name} was off before, this is no guest but what is left of a delete whose "
            f"libvirtd died: {left_merge(name)}"
        )
    return sentence


MERGED_IN_PART = "If its merge had begun: do not revert to it, delete it again."
"""What to do with an external snapshot whose delete did not come to its end."""


def left_merge(name: str) -> str:
    """What to do with a QEMU that was left in the middle of a merge (libvirt keeps it)."""
    return (
        f"do not resume it, its disks are half merged. End it (virsh destroy {name}), then delete "
        "the snapshot again."
    )


def _silent_refusals(facts: Facts) -> list[str]:
    heads = {**facts.layers.heads, **facts.images}
    return [
        f"The file system of {path} does not answer. libvirt would wait for it, and whoever asks "
        f"for {facts.name} with it. Bring its server back first."
        for path, head in heads.items()
        if isinstance(head, Silent)
    ]


def _ending_refusals(facts: Facts) -> list[str]:
    if facts.status.domain.state is not DomainState.SHUTDOWN:
        return []
    return [f"{facts.name} is shutting down. Wait until it is off."]


def journal_refusals(unrecorded: str) -> list[str]:
    """Only deletes are done without the journal: they are what makes room on a full disk.

    Args:
        unrecorded: why it cannot be written; empty when it can.
    """
    if not unrecorded:
        return []
    return [
        f"The journal cannot be written ({unrecorded}); nobody could tell later how far "
        "this came. Make room first: deletes are possible."
    ]


def unrecorded_warning(unrecorded: str) -> str:
    """What a delete without the journal means."""
    return (
        f"The journal cannot be written ({unrecorded}): nothing will tell later how far this came."
    )


def version_warnings(facts: Facts) -> list[str]:
    """A warning where the server is none on which the plans are proven."""
    if abilities.tried(facts.host):
        return []
    version = abilities.name(facts.host)
    return [f"libvirt {version} is not one that was tried: the strictest rules apply."]


def spelling_problems(name: str) -> list[str]:
    """Why no snapshot can have this name."""
    problems: list[str] = []
    if not name.strip():
        problems.append("A snapshot needs a name.")
    if "/" in name or name.startswith("."):
        problems.append(
            Refusal("libvirt allows no name with / in it or . in front of it.", code=XML_DETAIL)
        )
    if name.isdecimal():
        problems.append(
            Refusal(
                "A name of digits only can be mistaken for the ID of another snapshot in the "
                "image, and QEMU would then revert to that one.",
                harm=Harm.MISTAKEN_LATER,
            )
        )
    if any(map(text.invisible, name)):
        problems.append("A name with control or invisible characters cannot be told from others.")
    if len(name.encode("utf-8", "surrogateescape")) > NAME_BYTES:
        sentence = f"A name can have {NAME_BYTES} bytes at most."
        problems.append(Refusal(sentence, code=INTERNAL_ERROR, harm=Harm.LEFT_INSIDE))
    return problems


def job_problem(facts: Facts, name: str) -> str:
    """Why an internal snapshot of a guest that runs cannot have this name; empty when it can."""
    if JOB_ID.fullmatch(name) or not does(facts.host, Wrong.NAMES_JOBS):
        return ""
    return (
        f"libvirt {abilities.name(facts.host)} makes the name part of a job's ID, in which QEMU "
        "takes only letters from a to z, digits, and - . _"
    )


def name_problems(name: str, facts: Facts, *, inside: bool) -> list[str]:
    """Why a new snapshot cannot be given this name.

    What only an image holds under it is deleted unsaid while the domain is active (QEMU 7.2,
    ``save_snapshot``), or refused where all images hold it, and gets a twin otherwise. Beside an
    external one of its name it can not be adopted any more.

    Args:
        inside: the new one is internal.
    """
    harm: str = Harm.STRAY_HIDDEN
    code: int | None = None
    if inside:
        harm = Harm.TWIN_MADE
        if facts.status.domain.state.active and does(facts.host, Wrong.DELETES_STRAYS):
            harm = Harm.STRAY_LOST
        elif facts.status.domain.state.active and _everywhere(name, facts):
            harm, code = "", OPERATION_FAILED
    problems = spelling_problems(name)
    if not problems and inside and facts.status.domain.state.active:
        why = job_problem(facts, name)
        way = "Take another name, or shut the domain down first."
        problems += [Refusal(f"{why}. {way}", code=INTERNAL_ERROR)] if why else []
    if name in facts.names:
        problems.append(
            Refusal(f"There is a snapshot called {name} already.", code=OPERATION_FAILED)
        )
    else:
        problems += [
            Refusal(
                f"The image {image.path} holds a snapshot {name} that libvirt does not know.",
                harm=harm,
                code=code,
            )
            for image in facts.images.values()
            if isinstance(image, ImageInfo)
            and any(name in (entry.name, entry.id) for entry in image.snapshots)
        ]
    return problems


def _everywhere(name: str, facts: Facts) -> bool:
    """Whether each disk holds it; QEMU's ``bdrv_all_has_snapshot`` asks for all of them."""
    disks = writable_disks(facts.status.config.disks)
    inside = (facts.entries(disk.path or "") or () for disk in disks)
    return all(name in {entry for _, entry in entries} for entries in inside)


def description_problems(description: str) -> list[str]:
    """Why a snapshot cannot be given this description."""
    if any(text.invisible(char) for char in description if char not in "\n\t"):
        return ["The description has control or invisible characters. Leave them out."]
    return []


def hold_refusals(snapshot: Snapshot) -> list[str]:
    """A snapshot that somebody holds is not deleted."""
    held = hold_of(snapshot)
    if held is None:
        return []
    sentence = f"{snapshot.name} is held by {held.who} since {held.since}. Release it first."
    return [Refusal(sentence, harm=Harm.HELD_LOST)]


def writable_disks(disks: tuple[Disk, ...]) -> tuple[Disk, ...]:
    """The disks that a snapshot must hold: neither read-only nor without a medium."""
    return tuple(disk for disk in disks if disk.device in ("disk", "lun") and not disk.read_only)


def variables_warnings(facts: Facts, what: str) -> list[str]:
    """What becomes of UEFI variables that no internal snapshot holds."""
    config = facts.status.config
    return (
        [f"The UEFI variables {what}."] if config.pflash and config.written == config.disks else []
    )


def kind_refusals(snapshot: Snapshot, doing: str) -> list[str]:
    """Snapshots without data, or with data both inside images and outside, are not handled."""
    if snapshot.kind is Kind.NONE:
        return [f"{snapshot.name} has no data of its own; snaptui cannot {doing} it yet."]
    if snapshot.kind is Kind.MIXED:
        return [f"{snapshot.name} is mixed; snaptui cannot {doing} such a snapshot yet."]
    return []


def unfinished_refusals(facts: Facts, snapshot: Snapshot) -> list[str]:
    """A delete of one above was cut short: an image of this one is overwritten in part."""
    if not snapshot.delete_in_progress:
        return []
    above = [one.name for one in facts.snapshots.values() if one.parent == snapshot.name]
    which = f" ({', '.join(above)})" if above else ""
    return [
        Refusal(
            f"A delete of a snapshot above {snapshot.name} was begun and not finished. Delete "
            f"that one again first{which}.",
            code=OPERATION_INVALID,
        )
    ]


def smallest_space(facts: Facts) -> tuple[int, int] | None:
    """Free and whole bytes of the fullest file system under the domain's disks."""
    fullest = min(known_spaces(facts), key=lambda space: space.free, default=None)
    return None if fullest is None else (fullest.free, fullest.size)


def known_spaces(facts: Facts) -> tuple[FileSystem, ...]:
    """The file systems under the domain's disks, as far as they are known."""
    return tuple(space for space in facts.spaces.values() if not isinstance(space, NotKnown))


def still_true(facts: Facts) -> Counted:
    """The counts of those images whose snapshot table is still the one that was counted."""
    return {
        path: counted
        for path, counted in facts.counted.items()
        if isinstance(counted, NotKnown)
        or (
            isinstance(image := facts.images.get(path), ImageInfo)
            and image.snapshots == counted.entries
        )
    }
