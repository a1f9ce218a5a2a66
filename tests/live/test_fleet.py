"""Several hosts in one program, each a private daemon of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import jsonschema
import pytest

from tests.conftest import one_lab
from tests.lab import Lab, qemu_img
from tests.live.test_report import SCHEMA
from tests.terminal import Terminal, confirm, press_yes

ONE = "▾ kvm1"
TWO = "▾ kvm2"


@pytest.fixture
def other() -> Iterator[Lab]:
    """A second host, which may be stopped and killed."""
    yield from one_lab()


def write_config(path: Path, hosts: dict[str, str], more: str = "") -> str:
    """A configuration with hosts by name, each with more lines."""
    tables = (f'[[hosts]]\nname = "{name}"\nuri = "{uri}"\n{more}' for name, uri in hosts.items())
    path.write_text("\n".join(tables))
    return str(path)


@pytest.fixture
def config(lab: Lab, other: Lab, tmp_path: Path) -> str:
    """Both, with a domain of the same name on each."""
    for one in (lab, other):
        one.define("web")
    other.define("only-there")
    return write_config(tmp_path / "config.toml", {"kvm1": lab.uri, "kvm2": other.uri})


def test_the_same_name_on_two_hosts_is_never_confused(lab: Lab, other: Lab, config: str) -> None:
    """The dialog, the journal and virsh's line name the host; the other one has no snapshot."""
    with Terminal(["--config", config]) as terminal:
        terminal.wait(ONE, TWO, "only-there", "2 hosts")
        terminal.press("G")
        terminal.wait("▌  web")
        terminal.press("c")
        terminal.wait("Create a snapshot of web on kvm2", "press Y")
        terminal.press("one", "tab", "tab", "tab")
        terminal.wait("Create a snapshot of web on kvm2")
        confirm(terminal)
        terminal.wait("Create a snapshot of web on kvm2: done")
        terminal.press("o")
        terminal.wait("What       Create a snapshot of web on kvm2: done", str(other.directory))
    assert other.snapshots("web") == ["one"]
    assert lab.snapshots("web") == []


def test_plain_uris_of_one_machine_are_told_apart_in_every_list(
    lab: Lab, other: Lab, config: str
) -> None:
    """Its name and where their URIs differ: here by the folders of the sockets."""
    lab.snapshot("web", "base")
    other.snapshot("web", "late")
    one, two = (f"{os.uname().nodename}/{each.directory.name}" for each in (lab, other))
    with Terminal(["-c", lab.uri, "-c", other.uri], size=(140, 30)) as terminal:
        terminal.wait("2 hosts", f"{one} ", gone="reading")
        terminal.press("A")
        terminal.wait("2 snapshots of 2 domains", f"{one[-4:]} web", f"{two[-4:]} web")
        terminal.press("G")
        terminal.until(lambda: f" {one} " in terminal.text or f" {two} " in terminal.text, "it")
        terminal.press("esc", "F")
        terminal.wait(f"{one}: /", f"{two}: /")


def test_a_host_that_is_stopped_or_dead_keeps_nobody_waiting(
    lab: Lab, other: Lab, config: str
) -> None:
    """Its row says so; on the other one a snapshot is taken meanwhile."""
    with Terminal(["--config", config, "-c", "kvm1", "-c", "kvm2", "-c", DEAD]) as terminal:
        terminal.wait(ONE, TWO, "only-there", "3 hosts, 1 away", "lost, retrying")
        other.daemon.pause()
        terminal.wait("no answer", "3 hosts, 2 away")
        terminal.press("down")
        terminal.wait("▌  web")
        terminal.press("c")
        terminal.wait("Create a snapshot of web on kvm1")
        terminal.press("one", "tab", "tab", "tab")
        confirm(terminal)
        terminal.wait("Create a snapshot of web on kvm1: done")
        other.daemon.resume()
        terminal.wait("3 hosts, 1 away", gone="no answer")
    assert lab.snapshots("web") == ["one"]


def test_two_hundred_hosts_of_which_two_answer(lab: Lab, other: Lab, tmp_path: Path) -> None:
    """Twenty take the connection and say nothing; the last one of all is worked with."""
    lab.define("first")
    other.define("last")
    with ExitStack() as silent:
        hosts = {"kvm1": lab.uri}
        for number in range(198):
            path = tmp_path / f"{number}"
            if number % 10 == 0:
                here = silent.enter_context(socket.socket(socket.AF_UNIX))
                here.bind(str(path))
                here.listen()
            hosts[f"away{number}"] = f"qemu+unix:///system?socket={path}"
        config = write_config(tmp_path / "config.toml", hosts | {"kvm2": other.uri})
        with Terminal(["--config", config, "@all"]) as terminal:
            terminal.wait(ONE, "1 domain, 0 running", "200 hosts")
            terminal.press("G")
            terminal.wait(TWO, "178 away", "20 connecting")
            terminal.press("G")
            terminal.wait("▌▸ 1 domain without snapshots")
            terminal.press("enter", "G")
            terminal.wait("▌  last")
            terminal.press("c")
            terminal.wait("Create a snapshot of last on kvm2")
            terminal.press("one", "tab", "tab", "tab")
            confirm(terminal)
            terminal.wait("Create a snapshot of last on kvm2: done")
    assert other.snapshots("last") == ["one"]


