"""The key that confirms, in the middle of text and alone: every character, every pause."""

from __future__ import annotations

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

from snaptui.ui.dialogs.confirm_key import ConfirmKey, Said
from snaptui.ui.keymap import CONFIRM_KEY
from snaptui.ui.terminal.key_queue import BURST
from snaptui.ui.terminal.pastes import Parser

CHARS = st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(f"{CONFIRM_KEY}y hl")
"""All that str.isprintable() is true of."""
TEXT = st.text(CHARS, min_size=1, max_size=12)
QUICK = st.integers(0, 299).map(lambda ms: ms / 1000)
PAUSES = QUICK | st.integers(300, 3000).map(lambda ms: ms / 1000)
LONG = 10.0


def drawn(data: st.DataObject, pauses: st.SearchStrategy[float]) -> tuple[str, list[float]]:
    """A text, and when each of its characters is typed."""
    text = data.draw(TEXT)
    between = data.draw(st.lists(pauses, min_size=len(text) - 1, max_size=len(text) - 1))
    return text, list(accumulate(between, initial=LONG))


def typed(text: str, times: list[float], *, fields: bool) -> list[str]:
    """Type it where no field has the focus; the text up to each key that confirmed."""
    key, done, confirmed = ConfirmKey(), "", []
    key.hear(0, types=False, fields=fields)  # Tab
    for char, at in zip(text, times, strict=True):
        if key.stayed_alone(at):
            confirmed.append(done)
        done += char
        said = key.hear(at, types=True, confirms=char == CONFIRM_KEY, fields=fields)
        if said is Said.YES:
            confirmed.append(done)
    return [*confirmed, done] if key.stayed_alone(times[-1] + LONG) else confirmed


@given(st.data())
def test_text_does_not_confirm_where_there_are_fields(data: st.DataObject) -> None:
    """Nothing but the key alone does: no other text before it, and a pause before and after."""
    text, times = drawn(data, PAUSES)
    for confirmed in typed(text, times, fields=True):
        assert set(confirmed) == {CONFIRM_KEY}, (text, times)
        at = len(confirmed) - 1
        assert at == 0 or times[at] - times[at - 1] >= BURST
        assert at == len(text) - 1 or times[at + 1] >= times[at] + BURST


@given(st.data())
def test_a_burst_confirms_nothing(data: st.DataObject) -> None:
    """But for a first key where there are no fields: nothing tells it from one that is meant."""
    text, times = drawn(data, QUICK)
    alone = [text] if text == CONFIRM_KEY else []
    assert typed(text, times, fields=True) == alone
    first = [CONFIRM_KEY] if text[0] == CONFIRM_KEY else []
    assert typed(text, times, fields=False) == first


@given(st.data())
def test_without_fields_it_counts_after_a_pause(data: st.DataObject) -> None:
    text, times = drawn(data, PAUSES)
    expected = [
        text[: at + 1]
        for at, char in enumerate(text)
        if char == CONFIRM_KEY and (not at or times[at] - times[at - 1] >= BURST)
    ]
    assert typed(text, times, fields=False) == expected


@given(TEXT, PAUSES)
def test_what_a_field_takes_is_text(text: str, pause: float) -> None:
    """Also the key itself; after Tab it counts once the typing is long enough ago."""
    key, at = ConfirmKey(), LONG
    for char in text:
        at += pause
        confirms = char == CONFIRM_KEY
        said = key.hear(at, types=True, confirms=confirms, taken=True, fields=True)
        assert said is Said.NOTHING
        assert not key.stayed_alone(at + LONG)
    key.hear(at, types=False, fields=True)
    assert key.hear(at, types=True, confirms=True, fields=True) is Said.TEXT
    at += 2 * BURST
    assert key.hear(at, types=True, confirms=True, fields=True) is Said.YES_IF_ALONE
    assert not key.stayed_alone(at + BURST / 2)
    assert key.stayed_alone(at + 2 * BURST)


@given(st.booleans(), QUICK)
def test_whatever_follows_it_takes_it_back(types: bool, pause: float) -> None:
    key = ConfirmKey()
    assert key.hear(LONG, types=True, confirms=True, fields=True) is Said.YES_IF_ALONE
    said = key.hear(LONG + pause, types=types, fields=True)
    assert said is (Said.TEXT if types else Said.NOTHING)
    assert not key.stayed_alone(LONG + LONG)


def pieces(data: st.DataObject, text: str) -> list[str]:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    bounds = sorted({0, len(text), *cuts})
    return [text[begin:end] for begin, end in pairwise(bounds)]


PASTED = st.text(st.one_of(st.sampled_from("\x1b[20~1Y\r\n\t"), st.characters(codec="utf-8")))


@given(st.data(), PASTED.filter(lambda text: "\x1b[201~" not in text and "\0" not in text))
def test_what_is_pasted_is_one_paste_and_never_a_key(data: st.DataObject, text: str) -> None:
    """However the terminal cuts it into pieces, and whatever escape sequences are in it."""
    parser = Parser()
    whole = f"a\x1b[200~{text}\x1b[201~b"
    events = [event for piece in pieces(data, whole) for event in parser.feed(piece)]
    assert [type(event) for event in events] == [Key, Paste, Key]
    before, paste, after = events
    assert isinstance(before, Key)
    assert isinstance(paste, Paste)
    assert isinstance(after, Key)
    assert (before.key, after.key) == ("a", "b")
    assert paste.text == text.replace("\x1b", "")


@given(st.data(), st.text(st.sampled_from("\x1b[OABCDQ2015~Yax\t\r"), max_size=30))
def test_all_else_goes_through_as_it_is(data: st.DataObject, text: str) -> None:
    plain, filtered = XTermParser(), Parser()
    for piece in pieces(data, text.replace("[200~", "")):
        seen = [repr(event) for event in plain.feed(piece)] if piece else []
        assert [repr(event) for event in filtered.feed(piece)] == seen


@given(st.text(min_size=1, max_size=5), QUICK)
def test_after_one_that_was_refused_typing_is_no_fault(text: str, pause: float) -> None:
    """It was asked for: "press Y and type NAME"."""
    key = ConfirmKey()
    assert key.hear(LONG, types=True, confirms=True, fields=True) is Said.YES_IF_ALONE
    key.answered()
    for _ in text:
        assert key.hear(LONG + pause, types=True, taken=True, fields=True) is Said.NOTHING
    assert not key.stayed_alone(LONG + LONG)
