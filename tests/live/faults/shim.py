"""A qemu-img that waits, with its image open, before it changes anything: as one that is slow."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snaptui.demo import setups

_SCRIPT = """\
#!/bin/sh
here=${{0%/*}}
for image; do :; done
case "$1" in snapshot|convert|create)
    if read -r left place 2>/dev/null <"$here/let" && [ "${{*#*"$place"/}}" != "$*" ]; then
        if [ "$left" -gt 0 ]; then
            echo "$((left - 1)) $place" >"$here/let"
        else
            [ "$1" = snapshot ] && exec 9<"$image"
            : >"$here/held"
            while [ -e "$here/let" ]; do sleep 0.02; done
            exec 9<&-
        fi
    fi
esac
exec {tool} "$@"
"""


class Shim:
    """Stands before the real qemu-img in the ``PATH`` of this process and of new daemons."""

    def __init__(self, directory: Path) -> None:
        tool = shutil.which("qemu-img")
        assert tool is not None
        self.directory = directory
        script = directory / "qemu-img"
        script.write_text(_SCRIPT.format(tool=tool))
        script.chmod(0o755)

    def let(self, calls: int, place: Path) -> None:
        """Let so many calls go on that are about images in a directory, and hold the next one."""
        (self.directory / "held").unlink(missing_ok=True)
        half = self.directory / "let.new"
        half.write_text(f"{calls} {place}\n")
        half.rename(self.directory / "let")

    @property
    def holds(self) -> bool:
        return (self.directory / "held").exists()

    def release(self) -> None:
        (self.directory / "let").unlink(missing_ok=True)


@contextmanager
def before_qemu_img() -> Iterator[Shim]:
    """Put one into a new directory in /tmp, which every root of a daemon has."""
    directory = Path(tempfile.mkdtemp(prefix="snaptui-", dir="/tmp"))
    shim = Shim(directory)
    path, search = os.environ["PATH"], setups.SEARCH
    os.environ["PATH"] = f"{directory}:{path}"
    setups.SEARCH = f"{directory}:{search}"
    try:
        yield shim
    finally:
        os.environ["PATH"], setups.SEARCH = path, search
        shutil.rmtree(directory)