DEAD = "qemu+unix:///system?socket=/nowhere/libvirt-sock"


def test_hosts_are_added_folded_filtered_and_dropped(lab: Lab, other: Lab, config: str) -> None:
    """What cannot be added says why, and what was typed stays."""
    with Terminal(["--config", config, "-c", "kvm1"]) as terminal:
        terminal.wait("▌ web", gone="kvm1 ")
        terminal.press("+")
        terminal.wait("Add a host", "kvm1, kvm2, @all")
        terminal.press("@nobody", "enter")
        terminal.wait("has no host of the group nobody", "@nobody")
        for _ in "@nobody":
            terminal.press("backspace")
        terminal.press("kvm2", "enter")
        terminal.wait(ONE, TWO, "only-there", "2 hosts")
        terminal.press("+", "kvm2", "enter")
        terminal.wait("kvm2 is in the list already.")
        terminal.press("esc")
        terminal.wait(gone="Add a host")
        terminal.press("g", "enter")
        terminal.wait("▸ kvm1", "only-there", gone="▸ kvm2")
        terminal.press("/", "only", "enter")
        terminal.wait(TWO, "only-there", gone="kvm1")
        terminal.press("esc", "G", "-")
        terminal.wait("kvm2 was removed from the list.", "web", gone="only-there")
        terminal.press("-")
        terminal.wait("It is the last host of the list.")


def test_a_group_lies_on_several_hosts(lab: Lab, other: Lab, config: str) -> None:
    """Taken on both, said to be apart, and reverted as one; all of it by its mark alone."""
    with Terminal(["--config", config], size=(120, 40)) as terminal:
        terminal.until(lambda: terminal.text.count("  web  ") == 2, "both domains")
        terminal.press("down", " ", "G", " ")
        terminal.wait("2 domains marked")
        terminal.press("c")
        terminal.wait("of 2 domains", "press Y")
        terminal.press("both", "tab", "tab", "tab")
        terminal.wait("Create both of 2 domains", "web on kvm1: web stays", "web on kvm2: web")
        confirm(terminal)
        terminal.wait("2 of 2 taken: done")
        assert lab.snapshots("web") == other.snapshots("web") == ["both"]
        terminal.press("G", "enter")
        terminal.wait("● both", "of 2, within")
        terminal.press("r")
        terminal.wait("Revert web to both on kvm2", "[this one]")
        terminal.press("tab", "right")
        terminal.wait("Revert 2 domains to both", "web on kvm1", "web on kvm2")
        press_yes(terminal)
        terminal.wait("2 of 2 reverted: done")


def test_nothing_is_changed_on_a_host_that_is_only_looked_at(
    lab: Lab, other: Lab, tmp_path: Path
) -> None:
    lab.define("web")
    other.define("web")
    config = tmp_path / "config.toml"
    one = write_config(config, {"kvm1": lab.uri})
    text = Path(one).read_text() + write_read_only(other.uri)
    config.write_text(text)
    with Terminal(["--config", str(config)]) as terminal:
        terminal.until(lambda: terminal.text.count("  web  ") == 2, "both domains")
        terminal.press("G")
        terminal.wait("READ-ONLY", "▌  web")
        terminal.press("c", "up", "up")
        terminal.wait("▌  web", gone="READ-ONLY")
        terminal.press(" ", "G", " ", "up", "up")
        terminal.wait("2 domains marked", gone="READ-ONLY")
        terminal.press("c")
        terminal.wait("kvm2: Read-only: snaptui changes nothing here.")
    assert lab.snapshots("web") == other.snapshots("web") == []


def write_read_only(uri: str) -> str:
    """A host that must not be changed."""
    return f'\n[[hosts]]\nname = "kvm2"\nuri = "{uri}"\nread_only = true\n'


def test_a_guest_that_is_active_on_another_host_is_not_changed(
    lab: Lab, other: Lab, tmp_path: Path
) -> None:
    """As a migration leaves it: off here, running there; shown on both, refused until it is off."""
    lab.define("web")
    lab.snapshot("web", "base")
    xml = lab.xml("web", inactive=True)
    image = other.images / "web.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(image), "8M")
    other.define_xml(xml.replace(str(lab.image("web")), str(image)))
    other.start("web")
    config = write_config(tmp_path / "config.toml", {"kvm1": lab.uri, "kvm2": other.uri})
    with Terminal(["--config", config]) as terminal:
        terminal.wait("web +kvm2", "web +kvm1")
        terminal.press("down", "enter")
        terminal.wait("base")
        terminal.press("r")
        terminal.wait("Refused: The same guest (same UUID) is running on kvm2")
        terminal.press("esc")
        terminal.wait(gone="Refused:")
        other.destroy("web")
        terminal.rest(1)
        terminal.press("c")
        terminal.wait("Warning: kvm2 also defines web", "Ready, ")
        terminal.press("late", "tab", "tab", "tab")
        other.start("web")
        confirm(terminal)
        terminal.wait("Create a snapshot of web on kvm1: failed", "web is running on kvm2")
    assert lab.snapshots("web") == ["base"]


