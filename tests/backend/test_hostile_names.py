"""Names and paths of a host that says anything: words on the screen, and no file of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from snaptui.backend.virt import domain_xml, named_files, xml_paths
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.ahead import Ahead
from snaptui.common.errors import ImageError, SnaptuiError
from snaptui.common.text import invisible
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.files import User
from snaptui.model.image import NotKnown
from snaptui.plan.plan import CreateIntent
from snaptui.ui.format import ASCII, UNICODE, clean
from tests.lab import Lab, qemu_img

HOSTILE = (
    "\x1b[31mred", "\x1b]52;c;aGk=\x07", "\u202egpj.exe", "\u200b", "a\r\nb", "\x9b31m", "$(id)",
    "-x", "../../etc/passwd", "x.qcow2", "./x.qcow2", "", "file:x.qcow2", "json:{}", "x" * 5000,
)  # fmt: skip
SAID = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@pytest.fixture
def backend(lab: Lab) -> Iterator[LibvirtBackend]:
    made = LibvirtBackend(lab.uri)
    made.connect()
    yield made
    made.abandon()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with an image in it."""
    monkeypatch.chdir(tmp_path)
    qemu_img("create", "-q", "-f", "qcow2", "x.qcow2", "1M")
    qemu_img("snapshot", "-c", "ours", "x.qcow2")
    return tmp_path


LOOKS: dict[str, Callable[[LibvirtBackend, str], object]] = {
    "image": lambda backend, path: backend.image(path),
    "count": lambda backend, path: backend.count_image(path, lambda *_: None),
    "missing": lambda backend, path: backend.missing_file(path),
    "space": lambda backend, path: backend.file_system(path),
    "names": lambda backend, path: backend.names_in(path),
    "as now": lambda backend, path: backend.entries_as_now(path),
    "openers": lambda backend, path: backend.openers(path),
    "beside": lambda backend, path: backend.open_beside(path, "u"),
    "birth": lambda backend, path: backend.birth(path),
    "writable": lambda backend, path: backend.may_write(path),
    "size": lambda backend, path: backend.copy_size(path, "1"),
    "which": lambda backend, path: backend.file_id(path),
    "real": lambda backend, path: backend.real_path(path),
    "listed": lambda backend, path: backend.qcow2_in(path),
}


@pytest.mark.parametrize("path", ["x.qcow2", "./x.qcow2", "../x.qcow2", ".", "file:x.qcow2"])
def test_a_path_that_is_not_absolute_is_never_looked_at(
    backend: LibvirtBackend, here: Path, path: str
) -> None:
    """It would be a file of the directory that the program was started in."""
    for look in LOOKS.values():
        with pytest.raises(ImageError, match="is not absolute"):
            look(backend, path)
    assert not backend.inodes([path])
    assert not backend.qemu_at([path])


def test_a_disk_with_such_a_path_is_not_known(
    lab: Lab, backend: LibvirtBackend, here: Path
) -> None:
    """As libvirt takes one: what is in the directory here says nothing of it."""
    key = lab.define_disks(
        "web",
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        "<source file='x.qcow2'/><target dev='vda' bus='virtio'/></disk>",
    )
    intent = CreateIntent(key, "new", "")
    facts = read_facts(backend, backend.connect(), intent)
    head = facts.images["x.qcow2"]
    assert isinstance(head, NotKnown)
    assert "not absolute" in head.reason
    assert not facts.inodes


def quoted(raw: str) -> str:
    return quoteattr("".join(char for char in raw if char in "\t\n\r" or char >= " "))


@given(SAID, SAID)
@settings(max_examples=150, deadline=None)
@example("../../x", "x")
def test_what_xml_names_is_an_absolute_path_or_none(first: str, second: str) -> None:
    """For the files that somebody may need: no other string of it is ever one."""
    text = (
        f"<domain><devices><disk type='file'><source file={quoted(first)}/>"
        f"<target dev={quoted(second)}/></disk><disk type='volume'><source pool={quoted(first)} "
        f"volume={quoted(second)}/><target dev='vdb'/></disk></devices></domain>"
    )
    try:
        named, volumes = xml_paths.named(text, User("web"))
        shown = [
            str(part)
            for disk in domain_xml.parse_domain(text).disks
            for part in (disk, disk.target)
        ]
    except SnaptuiError as error:
        shown, named, volumes = [error.message], (), ()
    assert all(one.path.startswith("/") for one in named)
    for glyphs in (UNICODE, ASCII):
        for words in (*shown, *(word for pair in volumes for word in pair)):
            assert not any(map(invisible, clean(words, glyphs)))


class Pool:
    """What a server may say of a pool."""

    def __init__(self, said: str, *, active: bool) -> None:
        self._said, self._active = said, active

    def name(self) -> str:
        return self._said

    def XMLDesc(self) -> str:  # noqa: N802 - libvirt's name
        return f"<pool type='dir'><target><path>{quoted(self._said)[1:-1]}</path></target></pool>"

    def isActive(self) -> bool:  # noqa: N802 - libvirt's name
        return self._active

    def listAllVolumes(self) -> list[Any]:  # noqa: N802 - libvirt's name
        return [SimpleNamespace(path=lambda: self._said)]


@pytest.mark.parametrize("active", [False, True])
@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_what_pools_name_is_shown_as_words(said: str, active: bool) -> None:
    connection: Any = SimpleNamespace(listAllStoragePools=lambda: [Pool(said, active=active)])
    found = named_files.volumes(lambda call: call(), connection, Ahead(0).together, local=True)
    words = [*found.paths, *(doubt.reason for doubt in found.doubts), *map(str, found.doubts)]
    assert not any(invisible(char) for one in words for char in clean(one))
    assert all(path.startswith("/") for path in (*found.paths, *found.idle))
