"""``make packages``: a .deb and an .rpm for hosts that have no index of packages.

They hold no compiled code. What the distributions lack lies in a directory of their own, before
all others for snaptui alone; libvirt's binding and numpy are those of the distribution.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from packing.manual import manual
from packing.payload import CHECKOUT, files, fill
from snaptui import __version__

NAME = "libvirt-snaptui"
PRIVATE = f"/usr/lib/{NAME}"
DOCS = f"/usr/share/doc/{NAME}"
_LONG_AGO = "1980-01-01T00:00:00Z"
"""The moment of all files: the same two times makes the same package."""
_START = f"""\
#!/usr/bin/python3 -P
import sys

sys.path.insert(0, "{PRIVATE}")
from snaptui.cli.main import main

sys.exit(main())
"""
_COMPILE = f"""\
#!/bin/sh
# an ordinary user could not keep the byte code, without which each start takes thrice as long
set -e
[ "$1" = abort-upgrade ] || python3 -m compileall -q {PRIVATE}
"""
_FORGET = f"""\
#!/bin/sh
# of an rpm that is replaced the newer one's byte code is there already
set -e
[ "$1" != 1 ] || exit 0
find {PRIVATE} -name __pycache__ -type d -prune -exec rm -r {{}} +
"""
_GONE = """\
#!/bin/sh
case $1 in 0 | remove)
    echo "Left where snaptui was used: ~/.local/state/snaptui (log, journal), ~/.config/snaptui."
esac
"""
_COMPLETIONS = {
    "snaptui.bash": "/usr/share/bash-completion/completions/snaptui",
    "_snaptui": "/usr/share/zsh/vendor-completions/_snaptui",
    "snaptui.fish": "/usr/share/fish/vendor_completions.d/snaptui.fish",
}
_ZSH_OF_RPM = "/usr/share/zsh/site-functions/_snaptui"
_DEPENDS = {
    "deb": ["python3 (>= 3.11)", "python3-libvirt (>= 9)", "python3-numpy (>= 1:1.24)"],
    "rpm": ["python3 >= 3.11", "python3-libvirt >= 9", "python3-numpy >= 1:1.24"],
}
_RECOMMENDS = {"deb": ["qemu-utils"], "rpm": ["qemu-img"]}


def lay_out(place: Path) -> None:
    """Put what the packages hold into an empty directory, as it lies below ``/``."""
    private = place / PRIVATE[1:]
    private.mkdir(parents=True)
    fill(private)
    pages = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *CHECKOUT.glob("docs/*.md")]
    documents = {path.name: path.read_bytes() for path in sorted(pages)}
    made = {
        "/usr/bin/snaptui": _START.encode(),
        "/usr/share/man/man1/snaptui.1.gz": gzip.compress(manual().encode(), 9, mtime=0),
        f"{DOCS}/copyright": _copyright(private).encode(),
        **{f"{DOCS}/{name}": data for name, data in documents.items()},
    }
    for name, target in _COMPLETIONS.items():
        made[target] = Path(__file__).with_name("completions").joinpath(name).read_bytes()
    for target, data in made.items():
        path = place / target[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _copyright(private: Path) -> str:
    """The licence of snaptui, and those of all that it brings."""
    said = [f"{NAME}\n\n{(CHECKOUT / 'LICENSE').read_text()}"]
    for name in files(private):
        kind = name.name.upper()
        if ".dist-info" in str(name) and kind.startswith(("LICEN", "COPYING", "AUTHORS")):
            package = name.parts[0].removesuffix(".dist-info")
            said.append(f"{PRIVATE}: {package}\n\n{(private / name).read_text()}")
    return f"\n{'-' * 70}\n\n".join(said)


def _description(place: Path, scripts: Mapping[str, Path], kind: str) -> dict[str, object]:
    """What nfpm reads."""
    owned = [PRIVATE, DOCS]  # rpm removes only the directories that are a package's own
    below = (path for path in (place / PRIVATE[1:]).rglob("*") if path.is_dir())
    owned += [f"/{path.relative_to(place)}" for path in below]
    owner = {"mtime": _LONG_AGO, "owner": "root", "group": "root"}
    contents: list[dict[str, object]] = [
        {"type": "dir", "dst": path, "file_info": {"mode": 0o755, **owner}}
        for path in sorted(owned)
    ]
    for name in files(place):
        target = f"/{name}"
        if kind == "rpm" and target == _COMPLETIONS["_snaptui"]:
            target = _ZSH_OF_RPM
        mode = 0o755 if target.startswith("/usr/bin/") else 0o644
        facts = {"mode": mode, **owner}
        contents.append({"src": str(place / name), "dst": target, "file_info": facts})
    return {
        "name": NAME,
        "arch": "all",
        "version": __version__,
        "section": "admin",
        "maintainer": "The maintainers of snaptui",
        "description": "A terminal browser for the snapshots of libvirt domains",
        "license": "MIT",
        "mtime": _LONG_AGO,
        "depends": _DEPENDS[kind],
        "recommends": _RECOMMENDS[kind],
        "contents": contents,
        "scripts": {when: str(path) for when, path in scripts.items()},
        "rpm": {"buildhost": "localhost", "compression": "gzip"},
        "deb": {"compression": "gzip"},
    }


def make(place: Path, work: Path, target: Path) -> list[Path]:
    """Make both packages of what is laid out.

    Args:
        work: an empty directory for what is not in them.

    Raises:
        SystemExit: a tool could not, and has said why.
    """
    pinned = ("--require-hashes", "--requirement", str(Path(__file__).with_name("tools.lock")))
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--target", str(work / "tools"), *pinned)
    scripts = {}
    for when, text in {"postinstall": _COMPILE, "preremove": _FORGET, "postremove": _GONE}.items():
        scripts[when] = work / when
        scripts[when].write_text(text)
    made = []
    for kind, name in {
        "deb": f"{NAME}_{__version__}_all.deb",
        "rpm": f"{NAME}-{__version__}-1.noarch.rpm",
    }.items():
        description = work / f"{kind}.yaml"  # YAML has all of JSON
        description.write_text(json.dumps(_description(place, scripts, kind)))
        words = ("package", "--config", str(description), "--packager", kind)
        _run(str(work / "tools" / "bin" / "nfpm"), *words, "--target", str(target / name))
        made.append(target / name)
    return made


def _run(*words: str) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"packing: {words[0]} failed. {done.stdout}")


def main() -> int:
    """Make them, and say how large they are."""
    began = time.monotonic()
    target = CHECKOUT / "dist"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="snaptui-packages-") as below:
        place, work = Path(below, "laid-out"), Path(below, "work")
        place.mkdir()
        work.mkdir()
        lay_out(place)
        made = make(place, work, target)
    for path in made:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{path.relative_to(CHECKOUT)}: {path.stat().st_size / 1e6:.1f} MB, sha256 {digest}")
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
