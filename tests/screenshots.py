"""Makes the pictures of the README from the program as it runs: python -m tests.screenshots"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

from textual.pilot import Pilot

from snaptui.backend.libvirt_backend import LibvirtBackend
from snaptui.ui.app import SnaptuiApp
from tests.ui.conftest import loaded
from tests.world import NOW, write_world

TARGET = Path(__file__).parent.parent / "screenshots"
PICTURES = {
    "main": (120, 40, ("g", "j")),
    "revert": (80, 24, ("g", "j", "r")),
    "create": (80, 24, ("c",)),
    "delete": (80, 24, ("g", "j", "d")),
}


async def picture(uri: str, name: str, columns: int, rows: int, keys: tuple[str, ...]) -> None:
    with mock.patch("snaptui.backend.uris.label", return_value="test:///world.xml"):
        backend = LibvirtBackend(uri)
    host = replace(backend.connect(), hostname="kvm7")
    app = SnaptuiApp(backend, host=host, select="web01")
    async with app.run_test(size=(columns, rows)) as pilot:
        await loaded(pilot)
        for key in keys:
            await pilot.press(key)
        await _still(pilot)
        (TARGET / f"{name}.svg").write_text(app.export_screenshot(title="snaptui"))


async def _still(pilot: Pilot[None]) -> None:
    """Until two looks at the screen are the same."""
    before = ""
    while (now := pilot.app.export_screenshot()) != before:
        before = now
        await pilot.pause(0.3)


def main() -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, mock.patch("time.time", return_value=NOW):
        uri = write_world(Path(directory) / "world.xml")
        for name, (columns, rows, keys) in PICTURES.items():
            asyncio.run(picture(uri, name, columns, rows, keys))


if __name__ == "__main__":
    main()
