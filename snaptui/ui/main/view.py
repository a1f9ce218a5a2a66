"""The lines around the panes of the main screen, drawn from the latest states."""

from __future__ import annotations

import time

from rich.text import Text
from textual.geometry import Size
from textual.widgets import Static

from snaptui.model.image import ImageKey
from snaptui.model.snapshot import SnapshotSet
from snaptui.monitor.images import ListedImage
from snaptui.operations.operation import on_host
from snaptui.session import Session
from snaptui.ui import header, keymap, status_lines
from snaptui.ui.context import Context
from snaptui.ui.footer import Offer, footer_lines
from snaptui.ui.format import clean, with_short_hosts
from snaptui.ui.key_line import KeyLine
from snaptui.ui.main.offer import offer
from snaptui.ui.main.panes import Panes
from snaptui.ui.main.tabs import Tabs
from snaptui.ui.panes.details import domain_lines
from snaptui.ui.panes.heading import Heading
from snaptui.ui.panes.host_details import host_lines
from snaptui.ui.panes.images import entry_lines, image_lines, image_title
from snaptui.ui.panes.lines import Line
from snaptui.ui.panes.summary import summary_lines
from snaptui.ui.panes.tabs import Tab, TabLine
from snaptui.ui.pictures import time_line

TAB_KEYS = ("previous_tab", "next_tab")
"""Actions whose keys stand beside the tabs."""
ANSWER = 5.0
"""Seconds for which the answer to a key stands before what runs is shown again."""
LOW = 18
"""Lines of a screen below which the footer has one alone (the style sheet has it too)."""
MOVES = 60.0
"""Seconds after which the time line is made anew."""
LASTS = 20.0
"""Seconds after which it goes, and how the last operation ended is shown again."""