def test_an_image_of_two_guests_is_shown_on_both_and_not_changed_while_one_runs(
    lab: Lab, other: Lab, tmp_path: Path
) -> None:
    """Under other UUIDs and other names; the guest that was started meanwhile stops the plan."""
    lab.define("web")
    xml = lab.xml("web", inactive=True)
    uuid = xml.partition("<uuid>")[2].partition("</uuid>")[0]
    other.define_xml(xml.replace(f"<uuid>{uuid}</uuid>", "").replace(">web<", ">db<"))
    config = write_config(tmp_path / "config.toml", {"kvm1": lab.uri, "kvm2": other.uri})
    with Terminal(["--config", config], size=(120, 40)) as terminal:
        terminal.wait("web +kvm2", "db, also kvm1")
        terminal.press("down")
        terminal.wait("Shares", "an image with db on kvm2")
        terminal.press("c")
        terminal.wait("Create a snapshot of web on kvm1", "Ready, ")
        terminal.press("late", "tab", "tab", "tab")
        other.start("db")
        confirm(terminal)
        terminal.wait("Create a snapshot of web on kvm1: failed", "is in use by db on kvm2")
        terminal.press("enter")
        terminal.wait(gone="Close")
        terminal.press("c")
        terminal.wait("Refused: ", "db on kvm2 is running and uses")
        terminal.press("esc")
        other.destroy("db")
    assert lab.snapshots("web") == []


def test_what_fills_the_disks_of_all_hosts_is_one_list(lab: Lab, other: Lab, config: str) -> None:
    """Marks of two hosts are deleted together, their number typed, each on its own host."""
    for one in (lab, other):
        one.snapshot("web", "base")
        one.snapshot("web", "late")
    with Terminal(["--config", config]) as terminal:
        terminal.wait(ONE, TWO, "only-there")
        terminal.press("F")
        terminal.wait("kvm1: /", "kvm2: /", "base", "late", gone=" ...")
        terminal.press("tab", "g", "tab", " ", "tab", "G", "tab", " ")
        terminal.wait("2 marked: deleting them frees", "on kvm1", "on kvm2")
        terminal.press("d")
        terminal.wait("Delete 2 snapshots", str(lab.directory), str(other.directory))
        confirm(terminal, "2")
        terminal.wait(gone="Delete 2")
        terminal.wait("Delete", "on kvm1: done", "on kvm2: done")
    assert len(lab.snapshots("web")) == len(other.snapshots("web")) == 1


def test_reports_and_checks_are_of_all_hosts(lab: Lab, other: Lab, config: str) -> None:
    """The worst wins; what could not be read is said, and is not nothing."""
    lab.snapshot("web", "base")
    done = run("report", "--json", "--all-hosts", "--config", config)
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert [(one["uri"], one["name"]) for one in told["domains"]] == [
        (lab.uri, "web"), (other.uri, "only-there"), (other.uri, "web"),
    ]  # fmt: skip
    away = run("report", "--json", "-c", lab.uri, "-c", DEAD, "web")
    told = json.loads(away.stdout)
    assert away.returncode == 3
    assert [one["name"] for one in told["domains"]] == ["web"]
    assert [one["uri"] for one in told["unread_hosts"]] == [DEAD]
    jsonschema.validate(told, SCHEMA)
    lines = run("report", "--all-hosts", "--config", config).stdout.splitlines()
    assert [line for line in lines if line.startswith("kvm")] == ["kvm1:", "kvm2:"]
    plain = run("report", "-c", lab.uri, "-c", other.uri).stdout
    assert plain.count("/libvirt-sock:\n") == 2
    other.daemon.pause()
    stopped = run("report", "--json", "--all-hosts", "--config", config, "--timeout", "2")
    other.daemon.resume()
    assert stopped.returncode == 3
    assert [one["uri"] for one in json.loads(stopped.stdout)["unread_hosts"]] == [other.uri]
    checked = run("check", "--all-hosts", "--config", config, "--warn", "count=1", "--crit", "")
    assert checked.returncode == 1
    assert "web" in checked.stdout


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """snaptui as a script calls it."""
    return subprocess.run(
        [sys.executable, "-m", "snaptui", *words], capture_output=True, text=True, check=False
    )
