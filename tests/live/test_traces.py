"""Images that are gone from their places: which file it is now is told by evidence alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.model.domain import DomainKey
from snaptui.plan.plan import DeleteIntent, Plan
from snaptui.plan.refusal import Refusal
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from tests import pools
from tests.lab import Lab, holds, qemu_img, write
from tests.live.planned import planned
from tests.terminal import Terminal, at_snapshots, press_alone


@pytest.fixture
def key(lab: Lab) -> DomainKey:
    """A domain with an internal snapshot and an overlay, that was written to, upon its image."""
    key = lab.define("web")
    lab.snapshot("web", "inside")
    lab.snapshot("web", "over", "--disk-only")
    write(over(lab), 0x22)
    return key


@pytest.fixture
def store(lab: Lab) -> Iterator[Path]:
    """The directory of a pool."""
    with pools.pool(lab, "store", lab.directory / "store") as folder:
        yield folder


def base(lab: Lab) -> Path:
    return lab.image("web")


def over(lab: Lab) -> Path:
    return base(lab).with_suffix(".over")


def moved(lab: Lab, path: Path, place: Path) -> None:
    path.rename(place)
    lab.virsh("pool-refresh", "store")


def told(plan: Plan, way: Way) -> Refusal:
    (found, *_) = (one for one in plan.refusals if one.way is way)
    return found


def names(refusal: Refusal) -> dict[str, str]:
    return dict(refusal.names)


def typed(lines: str) -> None:
    """Type the line that is said."""
    subprocess.run(lines.partition(": ")[2], shell=True, check=True)


def test_a_moved_overlay_is_known_by_what_it_lies_upon(
    lab: Lab, key: DomainKey, store: Path
) -> None:
    place = store / "under another name"
    moved(lab, over(lab), place)
    said = names(told(planned(lab, DeleteIntent(key, "over")), Way.FOUND_UPON))
    assert (said["at"], said["by"]) == (str(place), str(base(lab)))
    assert "virsh edit --domain=web" in said["lines"]
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "inside", "over")
        terminal.press("j", "d")
        terminal.wait("Move it back")
        press_alone(terminal)
        terminal.wait("Refused, see above.")
    moved(lab, place, over(lab))
    plan = planned(lab, DeleteIntent(key, "over"))
    assert [one.why for one in plan.refusals] == [Why.PARENT_INSIDE], "as it was before"


def test_its_name_alone_is_no_evidence(lab: Lab, key: DomainKey, store: Path) -> None:
    """It lies upon another image; and what was not written to since is older than the overlay."""
    over(lab).unlink()
    other = store / "other"
    qemu_img("create", "-q", "-f", "qcow2", str(other), "8M")
    upon(store / over(lab).name, other)
    lab.virsh("pool-refresh", "store")
    told(planned(lab, DeleteIntent(key, "over")), Way.NOT_KNOWN_WHICH)


def upon(path: Path, beneath: Path) -> None:
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(beneath), str(path))


def test_of_two_that_may_be_it_none_is_it(lab: Lab, key: DomainKey, store: Path) -> None:
    moved(lab, over(lab), store / "one")
    upon(store / "two", base(lab))
    lab.virsh("pool-refresh", "store")
    said = names(told(planned(lab, DeleteIntent(key, "over")), Way.NOT_KNOWN_WHICH))
    assert all(str(store / name) in said["perhaps"] for name in ("one", "two"))


def test_what_others_name_is_not_it(lab: Lab, key: DomainKey, store: Path) -> None:
    """A linked clone upon the same image."""
    moved(lab, over(lab), store / "one")
    pools.volume(lab, "store", "two")
    (store / "two").unlink()
    upon(store / "two", base(lab))
    pools.define(lab, "clone", ("store", "two"))
    said = names(told(planned(lab, DeleteIntent(key, "over")), Way.FOUND_UPON))
    assert said["at"] == str(store / "one")


def test_the_line_that_is_said_lets_the_one_upon_it_lie_upon_it_there(
    lab: Lab, key: DomainKey, store: Path
) -> None:
    lab.snapshot("web", "top", "--disk-only")
    place = store / "moved"
    moved(lab, over(lab), place)
    said = names(told(planned(lab, DeleteIntent(key, "top")), Way.FOUND_UPON))
    assert said["at"] == str(place)
    typed(said["lines"])
    assert holds(base(lab).with_suffix(".top"), 0x22)


def test_a_moved_base_is_known_by_the_snapshots_in_it(
    lab: Lab, key: DomainKey, store: Path
) -> None:
    place = store / "base"
    moved(lab, base(lab), place)
    qemu_img("create", "-q", "-f", "qcow2", str(store / base(lab).name), "8M")
    lab.virsh("pool-refresh", "store")
    said = names(told(planned(lab, DeleteIntent(key, "over")), Way.FOUND_BY_ENTRIES))
    assert said["at"] == str(place)
    typed(said["lines"])
    assert holds(over(lab), 0x22)
    qemu_img("check", "-q", str(over(lab)))


def test_a_moved_base_that_nothing_tells_is_not_guessed(
    lab: Lab, key: DomainKey, store: Path
) -> None:
    qemu_img("snapshot", "-d", "inside", str(base(lab)))
    moved(lab, base(lab), store / base(lab).name)
    told(planned(lab, DeleteIntent(key, "over")), Way.PUT_BACK_WHICH)
