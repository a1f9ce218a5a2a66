"""What the dialog of a create answers while it checks again."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input, Static, TextArea

from snaptui.common.ahead import Tell
from snaptui.model.choices import Form
from snaptui.model.image import NotKnown
from snaptui.model.snapshot_request import to_xml
from snaptui.plan.create.overlay_paths import resolved
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, Intent
from snaptui.plan.planner import make_plan
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.ui.dialogs.create import CreateDialog
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.xml import XmlDialog
from snaptui.ui.format import UNICODE
from snaptui.ui.terminal.key_queue import CLOSED
from tests.ui.conftest import until
from tests.ui.test_room import Styled
from tests.unit.made import ASKED, facts


async def test_the_options_and_the_xml_can_be_had_while_it_checks_again() -> None:
    found = facts(folders={"/img": NotKnown("not asked")}, asked=ASKED)
    checked = asyncio.Event()
    checked.set()

    async def read(_intent: Intent, _tell: Tell) -> Facts:
        await checked.wait()
        return found

    dialog = CreateDialog(found.status.domain, "before", read, UNICODE)
    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(dialog)
        await until(pilot, lambda: dialog.facts is not None, "still checking")
        checked.clear()
        dialog.read_again()
        await pilot.press("f2")
        assert dialog.query_one("#options").display
        assert "back to the name" in str(dialog.query_one("#more", Static).content)
        await pilot.press("f3")
        assert isinstance(app.screen, XmlDialog)
        assert dialog.facts is None
        checked.set()


@pytest.mark.parametrize("form", list(Form))
async def test_the_xml_there_and_back_changes_nothing(form: Form) -> None:
    """And what it shows is what would be sent; one edit changes that alone."""
    folders = {"/img": NotKnown("not asked"), "/o": NotKnown("not asked")}
    found = facts(folders=folders, asked=ASKED)

    async def read(_intent: Intent, _tell: Tell) -> Facts:
        return found

    dialog = CreateDialog(found.status.domain, "before", read, UNICODE)
    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:

        async def at_xml() -> XmlDialog[CreateIntent]:
            await pilot.pause(CLOSED)
            await pilot.press("f3")
            await until(pilot, lambda: isinstance(app.screen, XmlDialog), "the XML")
            assert isinstance(app.screen, XmlDialog)
            return app.screen

        app.push_screen(dialog)
        await until(pilot, lambda: dialog.facts is not None, "still checking")
        dialog.query_one("#form", Choice).index = list(Form).index(form)
        dialog.query_one("#description", Input).value = "a & <b>"
        await pilot.press("f2")
        if form is not Form.INTERNAL:
            dialog.query_one("#part-vdb", Choice).index = 1
            dialog.query_one("#path-vda", Input).value = "/o/chosen"
        dialog.query_one("#halt", Choice).index = 1
        await pilot.pause()
        before = dialog.intent
        (step,) = make_plan(before, found).steps
        assert isinstance(step, CreateSnapshot)
        shown = (await at_xml()).query_one(TextArea)
        assert shown.text == to_xml(step.new)
        await pilot.press("f3")
        await until(pilot, lambda: app.screen is dialog, "the way back")
        assert dialog.intent == before
        shown = (await at_xml()).query_one(TextArea)
        shown.text = shown.text.replace("a &amp; &lt;b&gt;", "edited")
        await pilot.press("f3")
        await until(pilot, lambda: app.screen is dialog, "the way back")
        edited = replace(before, description="edited")
        assert resolved(dialog.intent, found) == resolved(edited, found)
        assert dialog.intent.form is form


async def test_a_file_that_is_not_read_yet_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The path that is typed may be on a file system that does not answer."""
    answers = threading.Event()

    def read(_path: object) -> str:
        answers.wait(60)
        return "<domainsnapshot/>"

    monkeypatch.setattr("snaptui.ui.dialogs.xml.read_request", read)
    taken: list[str] = []
    dialog = XmlDialog("web", "<domainsnapshot/>", taken.append, UNICODE)
    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(dialog)
        dialog.query_one("#file", Input).focus()
        await pilot.press("x", "enter")
        notice = dialog.query_one("#notice", Static)
        await until(pilot, lambda: "Reading" in str(notice.content), "the notice")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not dialog, "the end of the dialog")
        answers.set()
    assert taken == []


async def test_a_file_that_was_not_taken_is_not_passed_over(tmp_path: Path) -> None:
    """The text above it is of the fields, and looks as if it were the file's."""
    taken: list[str] = []
    dialog = XmlDialog("web", "<domainsnapshot/>", taken.append, UNICODE)
    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(dialog)
        dialog.query_one("#file", Input).value = str(tmp_path / "none.xml")
        await pilot.press("f3")
        notice = dialog.query_one("#notice", Static)
        await until(pilot, lambda: "was not taken" in str(notice.content), "the notice")
        assert app.screen is dialog
        dialog.query_one("#file", Input).value = ""
        await pilot.press("f3")
        await until(pilot, lambda: app.screen is not dialog, "the end of the dialog")
    assert taken == []


@pytest.mark.parametrize("options", [False, True], ids=["name", "options"])
@pytest.mark.parametrize("size", [(60, 15), (60, 12), (80, 18), (80, 24), (120, 40)])
async def test_buttons_and_verdict_are_on_the_screen_however_low_it_is(
    size: tuple[int, int], options: bool
) -> None:
    """What is above them scrolls."""
    found = facts(folders={"/img": NotKnown("not asked")}, asked=ASKED)

    async def read(_intent: Intent, _tell: Tell) -> Facts:
        return found

    dialog = CreateDialog(found.status.domain, "before", read, UNICODE)
    app = Styled()
    async with app.run_test(size=size) as pilot:
        app.push_screen(dialog)
        await until(pilot, lambda: dialog.facts is not None, "the checks")
        if options:
            await pilot.press("f2")
        cancel = dialog.query_one("#cancel")
        low = size[1]

        def seen() -> bool:
            box = dialog.query_one("#box").region
            visible = box.contains_region(cancel.region) and cancel.region.bottom < low
            lines = [one for one in dialog.query("#verdict, #verdict-low") if one.region]
            (verdict,) = lines if len(lines) == 1 else (cancel,)
            told = "Ready, " in str(getattr(verdict, "content", ""))
            above = verdict.region.bottom <= cancel.region.y
            return (
                visible
                and cancel.region.height == 1
                and told
                and above
                and (box.contains_region(verdict.region))
            )

        await until(pilot, seen, "the buttons")
        await pilot.pause(0.5)
        assert seen()
