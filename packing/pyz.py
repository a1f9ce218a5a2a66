"""``make pyz``: one file, ``dist/snaptui.pyz``, that runs with a distribution's Python."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from packing.payload import CHECKOUT, files, fill
from packing.unpacking import DIGEST, LIBRARY

SHEBANG = b"#!/usr/bin/python3\n"
"""The distribution's, for which its binding and numpy are; what is first in PATH may be another."""
STARTS = {"__main__.py": "start.py", "unpacking.py": "unpacking.py"}
_MODE = 0o100644
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The moment of all files: the same two times makes the same archive."""


def make(place: Path, target: Path) -> None:
    """Make the archive of a filled directory; takes the target's place when it is whole."""
    contents = {f"{LIBRARY}/{name}": (place / name).read_bytes() for name in files(place)}
    for name, source in STARTS.items():
        contents[name] = Path(__file__).with_name(source).read_bytes()
    said = hashlib.sha256()
    for name, data in sorted(contents.items()):
        said.update(b"%s\0%d\0%s" % (name.encode(), len(data), data))
    contents[DIGEST] = said.hexdigest().encode()
    half = target.with_suffix(f".{os.getpid()}")
    with half.open("wb") as file:
        file.write(SHEBANG)
        with ZipFile(file, "w", ZIP_DEFLATED) as packed:
            for name, data in sorted(contents.items()):
                entry = ZipInfo(name, _LONG_AGO)
                entry.compress_type, entry.external_attr = ZIP_DEFLATED, _MODE << 16
                packed.writestr(entry, data)
    half.chmod(0o755)
    half.replace(target)


def main() -> int:
    """Make it, and say how large it is."""
    began = time.monotonic()
    target = CHECKOUT / "dist" / "snaptui.pyz"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="snaptui-pyz-") as below:
        place = Path(below, LIBRARY)
        place.mkdir()
        fill(place)
        make(place, target)
    megabytes, digest = target.stat().st_size / 1e6, hashlib.sha256(target.read_bytes())
    print(f"{target.relative_to(CHECKOUT)}: {megabytes:.1f} MB, {time.monotonic() - began:.0f} s")
    print(f"sha256 {digest.hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
