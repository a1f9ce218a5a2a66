"""What the screen says a snapshot costs is what deleting it really gives back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snaptui.backend.files.image_counter import count_image
from snaptui.common import text
from snaptui.model.choices import SafetyKind
from snaptui.plan.plan import RevertIntent
from snaptui.plan.words.warn import Warn
from tests.lab import MIB, Lab, damage, qemu_img, write
from tests.live.planned import planned
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.images import Plain


def taken(path: Path) -> int:
    return path.stat().st_blocks * 512


def wrote(path: Path, start: int, length: int) -> None:
    command = f"write -P 5 {start * MIB} {length * MIB}"
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, path], check=True, stdout=-3)


def three(lab: Lab) -> list[Path]:
    """Snapshots old, mid and new of two disks, each with writes of its own."""
    lab.define("web", disks=("vda", "vdb"), size=64 * MIB)
    images = [lab.image("web", target) for target in ("vda", "vdb")]
    lab.snapshot("web", "old")
    wrote(images[0], 8, 6)
    wrote(images[1], 8, 2)
    lab.snapshot("web", "mid")
    wrote(images[0], 8, 6)
    lab.snapshot("web", "new")
    wrote(images[0], 8, 6)
    wrote(images[1], 20, 3)
    return images


def test_figures_are_those_of_the_images_and_df_falls_by_what_was_promised(lab: Lab) -> None:
    images = three(lab)
    plain = [Plain(path) for path in images]
    grown = [sum(image.growth(at) for image in plain) for at in range(3)]
    freed = [sum(image.frees({at}) for image in plain) for at in range(3)]
    since = sum(image.active for image in plain)
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "old", "mid", "new")
        words = text.short_size
        tiny = text.tiny_size
        terminal.wait(f"({tiny(grown[0])})", tiny(grown[1]), tiny(freed[1]), f"+{tiny(since)}")

        terminal.press("j")
        terminal.wait(f"Written  {words(grown[1])}", f"Frees    {words(freed[1])} when deleted")
        older = sum(image.frees({0, 1}) for image in plain)
        terminal.press("enter")
        terminal.wait(f"Frees    {text.size(older)} with older")
        terminal.press("esc")
        terminal.wait("@ now")
        terminal.press("d")
        terminal.wait(f"Space: frees {text.size(freed[1])}, free")
        before = sum(map(taken, images))
        confirm(terminal)
        terminal.wait("Delete mid of web: done")
        fell = before - sum(map(taken, images))
        assert freed[1] - 4 * 65536 <= fell <= freed[1], "but for what its tables left unwritten"
        terminal.wait(f"({tiny(sum(Plain(path).growth(0) for path in images))})")


def test_a_guest_that_wrote_nothing_since_loses_nothing(lab: Lab) -> None:
    """Until it writes; and again when that was undone: QEMU's own tables are no loss."""
    lab.define("web", size=64 * MIB)
    lab.snapshot("web", "good")
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "good")
        terminal.wait("would lose no data, as far as counted")
        terminal.press("r")
        terminal.wait("You lose: nothing; no data was written to vda since", "Ready")
        terminal.press("esc")
        wrote(lab.image("web"), 8, 4)
        terminal.wait("@ now", gone="You lose: ")
        terminal.press("f5")
        terminal.wait("would lose 4.0M on vda")
        terminal.press("r")
        terminal.wait("You lose: 4.0 MiB written to vda since", "Ready")
        confirm(terminal)
        terminal.wait("Revert web to good: done")
        terminal.wait("would lose no data, as far as counted")
    usage = count_image(str(lab.image("web")), lambda *_: None).usage
    assert (usage.unsaved, usage.active > 0) == (0, True)


def test_an_entry_of_the_same_name_that_is_no_part_of_it_is_not_added_in(lab: Lab) -> None:
    """In the image of a disk that came later."""
    lab.define("web", size=64 * MIB)
    lab.snapshot("web", "old")
    wrote(lab.image("web"), 8, 4)
    lab.snapshot("web", "mid")
    wrote(lab.image("web"), 8, 4)
    other = lab.image("web", "vdb")
    qemu_img("create", "-q", "-f", "qcow2", str(other), "64M")
    wrote(other, 8, 20)
    qemu_img("snapshot", "-c", "mid", str(other))
    wrote(other, 8, 20)
    lab.virsh("attach-disk", "web", str(other), "vdb", "--config", "--subdriver", "qcow2")
    plain = Plain(lab.image("web"))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "old", "mid")
        terminal.press("j")
        terminal.wait(f"Written  {text.short_size(plain.growth(1))}")
        terminal.wait(f"Frees    {text.short_size(plain.frees({1}))} when deleted")


@pytest.mark.long
def test_deleting_several_says_what_they_free_together(lab: Lab) -> None:
    plain = [Plain(path) for path in three(lab)]
    together = sum(image.frees({1, 2}) for image in plain)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "old", "mid", "new")
        terminal.wait("M)")
        terminal.press("d")
        terminal.wait("[this one]", "press Y")
        terminal.press("tab", " ", " ")
        terminal.wait("[only those below it]", f"Space: frees {text.size(together)}, free")
        confirm(terminal)
        terminal.wait("Delete all below old of web: done")
    assert together == sum(image.allocated - Plain(image.path).allocated for image in plain)


