"""The first line: how full the fullest is, where not all are known."""

from __future__ import annotations

import pytest

from snaptui.fleet import Summary
from snaptui.model.image import FileSystem
from snaptui.monitor.free_space import Fullest
from snaptui.monitor.host import HostState
from snaptui.ui.format import UNICODE
from snaptui.ui.status_lines import host_line

SPACE = FileSystem("/img", 100 << 30, 10 << 30, 0, "/img")


def line(fullest: Fullest, width: int) -> str:
    shown = host_line(
        HostState(),
        fullest,
        width,
        glyphs=UNICODE,
        sign_in="S",
        read_only=False,
        demo=False,
        faulty=False,
        marked=0,
        hosts=Summary(1, 0, 0),
    )
    assert shown.cell_len == width
    return shown.plain


@pytest.mark.parametrize(
    ("fullest", "wide", "narrow"),
    [
        (Fullest(SPACE, 0, 2), "images 90 % full, 10 GiB free", "images 90 % full"),
        (
            Fullest(SPACE, 1, 3),
            "images at least 90 % full, 10 GiB free (1 of 3 not known)",
            "images >= 90 % full",
        ),
    ],
)
def test_it_is_never_said_of_all_what_is_known_of_some(
    fullest: Fullest, wide: str, narrow: str
) -> None:
    assert wide in line(fullest, 140)
    assert narrow in line(fullest, 62)


def test_what_is_not_known_at_all_is_not_said() -> None:
    assert "images" not in line(Fullest(None, 2, 2), 140)
