"""What is written of operations: by this process as they go on, and by those before it.

What reads the journals of others is loaded when it is needed first, after the first screen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from snaptui.common.worker import Lane
from snaptui.model.host import Host
from snaptui.model.operation_record import Record
from snaptui.operations.journal import Journal
from snaptui.operations.reached import Reached
from snaptui.operations.xml_backup import Copies

if TYPE_CHECKING:
    from snaptui.operations.journal_archive import Past
    from snaptui.operations.recovery import CutShort, Finding


class Records:
    """The journals, and the copies of the XML.

    Args:
        state: their directory.
        reached: gives what the host of a URI is reached with.

    Attributes:
        journal: of this process.
        copies: of the XML, made before the first change.
        writing: the thread that writes the journal.
    """

    def __init__(self, state: Path, reached: Callable[[str], Reached]) -> None:
        self.journal = Journal(state / "journal", state)
        self.copies = Copies(state / "xml", state)
        self.writing = Lane("journal", 1)  # never behind somebody else's disk
        self._reached = reached
        self._bounded = False

    async def open(self) -> str:
        """Open the journal, and bound those before it; returns why it cannot be written."""
        from snaptui.operations import journal_archive

        def open_and_bound() -> None:
            self.journal.open()
            if not self._bounded:
                self._bounded = True
                journal_archive.bound(self.journal, self.copies.remove)

        await self.writing.call(open_and_bound)
        return self.journal.problem

    async def cut_short(self, host: Host) -> tuple[tuple[CutShort, ...], ...]:
        """The operations of earlier processes on the host that were cut short.

        Those that were confirmed together are together.
        """
        from snaptui.operations.recovery import cut_short

        return cut_short(await self._past(), host)

    async def past(self) -> tuple[Record, ...]:
        """The operations of other processes, the newest first."""
        from snaptui.operations.history import newest_first

        return newest_first(*(one for journal in await self._past() for one in journal.records))

    async def unfinished_before(self) -> frozenset[tuple[str, str]]:
        """Label of the host and UUID of the domain of what other processes began.

        Those of which it is not known how they ended, whether the process lives or not.
        """
        records = await self.past()
        return frozenset(
            (one.host, one.uuid) for one in records if one.outcome is None and not one.found
        )

    async def _past(self) -> tuple[Past, ...]:
        from snaptui.operations import journal_archive

        return await self.writing.call(lambda: journal_archive.past(self.journal))

    async def resolve(self, cut: CutShort, uri: str) -> Finding | None:
        """Look what became of an operation on a host, and note it in its journal.

        Returns:
            ``None`` as long as a job still holds the domain.

        Raises:
            SnaptuiError: the host cannot be asked.
        """
        from snaptui.operations.journal_archive import note_found
        from snaptui.operations.recovery import look

        at = self._reached(uri)
        found = await at.worker.reads.call(lambda: look(at.backend, cut.record))
        if found is not None:
            words, became = found.words, found.became
            with contextlib.suppress(OSError):  # it is told again at the next start
                await self.writing.call(
                    lambda: note_found(
                        self.journal, cut.past.path, cut.record.number, words, became
                    )
                )
        return found