def test_marked_ones_are_deleted_together_children_first(lab: Lab) -> None:
    plain = [Plain(path) for path in three(lab)]
    together = sum(image.frees({0, 1}) for image in plain)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "old", "mid", "new")
        terminal.wait("M)")
        terminal.press(" ", " ")
        words = text.size(together)
        terminal.wait(f"2 snapshots marked: deleting them frees {words}.", "✓○ old", "✓○ mid")
        terminal.press("s")
        first = max(range(3), key=lambda at: sum(image.frees({at}) for image in plain))
        name = ("old", "mid", "new")[first]
        terminal.wait("Sorted by space freed", gone="@ now    ")
        rows = [line for line in terminal.text.splitlines() if "I disk" in line]
        assert name in rows[0]
        terminal.press("d")
        terminal.wait("Delete 2 snapshots of web", f"Space: frees {words}, free")
        confirm(terminal)
        terminal.wait("Delete 2 snapshots of web: done")
        terminal.press("s")
        terminal.wait("@ now", gone="✓")
    assert lab.snapshots("web") == ["new"]
    assert together == sum(image.allocated - Plain(image.path).allocated for image in plain)


def test_a_table_that_changed_is_counted_again_and_not_believed_before(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.wait("M)")
        write(lab.image("web"), 0x22)
        lab.snapshot("web", "two")
        grown = text.tiny_size(Plain(lab.image("web")).growth(1))
        terminal.wait("two", grown)


def test_a_running_guests_image_is_counted_too(lab: Lab) -> None:
    lab.define("web", running=True)
    lab.snapshot("web", "ram")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "ram")
        terminal.wait("M)", "when deleted; counted")


def test_a_damaged_image_says_so_and_the_rest_goes_on(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    damage(lab.image("web"))
    with Terminal(["-c", lab.uri, "web"], size=(160, 40)) as terminal:
        at_snapshots(terminal, "one")
        terminal.wait("lies beyond the file")


def test_a_wide_screen_says_all_that_an_image_holds(lab: Lab) -> None:
    lab.define("web", size=64 * MIB)
    lab.snapshot("web", "one")
    wrote(lab.image("web"), 8, 6)
    image = Plain(lab.image("web"))
    only, size = image.cluster * len(image.reached[0] - image.here), text.tiny_size
    now = image.cluster * len(image.here)
    metadata = image.allocated - image.cluster * len(image.here.union(*image.reached))
    with Terminal(["-c", lab.uri, "web"], size=(170, 40)) as terminal:
        at_snapshots(terminal, "one")
        terminal.wait(
            f"{size(image.allocated)} = {size(now)} now + {size(only)} snapshots + "
            f"{size(metadata)} metadata, 0B leaked"
        )


def test_what_ram_inside_an_image_frees_is_the_same_before_qemu_has_written_its_tables(
    lab: Lab,
) -> None:
    """The disk as it is now names the RAM still, until then, and does not hold it."""
    lab.define("web", running=True)
    lab.snapshot("web", "one")
    path = str(lab.image("web"))
    before = count_image(path, lambda *_: None).usage
    assert before.wrong, "QEMU has its refcounts in memory still"
    lab.destroy("web")
    settled = count_image(path, lambda *_: None).usage
    assert settled.wrong == 0
    assert before.frees([0]) == settled.frees([0])
    assert before.active == settled.active


def test_ram_that_a_revert_to_a_smaller_disk_leaked_is_not_promised(every_lab: Lab) -> None:
    """QEMU leaves the RAM that it loaded last one reference too many: no delete frees it."""
    lab = every_lab
    key = lab.define("web", running=True)
    path = lab.image("web")
    for name, size in (("old", 16), ("mid", 4), ("new", 4)):
        lab.snapshot("web", name)
        lab.virsh("blockresize", "web", str(path), f"{size}M")
    said = []
    for name in ("mid", "new"):
        plan = planned(lab, RevertIntent(key, name, safety=SafetyKind.NONE), carry_out=True)
        said.append(
            [dict(one.names)["name"] for one in plan.warnings if one.what is Warn.RAM_LEAKS]
        )
    assert said == [[], ["mid"]]
    lab.destroy("web")
    assert "Leaked cluster" in check(path)
    for name in ("mid", "old", "new"):
        usage = count_image(str(path), lambda *_: None)
        place = [entry.name for entry in usage.entries].index(name)
        told, before = usage.usage.frees({place}), taken(path)
        assert told == usage.usage.snapshots[place].frees
        lab.virsh("snapshot-delete", "web", name)
        freed = before - taken(path)
        most = 2 * usage.usage.cluster_size  # of L1 and snapshot table the first bytes are written
        assert told - most < freed <= told, name


def check(path: Path) -> str:
    done = subprocess.run(["qemu-img", "check", path], capture_output=True, text=True, check=False)
    return done.stderr + done.stdout


def test_a_revert_without_a_safety_snapshot_is_counted_anew(lab: Lab) -> None:
    """The image's snapshot table is the one of before; what its disk holds is not."""
    lab.define("web", size=64 * MIB)
    lab.snapshot("web", "good")
    wrote(lab.image("web"), 8, 4)
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "good")
        terminal.wait("would lose 4.0M on vda", "+4.")
        terminal.press("r")
        terminal.wait("Ready", "[automatic]")
        terminal.press("tab", "tab", " ", " ", " ")
        terminal.wait("[none]", "Undo: NO")
        confirm(terminal, "web")
        terminal.wait("Revert web to good: done")
        terminal.wait("would lose no data, as far as counted", gone="+4.")


def test_what_was_written_after_the_count_is_no_nothing(lab: Lab) -> None:
    """By virt-customize or qemu-nbd, say, while the guest is off and its figures are shown."""
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "one")
        terminal.wait("would lose no data")
        wrote(lab.image("web"), 2, 1)
        terminal.press("r")
        terminal.wait("Revert web to one", "all written to vda since")
        terminal.press("esc")
        terminal.wait(gone="Revert web to one")
        terminal.wait("would lose 1.0M on vda")
        terminal.press("r")
        terminal.wait("Revert web to one", "1.0 MiB written to vda since")
