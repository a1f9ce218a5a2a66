"""How a host is connected to, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from snaptui.backend.protocol.asked import Asked
from snaptui.model.host import Host


@dataclass(frozen=True, slots=True)
class HostEvent:
    """A hint from libvirt that something may have changed; never the change itself.

    Attributes:
        uuid: the domain to look at again; empty for the whole host.
        lost: the events connection is gone, and with it, most likely, the host.
    """

    uuid: str = ""
    lost: bool = False


class Connection(Asked, Protocol):
    """Connects to a host. Reading, changing and event calls may use several links."""

    @property
    def answers(self) -> bool:
        """Whether the host has answered since :meth:`connect` was called last.

        It may be at work then for what comes next: libvirt runs each QEMU that it does not know
        yet, or that has changed, before it says which one it has (qemu_capabilities.c).
        """

    @property
    def calls(self) -> int:
        """Number of calls sent to libvirt so far."""

    @property
    def link(self) -> int:
        """Which link to the host this is: another number after each :meth:`abandon`."""

    def over(self, link: int) -> AbstractContextManager[None]:
        """Let the changes that this thread asks for go over this link, or not at all.

        A thread may be held up, until the link that it looked at the host through was given up,
        and what it was about to do was judged. A change of it then raises Disconnected.
        """

    def jump_host(self) -> str:
        """The host that ssh goes through to this one (ssh_config(5), ProxyJump); empty without."""

    def connect(self, *, interactive: bool = False) -> Host:
        """Open the reading connection, dropping one that was open before.

        Args:
            interactive: libvirt may ask on the terminal (ssh passwords, host keys).

        Raises:
            SignInNeeded: it would have to ask, and ``interactive`` is false.
            NotPermitted, Disconnected, ConfigError: with a hint on what to do.
        """

    def watch(self, on_event: Callable[[HostEvent], None]) -> None:
        """Open the events connection; ``on_event`` is called on libvirt's thread.

        It must return at once and never raise. Watching again replaces the callback.
        """

    def expect_changes(self) -> None:
        """Open what changes go over now, if the host is far; blocks, and never raises.

        Not on a host whose events are not watched: it may have let in one connection alone.
        """

    def only_list(self) -> None:
        """Close all connections but the one that :meth:`connect` opened, without waiting.

        Others are opened again when they are needed. A change that is under way fails.
        """

    def abandon(self) -> None:
        """Drop all connections without waiting for calls that are under way."""
