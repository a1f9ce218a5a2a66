"""A bare Textual app that shows a list of domains.

What the start of snaptui is measured against: python -m tests.bench.baseline [URI]. With a URI
it opens the host and lists its domains; without one it opens nothing, and makes the names up.
"""

from __future__ import annotations

import sys

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input, Static


class Rows(ScrollView, can_focus=True):
    """A list."""

    def __init__(self, rows: list[str], id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._rows = rows

    def render_line(self, y: int) -> Strip:
        text = self._rows[y] if y < len(self._rows) else ""
        return Strip([Segment(text.ljust(self.size.width))])


class Baseline(App[None]):
    """Header, two lists with headings, details, filter, footer; laid out like snaptui."""

    CSS = """
    Static { height: 1; }
    Horizontal { height: 1fr; }
    #left { width: 39; border-right: solid $surface-lighten-2; }
    #right { width: 1fr; }
    Rows { height: 1fr; scrollbar-size: 0 1; }
    #details { height: 11; border-top: solid $surface-lighten-2; }
    Input { height: 1; border: none; background: $surface; }
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._names = names

    def compose(self) -> ComposeResult:
        yield Static("baseline")
        with Horizontal():
            with Vertical(id="left"):
                yield Static("heading")
                yield Rows(self._names)
            with Vertical(id="right"):
                yield Static("title")
                yield Static("heading")
                yield Rows([])
                yield Rows([], id="details")
        yield Static("")
        yield Input()
        yield Static("footer")


def listed(uri: str) -> list[str]:
    """The names of a host's domains."""
    import libvirt

    connection = libvirt.open(sys.argv[1])
    flag = libvirt.VIR_DOMAIN_STATS_STATE
    return [domain.name() for domain, _ in connection.getAllDomainStats(flag, 0)]


def main() -> None:
    names = listed(sys.argv[1]) if len(sys.argv) > 1 else [f"domain{n}" for n in range(5)]
    Baseline(names).run()


if __name__ == "__main__":
    main()
