"""Images that no domain uses: the very entry selected, and nothing of anybody else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from snaptui.backend.files.openers import openers
from snaptui.common import text
from snaptui.model.image import ImageKey, PlacedEntry
from snaptui.plan.plan import ImageApply, ImageCreate, ImageDelete, ImageExtract
from snaptui.plan.words.why import Why
from snaptui.ui.dialogs.plan_dialog import CHECKING
from tests.lab import MIB, Lab, encrypted_image, entries, holds, qemu_img, write
from tests.live.planned import planned, read_image
from tests.live.test_broken import damage
from tests.live.test_command_line import says
from tests.sample import sample
from tests.terminal import Terminal, confirm, press_alone
from tests.unit.images import Plain, qemu_io


def made(path: Path, *names: str, size: int = 8 * MIB) -> Path:
    """An image whose entry number N holds the byte N, and whose disk holds 0x55."""
    qemu_img("create", "-q", "-f", "qcow2", str(path), str(size))
    for byte, name in enumerate(names, 1):
        write(path, byte)
        qemu_img("snapshot", "-c", name, str(path))
    write(path, 0x55)
    return path


def at_image(terminal: Terminal, *names: str, down: int = 0) -> None:
    """Go to a row of the snapshots of the image named on the command line."""
    terminal.wait("connected", "on the host", "@ now", *names)
    terminal.press("g", *["j"] * down)


def plan(terminal: Terminal, key: str, title: str) -> None:
    terminal.press(key)
    terminal.wait(title, gone=CHECKING)


@contextmanager
def served(path: Path, tmp_path: Path) -> Iterator[int]:
    """A foreign QEMU that holds an image's lock."""
    pid = tmp_path / "pid"
    socket = tmp_path / "s"
    subprocess.run(
        ["qemu-nbd", "-f", "qcow2", "-k", socket, "--fork", "--pid-file", pid, path], check=True
    )
    number = int(pid.read_text())
    try:
        yield number
    finally:
        os.kill(number, signal.SIGTERM)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    disk, mounted = tmp_path / "disk", tmp_path / "mounted"
    mounted.mkdir()
    with disk.open("wb") as f:
        f.truncate(24 * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", disk], check=True)
    done = subprocess.run(["mount", "-o", "loop", disk, mounted], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", mounted], check=True)


def fill(folder: Path) -> None:
    """Leave no block free."""
    with (folder / "filler").open("wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            os.fsync(f.fileno())


def test_images_that_nobody_uses_stand_below_the_domains(lab: Lab) -> None:
    lab.define("web")
    free = made(lab.images / "free.qcow2", "one", "two")
    plain = Plain(free)
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("▌ web", "Images", "free.qcow2")
        name = lab.image("web").name
        assert all("Chain" in line for line in terminal.text.splitlines() if name in line)
        row = next(line for line in terminal.text.splitlines() if "free.qcow2" in line)
        assert row.split()[3] == "2"
        terminal.press("j")
        terminal.wait("▌ free.qcow2", "free.qcow2  2 snapshots", "○ one", "○ two", "@ now")
        terminal.wait(f"+{text.tiny_size(plain.active)}", text.tiny_size(plain.frees({1})))
        terminal.wait("Used by", "nothing on this host")
        terminal.press("k")
        terminal.wait("▌ web", gone="○ one")


def test_marked_domains_are_meant_also_where_the_cursor_is_on_an_image(lab: Lab) -> None:
    """Space on the last domain leads there."""
    lab.define("web")
    made(lab.images / "free.qcow2", "one")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("▌ web", "Images", "connected")
        terminal.press(" ")
        terminal.wait("1 domain marked", "create in 1 marked")
        terminal.press("G")
        terminal.press("c")
        terminal.wait("of 1 domain", "web stays shut off")


def test_an_image_that_is_named_is_shown_and_selected(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "named.qcow2", "one")
    lab.define("web")
    for word in (str(path), os.path.relpath(path)):
        with Terminal(["-c", lab.uri, word]) as terminal:
            at_image(terminal, "▌ named.qcow2", "○ one")
    with Terminal(["-c", lab.uri, "/none/such.qcow2"]) as terminal:
        terminal.wait("▌ such.qcow2", "/none/such.qcow2: No such file or directory.")


def test_an_image_opens_also_where_no_libvirt_runs(own_lab: Lab, tmp_path: Path) -> None:
    """Nothing is changed before the host says who uses it; it is asked again, and then answers."""
    path = made(tmp_path / "named.qcow2", "one", "two")
    hidden, socket = tmp_path / "hidden", own_lab.directory / "d" / "run" / "libvirt-sock"
    socket.rename(hidden)
    said = says("-c", own_lab.uri, "web", str(path))
    assert "libvirt does not run at" in said
    with Terminal(["-c", own_lab.uri, str(path)]) as terminal:
        terminal.wait("▌ named.qcow2", "○ one", "○ two", "connection lost: libvirt does not run at")
        terminal.press("g", "d")
        terminal.wait("Not now: connection lost.")
        terminal.press("G")
        terminal.wait("Used by", "? (not checked: libvirt does not run at")
        hidden.rename(socket)
        terminal.wait("connected", "nothing on this host", gone="not checked")
        terminal.press("g")
        terminal.wait("Name    one")
        plan(terminal, "d", "Delete one of named.qcow2")
    assert [name for _, name in entries(path)] == ["one", "two"]


def test_an_image_opens_also_for_who_may_not_ask_libvirt(lab: Lab) -> None:
    """An ordinary user in front of root's socket, with an image of his own."""
    socket = lab.directory / "d" / "run" / "libvirt-sock"
    mode = socket.stat().st_mode
    socket.chmod(0o700)
    try:
        with tempfile.TemporaryDirectory(dir="/tmp") as directory:
            os.chmod(directory, 0o777)
            path = made(Path(directory) / "own.qcow2", "one")
            path.chmod(0o666)
            own = {"HOME": directory, "XDG_CONFIG_HOME": directory, "XDG_STATE_HOME": directory}
            words = ["-c", lab.uri, str(path)]
            with Terminal(words, environment=own, module="tests.live.nobody") as terminal:
                terminal.wait("▌ own.qcow2", "○ one", "refused: ")
                terminal.press("G")
                terminal.wait("Used by", "? (not checked: ")
                terminal.press("c")
                terminal.wait("Not now: refused.")
    finally:
        socket.chmod(mode)


def test_a_word_is_a_domain_before_it_is_a_file(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", root)
    monkeypatch.chdir(tmp_path)
    lab.define("web")
    made(tmp_path / "web", "one")
    made(tmp_path / "img", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("▌ web", "no snapshots yet")
    with Terminal(["-c", lab.uri, "img"]) as terminal:
        at_image(terminal, "▌ img", "○ one")
    with Terminal(["-c", lab.uri, "neither"]) as terminal:
        terminal.wait("There is no domain neither on this host, and no image file neither here.")


def test_create_holds_the_disk(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "c", "Create a snapshot in a.qcow2")
        terminal.press("it's -x")
        terminal.wait("""'it'"'"'s -x'""")
        confirm(terminal)
        terminal.wait("Create a snapshot in a.qcow2: done", "○ it's -x")
    assert entries(path) == [("1", "one"), ("2", "it's -x")]
    write(path, 0x66)
    qemu_img("snapshot", "-a", "2", str(path))
    assert holds(path, 0x55)


def test_names_that_would_be_mistaken_are_refused(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "c", "Create a snapshot in a.qcow2")
        terminal.press("one")
        terminal.wait("A snapshot called one exists already.")
        terminal.press("backspace", "backspace", "backspace", "7")
        terminal.wait("QEMU can mistake a name of digits only for the ID")
    assert entries(path) == [("1", "one")]


@pytest.mark.parametrize("place", sample(1, [0, 1]))
def test_apply_goes_by_id_and_can_be_undone(lab: Lab, tmp_path: Path, place: int) -> None:
    """The entries are called as each other's IDs."""
    path = made(tmp_path / "a.qcow2", "2", "1")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ 2", "○ 1", down=place)
        plan(terminal, "r", f"Apply {2 - place} in a.qcow2")
        confirm(terminal)
        terminal.wait(f"Apply {2 - place} in a.qcow2: done", "○ safety-")
        assert holds(path, place + 1)
        assert entries(path)[:2] == [("1", "2"), ("2", "1")]
        terminal.press("g", "j", "j")
        plan(terminal, "r", "Apply safety-")
        confirm(terminal)
        undone = re.compile(r"Apply safety-\S+ in a\.qcow2: done")
        terminal.until(lambda: undone.search(terminal.text) is not None, "the end of the undo")
    assert holds(path, 0x55)


def test_apply_without_a_safety_snapshot_is_typed(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "r", "Apply one in a.qcow2")
        terminal.press("tab", " ")
        terminal.wait("[none]", "NO, no safety snapshot is taken")
        confirm(terminal, "a.qcow2")
        terminal.wait("Apply one in a.qcow2: done")
    assert holds(path, 1)
    assert entries(path) == [("1", "one")]


@pytest.mark.parametrize("name", sample(2, ["two words", "-d", "q\"'$(x)", "日本", "2"]))
def test_delete_takes_this_entry_and_frees_what_it_said(
    lab: Lab, tmp_path: Path, name: str
) -> None:
    path = made(tmp_path / "a.qcow2", name, "other")
    frees = Plain(path).frees({0})
    before = Plain(path).allocated
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ other")
        terminal.wait(text.tiny_size(frees))
        plan(terminal, "d", f"Delete {name} of a.qcow2")
        terminal.wait(f"frees {text.size(frees)}")
        confirm(terminal)
        terminal.wait(f"Delete {name} of a.qcow2: done")
    assert entries(path) == [("2", "other")]
    assert before - Plain(path).allocated == frees
    assert holds(path, 0x55)


def test_twins_are_told_apart(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "twin", "x", "twin")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ twin", down=2)
        terminal.wait("Twins", "ID      3")
        plan(terminal, "d", "Delete twin of a.qcow2")
        terminal.wait("twin (ID 1) has the same name as twin (ID 3)")
        terminal.press("esc")
        terminal.wait("connected", gone="Refused")
        terminal.press("r")
        confirm(terminal)
        terminal.wait("Apply twin in a.qcow2: done")
        assert holds(path, 3)
        terminal.press("g", "d")
        confirm(terminal)
        terminal.wait("Delete twin of a.qcow2: done")
    assert [one for one in entries(path) if "safety" not in one[1]] == [("2", "x"), ("3", "twin")]


def test_several_are_deleted_with_one_figure(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "twin", "x", "twin", "y")
    together = Plain(path).frees({0, 2})
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ twin", text.tiny_size(Plain(path).frees({0})))
        terminal.press(" ", "j", " ")
        terminal.wait(f"2 snapshots marked: deleting them frees {text.size(together)}.")
        plan(terminal, "d", "Delete 2 snapshots of a.qcow2")
        terminal.wait(f"frees {text.size(together)}", "twin (ID 1), twin (ID 3)")
        confirm(terminal)
        terminal.wait("Delete 2 snapshots of a.qcow2: done")
    assert entries(path) == [("2", "x"), ("4", "y")]


def test_what_does_not_apply_says_why(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one", "two")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        for key in ("e", "H", "a", "u"):
            terminal.press(key)
            terminal.wait("Not for an image: ")
            terminal.press("s", "s")
            terminal.wait("Sorted by age, oldest first.")
        terminal.press("/", "two", "enter")
        terminal.wait("○ two", gone="○ one")
        terminal.press("esc")
        terminal.wait("○ one")
        terminal.press("g", "enter")
        terminal.wait("one (ID 1)", "number 1 in", "Esc close")


def used_by_a_domain(lab: Lab, running: bool) -> Path:
    lab.define("web", running=running)
    lab.snapshot("web", "one")
    return lab.image("web")


def beneath(lab: Lab) -> Path:
    path = made(lab.images / "base.qcow2", "one")
    over = lab.images / "over.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(path), str(over))
    return path


def of_a_snapshot(lab: Lab) -> Path:
    """The domain is on an overlay; only its snapshot still names the file."""
    lab.define("web")
    qemu_img("snapshot", "-c", "one", str(lab.image("web")))
    lab.snapshot("web", "ext", "--disk-only", f"--diskspec=vda,file={lab.images}/over")
    xml = lab.xml("web", inactive=True)
    moved = lab.images / "moved"
    qemu_img("create", "-q", "-f", "qcow2", str(moved), "8M")
    lab.define_xml(xml.replace(f"{lab.images}/over", str(moved)))
    (lab.images / "over").unlink()
    return lab.image("web")


@pytest.mark.parametrize(
    ("use", "holder"),
    sample(
        2,
        [
            (lambda lab: used_by_a_domain(lab, False), "is in use by disk vda of web"),
            (lambda lab: used_by_a_domain(lab, True), "is in use by disk vda of web"),
            (beneath, "over.qcow2, which lies upon it"),
            (of_a_snapshot, "disk vda of the snapshot ext of web"),
        ],
    ),
    ids=["shut off", "running", "backing file", "snapshot"],
)
def test_what_is_in_use_is_not_changed(lab: Lab, use: Callable[[Lab], Path], holder: str) -> None:
    path = use(lab)
    before = entries(path)
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one", "in use")
        for key in ("c", "r", "d"):
            plan(terminal, key, path.name)
            terminal.wait(holder)
            press_alone(terminal)
            terminal.wait("Refused, see above.")
            terminal.press("esc")
            terminal.wait("connected", gone="Refused")
    assert entries(path) == before


def test_what_a_foreign_qemu_holds_is_not_changed_but_can_be_copied(
    lab: Lab, tmp_path: Path
) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with served(path, tmp_path) as pid, Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        for key in ("c", "r", "d"):
            plan(terminal, key, "a.qcow2")
            terminal.wait(f"qemu-nbd (process {pid}) has it open")
            terminal.press("esc")
            terminal.wait("connected", gone="Refused")
        plan(terminal, "x", "Extract one of a.qcow2")
        terminal.wait("this ignores QEMU's lock")
        confirm(terminal)
        terminal.wait("Extract one of a.qcow2: done")
    assert holds(tmp_path / "a-one.qcow2", 1)
    assert entries(path) == [("1", "one")]


def test_what_takes_the_lock_after_the_dialog_stops_it(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "d", "Delete one of a.qcow2")
        with served(path, tmp_path) as pid:
            confirm(terminal)
            terminal.wait(f"a.qcow2 is open in qemu-nbd (process {pid})", "Nothing was done.")
    assert entries(path) == [("1", "one")]


def test_an_entry_that_another_admin_made_meanwhile_is_not_taken_for_it(
    lab: Lab, tmp_path: Path
) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "d", "Delete one of a.qcow2")
        terminal.wait("it keeps 0 snapshots")
        qemu_img("snapshot", "-c", "two", str(path))
        terminal.wait("it keeps 1 snapshot")
        confirm(terminal)
        terminal.wait("Delete one of a.qcow2: done")
    assert entries(path) == [("2", "two")]


@pytest.mark.parametrize("place", sample(1, [0, 1]))
@pytest.mark.parametrize("form", ["qcow2", "raw"])
def test_extract_copies_the_very_entry(lab: Lab, tmp_path: Path, place: int, form: str) -> None:
    path = made(tmp_path / "a.qcow2", "2", "1")
    target = tmp_path / f"a-{2 - place}.{form}"
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ 2", "○ 1", down=place)
        plan(terminal, "x", f"Extract {2 - place} of a.qcow2")
        if form == "raw":
            terminal.press("tab", " ")
        terminal.wait(target.name)
        confirm(terminal)
        terminal.wait(f"Extract {2 - place} of a.qcow2: done")
    if form == "raw":
        assert target.read_bytes()[:MIB] == bytes([place + 1]) * MIB
    else:
        assert holds(target, place + 1)
    assert not list(tmp_path.glob(".*"))
    assert holds(path, 0x55)


@pytest.mark.long
def test_extract_never_replaces_a_file(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    taken = tmp_path / "a-one.qcow2"
    taken.write_text("mine")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "x", "Extract one of a.qcow2")
        terminal.wait("a-one-2.qcow2", "Ready, ")
        terminal.press(*["backspace"] * len("-2.qcow2"), ".qcow2")
        terminal.wait("exists already, and snaptui never replaces a file")
        terminal.press("esc")
        terminal.wait("connected", gone="Refused")
        plan(terminal, "x", "Extract one of a.qcow2")
        terminal.wait("a-one-2.qcow2", "Ready, ")
        (tmp_path / "a-one-2.qcow2").write_text("just now")
        confirm(terminal)
        terminal.wait("exists already", "Nothing was done.")
    assert taken.read_text() == "mine"
    assert (tmp_path / "a-one-2.qcow2").read_text() == "just now"


@pytest.mark.long
def test_extract_of_a_running_domains_snapshot(lab: Lab, tmp_path: Path) -> None:
    lab.define("web", disks=("vda", "vdb"))
    write(lab.image("web", "vdb"), 0x22)
    lab.snapshot("web", "one")
    write(lab.image("web", "vdb"), 0x33)
    lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("connected", "one", "@ now", gone="reading")
        terminal.press("g")
        plan(terminal, "x", "Extract one of")
        terminal.press("shift+tab", " ")
        terminal.wait("[vdb]", lab.image("web", "vdb").stem, "this ignores QEMU's lock")
        terminal.press("tab", "\x1b[1~", "\x0b", f"{tmp_path}/vdb.copy", "tab")
        terminal.wait("/vdb.copy", "Ready, ")
        confirm(terminal)
        terminal.wait("Extract one of", ": done")
    assert holds(tmp_path / "vdb.copy", 0x22)
    assert lab.state("web") == "running"


@pytest.mark.parametrize("running", sample(1, [True, False]))
def test_extract_across_a_resize(lab: Lab, tmp_path: Path, running: bool) -> None:
    """As large as then, also beside the guest; what would be cut off is refused."""
    key = lab.define("web")
    path = lab.image("web")
    lab.snapshot("web", "small")
    qemu_img("resize", "-q", str(path), str(64 * MIB))
    lab.snapshot("web", "large")
    qemu_img("resize", "-q", "--shrink", str(path), str(32 * MIB))
    if running:
        lab.start("web")
    with Terminal(["-c", lab.uri, key.uuid]) as terminal:
        terminal.wait("connected", "small", "large", "@ now", gone="reading")
        terminal.press("g")
        terminal.wait("small  20", "when deleted")
        plan(terminal, "x", "Extract small of")
        terminal.press("\x1b[1~", "\x0b", f"{tmp_path}/small.qcow2", "tab")
        terminal.wait("/small.qcow2", "Ready, ")
        confirm(terminal)
        terminal.wait("Extract small of", ": done")
        terminal.press("j")
        plan(terminal, "x", "Extract large of")
        terminal.wait(
            "Refused, see below", "64.0 MiB in size", "would cut the copy off", "in the copy"
        )
    assert f"{8 * MIB} bytes" in qemu_img("info", str(tmp_path / "small.qcow2"))


def big(path: Path) -> Path:
    """An image whose entry takes a while to copy."""
    qemu_img("create", "-q", "-f", "qcow2", str(path), "512M")
    qemu_io(path, "write -P 1 0 256M")
    qemu_img("snapshot", "-c", "one", str(path))
    return path


def parts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))


def copying(terminal: Terminal, path: Path) -> None:
    at_image(terminal, "○ one")
    plan(terminal, "x", "Extract one of")
    confirm(terminal)
    terminal.until(lambda: bool(parts(path.parent)), "the unfinished file")


@contextmanager
def slow_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """qemu-img that copies at 4 MB/s."""
    folder = tmp_path / "bin"
    folder.mkdir()
    tool = folder / "qemu-img"
    tool.write_text(
        '#!/bin/sh\ncase "$1" in\nconvert) shift; exec /usr/bin/qemu-img convert -r 4M "$@";;\n'
        '*) exec /usr/bin/qemu-img "$@";;\nesac\n'
    )
    tool.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield


def test_a_copy_shows_how_far_it_is_and_can_be_cancelled(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = big(tmp_path / "a.qcow2")
    with (
        slow_tool(tmp_path, monkeypatch),
        Terminal(["-c", lab.uri, str(path)], size=(120, 40)) as terminal,
    ):
        copying(terminal, path)
        terminal.until(
            lambda: bool(re.search(r"running [1-9]\d? %", terminal.text)), "how far it is"
        )
        terminal.press("d")
        terminal.wait("Not now: a.qcow2: copy one")
        terminal.press("o")
        terminal.wait("Extract one of a.qcow2", " %")
        terminal.press("x")
        terminal.wait("cancelled", "It was cancelled.", "The unfinished file was removed")
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".qcow2") == ["a.qcow2"]
    assert not parts(tmp_path)


@pytest.mark.long
def test_a_copy_is_given_up_when_the_program_ends(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = big(tmp_path / "a.qcow2")
    with slow_tool(tmp_path, monkeypatch), Terminal(["-c", lab.uri, str(path)]) as terminal:
        copying(terminal, path)
        terminal.press("q")
        terminal.wait("Quit")
        terminal.signal(signal.SIGTERM)
        terminal.exit_code()
        assert not parts(tmp_path)
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        terminal.wait("○ one")
        terminal.press("o")
        terminal.wait("cancelled", "snaptui was ended.")


def test_what_a_killed_program_leaves_of_a_copy_is_told(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = big(tmp_path / "a.qcow2")
    with slow_tool(tmp_path, monkeypatch), Terminal(["-c", lab.uri, str(path)]) as terminal:
        copying(terminal, path)
        terminal.signal(signal.SIGKILL)
        terminal.exit_code()
    (part,) = parts(tmp_path)
    try:
        with Terminal(["-c", lab.uri, str(path)]) as terminal:
            told = terminal.wait("Extract one of a.qcow2: cut short", part.name)
            # whom it told how far it is has gone: qemu-img ends when it says so again
            assert "still writes to it" in told or "What is unfinished is left" in told
    finally:
        for opener in openers(str(part)).found:
            os.kill(opener.pid, signal.SIGKILL)
    assert not (tmp_path / "a-one.qcow2").exists()


def test_on_a_full_disk_nothing_is_half_done(lab: Lab, full: Path) -> None:
    path = made(full / "a.qcow2", "one")
    fill(full)
    before = path.read_bytes()
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "x", "Extract one of a.qcow2")
        terminal.wait("The copy needs", "are free there")
        terminal.press("esc")
        terminal.wait("connected", gone="Refused")
        plan(terminal, "c", "Create a snapshot in a.qcow2")
        confirm(terminal)
        terminal.wait("No space left on device", "Nothing was changed.")
        terminal.press("esc")
        terminal.wait("connected", gone="Nothing was changed")
        terminal.press("g")
        plan(terminal, "d", "Delete one of a.qcow2")
        confirm(terminal)
        terminal.wait("Delete one of a.qcow2: done")
    assert entries(path) == []
    assert holds(path, 0x55)
    assert len(before) <= path.stat().st_size


def test_a_copy_that_runs_out_of_space_leaves_nothing(lab: Lab, full: Path) -> None:
    path = made(full.parent / "a.qcow2", "one")
    target = full / "copy.qcow2"
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "x", "Extract one of a.qcow2")
        terminal.press("\x1b[1~", "\x0b", str(target), "tab")
        terminal.wait("copy.qcow2", "Ready, ")
        fill(full)
        confirm(terminal)
        terminal.wait("No space left on device", "Nothing was changed.")
    assert not target.exists()
    assert not parts(full)


def test_an_encrypted_or_damaged_image_is_left_alone(lab: Lab, tmp_path: Path) -> None:
    luks = encrypted_image(tmp_path / "luks.qcow2", MIB)
    corrupt = made(tmp_path / "corrupt.qcow2", "one")
    with corrupt.open("r+b") as f:
        f.seek(79)
        f.write(b"\x02")
    for path, why in ((luks, "is encrypted"), (corrupt, "it is marked corrupt")):
        with Terminal(["-c", lab.uri, str(path)]) as terminal:
            at_image(terminal, f"▌ {path.name}")
            plan(terminal, "c", f"Create a snapshot in {path.name}")
            terminal.wait(why)


def test_in_an_image_whose_tables_make_no_sense_nothing_is_ready(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "odd.qcow2", "one")
    damage(path)
    with Terminal(["-c", lab.uri, str(path)], size=(120, 40)) as terminal:
        at_image(terminal, "one", "an L2 table lies beyond")
        plan(terminal, "r", "Apply one")
        terminal.wait("whose tables are damaged", "qemu-img check")


def test_read_only_says_so_of_an_image_too(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with Terminal(["-c", lab.uri, "--read-only", str(path)]) as terminal:
        at_image(terminal, "○ one", "READ-ONLY")
        for key in ("c", "r", "d", "x"):
            terminal.press("g", " ", "g", " ")
            terminal.wait("Nothing is marked.")
            terminal.press(key)
            terminal.wait("Read-only: snaptui changes nothing here.")
            assert "Cancel" not in terminal.text


def test_the_journal_keeps_what_was_done(lab: Lab, tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with Terminal(["-c", lab.uri, str(path)]) as terminal:
        at_image(terminal, "○ one")
        plan(terminal, "d", "Delete one of a.qcow2")
        confirm(terminal)
        terminal.wait("Delete one of a.qcow2: done")
    with Terminal(["-c", lab.uri], size=(190, 40)) as terminal:
        terminal.wait("connected")
        terminal.press("o")
        terminal.wait("Delete one of a.qcow2", f"qemu-img snapshot -d one {path}", str(path))


def test_nothing_is_done_with_an_image_whose_base_is_gone(lab: Lab, tmp_path: Path) -> None:
    """qemu-img opens it for none of that."""
    base, path = made(tmp_path / "base"), tmp_path / "overlay"
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(path))
    qemu_img("snapshot", "-c", "one", str(path))
    key = ImageKey(lab.uri, str(path))
    placed = PlacedEntry(0, read_image(lab, path).snapshots[0])
    assert planned(lab, ImageCreate(key, "two")).possible
    base.unlink()
    for intent in (
        ImageCreate(key, "two"),
        ImageApply(key, placed),
        ImageDelete(key, (placed,)),
        ImageExtract(key, placed, str(tmp_path / "new")),
    ):
        told = planned(lab, intent).refusals
        assert [one.why for one in told] == [Why.IMAGE_BENEATH_GONE], intent
    with pytest.raises(subprocess.CalledProcessError):
        qemu_img("snapshot", "-d", "one", str(path))


@pytest.mark.parametrize("form", ["qcow2", "luks"])
def test_nothing_is_done_with_an_image_that_lies_upon_an_encrypted_one(
    lab: Lab, tmp_path: Path, form: str
) -> None:
    """qemu-img wants the key of what lies beneath as well."""
    path, base = tmp_path / "overlay", tmp_path / "base"
    if form == "qcow2":
        encrypted_image(base, MIB)
    else:
        secret = ("--object", "secret,id=key,data=a", "-o", "key-secret=key,iter-time=10")
        qemu_img("create", "-q", "-f", "luks", *secret, str(base), "1M")
    words = ("create", "-q", "-u", "-f", "qcow2", "-F", form, "-b", str(base), str(path))
    qemu_img(*words, str(MIB))
    told = planned(lab, ImageCreate(ImageKey(lab.uri, str(path)), "one")).refusals
    assert [one.why for one in told] == [Why.ENCRYPTED_BENEATH_BY_HAND]
    with pytest.raises(subprocess.CalledProcessError):
        qemu_img("snapshot", "-c", "one", str(path))


def test_nothing_is_done_with_an_image_whose_bases_data_file_is_gone(
    lab: Lab, tmp_path: Path
) -> None:
    base, path, data = tmp_path / "base", tmp_path / "overlay", tmp_path / "data"
    qemu_img("create", "-q", "-f", "qcow2", "-o", f"data_file={data}", str(base), "1M")
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(path))
    data.unlink()
    told = planned(lab, ImageCreate(ImageKey(lab.uri, str(path)), "one")).refusals
    assert [one.why for one in told] == [Why.IMAGE_BENEATH_GONE]
    assert str(data) in told[0].words
    with pytest.raises(subprocess.CalledProcessError):
        qemu_img("snapshot", "-c", "one", str(path))


def test_nothing_is_done_with_an_image_whose_base_a_guest_writes_to(
    lab: Lab, tmp_path: Path
) -> None:
    """QEMU lets nobody open what lies upon it; that it is only read is no hindrance."""
    lab.define("web", running=True)
    base, path = lab.image("web"), tmp_path / "overlay"
    words = ("create", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(path))
    qemu_img(*words, str(8 * MIB))
    key = ImageKey(lab.uri, str(path))
    told = planned(lab, ImageCreate(key, "one")).refusals
    assert [one.why for one in told] == [Why.IMAGE_BENEATH_WRITTEN]
    with pytest.raises(subprocess.CalledProcessError):
        qemu_img("snapshot", "-c", "one", str(path))
    lab.snapshot("web", "frozen", "--disk-only", "--diskspec", f"vda,file={tmp_path}/top")
    planned(lab, ImageCreate(key, "one"), carry_out=True)
    assert [name for _, name in entries(path)] == ["one"]