class View:
    """Header, titles, message line and footer, and what the details show."""

    def __init__(self, context: Context, panes: Panes, tabs: Tabs) -> None:
        self.context = context
        self._tabs = tabs
        self._panes = panes
        self.header = Static(id="header", markup=False)
        self.title = Static(id="snapshots-title", classes="title", markup=False)
        self.domains_heading = Heading(id="domains-heading", classes="heading", markup=False)
        self.snapshots_heading = Heading(id="snapshots-heading", classes="heading", markup=False)
        self.tab_line = TabLine(context.glyphs)
        self.time_line = Static(id="time-line", markup=False)
        self.message = Static(id="message", markup=False)
        self.footer = KeyLine()
        self._timed: tuple[SnapshotSet | None, int, float] = (None, -1, 0.0)
        self._offered: tuple[Offer, Size, bool] | None = None
        self._answer = self._news = ""
        self._answered_at = -LASTS

    @property
    def session(self) -> Session:
        """The host of what is selected."""
        return self.context.session

    @property
    def host(self) -> str:
        """The same as people call it."""
        return self.context.fleet.names[self.session.uri]

    def say(self, words: str) -> None:
        """Answer a key in the message line."""
        self._answer = words
        self._answered_at = time.monotonic()
        self.draw_message()

    def news(self, words: str) -> None:
        """Have it in the message line whenever nothing runs and no key was answered just now."""
        self._news, self._answered_at = words, -LASTS

    def draw_header(self) -> None:
        """Draw the host, and how the connection is."""
        context = self.context
        signs = header.Signs(
            hosts=context.fleet.summary,
            sign_in=keymap.key_of("sign_in", context.overrides),
            read_only=self.session.read_only,
            demo=context.demo,
            faulty=bool(context.faults),
            marked=len(self._panes.domains.marked),
            called=self.host,
        )
        fullest, held = self.session.filling.fullest, self.session.in_snapshots
        width = self.header.screen.size.width
        state = self.session.host.state
        line = header.host_line(state, fullest, held, signs, width, context.glyphs)
        self._set(self.header, line)

    def draw_title(self) -> None:
        """Draw the selected domain or image over its snapshots."""
        context, counting = self.context, self.session.counting.state
        shown, key = self.session.snapshots.shown, self._panes.key
        create = "" if self.session.read_only else keymap.key_of("create", context.overrides)
        if isinstance(key, ImageKey):
            listed = self.session.images.state.images.get(key)
            self._set(self.title, image_title(listed, counting, context.glyphs, create))
            return
        if self._panes.domains.on_heading:
            self._set(
                self.title,
                Text(f" {clean(context.fleet.names[self.session.uri], context.glyphs)}", "bold"),
            )
            return
        domain = self.session.host.state.domains.get(key) if key is not None else None
        line = status_lines.domain_line(
            domain,
            shown,
            counting,
            context.glyphs,
            self._panes.snapshots.row_width,
            create=create,
        )
        self._set(self.title, line)

    def draw_headings(self) -> None:
        """Draw the titles of the columns, which follow the width."""
        glyphs, panes = self.context.glyphs, self._panes
        for pane, heading, name in (
            (panes.domains, self.domains_heading, "domains"),
            (panes.right_pane, self.snapshots_heading, "snapshots"),
        ):
            wanted = clean(panes.filters[name], glyphs)
            title = name.capitalize().removesuffix("s")
            first = f"{title} /{wanted}" if wanted else title
            self._set(heading, Text(pane.heading(pane.row_width, glyphs, first)))

    def draw_time_line(self) -> None:
        """Draw when the snapshots were made, where the screen has room for it."""
        pane, shown = self._panes.snapshots, self.session.snapshots.shown
        snapshots = shown.snapshots if shown is not None and pane.display else None
        width, now = pane.row_width - 2, time.time()
        of, wide, at = self._timed
        if of is snapshots and wide == width and now - at < MOVES:
            return
        self._timed = snapshots, width, now
        details = snapshots.details.values() if snapshots is not None else ()
        moments = [one.created for one in details if one.created is not None]
        line = time_line(moments, now, width, self.context.glyphs)
        self.time_line.set_class(not line, "-none")
        self._set(self.time_line, Text(f" {line}", "dim"))

    def draw_message(self) -> None:
        """Draw what runs, or the answer to a key."""
        running = [status_lines.operation_words(o) for o in self.session.operations.unfinished]
        state = self.session.host.state
        since = time.monotonic() - self._answered_at
        answered = since < ANSWER
        if running and not answered:
            words = "   ".join(running)
        elif state.trouble and not answered:
            words = f"{state.link.value}: {state.trouble}"
        elif self._panes.filters["domains"] and not (answered or self._panes.domains.count):
            back = keymap.key_of("back", self.context.overrides)
            words = f"No match: {back} clears the filter."
        elif state.loaded and not (state.domains or self.session.images.state.images):
            words = "This host has no domains. Define one, or open another host with -c."
        else:
            words = self._answer if since < LASTS else self._news
        context = self.context
        names = [clean(name, context.glyphs) for name in context.fleet.names.values()]
        shown, width = clean(words, context.glyphs), self.message.size.width
        line = Text(with_short_hosts(shown, names, width - 1, context.glyphs))
        if words and words == self._news:
            log = f"{keymap.key_of('operations', self.context.overrides)} log"
            room = self.message.size.width - line.cell_len - len(log) - 1
            line.append(" " * room + log if room > 1 else "", "dim")
        self._set(self.message, line)

    def draw_details(self) -> None:
        """Draw all about what is selected in the focused list, and the keys for it."""
        self.draw_footer()
        lines = self._tabs.lines()
        keys = [keymap.key_of(name, self.context.overrides) for name in TAB_KEYS]
        tab = self._tabs.chosen if lines is not None else Tab.SUMMARY
        self.tab_line.draw(tab, " ".join(keys))
        panes, details = self._panes, self._panes.details
        shown, row = self.session.snapshots.shown, panes.row
        domain, image = panes.domain, panes.image
        if lines is not None:
            details.show(lines)
        elif image is not None:
            details.show(self.image_details(image))
        elif not panes.on_domains and shown is not None and row is not None:
            counted = self.session.counting.state.counted
            of_it = self.session.host.state.domains.get(shown.key)
            details.show(summary_lines(row, shown, counted, of_it))
        elif panes.domains.on_heading and (host := panes.domains.selected_host) is not None:
            details.show(host_lines(host))
        elif domain is not None:
            thaw = keymap.key_of("thaw", self.context.overrides)
            known = shown if shown is not None and shown.key == domain.key else None
            state = self.session.host.state
            also = panes.domains.also_on(domain)
            with_it = panes.domains.shares_with(domain)
            details.show(domain_lines(domain, state, self._marked, thaw, known, also, with_it))
        else:
            details.show(())

    @property
    def _marked(self) -> tuple[str, ...]:
        called = self.context.fleet.called
        marked = self._panes.marked_domains
        return tuple(on_host(one.name, called(one.key.host)) for one in marked)

    def image_details(self, image: ListedImage) -> tuple[Line, ...]:
        """All about an image, or the selected snapshot of it."""
        counted, placed = self.session.counting.state.counted, self._panes.entry
        if self._panes.on_domains or placed is None:
            return image_lines(image, counted, self.session.images.state.doubts_about(image.key))
        return entry_lines(image, placed, counted)

    def draw_footer(self) -> None:
        """Draw the keys that do something with the row under the cursor."""
        size, context = self.footer.screen.size, self.context
        offered = offer(context, self._panes), size, self.session.read_only
        if offered == self._offered:
            return
        self._offered = offered
        lines = footer_lines(
            offered[0],
            context.overrides,
            size.width,
            read_only=self.session.read_only,
            lines=1 if size.height < LOW else 2,
        )
        self.footer.update(lines)

    def _set(self, static: Static, line: Text) -> None:
        line.no_wrap = True
        width, more = static.size.width, self.context.glyphs.more
        if line.cell_len > width > 0:
            line.truncate(width - len(more))
            line.append(more)
        if static.content != line:
            static.update(line, layout=False)
