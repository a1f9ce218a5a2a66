"""What all snapshots of a domain take together, and the order of domains by it."""

from __future__ import annotations

import pytest

from snaptui.model.domain import Domain, DomainKey, DomainState
from snaptui.model.snapshot import SnapshotSummary
from snaptui.monitor.free_space import Fullest
from snaptui.monitor.host import HostState
from snaptui.monitor.images import ImagesState
from snaptui.storage.costs import reclaim_of
from snaptui.storage.domain_figures import DomainFigures, figures_of
from snaptui.storage.totals import Total
from snaptui.ui.format import ASCII, UNICODE, Glyphs
from snaptui.ui.panes.domain_cells import shares
from snaptui.ui.panes.domains import DomainPane
from snaptui.ui.panes.host_rows import ListedHost, Order, Rows
from tests.unit.made import snapshot
from tests.unit.test_spaces import COUNTED, NAMES

KNOWN = {
    "a": (SnapshotSummary(2, 900, "", 500), DomainFigures(2, Total(70, 2), (None, 70))),
    "b": (SnapshotSummary(5, 900, "", 100), None),
    "c": (SnapshotSummary(0), None),
    "d": (SnapshotSummary(None, error="denied"), None),
    "e": (SnapshotSummary(1, 900, "", 300), DomainFigures(1, Total(90, 1))),
}


def host() -> ListedHost:
    domains = {
        DomainKey("h", name): Domain(DomainKey("h", name), name, DomainState.SHUTOFF)
        for name in KNOWN
    }
    summaries = {DomainKey("h", name): one for name, (one, _) in KNOWN.items()}
    figures = {DomainKey("h", name): one for name, (_, one) in KNOWN.items() if one is not None}
    state = HostState(loaded=True, domains=domains, summaries=summaries)
    return ListedHost("h", "h", state, ImagesState(), Fullest(), figures)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (Order.NAME, "abcde"),
        (Order.COUNT, "baecd"),
        (Order.OLDEST, "beacd"),
        (Order.FREES, "eabcd"),
    ],
)
def test_the_most_comes_first_and_what_is_not_known_last(order: Order, names: str) -> None:
    rows = Rows()
    rows.order = order
    found = "".join(row.name for row in rows.of([host()], "") if isinstance(row, Domain))
    assert found == names


def test_those_without_snapshots_are_one_line_until_it_is_opened() -> None:
    rows = Rows()

    def names(kept: str = "", wanted: str = "") -> list[str]:
        found = rows.of([host()], wanted, lambda one: one.name in kept)
        return [row.name if isinstance(row, Domain) else type(row).__name__ for row in found]

    assert names() == ["a", "b", "d", "e", "Bare"]
    assert names(kept="c") == ["a", "b", "c", "d", "e"]
    assert names(wanted="c") == ["c"], "what is looked for is not folded"
    rows.unfolded = frozenset({"h"})
    assert names() == ["a", "b", "d", "e", "Bare", "c"]


def test_figures_are_those_of_all_together_and_of_each() -> None:
    things = [snapshot(name, created=at) for at, name in enumerate(NAMES)]
    found = figures_of(things, COUNTED)
    assert found.count == 3
    freed = reclaim_of(things, COUNTED)
    assert isinstance(freed, int)
    assert found.frees == Total(freed, 3)
    assert len(found.grown) == 2, "the oldest is no growth"
    assert figures_of(things, {}).frees.bound is None
    some = figures_of([*things, snapshot("gone")], COUNTED).frees
    assert (some.known, some.parts, some.missing, some.bound) == (freed, 4, 1, freed)
    assert figures_of(things, {}).grown == (None, None, None)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [20, 38, 45, 59, 100])
def test_a_row_has_room(glyphs: Glyphs, width: int) -> None:
    pane = DomainPane(glyphs)
    assert len(pane.heading(width, glyphs, "Domain")) <= max(width, 34)
    shared = shares(width)
    assert shared.name >= 1
    assert (shared.frees > 0) is (width >= 45)
