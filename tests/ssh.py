"""A stand-in for ssh, so that the lab is a host far away."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.lab import Lab

_SSH = """\
#!{python}
# Asks for a password on the terminal, if there is one, then passes bytes to the daemon.
import os, socket, sys, threading, time
with open(__file__.rpartition("/")[0] + "/asked", "a") as asked:
    asked.write(".")
if {password!r}:
    if any("BatchMode" in word for word in sys.argv):
        sys.exit("root@lab: Permission denied (publickey,password).")
    tty = os.open("/dev/tty", os.O_RDWR)
    os.write(tty, b"root@lab's password: ")
    if os.read(tty, 100).strip().decode() != {password!r}:
        sys.exit("root@lab: Permission denied (publickey,password).")
host = socket.socket(socket.AF_UNIX)
host.connect("{socket}")
def up():
    while data := os.read(0, 65536):
        host.sendall(data)
threading.Thread(target=up, daemon=True).start()
while data := host.recv(65536):
    if {rate}:
        time.sleep(len(data) / {rate})
    os.write(1, data)
"""


def behind_ssh(lab: Lab, directory: Path, password: str = "", *, rate: int = 0) -> str:
    """The lab's URI through a stand-in that is written to a directory.

    Args:
        rate: bytes a second that come back through it; 0 for as fast as it can.
    """
    script = directory / "ssh"
    socket = lab.directory / "d" / "run" / "libvirt-sock"
    script.write_text(
        _SSH.format(python=sys.executable, socket=socket, password=password, rate=rate)
    )
    script.chmod(0o755)
    return f"qemu+ssh://root@lab/system?command={script}"
