"""Files inside a guest where the appliance fails; what works is tried on a real one elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from snaptui.backend.protocol.files import Files
from snaptui.common.worker import Worker
from snaptui.guest_files.appliances import Appliances
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.evidence import Evidence
from snaptui.guest_files.opened import GuestFiles, Stage
from snaptui.guest_files.source import Source
from snaptui.model.guest_file import GuestContent, GuestVolume
from snaptui.model.image import NotKnown
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.dialogs.message import ErrorDialog
from snaptui.ui.dialogs.passphrase import PassphraseDialog
from snaptui.ui.main.screen import MainScreen
from snaptui.ui.screens.guest_files import FilesScreen
from snaptui.ui.terminal.key_queue import CLOSED
from tests.ui.conftest import MakeApp, loaded, until
from tests.ui.test_screens import text_of

LEFT_OUT = {"vdb": NotKnown("it is raw")}
SECRET = "correcthorse"


class Refusing(Appliances):
    """Opens nothing."""

    async def open(self, backend: Files, worker: Worker, read: Callable[[], Source]) -> GuestFiles:
        raise GuestFilesError("qemu-nbd is not installed.", hint="Install it with: apt install X")


class Locked(GuestFiles):
    """Has one volume, which no passphrase opens."""

    async def volumes(self) -> tuple[GuestVolume, ...]:
        return (GuestVolume("/dev/sda1", "vda", "crypto_LUKS", "", 1 << 30),)

    async def systems(self) -> tuple[()]:
        return ()

    async def unlock(self, volume: GuestVolume, passphrase: str) -> GuestContent:
        assert passphrase == SECRET
        raise GuestFilesError("No key is available with this passphrase.")


class Empty(GuestFiles):
    """Has a disk on which nothing is."""

    async def volumes(self) -> tuple[()]:
        return ()

    async def systems(self) -> tuple[()]:
        return ()


class Opening(Appliances):
    """Opens something whose appliance does not get ready."""

    def __init__(self, kind: type[GuestFiles] = GuestFiles) -> None:
        super().__init__()
        self._kind = kind
        self.opened: list[GuestFiles] = []

    async def open(self, backend: Files, worker: Worker, read: Callable[[], Source]) -> GuestFiles:
        source = Source("host", "web01", None, (), LEFT_OUT, steady=False)
        self.opened.append(self._kind(Evidence(source, ()), backend, worker))
        return self.opened[-1]


def app_with(make_app: MakeApp, appliances: Appliances) -> SnaptuiApp:
    app = make_app()
    app.context = replace(app.context, appliances=lambda: appliances)
    return app


async def pressed_f(pilot: Pilot[None]) -> None:
    await loaded(pilot)
    await pilot.press("g", "j", "f")


async def back_again(pilot: Pilot[None]) -> None:
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, MainScreen), "the main screen")


async def test_why_nothing_can_be_opened_is_said_with_what_to_do(make_app: MakeApp) -> None:
    app = app_with(make_app, Refusing())
    async with app.run_test() as pilot:
        await pressed_f(pilot)
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error")
        await until(pilot, lambda: "apt install X" in text_of(pilot), "what to do")
        assert "qemu-nbd is not installed." in text_of(pilot)
        await until(pilot, lambda: len(app.screen_stack) == 2, "the error alone")
        await pilot.press("escape")
        await back_again(pilot)


@pytest.mark.parametrize("demo", [False, True])
async def test_disks_without_a_file_system_say_what_is_needed(
    make_app: MakeApp, demo: bool
) -> None:
    app = app_with(make_app, Opening(Empty))
    app.context = replace(app.context, demo=demo)
    async with app.run_test() as pilot:
        await pressed_f(pilot)
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error")
        await until(pilot, lambda: "No file system was found" in text_of(pilot), "the error")
        assert "Choose a domain whose" in text_of(pilot)
        assert ("The disks of the demo" in text_of(pilot)) == demo


async def test_the_start_says_how_far_it_is_and_esc_ends_it(make_app: MakeApp) -> None:
    appliances = Opening()
    app = app_with(make_app, appliances)
    async with app.run_test() as pilot:
        await pressed_f(pilot)
        await until(pilot, lambda: "the first time only" in text_of(pilot), "the progress")
        shown = text_of(pilot)
        assert "Files of web01: pre-upgrade" in shown
        assert "web01 is running: its files are read as after a power cut." in shown
        assert "Left out: vdb: it is raw." in shown
        await pilot.press("escape")
        await back_again(pilot)
        (files,) = appliances.opened
        await until(pilot, lambda: files.stage is Stage.ENDED, "the end of the appliance")
    assert not app.faulty


async def test_keys_of_the_browser_do_nothing_before_anything_is_open(make_app: MakeApp) -> None:
    app = app_with(make_app, Opening())
    async with app.run_test() as pilot:
        await pressed_f(pilot)
        await until(pilot, lambda: isinstance(app.screen, FilesScreen), "the screen")
        for key in ("enter", "backspace", "tab", "s", "x", "c", "a", "]", "[", "n", "v", "f5", "y"):
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, FilesScreen), key
    assert not app.faulty


async def test_a_passphrase_is_masked_and_asked_for_again(make_app: MakeApp) -> None:
    app = app_with(make_app, Opening(Locked))
    async with app.run_test() as pilot:
        await pressed_f(pilot)
        await until(pilot, lambda: "crypto_LUKS" in text_of(pilot), "the choice")
        assert "1.0 GiB  locked" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PassphraseDialog), "the question")
        first = app.screen
        await pilot.pause(CLOSED)
        await pilot.press(*SECRET)
        field = app.screen.query_one("#passphrase", Input)
        assert field.value == SECRET
        assert SECRET[:3] not in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is not first, "the same question again")
        await until(pilot, lambda: "No key is available" in text_of(pilot), "why")
        assert app.screen.query_one("#passphrase", Input).value == ""
        assert field.value == ""
        await pilot.pause(CLOSED)
        await pilot.press("escape")
        await until(pilot, lambda: "1.0 GiB  locked" in text_of(pilot), "the choice")
        await pilot.pause(CLOSED)
        await pilot.press("escape")
        await back_again(pilot)
    assert not app.faulty


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_f_says_where_it_works(make_app: MakeApp, size: tuple[int, int]) -> None:
    app = app_with(make_app, Refusing())
    async with app.run_test(size=size) as pilot:
        await loaded(pilot)
        await pilot.press("escape", "f")
        await until(pilot, lambda: "Open the domain" in text_of(pilot), "the answer")
        assert isinstance(app.screen, MainScreen)
