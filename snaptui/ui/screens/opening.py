"""Opens the files of a domain at one time for a screen: starts, has chosen, unlocks, mounts."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from snaptui.common import text
from snaptui.common.errors import Disconnected
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.opened import GuestFiles, Stage
from snaptui.guest_files.reading import domain_source, image_source
from snaptui.model.domain import Domain
from snaptui.model.guest_file import GuestContent, GuestSystem, GuestVolume
from snaptui.model.image import ImageInfo, ImageKey, PlacedEntry
from snaptui.session import Session
from snaptui.ui.dialogs.choose import ChooseDialog
from snaptui.ui.dialogs.passphrase import PassphraseDialog
from snaptui.ui.format import Glyphs
from snaptui.ui.panes.lines import Line

if TYPE_CHECKING:
    from snaptui.guest_files.appliances import Appliances
    from snaptui.guest_files.source import Source
    from snaptui.ui.dialogs.dialog import Dialog

T = TypeVar("T")

Mounted = GuestSystem | GuestVolume
"""What is opened of the disks."""
EXPECTED = "Without KVM it takes 20 to 60 s, on a busy machine more."
WINDOWS = ("ntfs", "vfat", "exfat", "refs")
"""File systems of which inspection tells more: whether they are drives of Windows."""
POWER_CUT = "as after a power cut"


@dataclass(frozen=True, slots=True)
class When:
    """A domain, or an image that no domain uses, at one time.

    Attributes:
        of: the one or the other.
        snapshot: name of the snapshot; ``None`` for now.
        created: seconds since the epoch; ``None`` for now, and when not known.
        placed: the image's entry; ``None`` for now, and for a domain.
    """

    session: Session
    of: Domain | ImageKey
    snapshot: str | None = None
    created: int | None = None
    placed: PlacedEntry | None = None

    @property
    def words(self) -> str:
        """The snapshot with its time, or now."""
        if self.snapshot is None:
            return "now"
        return f"{self.snapshot} ({text.when(self.created)})"

    def source(self) -> Source:
        """Its disks; blocks.

        Raises:
            SnaptuiError: they cannot be read, or not opened.
        """
        session, of = self.session, self.of
        if (host := session.host.state.host) is None:
            raise Disconnected("There is no connection.")
        if isinstance(of, Domain):
            return domain_source(session.backend, host, of, self.snapshot)
        return image_source(session.backend, host, of, self.placed)

    def others(self) -> Iterator[When]:
        """The other times that are known of it: now first, then the latest snapshot."""
        if self.snapshot is not None:
            yield When(self.session, self.of)
        known = sorted(self._known(), key=lambda one: one.created or 0, reverse=True)
        yield from (one for one in known if one != self)

    def _known(self) -> Iterator[When]:
        session, of = self.session, self.of
        if isinstance(of, Domain):
            shown = session.snapshots.shown
            if shown is not None and shown.key == of.key and shown.snapshots is not None:
                for one in shown.snapshots.details.values():
                    yield When(session, of, one.name, one.created)
        elif (image := session.images.shown) is not None and image.key == of:
            entries = image.head.snapshots if isinstance(image.head, ImageInfo) else ()
            for place, entry in enumerate(entries):
                yield When(session, of, entry.name, entry.created, PlacedEntry(place, entry))


class Ask(Protocol):
    """Puts a dialog over the screen."""

    def __call__(self, dialog: Dialog[T], /) -> Awaitable[T | None]:
        """What it returns."""


NEEDED = "Choose a domain whose guest made one on its disks, such as ext4, XFS or NTFS."
DEMO = "The disks of the demo are without one. "


class Opening:
    """One look at the files of a domain; what it reads is shown by others.

    Args:
        appliances: makes the one that reads.
        on_change: called on the loop when the appliance got on, or ended.
        demo: the host is that of ``--demo``.

    Attributes:
        files: ``None`` before the disks were looked at.
        content: ``None`` before the appliance was asked.
        mounted: what is mounted now.
        unmounted: mount points of it that could not be mounted, and why.
    """

    def __init__(
        self,
        when: When,
        appliances: Appliances,
        ask: Ask,
        on_change: Callable[[], None],
        glyphs: Glyphs,
        *,
        demo: bool = False,
    ) -> None:
        self.when = when
        self._hint = f"{DEMO * demo}{NEEDED}"
        self._appliances = appliances
        self._ask = ask
        self._on_change = on_change
        self._glyphs = glyphs
        self._began = time.monotonic()
        self._begun = False
        self.files: GuestFiles | None = None
        self.content: GuestContent | None = None
        self.mounted: Mounted | None = None
        self.unmounted: tuple[tuple[str, str], ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing can be read any more."""
        return self.files is not None and self.files.stage is Stage.ENDED

    @property
    def usable(self) -> bool:
        """Whether something is mounted that can be read."""
        return self.mounted is not None and not self.ended

    @property
    def progress(self) -> str:
        """What is being done, and for how long; empty once something is mounted."""
        files = self.files
        if self.mounted is not None:
            return ""
        if files is None:
            return f"Looking at the disks ... {_seconds(self._began)}"
        expected = f" {EXPECTED}" if files.slow else ""
        began = max(files.began, self._began)
        if files.stage is Stage.PREPARING:
            return f"Building the appliance, the first time only ... {_seconds(began)}"
        if files.stage is Stage.STARTING:
            return f"Starting the appliance ... {_seconds(began)}.{expected}"
        return f"Looking for systems and volumes ... {_seconds(began)}"

    def title(self, name: str) -> str:
        """What is open, of a domain that is called so on its host."""
        words = f"Files of {name}: {self.when.words}"
        if self.files is not None and not self.files.source.steady:
            words += f", {POWER_CUT}"
        return words if self.mounted is None else f"{words}   {mounted_words(self.mounted)}"

    @property
    def why_ended(self) -> str:
        """That nothing can be read any more, and why."""
        why = self.files.ended_why if self.files is not None else ""
        return f"The files are closed: {why or 'another look took the appliance.'}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be known of the disks: which are left out, and what else."""
        if self.files is None:
            return ()
        source = self.files.source
        unsteady = f"{self.when.of.name} is running: its files are read {POWER_CUT}."
        left_out = (f"Left out: {disk}: {why.reason}." for disk, why in source.left_out.items())
        unmounted = (f"Not mounted: {point}: {why}." for point, why in self.unmounted)
        return (*(() if source.steady else (unsteady,)), *left_out, *unmounted)

    async def open(self) -> None:
        """Start the appliance, or take the one that is there, and look what the disks hold.

        Raises:
            SnaptuiError: it cannot be started, or the disks cannot be read.
        """
        files = await self._start()
        self.content = content = GuestContent((), await files.volumes())
        # looking for systems takes up to a minute, and would find what is opened in any case
        only = _single(content)
        needed = only.type in WINDOWS if only is not None else True
        if needed and any(one.browsable for one in content.volumes):
            self.content = GuestContent(await files.systems(), content.volumes)

    async def _start(self) -> GuestFiles:
        when = self.when
        self._began, self.mounted, self.files = time.monotonic(), None, None
        session = when.session
        self._begun = True
        self.files = files = await self._appliances.open(
            session.backend, session.worker, when.source
        )
        files.on_change = self._on_change
        self._on_change()
        return files

    async def choose(self, *, always: bool = False) -> bool:
        """Mount the only system, or what is chosen of several; whether something was.

        Args:
            always: have it chosen even if there is only one system.

        Raises:
            SnaptuiError: nothing can be opened, or what was chosen cannot be mounted.
        """
        while (content := self.content) is not None:
            choices = list(_choices(content))
            if not choices:
                raise GuestFilesError("No file system was found on these disks.", hint=self._hint)
            single = content.systems[0] if len(content.systems) == 1 else _single(content)
            if single is not None and not always:
                await self.mount(single)
                return True
            lines = tuple(line_of(one) for one in choices)
            about = " ".join(self.remarks)
            chosen = await self._ask(ChooseDialog("Open", lines, about, self._glyphs))
            if chosen is None:
                return False
            what = choices[chosen]
            if not isinstance(what, GuestVolume) or not what.locked:
                await self.mount(what)
                return True
            await self._unlock(what)
            always = False
        return False

    async def other_time(self, title: str) -> When | None:
        """Have another time of the same domain or image chosen.

        Raises:
            GuestFilesError: there is none.
        """
        others = list(self.when.others())
        if not others:
            raise GuestFilesError("There is no other snapshot to compare with.")
        lines = tuple(
            ("now", "the disks at this moment")
            if one.snapshot is None
            else (one.snapshot, text.when(one.created))
            for one in others
        )
        chosen = await self._ask(ChooseDialog(title, lines, "", self._glyphs))
        return others[chosen] if chosen is not None else None

    async def mount(self, what: Mounted) -> None:
        """Mount it instead of what is mounted.

        Raises:
            SnaptuiError: it cannot be mounted.
        """
        if self.files is not None:
            self.unmounted = await self.files.mount(what)
            self.mounted = what

    async def open_like(self, what: Mounted) -> None:
        """Open, and mount what is the same on these disks; a system is not looked for again.

        Raises:
            SnaptuiError: it is not there, or stays locked.
        """
        files = await self._start()
        volumes, asked = await files.volumes(), set[str]()
        while device_of(what) not in {volume.device for volume in volumes}:
            locked = [one for one in volumes if one.locked and one.device not in asked]
            if not locked or not await self._unlock(locked[0]):
                raise GuestFilesError(
                    f"{device_of(what)} is not on these disks: {self.when.words}."
                )
            asked.add(locked[0].device)
            volumes = await files.volumes()
        await self.mount(what)

    async def _unlock(self, volume: GuestVolume) -> bool:
        """Ask for a passphrase until one fits; whether one did."""
        wrong = ""
        while self.files is not None:
            label, words = line_of(volume)
            dialog = PassphraseDialog(f"{label}: {words}", wrong, self._glyphs)
            if (typed := await self._ask(dialog)) is None:
                return False
            try:
                self.content = await self.files.unlock(volume, typed)
            except GuestFilesError as error:
                if self.ended:
                    raise
                wrong = f"{error.message} {error.hint}".strip()
            else:
                return True
        return False

    def listen(self) -> None:
        """Be told again what happens to the appliance, which another look may have taken."""
        if self.files is not None and not self.ended:
            self.files.on_change = self._on_change

    async def leave(self) -> None:
        """Whoever asked has left: the appliance stays a while, if it is ready."""
        files = self.files
        if files is not None and files.stage is Stage.READY:
            self._appliances.leave(files)
        elif files is not None:
            await files.end()
        elif self._begun:  # given up before it was known what is opened
            await self._appliances.end()


