"""A line that is shown can be pasted: the program gets the very words, whatever is in them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snaptui.common import shell, text
from snaptui.model.choices import RunState
from snaptui.model.disk import Presence
from snaptui.model.files import CopyFormat, EntryCopy, FileId
from snaptui.model.image import ImageSnapshot, PlacedEntry
from snaptui.model.snapshot import SnapshotDisk
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.model.virsh_line import virsh
from snaptui.plan.steps.domain import CreateSnapshot, DeleteSnapshot, RevertTo
from snaptui.plan.steps.image import (
    AddEntry,
    ApplyEntry,
    DeleteEntry,
    ExtractEntry,
    ImageStep,
    RemoveAside,
    SetAside,
)
from snaptui.plan.steps.metadata import Redefine
from snaptui.ui.format import ASCII, UNICODE, pasteable
from tests.shells import SHELLS, argv, typed_into_bash
from tests.unit.made import HOST, facts, snapshot

HOSTILE = [
    "-rf", "--domain=other", "two words", "$(touch /x)", "`id`", "${HOME}", "~", "~root", "!x",
    "it's!!", '"!"', "'\"'\"'", "\\", "\\n", "a\nb", "\n", "end\n", "\n\n", "a\tb", "%s%d", "a;b",
    "a&&b", "a|b", ">x", "#", "*", "[a-z]", "{a,b}", "", " ", "a,b,,c", "\x1b[31m", "\x07", "\x7f",
    "snap\u202egpj", "\u200b", "\xa0", "ž日本語", "👩\u200d👧!", "\udcff\udc80", "x" * 4096,
    "012\n3!",
]  # fmt: skip
WORD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
DOMAIN = facts().status.domain


def assert_shown_and_exact(line: str, words: list[str], runs: str = "sh") -> None:
    assert not any(map(text.invisible, line))
    assert pasteable(line, UNICODE) == line
    plain = pasteable(line, ASCII)
    assert plain.isascii()
    for shown in {line, plain}:
        assert argv(shown, runs) == words
        assert shell.program(shown) == words[0]


@pytest.mark.parametrize("runs", SHELLS)
def test_hostile_words_come_back_exactly_from_each_shell(runs: str) -> None:
    for word in HOSTILE:
        words = ["virsh", word, f"--name={word}", word]
        assert_shown_and_exact(shell.line(words), words, runs)


@pytest.mark.skipif("bash" not in SHELLS, reason="bash is not installed")
def test_hostile_words_can_be_pasted_into_bash() -> None:
    words = ["virsh", *(word for word in HOSTILE if len(word) < 4096)]
    assert typed_into_bash(shell.line(words)) == words


@given(st.lists(WORD))
@settings(max_examples=50, deadline=None)
def test_any_words_come_back_exactly(words: list[str]) -> None:
    assert_shown_and_exact(shell.line(["virsh", *words]), ["virsh", *words])


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_each_step_of_a_domain_names_exactly_its_snapshot(name: str) -> None:
    one = snapshot(name)
    path = f"/img/{name}"
    disks = (SnapshotDisk("vda", Presence.EXTERNAL, path),)
    spec = path.replace(",", ",,")
    said = {
        CreateSnapshot(NewSnapshot(name, f"of {name}", disks, path)): [
            "snapshot-create-as", "--domain=web", f"--name={name}", f"--description=of {name}",
            "--atomic", f"--memspec=file={spec},snapshot=external",
            f"--diskspec=vda,snapshot=external,file={spec}",
        ],
        RevertTo(one, RunState.RUNNING): [
            "snapshot-revert", "--domain=web", f"--snapshotname={name}", "--running",
        ],
        DeleteSnapshot(one): ["snapshot-delete", "--domain=web", f"--snapshotname={name}"],
        Redefine(one, one): ["snapshot-edit", "--domain=web", f"--snapshotname={name}"],
    }  # fmt: skip
    for step, words in said.items():
        line = step.virsh(HOST, DOMAIN)  # type: ignore[attr-defined]  # each of them has it
        assert_shown_and_exact(line, ["virsh", "-c", HOST.label, *words])


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_each_step_of_an_image_names_exactly_its_entry(name: str) -> None:
    path, aside = f"/img/{name}", f"/img/{name}.aside"
    entry = ImageSnapshot(name, name, 0, 0)
    placed, file = PlacedEntry(0, entry), FileId((1, 2), 3, 4, 1)
    said: dict[ImageStep, list[str]] = {
        AddEntry(path, name): ["qemu-img", "snapshot", "-c", name, path],
        ApplyEntry(path, placed): ["qemu-img", "snapshot", "-a", name, path],
        DeleteEntry(path, placed): ["qemu-img", "snapshot", "-d", name, path],
        SetAside(path, aside, file): ["mv", "-n", "--", path, aside],
        RemoveAside(aside, file): ["rm", "--", aside],
    }
    for step, words in said.items():
        assert_shown_and_exact(step.line, words)


@pytest.mark.parametrize("runs", SHELLS)
@pytest.mark.parametrize("longer", [False, True])
def test_the_line_of_a_copy_makes_a_file_for_its_owner_and_replaces_none(
    tmp_path: Path, runs: str, longer: bool
) -> None:
    for name in filter(None, HOSTILE):
        path, target = f"/img/{name}", f"{tmp_path}/{name.replace('/', ':')[:200]}"
        entry = ImageSnapshot(name, name, 0, 0, virtual_size=7)
        copy = EntryCopy(path, entry, target, CopyFormat.RAW, longer=longer)
        wanted = f"snapshot.id={name.replace(',', ',,')}"
        form = ["qemu-img", "convert", "-p", "-f", "qcow2", "-O", "raw"]
        words = [*form, "-l", wanted, path, target]
        resize = ["qemu-img", "resize", "--shrink", "-f", "raw", target, "7"] if longer else []
        line = ExtractEntry(copy).line
        assert not any(map(text.invisible, line))
        assert pasteable(line, UNICODE) == line
        for shown in {line, pasteable(line, ASCII)}:
            assert shell.program(shown) == "qemu-img"
            assert argv(shown, runs) == [*words, *resize]
            assert (os.stat(target).st_mode & 0o777, os.stat(target).st_size) == (0o600, 0)
            with pytest.raises(AssertionError):
                argv(shown, runs)
            os.unlink(target)
            os.symlink(tmp_path / "nowhere", target)
            with pytest.raises(AssertionError):
                argv(shown, runs)
            assert not (tmp_path / "nowhere").exists()
            os.unlink(target)


def test_a_domain_that_virsh_would_take_for_another_goes_by_its_uuid() -> None:
    for name in ("12", "a\nb", "\x1b[31m", "\u202e"):
        line = virsh(HOST, "destroy", replace(DOMAIN, name=name))
        assert argv(line)[4] == f"--domain={DOMAIN.key.uuid}"
