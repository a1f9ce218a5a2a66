"""The style sheets, which may lie in an archive: Textual itself reads them by path only."""

from __future__ import annotations

import pkgutil

_SHEETS = ("snaptui.tcss", "dialogs/dialogs.tcss")


def css() -> str:
    """All of them, those of the dialogs last."""
    read = (pkgutil.get_data("snaptui.ui", name) for name in _SHEETS)
    return "\n".join(sheet.decode() for sheet in read if sheet is not None)
