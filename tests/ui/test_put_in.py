"""Putting a file into a guest, refused or given up; what works is tried on a real one."""

from __future__ import annotations

import stat
import threading
from functools import partial

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from snaptui.backend.protocol.files import Files
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.evidence import Evidence
from snaptui.guest_files.opened import GuestFiles, Stage
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.guest_file import GuestFile, GuestVolume
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.dialogs import confirm_key, dialog
from snaptui.ui.dialogs.put_in import PutInDialog
from snaptui.ui.screens.guest_files import FilesScreen
from snaptui.ui.terminal.key_queue import BURST, CLOSED
from tests.ui.conftest import MakeApp, until
from tests.ui.test_guest_files import Opening, app_with, pressed_f
from tests.ui.test_screens import text_of

FILES = {
    "a.conf": GuestFile("a.conf", stat.S_IFREG | 0o640, 7, 8, 3, 0, 0, 1, 1, 1),
    "link": GuestFile("link", stat.S_IFLNK | 0o777, 0, 0, 1, 0, 0, 2, 1, 1, "a"),
}


class Opened(GuestFiles):
    """One volume with a file and a link, in the root of a system or of nothing."""

    marks: tuple[str, ...] = ("/etc/fstab",)

    def __init__(self, evidence: Evidence, backend: Files, worker: Worker) -> None:
        super().__init__(evidence, backend, worker)
        self.stage = Stage.READY

    async def volumes(self) -> tuple[GuestVolume, ...]:
        return (GuestVolume("/dev/sda1", "vda", "ext4", "", 1 << 30),)

    async def mount(self, what: object) -> tuple[()]:
        return ()

    async def list(self, path: str) -> tuple[GuestFile, ...]:
        return tuple(FILES.values())

    async def stat(self, path: str) -> GuestFile:
        found = FILES.get(path[1:])
        if found is None and path not in self.marks:
            raise GuestFilesError(f"There is no {path}.")
        return found or FILES["a.conf"]

    async def read(self, path: str, offset: int, size: int) -> bytes:
        return b"abc"[offset : offset + size]


class OfData(Opened):
    """The same, where the file system is no root."""

    marks = ()


async def browsed(pilot: Pilot[None]) -> None:
    """Open the files, with the cursor on the first."""
    await pressed_f(pilot)
    await until(pilot, lambda: isinstance(pilot.app.screen, FilesScreen), "the screen")
    await until(pilot, lambda: "a.conf" in text_of(pilot), "the files")


async def asked(pilot: Pilot[None]) -> None:
    """Have the dialog, read for long enough."""
    await pilot.press("i")
    await until(pilot, lambda: isinstance(pilot.app.screen, PutInDialog), "the dialog")
    await pilot.pause(CLOSED + 2 * BURST)


async def test_what_happens_is_said_before_and_why_it_was_refused(make_app: MakeApp) -> None:
    """The domain has no channel for an agent, as libvirt says; leaving asks for nothing."""
    app = app_with(make_app, Opening(Opened))
    async with app.run_test() as pilot:
        await browsed(pilot)
        await asked(pilot)
        shown = text_of(pilot)
        assert "Put /a.conf into web01" in shown
        assert "libvirt marks web01 as tainted by a custom agent command" in shown
        assert "Put in: press Y" in shown
        assert not app.screen.query_one("#place").display
        await pilot.press("Y")
        await until(pilot, lambda: "has no channel for a guest agent" in text_of(pilot), "why")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen), "the files")
    assert not app.faulty


async def test_a_key_too_soon_or_in_a_text_puts_nothing_in(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_with(make_app, Opening(Opened))
    async with app.run_test() as pilot:
        await browsed(pilot)
        await asked(pilot)
        with monkeypatch.context() as patch:
            patch.setattr(dialog, "READ", 1e9)
            await pilot.press("Y")
            await until(pilot, lambda: "Ignored: the dialog" in text_of(pilot), "that it is soon")
        monkeypatch.setattr(confirm_key, "BURST", 1e9)
        await pilot.press("x", "Y", "escape")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen), "the files")
    assert not app.faulty


async def test_the_place_is_asked_for_where_only_a_file_system_is_open(make_app: MakeApp) -> None:
    app = app_with(make_app, Opening(OfData))
    async with app.run_test() as pilot:
        await browsed(pilot)
        await asked(pilot)
        assert "type where the file belongs" in text_of(pilot)
        await pilot.press(*"srv/Y", "tab")
        await pilot.pause(2 * BURST)
        assert app.screen.query_one("#place", Input).value == "srv/Y"
        await pilot.press("Y")
        await until(pilot, lambda: "a path from / on" in text_of(pilot), "what is missing")
        await pilot.press("home", "/", "enter")
        await pilot.pause(2 * BURST)
        await pilot.press("Y")
        await until(pilot, lambda: "has no channel for a guest agent" in text_of(pilot), "why")
    assert not app.faulty


async def test_esc_gives_up_what_waits_for_an_operation(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LibvirtBackend, "agent", lambda *_: Agent(AgentState.ANSWERS))
    over = threading.Event()
    app = app_with(make_app, Opening(Opened))
    async with app.run_test() as pilot:
        await browsed(pilot)
        domains = app.session.host.state.domains.values()
        (web,) = (one for one in domains if one.name == "web01")
        operation = app.session.worker.changes.call(partial(over.wait, 60), key=web.key)
        await asked(pilot)
        await pilot.press("Y")
        await until(pilot, lambda: "Waiting for another operation" in text_of(pilot), "it waits")
        await pilot.press("escape")
        await until(pilot, lambda: "Cancelled." in text_of(pilot), "the end")
        assert isinstance(app.screen, PutInDialog)
        over.set()
        await operation
    assert not app.faulty


def shows(pilot: Pilot[None], words: str) -> bool:
    return words in text_of(pilot)


async def test_who_may_not_or_cannot_is_told(make_app: MakeApp) -> None:
    def read_only() -> SnaptuiApp:
        return make_app(read_only=True)

    for make, keys, words in ((read_only, "i", "Read-only"), (make_app, "ji", "symbolic link")):
        app = app_with(make, Opening(Opened))
        async with app.run_test() as pilot:
            await browsed(pilot)
            await pilot.press(*keys)
            await until(pilot, partial(shows, pilot, words), words)
            assert isinstance(app.screen, FilesScreen)
        assert not app.faulty
