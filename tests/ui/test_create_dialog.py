"""What the dialog of a create answers while it checks again."""

from __future__ import annotations

import asyncio

from textual.widgets import Static

from snaptui.image_model import NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Intent
from snaptui.ui.dialogs.create import CreateDialog
from snaptui.ui.dialogs.xml import XmlDialog
from snaptui.ui.format import UNICODE
from tests.ui.conftest import until
from tests.ui.test_room import Styled
from tests.unit.made import facts


async def test_the_options_and_the_xml_can_be_had_while_it_checks_again() -> None:
    found = facts(folders={"/img": NotKnown("not asked")})
    checked = asyncio.Event()
    checked.set()

    async def read(_intent: Intent) -> Facts:
        await checked.wait()
        return found

    dialog = CreateDialog(found.status.domain, "before", read, UNICODE)
    app = Styled()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(dialog)
        await until(pilot, lambda: dialog.facts is not None, "the checks")
        checked.clear()
        dialog.read_again()
        await pilot.press("f2")
        assert dialog.query_one("#options").display
        assert "back to the name" in str(dialog.query_one("#more", Static).content)
        await pilot.press("f3")
        assert isinstance(app.screen, XmlDialog)
        assert dialog.facts is None
        checked.set()
