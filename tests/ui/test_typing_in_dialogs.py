"""Text that is typed into a dialog, wherever the focus is, confirms nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.timer import Timer
from textual.widgets import Static

from snaptui.common.ahead import Tell
from snaptui.model.choices import RunState
from snaptui.model.image import NotKnown
from snaptui.plan.plan import Intent
from snaptui.plan.planner import AnyFacts
from snaptui.ui.dialogs.create import CreateDialog
from snaptui.ui.dialogs.delete import DeleteDialog
from snaptui.ui.dialogs.dialog import READ, Choice
from snaptui.ui.dialogs.edit import EditDialog
from snaptui.ui.dialogs.plan_dialog import Confirmed, PlanDialog
from snaptui.ui.dialogs.revert import RevertDialog
from snaptui.ui.format import UNICODE
from snaptui.ui.keymap import CONFIRM_KEY
from snaptui.ui.terminal.key_queue import BURST, CLOSED, KeysInOrder
from tests.ui.conftest import MakeApp, loaded, until
from tests.ui.test_room import Styled
from tests.unit.made import ASKED, facts, snapshot, with_image

TEXT = st.text(st.sampled_from(f"{CONFIRM_KEY}yum hl{CONFIRM_KEY}") | st.characters(
    exclude_categories=["C", "Z"]
), min_size=2, max_size=8)  # fmt: skip
PAUSES = st.sampled_from([0.0, 0.1, 0.29])
FOCUSES = ("name", "description", "form", "rest", "cancel")
QUICK = 0.05


class Clocked(CreateDialog):
    """One whose time is what a test says, and whose timers wait for that."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.time = 0.0
        self.waiting: list[tuple[float, Callable[..., object]]] = []
        self.clock = lambda: self.time

    def set_timer(self, delay: float, callback: Any = None, **more: Any) -> Timer:
        if delay == BURST:
            self.waiting.append((self.time + delay, callback))
            delay, callback = QUICK, None  # it calls nothing
        return super().set_timer(delay, callback, **more)

    async def at(self, pilot: Pilot[None], moment: float) -> None:
        """Let it be a moment."""
        self.time = moment
        due = [call for when, call in self.waiting if when <= moment]
        self.waiting = [one for one in self.waiting if one[0] > moment]
        for call in due:
            call()
        await pilot.pause()


async def typed(text: str, pauses: list[float], focus: str) -> tuple[bool, str]:
    """Whether it confirmed, and what the name is then."""
    found = facts(folders={"/img": NotKnown("not asked")}, asked=ASKED)
    results: list[Confirmed | None] = []

    async def read(_intent: Intent, _tell: Tell) -> AnyFacts:
        return found

    dialog = Clocked(found.status.domain, "before", read, UNICODE)
    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(dialog, results.append)
        await until(pilot, lambda: dialog.facts is not None, "still checking")
        assert app.focused is dialog.query_one("#name")
        dialog.query_one(f"#{focus}").focus()
        await pilot.pause()
        await dialog.at(pilot, time.monotonic() + 1000)
        for char, pause in zip(text, pauses, strict=True):
            await dialog.at(pilot, dialog.time + pause)
            event = events.Key(_character_to_key(char), char)
            event.time = dialog.time
            app.post_message(event)
            await pilot.pause()
        name = dialog.intent.name if not results else ""
        await dialog.at(pilot, dialog.time + 2 * BURST)
        await dialog.at(pilot, dialog.time + 2 * BURST)
    return bool(results), name


@settings(max_examples=12, deadline=None)
@given(TEXT, st.data(), st.sampled_from(FOCUSES))
@example("Yum patch day", None, "cancel")
@example("Yum patch day", None, "name")
def test_no_text_confirms(text: str, data: st.DataObject | None, focus: str) -> None:
    pauses = [0.0] * len(text)
    if data is not None:
        pauses = data.draw(st.lists(PAUSES, min_size=len(text), max_size=len(text)))
    confirmed, name = asyncio.run(typed(text, pauses, focus))
    assert not confirmed
    assert name == (text if focus == "name" else "before"), "it goes into the field alone"


