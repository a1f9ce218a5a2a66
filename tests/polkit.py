"""A real polkit for one private libvirtd: who may do what is said by a rule of the test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import one_lab
from tests.lab import Lab
from tests.users import NOBODY

POLKITD = next(
    (path for path in ("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd") if Path(path).exists()),
    "",
)

CONNECTION = (
    "getattr", "read", "write", "search-domains", "search-storage-pools", "search-interfaces",
    "search-networks", "search-node-devices", "search-nwfilters", "search-secrets",
)  # fmt: skip
DOMAIN = (
    "getattr", "read", "write", "read-secure", "start", "stop", "init-control", "suspend", "save",
    "delete", "snapshot", "checkpoint", "block-read", "block-write", "fs-freeze", "fs-trim",
    "mem-read", "reset", "hibernate", "screenshot", "inject-nmi", "send-input", "core-dump",
    "migrate", "open-device", "open-graphics", "open-namespace", "pm-control", "send-signal",
    "set-password", "set-time",
)  # fmt: skip
POOL = ("getattr", "read", "write", "search-storage-vols", "start", "stop", "refresh", "format")
VOLUME = ("getattr", "read", "create", "delete", "format", "resize", "data-read", "data-write")
ROOT = Path(__file__).parents[1]
PATIENCE = 20.0
"""Seconds after which polkit is given up."""
ACTIONS = tuple(
    f"org.libvirt.api.{kind}.{verb}"
    for kind, verbs in (
        ("connect", CONNECTION), ("domain", DOMAIN), ("storage-pool", POOL), ("storage-vol", VOLUME)
    )
    for verb in verbs
)  # fmt: skip
"""What libvirt asks polkit for (its access/viraccessperm.h)."""

_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/><allow send_type="method_call"/></policy></busconfig>
"""
_POLICY = """\
<policyconfig>{actions}</policyconfig>
"""
_ACTION = """\
<action id="{name}"><description>x</description><message>x</message><defaults>
<allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>no</allow_active>
</defaults></action>"""
_RULE = """\
polkit.addRule(function(action, subject) {{
    return {allowed}.indexOf(action.id) >= 0 ? polkit.Result.YES : polkit.Result.NO;
}});
"""
_BOTH = """\
mount --bind "$1/rules" /etc/polkit-1/rules.d
mount --bind "$1/actions" /usr/share/polkit-1/actions
dbus-daemon --config-file="$1/bus.conf" --nofork --nopidfile &
while [ ! -S "$1/bus" ]; do sleep 0.1; done
exec "$2" --no-debug
"""


class Limited:
    """A lab, and a user who may do nothing but what the rule allows.

    Attributes:
        lab: its daemon; root, who talks to it from outside, is not limited.
    """

    def __init__(self, lab: Lab, place: Path) -> None:
        self.lab = lab
        self._place = place
        self._both: subprocess.Popen[bytes] | None = None
        status = Path(f"/proc/{lab.daemon.pid}/status").read_text()
        (parent,) = re.findall(r"^PPid:\s+(\d+)$", status, re.MULTILINE)
        self._first = int(parent)

    def allow(self, actions: Iterable[str]) -> None:
        """Start polkit so that it allows these actions, and the daemon so that it asks it."""
        self.obey(_RULE.format(allowed=list(actions)))

    def obey(self, rule: str) -> None:
        """The same with a rule in polkit's JavaScript."""
        rules = self._place / "rules"
        rules.mkdir(exist_ok=True)
        (rules / "10-test.rules").write_text(rule)
        policies = self._place / "actions"
        policies.mkdir(exist_ok=True)
        made = "".join(_ACTION.format(name=name) for name in ACTIONS)
        (policies / "test.policy").write_text(_POLICY.format(actions=made))
        (self._place / "bus.conf").write_text(_BUS.format(path=self._place / "bus"))
        conf = self.lab.directory / "d" / "etc" / "libvirtd.conf"
        more = 'unix_sock_rw_perms = "0777"\naccess_drivers = [ "polkit" ]\n'
        conf.write_text(conf.read_text() + more)
        for path in (self.lab.directory, self.lab.directory / "d", self.lab.directory / "d/run"):
            path.chmod(0o755)
        self._both = self._inside("sh", "-c", _BOTH, "sh", str(self._place), POLKITD)
        self._until_it_answers()
        self.lab.daemon.kill()
        self.lab.daemon.restart()  # it looks for the bus once, as it starts

    def _until_it_answers(self) -> None:
        ask = "pkcheck --action-id org.libvirt.api.connect.getattr --process $$"
        until = time.monotonic() + PATIENCE
        while self._inside("sh", "-c", ask).wait():
            assert time.monotonic() < until, "polkit does not answer"
            time.sleep(0.1)

    def as_nobody(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run Python where the daemon can see who it is."""
        words = (
            "env",
            f"PYTHONPATH={ROOT}",
            "setpriv",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
        )
        with self._inside(*words, sys.executable, "-c", script, text=True) as process:
            told, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess([], process.returncode, told, errors)

    def _inside(self, *words: str, text: bool = False) -> subprocess.Popen[Any]:
        enter = ("nsenter", f"--target={self._first}", "--mount", "--pid", "--")
        output = subprocess.PIPE if text else subprocess.DEVNULL
        return subprocess.Popen([*enter, *words], stdout=output, stderr=output, text=text)

    def end(self) -> None:
        if self._both is not None:
            self._both.kill()
            self._both.wait()


def missing() -> str:
    """Why there can be no such polkit; empty when there can."""
    tools = ("dbus-daemon", "nsenter", "setpriv")
    if os.geteuid() != 0:
        return "only root can start a polkit of its own"
    absent = [tool for tool in tools if shutil.which(tool) is None]
    absent += [] if POLKITD else ["polkitd"]
    return f"{', '.join(absent)} is not installed" if absent else ""


@contextmanager
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[Limited]:
    """A daemon of its own, with a message bus that nothing else is on."""
    if why := missing():
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix="polkit-", dir="/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={place}/bus")
        for lab in one_lab():
            one = Limited(lab, place)
            try:
                yield one
            finally:
                one.end()
