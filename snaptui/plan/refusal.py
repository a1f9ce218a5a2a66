"""Why a plan cannot be carried out, and what libvirt would do if it were asked all the same."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from snaptui.model.libvirt_codes import called
from snaptui.plan.words.sentence import Names, filled, named
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


class Harm(enum.Enum):
    """What libvirt breaks or does wrongly; each is looked for by ``make matrix``."""

    CRASH = "bring its daemon down"
    ENDS_QEMU = "fail or end QEMU"
    NO_START = "leave a domain that does not start"
    STOPPED = "stop the guest"
    JOB_ENDED = "end the job with its disks"
    HALF = "revert one disk and not the next"
    OTHER_DATA = "bring back other data"
    PERHAPS_OTHER_DATA = "perhaps bring back other data"
    FIRST_TWIN = "use the first of that name"
    TWIN_LEFT = "leave one of that name inside"
    TWIN_MADE = "make a second one of that name"
    UNMANAGED_LOST = "delete the unmanaged one"
    UNMANAGED_HIDDEN = "hide the unmanaged one"
    IN_DEV = "create a file in /dev"
    LEFT_INSIDE = "leave it inside, unmanaged"
    MISTAKEN_LATER = "later revert to another one"
    MARK_LOST = "forget the unfinished merge"
    RECORDS_SPOILED = "spoil the metadata of its descendants"
    INSIDE_LOST = "destroy the snapshots inside"
    OTHER_LOST = "destroy another image"
    BASES_LOST = "remove the images that the domain writes to"
    HELD_LOST = "delete it"
    HOLDER_LOST = "forget who holds it"
    FORGOTTEN = "forget it when the domain stops"
    SAVE_LEFT = "leave a save of other disks"
    SAVE_BENEATH = "let the save write to backing files"
    OVERWRITTEN = "overwrite a file"
    NO_WAY_BACK = "make one that cannot be reverted to"
    RAM_IGNORED = "make one without its RAM"
    HOLDS_NOTHING = "make one without data"
    OUTSIDE_INSTEAD = "take an external one instead"


UNTOLD = frozenset({Harm.CRASH, Harm.ENDS_QEMU, Harm.BASES_LOST})
"""For what does this no line is shown that could be pasted into a shell."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What stands in the way, and what is known of libvirt; words are made from it at the end.

    Attributes:
        why: what stands in the way.
        way: a way round, if there is one to say.
        code: libvirt's error (virErrorNumber in virterror.h) when it refuses by itself;
            ``None`` when it would go ahead, or this is not known.
        harm: what it would break or do wrongly; ``None`` when nothing, or not known.
        names: what stands for the names in the sentences of both.
        member: which of several domains or files it is about; empty where there is one.
    """

    why: Why
    way: Way | None = None
    code: int | None = None
    harm: Harm | None = None
    names: Names = ()
    member: str = ""

    @property
    def fact(self) -> str:
        """What stands in the way, as a sentence."""
        return filled(self.why, self.names)

    @property
    def words(self) -> str:
        """The whole for the screen."""
        way = f" {filled(self.way, self.names)}" if self.way is not None else ""
        of = f"{self.member}: " if self.member else ""
        return f"{of}{self.fact}{way}"

    @property
    def libvirt_would(self) -> str:
        """What libvirt would do, in words; empty when that is not known."""
        fails = [f"fail with {called(self.code)}"] if self.code is not None else []
        would = [*fails, *([self.harm.value] if self.harm is not None else [])]
        return f"libvirt would {' and '.join(would)}" if would else ""

    def of(self, member: str) -> Refusal:
        """The same as a refusal of one of several."""
        return replace(self, member=member)

    def but(
        self, way: Way | None = None, *, code: int | None = None, harm: Harm | None = None
    ) -> Refusal:
        """The same with what libvirt would make of it in this place, and the way round there."""
        return replace(self, way=way or self.way, code=code, harm=harm)


def refuse(
    why: Why,
    way: Way | None = None,
    /,
    *,
    code: int | None = None,
    harm: Harm | None = None,
    **names: object,
) -> Refusal:
    """A refusal; ``names`` are those in the sentences of ``why`` and ``way``."""
    return Refusal(why, way, code, harm, named(names))


def unforetold(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """The same where it is not known which error libvirt would meet first."""
    return tuple(one.but(harm=one.harm) for one in refusals)


def once(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """Each sentence once; of those that say the same, one that knows what libvirt would do."""
    found: dict[str, Refusal] = {}
    for refusal in refusals:
        told = found.setdefault(refusal.words, refusal)
        if refusal.libvirt_would and not told.libvirt_would:
            found[refusal.words] = refusal
    return tuple(found.values())


def words_of(refusals: Iterable[Refusal]) -> str:
    """Several in one line."""
    return " ".join(refusal.words for refusal in refusals)
