"""The app on the fixed world, and a way to wait for what it shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.config import HostEntry
from snaptui.session import KnownHost
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.context import Settings
from tests.one_host import reach
from tests.terminal import PATIENCE
from tests.world import NOW, write_world

MakeApp = Callable[..., SnaptuiApp]


@pytest.fixture
def make_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeApp:
    """Makes an app on the fixed world, where it is always the same time."""
    uri = write_world(tmp_path / "world.xml")
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setattr("snaptui.common.masking.label", lambda _uri: "test:///world.xml")

    def make(
        select: str | None = "web01",
        *,
        read_only: bool = False,
        ascii_only: bool = False,
        theme: str = "dark",
    ) -> SnaptuiApp:
        settings = Settings(ascii_only=ascii_only, theme=theme)
        backend = LibvirtBackend(uri, read_only=read_only)
        told = {"hostname": "kvm7", "libvirt": (9, 0, 0), "hypervisor": (2,)}
        host = replace(backend.connect(), **told)  # type: ignore[arg-type]  # names of Host's fields
        known = KnownHost(HostEntry(), backend, host)
        return SnaptuiApp((known,), reach, select=select, settings=settings)

    return make


async def until(
    pilot: Pilot[None], true: Callable[[], bool], what: str, patience: float = PATIENCE
) -> None:
    """Let the app run until something is true."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        await pilot.pause(0.02)
    await pilot.pause()


async def loaded(pilot: Pilot[None]) -> None:
    """Let the app run until the selected domain's snapshots are all there."""
    app = pilot.app
    assert isinstance(app, SnaptuiApp)

    def complete() -> bool:
        shown = app.session.snapshots.shown
        return (
            shown is not None
            and shown.snapshots is not None
            and shown.snapshots.complete
            and len(app.session.host.state.summaries) == len(app.session.host.state.domains)
            and bool(shown.images)
        )

    await until(pilot, complete, "the snapshots")
