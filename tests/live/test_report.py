"""The report for scripts: a contract about its JSON, and figures that are true."""

from __future__ import annotations

import fcntl
import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from snaptui.backend.files.image_file import WRITES
from snaptui.cli.main import main
from snaptui.storage.qcow2.usage import DOUBTS
from tests.forked import answered
from tests.lab import MIB, Lab, damage, qemu_img, write
from tests.unit.images import Plain

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return answered(main, "report", *words)


def reported(*words: str, code: int = 0) -> dict[str, Any]:
    """What it says as JSON, which is as the schema promises."""
    done = ran("--json", *words)
    assert done.returncode == code, done.stderr
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, SCHEMA)
    assert isinstance(answer, dict)
    return answer


def test_the_json_is_as_promised_and_its_figures_are_true(lab: Lab) -> None:
    lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "one")
    write(lab.image("web"), 0x22)
    lab.snapshot("web", "two")
    qemu_img("snapshot", "-c", "by hand", str(lab.image("web")))
    lab.define("other")
    answer = reported("-c", lab.uri, "web")
    (domain,) = answer["domains"]
    assert (domain["name"], domain["uri"]) == ("web", lab.uri)
    assert domain["uuid"] == lab.virsh("domuuid", "web").strip()
    for target, disk in zip(("vda", "vdb"), domain["disks"], strict=True):
        path = lab.image("web", target)
        plain, info = Plain(path), json.loads(qemu_img("info", "--output=json", str(path)))
        assert (disk["target"], disk["path"], disk["format"]) == (target, str(path), "qcow2")
        assert disk["virtual_size"] == info["virtual-size"]
        assert disk["disk_size"] == info["actual-size"]
        assert disk["file_size"] == path.stat().st_size
        assert disk["cluster_size"] == info["cluster-size"]
        assert (disk["allocated"], disk["active"]) == (plain.allocated, plain.active)
        assert (disk["leaked"], disk["reason"]) == (0, None)
        assert len(disk["snapshots"]) == len(plain.entries)
        for at, one in enumerate(disk["snapshots"]):
            assert one["refers"] == plain.refers(at)
            assert one["growth"] == plain.growth(at)
            assert one["frees"] == plain.frees({at})
            assert one["frees_with_older"] == plain.frees(set(range(at + 1)))
            assert one["known_to_libvirt"] is (one["name"] != "by hand")
            entry = info["snapshots"][at]
            told = (entry["id"], entry["name"], entry["date-sec"], entry["vm-state-size"])
            assert told == (one["id"], one["name"], one["created"], one["vm_state"])
    everything = reported("-c", lab.uri)
    assert [one["name"] for one in everything["domains"]] == ["other", "web"]


def test_images_by_themselves_need_no_libvirt(tmp_path: Path) -> None:
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), str(8 * MIB))
    write(path, 0x11)
    qemu_img("snapshot", "-c", "s", str(path))
    assert reported(str(path))["images"][0]["reason"] is None
    answer = reported(str(path), str(tmp_path / "none.qcow2"), code=3)
    assert answer["domains"] == []
    first, second = answer["images"]
    assert first["target"] is None
    assert first["allocated"] == Plain(path).allocated
    assert first["snapshots"][0]["known_to_libvirt"] is None
    assert second["allocated"] is None
    assert "No such file" in second["reason"]
    assert second["snapshots"] == []


def test_what_is_not_known_is_null_with_its_reason(lab: Lab) -> None:
    lab.define("raw", format="raw")
    (disk,) = reported("-c", lab.uri, "raw")["domains"][0]["disks"]
    assert (disk["format"], disk["virtual_size"]) == ("raw", 8 * MIB)
    assert (disk["allocated"], disk["leaked"]) == (None, None)
    assert disk["reason"] == "it is raw, not qcow2"


def test_whether_an_image_that_does_not_add_up_is_in_use_is_said(lab: Lab) -> None:
    """QEMU's lock tells: this test holds one like it."""
    lab.define("web")
    lab.snapshot("web", "one")
    image = lab.image("web")
    header = Plain(image).header
    with image.open("r+b") as f:
        f.seek(header.refcount_table_offset)
        f.seek(int.from_bytes(f.read(8), "big") + 2 * (header.l1_table_offset >> 16))
        f.write(b"\0\2")
    (disk,) = reported("-c", lab.uri, "web")["domains"][0]["disks"]
    assert disk["reason"] == DOUBTS[False]
    with image.open("rb") as f:
        lock = struct.pack("hhqqi", fcntl.F_RDLCK, os.SEEK_SET, WRITES, 1, 0)
        fcntl.fcntl(f, fcntl.F_OFD_SETLK, lock)
        (disk,) = reported("-c", lab.uri, "web")["domains"][0]["disks"]
        assert disk["reason"] == DOUBTS[True]


