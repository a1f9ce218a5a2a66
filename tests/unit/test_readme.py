"""README and docs say what the program does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from snaptui import config
from snaptui.model.abilities import LINES, TRIED, Can, Wrong, does, shown
from snaptui.ui import keymap
from snaptui.ui.actions import ACTIONS
from tests.unit.made import HOST

ROOT = Path(__file__).parent.parent.parent
PAGES = {path.name: path.read_text() for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"))}


def key_table() -> str:
    lines = ["| key | |", "|---|---|"]
    scope = None
    for action in ACTIONS:
        if action.scope is not scope:
            scope = action.scope
            lines.append(f"| **{scope.value}** | |")
        keys = ", ".join(f"`{keymap.shown(key)}`" for key in action.keys)
        lines.append(f"| {keys} | {action.help} |")
    return "\n".join(lines)


def test_the_keys_are_those_of_the_table() -> None:
    found = re.search(r"<!-- keys -->\n(.*)<!-- /keys -->", PAGES["keys.md"], re.DOTALL)
    assert found is not None
    assert found[1].strip() == key_table()


def measured() -> str:
    on = ", ".join(f"{shown(libvirt)} with QEMU {shown(qemu)}" for libvirt, qemu in TRIED.items())
    return f"Measured on libvirt {on}."


def version_list() -> str:
    lines = [f"{measured()} What others are known to do, by single runs or NEWS:", ""]
    heads = (
        "what", "from", "until", "with QEMU from", "seen", "not seen", "told by", "but not",
        "on the above",
    )  # fmt: skip
    lines += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for what, line in LINES.items():
        ends = [shown(end) if end else "" for end in (line.since, line.until, line.qemu)]
        seen = [shown(version) for version, does in line.seen.items() if does]
        not_seen = [shown(version) for version, does in line.seen.items() if not does]
        seen += [f"QEMU {shown(qemu)}" for qemu, does in line.seen_qemu.items() if does]
        not_seen += [f"QEMU {shown(qemu)}" for qemu, does in line.seen_qemu.items() if not does]
        patched = f"Debian's since {', '.join(line.patched)}" if line.patched else ""
        told = [", ".join(seen), ", ".join(not_seen), line.source, patched]
        row = [line.what, *ends, *told, known_by(what)]
        lines.append(f"| {' | '.join(row)} |")
    lines += ["", "What is made use of, by NEWS:", "", "| what | from |", "|---|---|"]
    lines += [f"| {one.words} | {shown(one.since)} |" for one in Can]
    return "\n".join(lines)


def known_by(what: Wrong) -> str:
    """What is refused because it brings something down is never run."""
    if what.name.startswith("GOES_DOWN"):
        return "refused"
    return "tested" if is_tested(what) else "assumed"


def is_tested(what: Wrong) -> bool:
    """Whether it is done by some that the plans are proven on, and not by others."""
    builds = LINES[what].patched[-1:] or ("",)
    hosts = [
        replace(HOST, libvirt=(*libvirt, 0), hypervisor=(*qemu, 0), build=build)
        for libvirt, qemu in TRIED.items()
        for build in builds
    ]
    return len({does(one, what) for one in hosts}) == 2


@pytest.mark.parametrize(
    ("page", "list_"), [("README.md", measured), ("versions.md", version_list)]
)
def test_the_versions_are_those_of_the_table(page: str, list_: Callable[[], str]) -> None:
    found = re.search(r"<!-- versions -->\n(.*)<!-- /versions -->", PAGES[page], re.DOTALL)
    assert found is not None
    assert found[1].strip() == list_()


def test_the_example_of_a_configuration_can_be_read(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", PAGES["using.md"], re.DOTALL)
    assert found is not None
    path = tmp_path / "config.toml"
    path.write_text(found[1])
    loaded = config.load(path)
    assert loaded.uri == "qemu+ssh://root@kvm7/system"
    keymap.check(loaded.keys)


@pytest.mark.parametrize("page", PAGES)
def test_all_that_a_page_refers_to_is_there(page: str) -> None:
    """Pictures, other pages, and headings in them."""
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for name, heading in re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", PAGES[page]):
        assert (folder / name).is_file(), name
        if heading:
            titles = re.findall(r"^#+ (.+)$", (folder / name).read_text(), re.MULTILINE)
            assert heading in [title.lower().replace(" ", "-") for title in titles]
