"""Where the screen meets what runs beside it: nothing of that is swallowed, or hides the rest."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import HostError
from snaptui.model.domain import Domain
from snaptui.model.operation_record import Became
from snaptui.monitor.host import Link
from snaptui.operations.journal_archive import Past
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.recovery import CutShort, Finding
from snaptui.plan.delete import delete
from snaptui.plan.plan import DeleteIntent
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.dialogs.message import ErrorDialog
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.main.screen import MainScreen
from snaptui.ui.panes.reclaimable import ItemList
from snaptui.ui.screens.reclaimable import SpaceScreen
from snaptui.ui.screens.text import TextScreen
from snaptui.ui.terminal.key_queue import CLOSED
from tests.ui.conftest import MakeApp, loaded, until
from tests.ui.test_screens import text_of
from tests.unit.made import KEY, facts, snapshot
from tests.unit.test_journal import RECORD


def line(app: SnaptuiApp, name: str) -> str:
    return str(app.screen_stack[0].query_one(f"#{name}").render())


async def test_a_fault_of_our_own_in_a_dialog_is_told_and_the_program_lives_on(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()

    async def wrong(_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(PlanDialog, "before_reading", wrong)
    async with app.run_test() as pilot:
        await loaded(pilot)
        for _ in range(2):
            await pilot.press("c")
            await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the dialog")
            await pilot.pause(CLOSED)  # what comes before was typed for the one that closed
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1, "the main screen")
            assert "FAULT" in line(app, "header")
            app.context.faults.clear()
            await pilot.pause(CLOSED)
        await pilot.press("down")
        assert app.is_running


async def test_why_the_host_does_not_answer_is_told(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()

    def denied(_: object) -> tuple[Domain, ...]:
        raise HostError("access denied")

    async with app.run_test() as pilot:
        await loaded(pilot)
        monkeypatch.setattr(LibvirtBackend, "domains", denied)
        host = app.session.host
        host.look_again(next(iter(host.state.domains)))
        await until(pilot, lambda: host.state.link is Link.UNREADABLE, "the refusal")
        assert "domains not read, as of" in line(app, "header")
        assert line(app, "message") == "domains not read: access denied"


async def test_what_was_cut_short_and_stays_busy_hides_no_other(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()

    def cut(number: int, domain: str) -> CutShort:
        record = replace(RECORD, number=number, domain=domain, title=f"Delete {domain}")
        return CutShort(Past(Path(), alive=False, records=(record,)), record)

    async def cuts(_: object) -> tuple[tuple[CutShort, ...], ...]:
        return (cut(1, "busy"),), (cut(2, "free"),)

    async def resolve(one: CutShort, _uri: str) -> Finding | None:
        done = Finding(one.record, Became.DONE, "It was done.")
        return None if one.record.domain == "busy" else done

    monkeypatch.setattr(app.session.operations.records, "cut_short", cuts)
    monkeypatch.setattr(app.session.operations.records, "resolve", resolve)
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "what became of it")
        assert "Delete free" in str(app.screen.query_one("#title").render())


async def test_marks_stay_when_another_operation_ends(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await loaded(pilot)
        await pilot.press("F")
        screen = app.screen
        assert isinstance(screen, SpaceScreen)
        items = screen.query_one(ItemList)
        await until(pilot, lambda: items.count > 1 and not screen.surveys.doing, "the survey")
        items.focus()
        await pilot.press("space")
        marked = items.marked
        assert len(marked) == 1
        app.session.operations.all[1] = ended_elsewhere()
        await until(pilot, lambda: 1 in screen.over, "its end")
        await until(pilot, lambda: not screen.surveys.doing, "the survey after it")
        assert items.marked == marked


def ended_elsewhere() -> Operation:
    found = facts(snapshot())
    return Operation(
        number=1,
        name="web",
        host=found.host,
        who="root",
        plan=delete.plan(DeleteIntent(KEY, "s1"), found),
        phase=Phase.DONE,
        started=time.time(),
    )


@pytest.mark.parametrize("key", ["F", "o", "c", "question_mark"])
async def test_the_help_is_there_everywhere(make_app: MakeApp, key: str) -> None:
    """Also over a dialog, which is as it was afterwards; typed into a field it is text."""
    app = make_app()
    async with app.run_test() as pilot:
        await loaded(pilot)
        await pilot.press(key)
        await until(pilot, lambda: len(app.screen_stack) == 2, "the screen")
        over = app.screen
        if isinstance(over, TextScreen):
            return
        await pilot.press("question_mark")
        if key == "c":
            assert app.screen is over
            assert over.query_one("#name", Input).value.endswith("?")
            await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, TextScreen), "the help")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is over, "the screen again")


async def test_an_answer_goes_and_the_last_news_is_there_again(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await loaded(pilot)
        screen = app.screen
        assert isinstance(screen, MainScreen)
        screen.view.news("done at 12:00")
        screen.view.say("Nothing is marked.")
        assert line(app, "message") == "Nothing is marked."
        monkeypatch.setattr("snaptui.ui.main.view.LASTS", 0.0)
        await until(pilot, lambda: line(app, "message").startswith("done at 12:00"), "the news")


async def test_ages_grow_while_nothing_else_changes(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: " 90d " in text_of(pilot), "the age")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 86_400)
        await until(pilot, lambda: " 91d " in text_of(pilot), "an age of a day more")


async def test_domains_without_snapshots_are_one_line_where_not_all_have_room(
    make_app: MakeApp,
) -> None:
    folded = "2 domains without snapshots"
    app = make_app()
    async with app.run_test(size=(120, 7)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: f"▸ {folded}" in text_of(pilot), "the line")
        assert "build" not in text_of(pilot)
        await pilot.press("escape", "G", "enter")
        await until(pilot, lambda: f"▾ {folded}" in text_of(pilot), "it to open")
        await pilot.press("down")
        assert app.session.host.state.loaded
        await until(pilot, lambda: "build" in text_of(pilot), "those below it")
        await pilot.resize_terminal(120, 30)
        await until(pilot, lambda: folded not in text_of(pilot), "room for all")
        assert "build" in text_of(pilot)


async def test_leaving_a_filter_that_is_typed_shows_all_domains_again(make_app: MakeApp) -> None:
    app = make_app(None)
    async with app.run_test(size=(120, 30)) as pilot:
        await loaded(pilot)
        await pilot.press("escape", "slash", *"none such")
        await until(pilot, lambda: "web01" not in text_of(pilot), "no match")
        await pilot.press("escape")
        await until(pilot, lambda: "web01" in text_of(pilot), "the domains")