def test_a_damaged_image_is_told_as_far_as_it_can_be_read(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    damage(lab.image("web"))
    (disk,) = reported("-c", lab.uri, code=3)["domains"][0]["disks"]
    assert "lies beyond the file" in disk["reason"]
    (one,) = disk["snapshots"]
    assert (one["name"], one["refers"], one["known_to_libvirt"]) == ("one", None, True)


def test_the_text_shows_the_same_and_hostile_names_literally(lab: Lab) -> None:
    lab.define("web")
    qemu_img("snapshot", "-c", "\x1b[31mred\n", str(lab.image("web")))
    done = ran("-c", lab.uri)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "red" in line]
    assert "\\x1b[31mred" in line
    assert "unmanaged" in line


def test_snapshots_are_told_whatever_kind_they_are_of(lab: Lab) -> None:
    """Their figures are those of the program: what their images hold, and what goes with them."""
    lab.define("web")
    lab.snapshot("web", "inside")
    base = lab.image("web")
    lab.virsh("snapshot-create-as", "--domain=web", "--name=outside", "--disk-only")
    overlay = base.with_suffix(".outside")
    write(overlay, 0x33)
    qemu_img("snapshot", "-c", "by hand", str(overlay))
    upon = base.with_name("clone.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(overlay), "-F", "qcow2", str(upon))
    lab.virsh("detach-disk", "--domain=web", "--target=vda", "--config")
    lab.virsh(
        "attach-disk", "--domain=web", f"--source={upon}", "--target=vda", "--subdriver=qcow2",
        "--config",
    )  # fmt: skip
    (domain,) = reported("-c", lab.uri)["domains"]
    inside, outside = domain["snapshots"]
    assert (inside["name"], inside["kind"], inside["frees"]) == (
        "inside", "internal", Plain(base).frees({0}),
    )  # fmt: skip
    assert (outside["kind"], outside["parent"], outside["current"]) == ("external", "inside", True)
    (unmanaged,) = domain["unmanaged"]
    assert (unmanaged["name"], unmanaged["images"]) == ("by hand", [str(overlay)])
    (unnamed,) = domain["overlays"]
    assert (unnamed["path"], unnamed["lies_upon"]) == (str(upon), str(overlay))
    assert unnamed["top"]
    assert domain["disks"][0]["path"] == str(upon)


def test_an_overlay_of_a_chain_is_unnamed_and_one_that_nothing_uses_orphaned(lab: Lab) -> None:
    """A running linked clone, of which a chain was made by hand, and then merged by hand."""
    lab.define("web")
    middle, top = lab.images / "clone-a.qcow2", lab.images / "clone-a.top"
    for path, upon in ((middle, lab.image("web")), (top, middle)):
        qemu_img("create", "-q", "-f", "qcow2", "-b", str(upon), "-F", "qcow2", str(path))
    lab.define_xml(lab.xml("web").replace(str(lab.image("web")), str(top)))
    lab.start("web")
    (domain,) = reported("-c", lab.uri)["domains"]
    assert [(one["path"], one["top"]) for one in domain["overlays"]] == [
        (str(top), True), (str(middle), False),
    ]  # fmt: skip
    said = ran("-c", lab.uri).stdout
    assert "orphaned" not in said
    assert f"vda {middle}: unnamed, no snapshot names this overlay: it is a linked clone's" in said
    assert f"vda {top}: unnamed, no snapshot names this overlay: perhaps a backup's" in said
    check = ("-c", lab.uri, "--warn", "orphans")
    assert answered(main, "check", *check).returncode == 0
    lab.virsh("blockcommit", "web", "vda", "--active", "--pivot", "--wait", "--shallow")
    (domain,) = reported("-c", lab.uri)["domains"]
    assert [one["path"] for one in domain["overlays"]] == [str(middle)]
    done = answered(main, "check", *check)
    assert (done.returncode, f"nothing names {top}" in done.stdout) == (1, True)


def test_snapshots_of_one_second_are_in_the_order_of_the_tree(lab: Lab, tmp_path: Path) -> None:
    lab.define("web")
    for name in ("zeta", "mid", "alpha"):
        lab.snapshot("web", name)
    for name in ("alpha", "mid", "zeta"):
        xml = lab.virsh("snapshot-dumpxml", "web", name)
        again = tmp_path / name
        again.write_text(re.sub(r"<creationTime>\d+", "<creationTime>1795919400", xml))
        lab.virsh("snapshot-create", "web", str(again), "--redefine")
    (domain,) = reported("-c", lab.uri)["domains"]
    assert [one["name"] for one in domain["snapshots"]] == ["zeta", "mid", "alpha"]


def test_marks_and_what_is_the_matter_are_told(lab: Lab) -> None:
    lab.define("web")
    name = "safety-20260115T080000Z-x"
    lab.virsh(
        "snapshot-create-as", "--domain=web", f"--name={name}",
        "--description=why\n[held by ana@kvm since 2026-01-15T08:00:00Z]",
    )  # fmt: skip
    (one,) = reported("-c", lab.uri)["domains"][0]["snapshots"]
    assert (one["safety"], one["held_by"], one["description"]) == (True, "ana@kvm", "why")
    assert one["problem"] is None
    qemu_img("snapshot", "-d", name, str(lab.image("web")))
    assert reported("-c", lab.uri)["domains"][0]["snapshots"][0]["problem"] == "hollow"
    lab.image("web").unlink()
    (domain,) = reported("-c", lab.uri, code=3)["domains"]
    assert domain["snapshots"][0]["problem"] == "broken"
    assert domain["frees"] is None
    assert domain["frees_reason"]


WITHOUT = "import sys; sys.modules[{!r}] = None; from snaptui.cli.main import main; "


@pytest.mark.parametrize(
    ("missing", "code", "said"),
    [("numpy", 3, "without python3-numpy"), ("libvirt", 2, "Install python3-libvirt")],
)
def test_what_is_not_installed_is_said(lab: Lab, missing: str, code: int, said: str) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    program = WITHOUT.format(missing) + "sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "report", "-c", lab.uri]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("output", ["/dev/full", None], ids=["full", "nobody reads"])
def test_a_report_that_nobody_gets_is_no_success(tmp_path: Path, output: str | None) -> None:
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), str(8 * MIB))
    command = [sys.executable, "-m", "snaptui", "report", str(path)]
    if output is None:
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open(output, os.O_WRONLY)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode == 2
    assert done.stderr.startswith("snaptui: It could not be printed: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_name_that_the_locale_has_no_letters_for_is_written_out(lab: Lab) -> None:
    lab.define("日本")
    command = [sys.executable, "-m", "snaptui", "report", "-c", lab.uri]
    locale = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=locale)
    assert done.returncode == 0, done.stderr
    assert "\\u65e5\\u672c" in done.stdout