def _choices(content: GuestContent) -> Iterator[Mounted]:
    """Systems first, then volumes that hold files, or would once they are unlocked."""
    yield from content.systems
    yield from (one for one in content.volumes if one.browsable or one.locked)


def _single(content: GuestContent) -> GuestVolume | None:
    """The only volume, if it can be opened."""
    choices = [one for one in content.volumes if one.browsable or one.locked]
    return choices[0] if len(choices) == 1 and choices[0].browsable else None


def in_order(one: When, other: When) -> tuple[When, When]:
    """The earlier one first; now is later than all."""
    times = ((one.snapshot is None, one.created or 0), (other.snapshot is None, other.created or 0))
    return (one, other) if times[0] <= times[1] else (other, one)


def device_of(what: Mounted) -> str:
    """The device that it is known by."""
    return what.root if isinstance(what, GuestSystem) else what.device


def line_of(what: Mounted) -> Line:
    """What it is called in a list, and what is known of it."""
    if isinstance(what, GuestSystem):
        named = f"  {what.hostname}" if what.hostname else ""
        return what.root, f"{what.product or 'unknown system'}{named}"
    locked = "  locked" if what.locked else ""
    words = [what.disk, what.type, what.label, text.size(what.size)]
    return what.device, "  ".join(filter(None, words)) + locked


def mounted_words(what: Mounted) -> str:
    """What is mounted, in the header."""
    if isinstance(what, GuestSystem):
        return f"{what.product or 'unknown system'} on {what.root}"
    return f"{what.device}, {what.type}"


def _seconds(since: float) -> str:
    return f"{max(0, int(time.monotonic() - since))} s"