@pytest.mark.parametrize("focus", ["form", "cancel"])
async def test_the_key_alone_confirms_outside_of_the_fields(focus: str) -> None:
    assert await typed(CONFIRM_KEY, [0.0], focus) == (True, "before")


@pytest.mark.parametrize("focus", ["name", "description"])
async def test_it_is_a_letter_in_a_field(focus: str) -> None:
    confirmed, _ = await typed(CONFIRM_KEY, [0.0], focus)
    assert not confirmed


async def shown(pilot: Pilot[None], dialog: PlanDialog) -> list[Confirmed | None]:
    results: list[Confirmed | None] = []
    pilot.app.push_screen(dialog, results.append)
    await until(pilot, lambda: dialog.facts is not None, "still checking")
    return results


async def test_a_paste_is_never_a_key() -> None:
    """Neither in a dialog with fields nor in one without, wherever the focus is."""
    found = facts(snapshot("s1"), folders={"/img": NotKnown("not asked")}, asked=ASKED)

    async def read(_intent: Intent, _tell: Tell) -> AnyFacts:
        return found

    async def group(_id: str, _tell: object) -> Any:
        raise AssertionError

    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        revert = RevertDialog(found.status.domain, "s1", read, group, UNICODE)
        for dialog in (CreateDialog(found.status.domain, "before", read, UNICODE), revert):
            results = await shown(pilot, dialog)
            for widget in [w for w in dialog.query("*") if w.focusable and w.region]:
                widget.focus()
                paste = events.Paste(CONFIRM_KEY)
                paste.time += 1000
                app.post_message(paste)
                await pilot.pause()
            assert not results
            assert dialog.is_current
            assert dialog is not revert or revert.intent.state is RunState.RECORDED
            await pilot.press("escape")


async def test_each_dialog_with_fields_begins_in_the_first_one() -> None:
    one = snapshot("s1")
    found = facts(one)

    async def read(_intent: Intent, _tell: Tell) -> AnyFacts:
        return found

    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        edit = EditDialog(found.status.domain, one, read, UNICODE)
        await shown(pilot, edit)
        assert app.focused is edit.query_one("#name")
        confirm = str(edit.query_one("#confirm").render())
        assert "Tab, press Y" in confirm
        await pilot.press("x")
        assert edit.intent.new_name == "s1x", "typing does not wipe the name"
        await pilot.press("tab", "tab")
        assert "Tab" not in str(edit.query_one("#confirm").render())


async def test_keys_after_a_dialog_do_nothing(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as those of a text follow each other; a pause later they count again."""
    app = make_app()
    async with app.run_test() as pilot:
        await loaded(pilot)
        clock = time.monotonic()
        monkeypatch.setattr("snaptui.ui.terminal.key_queue.monotonic", lambda: clock)

        async def press(char: str, at: float) -> None:
            event = events.Key(_character_to_key(char), char)
            event.time = clock + at
            app.post_message(event)
            await pilot.pause()

        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the dialog")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1, "its end")
        for number, char in enumerate("daemon d"):
            await press(char, CLOSED - QUICK + number * 4 * QUICK)
        assert len(app.screen_stack) == 1
        await press("d", CLOSED - QUICK + 7 * 4 * QUICK + 2 * BURST)
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the dialog")


def test_the_times_fit() -> None:
    """A key is dropped as long after a dialog as one does not confirm before it."""
    assert CLOSED == READ
    assert isinstance(Styled(), KeysInOrder)
    assert Choice("", ["a", "b"], id="c").changes_at("space")


async def test_what_is_to_be_typed_is_asked_for_until_it_is_there() -> None:
    found = with_image(facts(snapshot("s1")), "/img/a.qcow2", NotKnown("I/O error"))

    async def read(_intent: Intent, _tell: Tell) -> AnyFacts:
        return found

    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = DeleteDialog(found.status.domain, "s1", read, UNICODE)
        await shown(pilot, dialog)
        notice = dialog.query_one("#notice", Static)

        async def says(words: str) -> None:
            await until(pilot, lambda: str(notice.content) == words, f"{words!r} alone")

        await pilot.press(CONFIRM_KEY)
        await says("Type web first.")
        await pilot.press("w", "e")
        await says("Type web first.")
        await pilot.press("b")
        await says("")