def test_mistakes_are_said_in_one_sentence(lab: Lab) -> None:
    done = ran("-c", lab.uri, "nope")
    assert done.returncode == 2
    assert done.stderr.startswith("snaptui: There is no domain nope on this host. For an image")
    assert ran("-c", "qemu+unix:///system?socket=/none").returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("",), "A domain or an image has no name"),
        (("-c", ""), "A host has no name"),
        (("-c", "@"), "A group has no name"),
        (("--config", "", "/a"), "--config has no file"),
    ],
    ids=["domain", "host", "group", "file"],
)
def test_an_empty_name_stands_for_nothing(words: tuple[str, ...], said: str, lab: Lab) -> None:
    for command in ((), ("report",), ("check",)):
        done = answered(main, *command, *(words if "-c" in words else ("-c", lab.uri, *words)))
        assert done.returncode == (3 if command == ("check",) else 2), command
        told = done.stdout if command == ("check",) else done.stderr
        assert told.startswith("SNAPTUI UNKNOWN - " if command == ("check",) else "snaptui: ")
        assert said in told
        assert len(told.splitlines()) == 1


def test_it_needs_no_textual(lab: Lab) -> None:
    code = (
        "import sys; from snaptui.cli.main import main; main(sys.argv[1:]);"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "report", "--json", "-c", lab.uri],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert {"textual", "rich"}.isdisjoint(name.split(".")[0] for name in done.stderr.split())
