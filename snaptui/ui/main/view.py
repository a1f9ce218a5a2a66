"""The lines around the panes of the main screen, drawn from the latest states."""

from __future__ import annotations

import time

from rich.text import Text
from textual.widgets import Static

from snaptui.model.image import ImageKey
from snaptui.monitor.images import ListedImage
from snaptui.ui import keymap, status_lines
from snaptui.ui.context import Context
from snaptui.ui.format import clean
from snaptui.ui.main.domain_actions import Changes
from snaptui.ui.panes.details import Line, LinesList, domain_lines, snapshot_lines
from snaptui.ui.panes.images import entry_lines, image_lines, image_title

ANSWER = 5.0
"""Seconds for which the answer to a key stands before what runs is shown again."""


class Drawing(Changes):
    """Header, titles, details, message line and footer."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._said = ""
        self._answered_at = -ANSWER
        self._filters = {"domains": "", "snapshots": ""}

    def say(self, words: str) -> None:
        """Answer a key, or tell something, in the message line."""
        self._said = words
        self._answered_at = time.monotonic()
        self.draw_message()

    def draw_header(self) -> None:
        """The host, and how the connection is."""
        context = self.context
        line = status_lines.host_line(
            self.session.host.state,
            self.session.filling.fullest,
            self.size.width,
            glyphs=context.glyphs,
            sign_in=keymap.key_of("sign_in", context.overrides),
            read_only=self.session.read_only,
            demo=context.demo,
            faulty=bool(context.faults),
            marked=len(self.domains.marked),
        )
        self._set("header", line)

    def draw_title(self) -> None:
        """The selected domain or image, over its snapshots."""
        context = self.context
        shown, key = self.session.snapshots.shown, self._shown_key
        if isinstance(key, ImageKey):
            create = "" if self.session.read_only else keymap.key_of("create", context.overrides)
            listed = self.session.images.state.images.get(key)
            line = image_title(listed, self.session.counting.state, context.glyphs, create)
            self._set("snapshots-title", line)
            return
        domain = self.session.host.state.domains.get(key) if key is not None else None
        line = status_lines.domain_line(
            domain,
            shown,
            self.session.counting.state,
            context.glyphs,
            self.snapshots.row_width,
            create="" if self.session.read_only else keymap.key_of("create", context.overrides),
        )
        self._set("snapshots-title", line)

    def draw_headings(self) -> None:
        """Titles of the columns, which follow the width."""
        glyphs = self.context.glyphs
        for pane, name in ((self.domains, "domains"), (self.right_pane, "snapshots")):
            wanted = clean(self._filters[name], glyphs)
            first = f"Name /{wanted}" if wanted else "Name"
            heading = pane.heading(pane.row_width, glyphs, first)
            self._set(f"{name}-heading", Text(heading))

    def draw_message(self) -> None:
        """What runs, or the answer to a key."""
        running = [status_lines.operation_words(o) for o in self.session.operations.unfinished]
        state = self.session.host.state
        answered = time.monotonic() - self._answered_at < ANSWER
        if running and not answered:
            words = "   ".join(running)
        elif state.trouble and not answered:
            words = f"{state.link.value}: {state.trouble}"
        elif state.loaded and not (state.domains or self.session.images.state.images):
            words = "This host has no domains: define one, or look at another host with -c."
        else:
            words = self._said
        self._set("message", Text(clean(words, self.context.glyphs)))

    def draw_details(self) -> None:
        """All about what is selected where the focus is."""
        details = self.query_one("#details", LinesList)
        shown, row = self.session.snapshots.shown, self.snapshots.selected
        domain, image = self.domains.selected, self.domains.selected_image
        if image is not None:
            details.show(self.image_details(image))
        elif self.focused is not self.domains and shown is not None and row is not None:
            details.show(snapshot_lines(row, shown, self.session.counting.state.counted))
        elif domain is not None:
            marked = self.domains.marked
            thaw = keymap.key_of("thaw", self.context.overrides)
            of_it = shown if shown is not None and shown.key == domain.key else None
            details.show(domain_lines(domain, self.session.host.state, marked, thaw, of_it))
        else:
            details.show(())

    def image_details(self, image: ListedImage) -> tuple[Line, ...]:
        """All about an image, or the selected snapshot of it."""
        counted, placed = self.session.counting.state.counted, self.entries.selected
        if self.focused is self.domains or placed is None:
            return image_lines(image, counted, self.session.images.state.doubts_about(image.key))
        return entry_lines(image, placed, counted)

    def draw_footer(self) -> None:
        """The keys that matter most."""
        self._set(
            "footer",
            status_lines.footer_line(
                self.context.overrides, self.session.read_only, self.size.width
            ),
        )

    def _set(self, name: str, line: Text) -> None:
        line.no_wrap = True
        static = self.query_one(f"#{name}", Static)
        width, more = static.size.width, self.context.glyphs.more
        if line.cell_len > width > 0:
            line.truncate(width - len(more))
            line.append(more)
        if static.content != line:
            static.update(line)
