"""``snaptui check`` against real daemons: each state, metrics, and never fine for what is late."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from snaptui.cli import check_reading
from snaptui.cli.main import main
from tests import pools
from tests.forked import answered
from tests.lab import Lab, qemu_img


def checked(*words: str) -> tuple[int, str]:
    """Exit status, and what it says."""
    done = answered(main, "check", *words)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_each_state_of_a_host(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    lab.snapshot("web", "two")
    uri = ("-c", lab.uri)
    assert checked(*uri)[0] == 0
    code, said = checked(*uri, "--warn", "count=2", "--crit", "count=3")
    assert (code, said.partition(" | ")[0]) == (1, "SNAPTUI WARNING - web: 2 snapshots")
    assert "'count_web'=2;2;3" in said
    assert checked(*uri, "--warn", "count=1", "--crit", "count=2")[0] == 2
    assert checked(*uri, "--warn", "space=1K")[0] == 1
    assert checked(*uri, "--warn", "space=1T", "--crit", "broken")[0] == 0
    qemu_img("snapshot", "-d", "one", str(lab.image("web")))
    assert checked(*uri)[1].startswith("SNAPTUI WARNING - web: odd: one")
    lab.image("web").unlink()
    code, said = checked(*uri)
    assert (code, said.partition(" | ")[0]) == (2, "SNAPTUI CRITICAL - web: broken: one, two")


def test_what_is_not_known_is_never_fine(lab: Lab) -> None:
    lab.define("web")
    none = "qemu+unix:///system?socket=/none"
    assert checked("-c", none)[0] == 3
    assert checked("-c", lab.uri, "-c", none)[0] == 3
    assert checked("-c", lab.uri, "nope")[1].startswith("SNAPTUI UNKNOWN - there is no domain nope")
    assert checked("-c", lab.uri, "--timeout", "0")[0] == 3
    assert checked("-c", lab.uri, "--warn", "size=3")[0] == 3
    lab.snapshot("web", "one")
    assert checked("-c", none, "-c", lab.uri, "--crit", "count=1")[0] == 2


def test_an_overlay_that_nothing_names_is_found_when_asked_for(lab: Lab) -> None:
    lab.define("web")
    base = lab.image("web")
    left = base.with_name("left.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(left))
    assert checked("-c", lab.uri)[0] == 0
    assert f"nothing names {left}" in checked("-c", lab.uri, "--warn", "orphans")[1]
    torn = base.with_name("torn.qcow2")
    torn.write_bytes(b"QFI\xfb")  # whatever it lay upon would be no leftover
    code, said = checked("-c", lab.uri, "--warn", "orphans")
    assert code == 3
    assert str(torn) in said


def test_a_doubt_about_another_domain_hides_nothing_of_the_one_that_is_named(lab: Lab) -> None:
    """Its pool is not active: what it uses is not known, and so whether overlays are orphaned."""
    lab.define("clone-a")
    with pools.pool(lab, "pl", lab.directory / "pl"):
        pools.volume(lab, "pl", "v.qcow2")
        pools.define(lab, "volguest", ("pl", "v.qcow2"))
        lab.virsh("pool-destroy", "pl")
        check = ("-c", lab.uri, "clone-a", "--crit", "broken", "--warn")
        doubt = "whether overlays are orphaned: a volume of volguest: its pool pl is not active"
        code, said = checked(*check, "odd,orphans")
        first, second = said.splitlines()
        assert (code, second) == (3, "clone-a: OK, 0 snapshots")
        assert first.startswith(f"SNAPTUI UNKNOWN - {doubt}")
        lab.snapshot("clone-a", "one")
        qemu_img("snapshot", "-d", "one", str(lab.image("clone-a")))
        code, said = checked(*check, "odd,orphans")
        first, second = said.splitlines()
        assert (code, second) == (3, "clone-a: odd: one")
        assert first.startswith(f"SNAPTUI UNKNOWN - {doubt}")
        left = lab.images / "left.qcow2"
        upon = str(lab.image("clone-a"))
        qemu_img("create", "-q", "-f", "qcow2", "-b", upon, "-F", "qcow2", str(left))
        code, said = checked(*check, "orphans")
        first, second, third = said.splitlines()
        assert (code, second) == (3, f"nothing names {left}")
        assert first.startswith(f"SNAPTUI UNKNOWN - {doubt}")
        assert third == "clone-a: OK, 1 snapshot"


def test_metrics_take_the_place_of_those_before(lab: Lab, tmp_path: Path) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    path = tmp_path / "collected" / "snaptui.prom"
    path.parent.mkdir()
    path.write_text("before")
    assert checked("-c", lab.uri, "--prometheus", str(path), "--warn", "space=1") == (0, "")
    families = {one.name: one for one in text_string_to_metric_families(path.read_text())}
    assert families["snaptui_snapshots"].samples[0].value == 1
    assert families["snaptui_reclaimable_bytes"].samples[0].value > 0
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_metrics_that_cannot_be_written_are_unknown_like_all_else(tmp_path: Path) -> None:
    words = ("--timeout", "0", "--prometheus", str(tmp_path / "none" / "x.prom"))
    done = answered(main, "check", "-c", "qemu+unix:///system?socket=/none", *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("SNAPTUI UNKNOWN - The metrics could not be written: ")


def test_all_hosts_of_a_configuration_without_any_are_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.touch()
    code, said = checked("--all-hosts", "--config", str(path))
    assert (code, said.partition(" - ")[0]) == (3, "SNAPTUI UNKNOWN")
    assert f"The configuration {path} names no host. Write one [[hosts]]" in said


def test_hosts_of_a_group_are_called_by_their_names(lab: Lab, tmp_path: Path) -> None:
    """Those of another group are not asked; a check and a report take groups as the screen does."""
    lab.define("web")
    lab.snapshot("web", "one")
    none = "qemu+unix:///system?socket=/none"
    path = tmp_path / "c.toml"
    path.write_text(
        f'[[hosts]]\nuri = "{lab.uri}"\nname = "kvm1"\ngroup = "prod"\n'
        f'[[hosts]]\nuri = "{none}"\nname = "kvm2"\ngroup = "test"\n'
    )
    words = ("--config", str(path))
    assert checked("@prod", *words)[0] == 0
    code, said = checked("@all", *words, "--warn", "count=1")
    assert code == 3
    assert said.startswith("SNAPTUI UNKNOWN - kvm2: ")
    assert "kvm1: web: 1 snapshot" in said
    assert "'count_kvm1:_web'=1;1;" in said
    assert lab.uri not in said
    done = answered(main, "report", "@prod", "web", *words)
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "web")
    done = answered(main, "report", "@all", *words)
    assert done.returncode == 3
    assert done.stdout.startswith("kvm1:\nweb: ")
    assert "kvm2:\n  ? " in done.stdout
    assert lab.uri not in done.stdout
    for command in ("report", "check"):
        done = answered(main, command, "@none", *words)
        assert "has no host of the group none. Known are prod, test, all." in (
            done.stderr if command == "report" else done.stdout
        )


@pytest.mark.parametrize("kind", ["directory", "FIFO", "link", "no name"])
def test_nothing_but_a_regular_file_is_replaced(tmp_path: Path, kind: str) -> None:
    """As root it would be a device: a pipe stands for it here."""
    path = Path() if kind == "no name" else tmp_path / "x.prom"
    if kind == "directory":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(tmp_path / "target")
    before = [(one.name, one.lstat()) for one in tmp_path.iterdir()]
    with pytest.raises(OSError, match="Only a regular file"):
        check_reading.write_metrics(path, "words")
    assert [(one.name, one.lstat()) for one in tmp_path.iterdir()] == before


def test_a_mistake_in_the_arguments_is_unknown_and_not_critical() -> None:
    for words in (("--nosuch",), ("-c",), ("--timeout", "x")):
        code, said = checked(*words)
        assert (code, said.partition(" - ")[0]) == (3, "SNAPTUI UNKNOWN")


def test_it_can_wait_without_end(lab: Lab) -> None:
    assert checked("-c", lab.uri, "--timeout", "inf")[0] == 0


@pytest.mark.parametrize("output", ["/dev/full", None], ids=["full", "closed"])
def test_what_cannot_be_printed_is_unknown(lab: Lab, output: str | None) -> None:
    words = f"{sys.executable} -m snaptui check -c '{lab.uri}' >{output or '&-'}"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("SNAPTUI UNKNOWN - It could not be printed: ")
    assert len(done.stderr.splitlines()) == 1
