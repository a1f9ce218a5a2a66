"""A dialog shows its buttons and the lines above them, whatever else it has to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from textual.app import ComposeResult
from textual.widgets import Static

from snaptui.common.ahead import Tell
from snaptui.model.domain import DomainKey
from snaptui.plan.outcome import Space
from snaptui.plan.plan import Intent, Plan, RevertIntent, impossible
from snaptui.plan.planner import AnyFacts
from snaptui.plan.refusal import refuse
from snaptui.plan.remark import remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from snaptui.ui import sheets
from snaptui.ui.dialogs import plan_dialog
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.format import UNICODE
from snaptui.ui.terminal import themes
from snaptui.ui.terminal.key_queue import KeysInOrder
from tests.ui.conftest import until

INTENT = RevertIntent(DomainKey("test:///default", "u"), "good")


class Asked(PlanDialog):
    verb = "Apply"
    intent = INTENT

    def fields(self) -> ComposeResult:
        yield Choice("Safety snapshot:", ["disk", "none"], id="safety")


class Styled(KeysInOrder):
    CSS = sheets.css()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.STYLES


async def nothing(_intent: Intent, _tell: Tell) -> AnyFacts:
    return cast(AnyFacts, None)


async def test_the_buttons_are_always_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Styled()
    plain = replace(impossible(INTENT, "Apply", "Apply one", refuse(Why.NAME_EMPTY)), refusals=())
    async with app.run_test(size=(80, 24)) as pilot:
        hidden = []
        for length in (70, 71, 72, 73, 74, 140):
            words = ("word " * length)[: length - 1] + "."
            left_out = remark(Warn.GROUP_NOT_WHOLE, left=words)
            plan = replace(
                plain, space=Space(by_place=words), warnings=(left_out,), lines=(words, words)
            )

            def make(_i: Sequence[Intent], _f: object, plan: Plan = plan) -> tuple[Plan, ...]:
                return (plan,)

            monkeypatch.setattr(plan_dialog, "make_plans", make)
            dialog = Asked("a.qcow2", nothing, UNICODE)
            app.push_screen(dialog)
            await pilot.pause()
            await pilot.pause()
            box, button = dialog.query_one("#box"), dialog.query_one("#confirm")
            if box.max_scroll_y or not box.region.contains_region(button.region):
                hidden.append((length, box.size, box.virtual_size))
            app.pop_screen()
        assert not hidden


@pytest.mark.parametrize(
    ("size", "whole"), [((80, 24), False), ((80, 40), True), ((120, 40), True)]
)
async def test_what_is_always_visible_is_cut_only_where_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], whole: bool
) -> None:
    plain = replace(impossible(INTENT, "Apply", "Apply one", refuse(Why.NAME_EMPTY)), refusals=())
    plan = replace(
        plain,
        space=Space(by_place="word " * 80 + "the end."),
        lines=tuple("x" * 60 for _ in "12345678"),
    )
    monkeypatch.setattr(plan_dialog, "make_plans", lambda *_: (plan,))
    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = Asked("web", nothing, UNICODE)
        app.push_screen(dialog)
        await until(pilot, lambda: bool(dialog.query("#box.-judged")), "the plan")
        shown = dialog.query_one("#facts", Static)
        assert "the end." not in str(shown.content)
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: ("the end." in str(shown.content)) is whole, "all of it")
        await pilot.pause(2 * plan_dialog.LAID_OUT)
        box, button = dialog.query_one("#box"), dialog.query_one("#confirm")
        assert ("the end." in str(shown.content)) is whole
        assert not box.max_scroll_y
        assert box.region.contains_region(button.region)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "the end." not in str(shown.content), "less of it")


@pytest.mark.parametrize("width", [40, 60, 80])
async def test_what_is_chosen_is_always_to_be_seen(width: int) -> None:
    """A row without room for all words shows those around it, and where there are others."""
    words = ["automatic", "disks and RAM", "disks only", "none"]
    app = Styled()
    async with app.run_test(size=(width, 15)) as pilot:
        choice = Choice("Safety snapshot:", words, id="safety")
        await app.screen.mount(choice)
        choice.focus()
        await pilot.pause()
        for index, word in enumerate(words):
            assert choice.index == index
            shown = choice.render().plain
            assert f"[{word}]" in shown
            assert len(shown) <= choice.size.width
            hidden = [one for one in words if one not in shown]
            assert bool(hidden) == ("<" in shown or ">" in shown)
            await pilot.click(choice, offset=(shown.index(word), 0))
            assert choice.index == index
            await pilot.press("right")
            await pilot.pause()
