"""The images' files of a host that is reached by ssh: one connection, and nothing else there.

A shell on the host runs a server of the files' bytes on a Unix socket, which ssh forwards, and
ends it when the connection ends. Nothing listens on the network, and nothing of snaptui is copied
to the host.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

READY, END = "ready", "."
"""Lines with which the host says that it serves, and that all of an answer was said."""

_OPTIONS = (
    *("-T", "-S", "none"),
    *("-o", "BatchMode=yes"),
    *("-o", "ExitOnForwardFailure=yes"),
    *("-o", "StreamLocalBindMask=0177"),
    *("-o", "ForwardAgent=no"),
    *("-o", "ForwardX11=no"),
    *("-o", "PermitLocalCommand=no"),
    *("-o", "ServerAliveInterval=15"),
)
_SCRIPT = """\
d=$1 count=$2; shift 2
umask 077
mkdir "$d" || exit 1
server=
end() { test -z "$server" || kill -9 "$server"; rm -rf "$d"; }
trap end EXIT
trap 'exit 1' HUP INT TERM PIPE
(trap '' HUP INT TERM; while kill -0 $$ && sleep 1; do :; done
 test ! -f "$d/pid" || kill -9 "$(cat "$d/pid")"; rm -rf "$d") </dev/null >/dev/null 2>&1 &
files=
while [ "$count" -gt 0 ]; do files="$files $1"; shift; count=$((count - 1)); done
command -v qemu-storage-daemon >/dev/null || { echo qemu-storage-daemon is not there; exit 1; }
qemu-storage-daemon --pidfile "$d/pid" "$@" </dev/null >/dev/null 2>"$d/why" &
server=$!
until [ -s "$d/pid" ]; do
    kill -0 "$server" 2>/dev/null || { tail -n 1 "$d/why"; exit 1; }
    sleep 0.1
done
echo ready
while read -r _; do
    eval "stat -L -c '%d %i %s %.9Y' -- $files" 2>&1
    echo .
done
"""


def command(
    ssh: Sequence[str], local: str, there: str, paths: Sequence[str], options: Sequence[str]
) -> list[str]:
    """The ssh that serves the files as long as its standard input is open.

    It says :data:`READY` on a line, or why not. For each line that it is given, it says device,
    inode, bytes and time of the last writing of each file, and :data:`END`.

    Args:
        ssh: how the host is reached, up to its name.
        local: path of the socket here.
        there: path of a directory that is made there.
        paths: of the files.
        options: of the server there.
    """
    program, *how, host = ssh
    files = [shlex.quote(path) for path in paths]
    script = ["sh", "-c", _SCRIPT, "snaptui", there, str(len(files)), *files, *options]
    forward = ["-L", f"{local}:{there}/files.sock"]
    return [program, *_OPTIONS, *forward, *how, host, shlex.join(script)]
