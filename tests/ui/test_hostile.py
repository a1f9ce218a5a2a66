"""Every text of others is hostile: every pane and dialog at 80x24, and the lists with all columns.

Nothing crashes, nothing but visible characters reaches the terminal, markup is literal, and a row
stays one row.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from snaptui.model.domain import Domain
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.context import Settings
from snaptui.ui.dialogs.message import QuitDialog
from tests.one_host import alone, reach
from tests.ui.conftest import until
from tests.ui.hostile import HostileHost, write_journal
from tests.ui.test_screens import text_of

MARKUP = "a[/b][red]c[/red][@click=app.exit]d[/]\\[e] $f &g <h>"
ESCAPES = "\x1b[31mred\x1b]0;title\x07\x1b]52;c;eA==\x07\x9b2J\r\n\t\0\x7f\b\x0c\x85"
DIRECTIONS = "snap\u202egpj.exe\u2066\u200f\u061c\u200d\u200b\ufeff\u2028\u2029\xa0\xad"
HALF = "\ud800\udcff\U000e0041\ufffee\u0301\u0301👩\u200d👩\u200d👧"
HOSTILE = {
    "spoofed": MARKUP + ESCAPES + DIRECTIONS + HALF,
    "escapes": ESCAPES + MARKUP + DIRECTIONS + HALF,
    "wide": "漢" * 1365,
}
LISTS = [("MainScreen", (key,)) for key in ("home", "right", "down", "s", "s")]
SCREENS: Sequence[tuple[str, Sequence[str]]] = [
    *LISTS,
    ("MainScreen", ("slash", "a", "enter")),
    ("TextScreen", ("enter",)),
    ("TextScreen", ("slash", "x", "enter")),
    ("MainScreen", ("escape", "escape")),
    ("CompareScreen", ("home", "down", "equals_sign")),
    ("MainScreen", ("escape",)),
    ("HistoryScreen", ("L",)),
    ("HistoryScreen", ("down", "tab")),
    ("MainScreen", ("escape",)),
    ("RevertDialog", ("home", "down", "r")),
    ("DeleteDialog", ("escape", "d")),
    ("EditDialog", ("escape", "e")),
    ("EditDialog", ("Y",)),
    ("HoldDialog", ("escape", "H")),
    ("UndoDialog", ("escape", "u")),
    ("ExtractDialog", ("escape", "x")),
    ("AdoptDialog", ("escape", "end", "up", "a")),
    ("CreateDialog", ("escape", "left", "c")),
    ("CreateDialog", ("f2",)),
    ("XmlDialog", ("f3",)),
    ("ThawDialog", ("escape", "escape", "T")),
    ("CreateGroupDialog", ("escape", "space", "home", "c")),
    ("CreateGroupDialog", ("f2",)),
    ("OperationsPane", ("escape", "escape", "o")),
    ("OperationsPane", ("down", "y", "tab", "down")),
    ("SpaceScreen", ("escape", "F")),
    ("SpaceScreen", ("tab", "down")),
    ("ImageCreateDialog", ("escape", "left", "end", "c")),
    ("ImageApplyDialog", ("escape", "right", "home", "down", "r")),
    ("ImageDeleteDialog", ("escape", "d")),
    ("ExtractDialog", ("escape", "x")),
    ("TextScreen", ("escape", "enter")),
    ("DeleteManyDialog", ("escape", "left", "home", "right", "end", "up", "space", "space", "d")),
    ("MainScreen", ("escape",)),
]
"""What is shown, after these keys."""


READING = ("facts", "details", "dialog", "history")
"""Groups of the workers that read what is shown."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "snaptui"


def assert_harmless(pilot: Pilot[None], what: object) -> None:
    """What goes to the terminal: 24 rows of 80 cells of characters that can be seen."""
    app = pilot.app
    assert app._exception is None, what
    rows = [strip.text for strip in app.screen._compositor.render_strips()]
    assert len(rows) == app.size.height
    ascii_only = app.has_class("-ascii")
    for row in rows:
        bad = {char for char in row if char != " " and unicodedata.category(char)[0] in "CZ"}
        assert not bad, f"{what}: {row!r}"
        assert cell_len(row) == app.size.width, f"{what}: {row!r}"
        assert not ascii_only or not set(row) & {"漢", "é", "👩", "\N{REPLACEMENT CHARACTER}"}, row


