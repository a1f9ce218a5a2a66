"""The report for scripts: a contract about its JSON, and figures that are true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lab import MIB, Lab, damage, qemu_img, write
from tests.unit.images import Plain

DISK = [
    "target", "path", "format", "virtual_size", "file_size", "disk_size", "cluster_size",
    "allocated", "active", "metadata", "leaked", "reason", "snapshots",
]  # fmt: skip
SNAPSHOT = [
    "id", "name", "created", "vm_state", "refers", "growth", "frees", "frees_with_older",
    "known_to_libvirt",
]  # fmt: skip


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snaptui", "report", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def reported(*words: str) -> dict[str, Any]:
    done = ran("--json", *words)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
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
    assert list(answer) == ["domains", "images"]
    (domain,) = answer["domains"]
    assert list(domain) == ["name", "uuid", "uri", "disks"]
    assert (domain["name"], domain["uri"]) == ("web", lab.uri)
    assert domain["uuid"] == lab.virsh("domuuid", "web").strip()
    for target, disk in zip(("vda", "vdb"), domain["disks"], strict=True):
        path = lab.image("web", target)
        plain, info = Plain(path), json.loads(qemu_img("info", "--output=json", str(path)))
        assert list(disk) == DISK
        assert (disk["target"], disk["path"], disk["format"]) == (target, str(path), "qcow2")
        assert disk["virtual_size"] == info["virtual-size"]
        assert disk["disk_size"] == info["actual-size"]
        assert disk["file_size"] == path.stat().st_size
        assert disk["cluster_size"] == info["cluster-size"]
        assert (disk["allocated"], disk["active"]) == (plain.allocated, plain.active)
        assert (disk["leaked"], disk["reason"]) == (0, None)
        assert [list(one) for one in disk["snapshots"]] == [SNAPSHOT] * len(plain.entries)
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
    answer = reported(str(path), str(tmp_path / "none.qcow2"))
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


def test_a_damaged_image_is_told_as_far_as_it_can_be_read(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    damage(lab.image("web"))
    (disk,) = reported("-c", lab.uri)["domains"][0]["disks"]
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
    assert "libvirt does not know it" in line


def test_mistakes_are_said_in_one_sentence(lab: Lab) -> None:
    done = ran("-c", lab.uri, "nope")
    assert done.returncode == 2
    assert done.stderr.startswith("snaptui: There is no domain nope on this host. For an image")
    assert ran("-c", "qemu+unix:///system?socket=/none").returncode == 2


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
