"""The README says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from snaptui import config
from snaptui.ui import keymap

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


def key_table() -> str:
    lines = ["| key | |", "|---|---|"]
    for action in keymap.ACTIONS:
        keys = ", ".join(f"`{keymap.shown(key)}`" for key in action.keys)
        lines.append(f"| {keys} | {action.help} |")
    return "\n".join(lines)


def test_the_keys_are_those_of_the_table() -> None:
    found = re.search(r"<!-- keys -->\n(.*)<!-- /keys -->", README, re.DOTALL)
    assert found is not None
    assert found[1].strip() == key_table()


def test_the_example_of_a_configuration_can_be_read(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert found is not None
    path = tmp_path / "config.toml"
    path.write_text(found[1])
    loaded = config.load(path)
    assert loaded.uri == "qemu+ssh://root@kvm7/system"
    keymap.check(loaded.keys)


def test_the_pictures_are_there() -> None:
    for name in re.findall(r"\]\((screenshots/[^)]+)\)", README):
        assert (ROOT / name).is_file()
