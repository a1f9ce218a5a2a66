"""Reads what a check is made of, and for no longer than it may take."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

from snaptui.backend.protocol.backend import Backend, Looks
from snaptui.backend.protocol.files import Files
from snaptui.cli.check import DomainRead, HostRead, Limit
from snaptui.common.errors import SnaptuiError
from snaptui.discovery.domain_survey import count_images, survey
from snaptui.discovery.inventory import take_inventory
from snaptui.model.domain import Domain
from snaptui.model.guest_agent import AgentState
from snaptui.model.host import Host
from snaptui.model.image import NotKnown
from snaptui.storage.costs import reclaim_of
from snaptui.storage.in_image import odd, without_ram


class Reading:
    """Reads one host on a thread of its own; what it has by then is what is known.

    Args:
        name: what it is called.
        connect: opens the host.
        names: of the domains; none for all.
        wanted: what is looked at.
    """

    def __init__(
        self, name: str, connect: Callable[[], Backend], names: Collection[str], wanted: set[Limit]
    ) -> None:
        self._label = name
        self._connect, self._names, self._wanted = connect, names, wanted
        self._lock = threading.Lock()
        self._domains: list[DomainRead] = []
        self._places: dict[str, float] = {}
        self._orphans: tuple[str, ...] | None = None
        self._unread: list[str] = []
        self._doing = "there was no answer in time"
        self._over = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def result(self, until: float) -> HostRead:
        """What was read until then, a moment of ``time.monotonic()``."""
        self._over.wait(max(0.0, min(until - time.monotonic(), threading.TIMEOUT_MAX)))
        with self._lock:
            late = () if self._over.is_set() else (self._doing,)
            return HostRead(
                self._label,
                tuple(self._domains),
                dict(self._places),
                self._orphans,
                (*self._unread, *late),
            )

    def _read(self) -> None:
        try:
            self._read_all()
        except SnaptuiError as error:
            with self._lock:
                self._unread.append(error.message)
        except BaseException:
            with self._lock:
                self._unread.append("a fault of snaptui")
            raise
        finally:
            self._over.set()

    def _read_all(self) -> None:
        backend = self._connect()
        host = backend.host
        assert host is not None, "it is connected"
        listed = sorted(backend.domains(), key=lambda domain: domain.name)
        chosen = [
            one for one in listed if not self._names or {one.name, one.key.uuid} & {*self._names}
        ]
        known = {word for one in listed for word in (one.name, one.key.uuid)}
        with self._lock:
            self._unread += [
                f"there is no domain {name}" for name in self._names if name not in known
            ]
        for number, domain in enumerate(chosen, 1):
            with self._lock:
                self._doing = f"in time were read {number - 1} of {len(chosen)} domains"
            self._read_domain(backend, host, domain)
        if Limit.ORPHANS in self._wanted:
            with self._lock:
                self._doing = "not in time: which overlays nothing names"
            inventory = take_inventory(backend, host)
            with self._lock:
                self._orphans = inventory.leftovers
                about = "whether overlays are orphaned"
                self._unread += [f"{about}: {doubt.words}" for doubt in inventory.doubts]

    def _read_domain(self, backend: Looks, host: Host, domain: Domain) -> None:
        try:
            one = survey(backend, host, domain)
        except SnaptuiError as error:
            with self._lock:
                self._domains.append(DomainRead(domain.name, 0, None, unread=(error.message,)))
            return
        heads, broken = one.layers.heads, one.layers.broken
        oddities = {**odd(one.snapshots, heads), **without_ram(one.snapshots, heads)}
        found = {
            Limit.BROKEN: tuple(sorted(broken)),
            Limit.ODD: tuple(sorted(n for n, word in oddities.items() if word and n not in broken)),
            Limit.UNFINISHED: tuple(s.name for s in one.snapshots if s.delete_in_progress),
        }
        unread = [f"{name}: {why}" for name, why in one.unread.items()]
        if {Limit.BROKEN, Limit.ODD} & self._wanted:
            unread += [
                head.reason for head in heads.values() if isinstance(head, NotKnown) and not broken
            ]
        space: int | NotKnown | None = None
        if Limit.SPACE in self._wanted:
            space = reclaim_of(one.things, count_images(backend, one), one.layers)
        frozen: bool | None = None
        if Limit.FROZEN in self._wanted and domain.state.active:
            agent = backend.agent(domain.key)
            frozen = agent.state is AgentState.FROZEN
            if agent.state in (AgentState.SILENT, AgentState.UNKNOWN):
                unread.append(f"whether it is frozen: {agent.reason or agent.state.value}")
        places, failed = self._spaces(backend, host, tuple(heads))
        oldest = min((s.created for s in one.snapshots if s.created is not None), default=None)
        count = len(one.snapshots) + len(one.unread)
        with self._lock:
            self._places |= places
            self._domains.append(
                DomainRead(domain.name, count, oldest, space, found, frozen, (*unread, *failed))
            )

    def _spaces(
        self, backend: Files, host: Host, paths: Sequence[str]
    ) -> tuple[dict[str, float], list[str]]:
        found: dict[str, float] = {}
        failed: list[str] = []
        if Limit.FULL not in self._wanted:
            return found, failed
        for path in {os.path.dirname(path): path for path in paths}.values():
            try:
                space = (backend.file_system if host.local else backend.pool_space)(path)
            except SnaptuiError as error:
                failed.append(f"{path}: {error.message}")
                continue
            if space.size and not space.device:
                found[space.name] = 1 - space.free / space.size
        return found, failed


def write_metrics(path: Path, words: str) -> None:
    """Put a file in the place of another at once, readable for the collector.

    Raises:
        OSError: it cannot be written, or would take the place of a device, a link or the like.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "Only a regular file is replaced", str(path))
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        with os.fdopen(file, "w", encoding="utf-8", errors="backslashreplace") as f:
            f.write(words)
            f.flush()
            os.fchmod(f.fileno(), 0o644)
            os.fsync(f.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
