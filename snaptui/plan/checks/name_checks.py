"""Names and descriptions that a snapshot can have. Each returns why not; nothing means it can."""

from __future__ import annotations

import re

from snaptui.common import text
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.image import ImageInfo
from snaptui.plan.checks.domain_checks import writable_disks
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why

JOB_ID = re.compile(r"[A-Za-z0-9._-]*")
"""What QEMU lets follow in a job's ID (its util/id.c, ``id_wellformed``)."""

UNQUOTED = frozenset('"\\')
"""What ends, or changes, a word in quotes of QEMU's monitor (its monitor/hmp.c, ``get_str``)."""

NAME_BYTES = 247
"""libvirt keeps NAME.xml.new in a file system whose names hold 255 bytes."""


def spelling_problems(name: str) -> list[Refusal]:
    """Why no snapshot can have this name."""
    problems: list[Refusal] = []
    if not name.strip():
        problems.append(refuse(Why.NAME_EMPTY))
    if "/" in name or name.startswith("."):
        problems.append(refuse(Why.NAME_SPELLING, code=libvirt_codes.XML_DETAIL))
    if name.isdecimal():
        problems.append(refuse(Why.NAME_DIGITS, harm=Harm.MISTAKEN_LATER))
    if any(map(text.invisible, name)):
        problems.append(refuse(Why.NAME_INVISIBLE))
    if len(text.utf8(name)) > NAME_BYTES:
        problems.append(
            refuse(
                Why.NAME_LONG,
                code=libvirt_codes.INTERNAL_ERROR,
                harm=Harm.LEFT_INSIDE,
                most=NAME_BYTES,
            )
        )
    return problems


def running_problem(facts: Facts, name: str, way: Way, *, harm: Harm | None) -> list[Refusal]:
    """Why an internal snapshot of a guest that runs cannot have this name; empty when it can.

    Args:
        harm: what comes of it where libvirt reports success all the same.
    """
    code: int | None = libvirt_codes.INTERNAL_ERROR
    if does(facts.host, Wrong.NAMES_JOBS) and not JOB_ID.fullmatch(name):
        why, harm = Why.NAME_IN_JOB, None
    elif (
        facts.status.domain.state.active  # a QEMU that is started gets it on its command line
        and does(facts.host, Wrong.QUOTES_NO_NAMES)
        and not UNQUOTED.isdisjoint(name)
    ):
        why, code = Why.NAME_IN_MONITOR, None
    else:
        return []
    version = abilities.name(facts.host)
    return [refuse(why, way, code=code, harm=harm, version=version, name=name, domain=facts.name)]


def name_problems(name: str, facts: Facts, *, inside: bool) -> list[Refusal]:
    """Why a new snapshot cannot be given this name.

    What only an image holds under it is deleted unsaid while the domain is active (QEMU 7.2,
    ``save_snapshot``), or refused where all images hold it, and gets a twin otherwise. Beside an
    external one of its name it can not be adopted any more.

    Args:
        inside: the new one is internal.
    """
    harm: Harm | None = Harm.UNMANAGED_HIDDEN
    code: int | None = None
    if inside:
        harm = Harm.TWIN_MADE
        if facts.status.domain.state.active and does(facts.host, Wrong.DELETES_UNMANAGED):
            harm = Harm.UNMANAGED_LOST
        elif facts.status.domain.state.active and _everywhere(name, facts):
            harm, code = None, libvirt_codes.OPERATION_FAILED
    problems = spelling_problems(name)
    if not problems and inside and facts.status.domain.state.active:
        way, harm_then = Way.OTHER_NAME_OR_OFF, Harm.HOLDS_NOTHING
        problems += running_problem(facts, name, way, harm=harm_then)
    if name in facts.names:
        problems.append(refuse(Why.NAME_TAKEN, code=libvirt_codes.OPERATION_FAILED, name=name))
    else:
        problems += [
            refuse(Why.NAME_INSIDE, code=code, harm=harm, path=image.path, name=name)
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


def description_problems(description: str) -> list[Refusal]:
    """Why a snapshot cannot be given this description."""
    if any(text.invisible(char) for char in description if char not in "\n\t"):
        return [refuse(Why.DESCRIPTION_INVISIBLE, Way.LEAVE_CHARACTERS_OUT)]
    return []
