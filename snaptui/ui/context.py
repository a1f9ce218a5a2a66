"""What every screen is handed: the hosts, the keys, the glyphs, and where faults are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from snaptui.config import SNAPSHOT_NAME, THEMES, Config, Noticing

if TYPE_CHECKING:
    from snaptui.fleet import Fleet
    from snaptui.guest_files.appliances import Appliances
    from snaptui.session import Session
    from snaptui.ui.format import Glyphs

ShowError = Callable[[str, str, str, "Callable[[], None] | None"], None]
"""Title, message, what to do next, and what is called when it was closed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What whoever started the program set.

    Attributes:
        overrides: keys by action, checked.
        theme: one of :data:`snaptui.config.THEMES`.
        snapshot_name: template for the names that a create suggests.
        demo: the host is that of ``--demo``; the header says so.
        hosts: the names and groups of hosts that may be added.
        noticing: how the end of a long operation is told.
        kept: directory that keeps what the screen is left with; ``None`` for none.
        signs: snapshots that are taken name in their description who took them.
    """

    overrides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ascii_only: bool = False
    theme: str = THEMES[0]
    snapshot_name: str = SNAPSHOT_NAME
    demo: bool = False
    hosts: Config = field(default_factory=lambda: Config(Path()))
    noticing: Noticing = field(default_factory=Noticing)
    kept: Path | None = None
    signs: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What the screens have in common.

    Attributes:
        fleet: all hosts that are looked at.
        overrides: keys by action, checked.
        snapshot_name: template for the names that a create suggests.
        demo: the host is that of ``--demo``.
        hosts: the names and groups of hosts that may be added.
        show_error: shows one with its whole text.
        sign_in: gives the terminal to ssh, and connects.
        appliances: gives what opens the files of guests, always the same one.
        kept: directory that keeps what the screen is left with; ``None`` for none.
        faults: places in the code where a fault of our own has happened.
    """

    fleet: Fleet
    overrides: Mapping[str, tuple[str, ...]]
    glyphs: Glyphs
    snapshot_name: str
    demo: bool
    hosts: Config
    show_error: ShowError
    sign_in: Callable[[], object]
    appliances: Callable[[], Appliances]
    kept: Path | None = None
    faults: set[tuple[object, ...]] = field(default_factory=set)

    @property
    def session(self) -> Session:
        """The host that the screen is about at this moment."""
        return self.fleet.current

    def add_hosts(self, word: str) -> None:
        """Look at the hosts that a word means: a URI, a name, or ``@`` and a group.

        Raises:
            SnaptuiError: there is none, or it is looked at already.
        """
        for entry in self.hosts.meant(word):
            self.fleet.add(entry)

    def suggested_name(self, of: str, taken: Collection[str]) -> str:
        """A free name for a snapshot of a domain or an image."""
        from snaptui.model.snapshot_request import suggested_name

        return suggested_name(self.snapshot_name, time.time(), of, taken)