async def at_rest(pilot: Pilot[None]) -> None:
    """Until nothing is read any more for what is on the screen."""
    await pilot.pause()
    await pilot.app.workers.wait_for_complete(
        [worker for worker in pilot.app.workers if worker.group in READING]
    )
    await pilot.pause()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits after a dialog."""
    monkeypatch.setattr("snaptui.ui.terminal.key_queue.CLOSED", 0.0)


async def walk(pilot: Pilot[None], screens: Sequence[tuple[str, Sequence[str]]]) -> None:
    for name, keys in screens:
        await pilot.press(*keys)
        await at_rest(pilot)
        assert type(pilot.app.screen).__name__ == name, (keys, text_of(pilot)[-400:])
        if name == "CompareScreen":
            await until(pilot, lambda: "Configuration: " in text_of(pilot), "what differs")
        assert_harmless(pilot, (name, keys))
        if name.endswith("Dialog"):
            there = "the buttons, which what is long leaves on the screen"
            await until(pilot, lambda: "Cancel" in text_of(pilot), there)


def app_on(host: HostileHost, *, ascii_only: bool = False) -> SnaptuiApp:
    return SnaptuiApp(alone(host), reach, settings=Settings(ascii_only=ascii_only))


@pytest.mark.parametrize(
    ("of", "ascii_only", "screens"),
    [
        ("spoofed", False, SCREENS),
        ("escapes", True, [*SCREENS[:17], *SCREENS[25:29], SCREENS[-1]]),
        pytest.param("wide", False, [*SCREENS[:16], SCREENS[-1]], marks=pytest.mark.long),
    ],
    ids=["unicode", "ascii", "wide"],
)
async def test_every_screen_shows_it_literally(
    state: Path, of: str, ascii_only: bool, screens: Sequence[tuple[str, Sequence[str]]]
) -> None:
    raw = HOSTILE[of]
    write_journal(state / "journal", raw)
    app = app_on(HostileHost(raw), ascii_only=ascii_only)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(
            pilot,
            lambda: (
                (shown := app.session.snapshots.shown) is not None
                and shown.snapshots is not None
                and shown.snapshots.complete
                and bool(shown.images)
            ),
            "the snapshots",
        )
        await walk(pilot, screens)
        await pilot.resize_terminal(240, 50)
        await walk(pilot, LISTS)
        pilot.app.push_screen(QuitDialog(lambda: (raw, raw), app.context.glyphs))
        await at_rest(pilot)
        assert_harmless(pilot, "quit?")


@pytest.mark.parametrize("of", ["escapes", "wide"])
async def test_every_error_shows_it_literally(of: str) -> None:
    app = app_on(HostileHost(HOSTILE[of], failing=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.session.host.state.summaries), "the domains")
        failing = (*LISTS[:1], ("CreateDialog", ("c",)), ("SpaceScreen", ("escape", "F")))
        await walk(pilot, failing)
        app.show_error(HOSTILE[of], f"{HOSTILE[of]}\n{HOSTILE[of]}", HOSTILE[of])
        await at_rest(pilot)
        assert_harmless(pilot, "an error")


async def test_markup_is_shown_as_it_is() -> None:
    app = app_on(HostileHost(MARKUP))
    async with app.run_test(size=(200, 40)) as pilot:
        await until(pilot, lambda: "inside" in text_of(pilot), "the snapshots")
        for keys in ((), ("right", "home", "down"), ("e",), ("escape", "r")):
            await pilot.press(*keys)
            await at_rest(pilot)
            assert MARKUP in text_of(pilot), keys
            assert isinstance(next(iter(app.session.host.state.domains.values())), Domain)
