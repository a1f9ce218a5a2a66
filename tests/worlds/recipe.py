"""The lines of a world as a person can follow them, in a bash of root in a checkout.

The images lie in ``$D``, and loop devices are variables: on another host they have other numbers.
``python -m tests.worlds.recipe STACK`` is the daemon that such a recipe begins with.
"""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp

from snaptui.demo.daemon import Daemon
from tests.lab import FILLER
from tests.stacks import Stack, stacks
from tests.worlds import place
from tests.worlds.channel import firmware
from tests.worlds.freezing import GuestAgent

PYTHON = ".venv/bin/python"
_SELF = f"{PYTHON} -m tests.worlds.recipe"
_HERE, _QUOTED = re.compile(r"[\\$`]"), re.compile(r"[\\$`\"]")
_ESCAPED = r"\\\g<0>"
"""What expands in a here-document and within quotes, and the same as it is."""
_DEVICE = re.compile(r"/dev/(loop\d+)")


def shown(text: str) -> str:
    """With variables for the directory of the images and for loop devices."""
    return _DEVICE.sub(r"${\1}", text.replace(str(place.IMAGES), "$D"))


def line(words: Iterable[str]) -> str:
    """A command, in which the variables expand."""
    return " ".join(map(_word, words))


def _word(word: str) -> str:
    if shlex.quote(word) == word or shown(word) == word:
        return shown(shlex.quote(word))
    return f'"{shown(_QUOTED.sub(_ESCAPED, word))}"'


def file(path: Path, text: str) -> str:
    """The lines that make a text file, in which the variables alone expand."""
    return f"cat > {shown(str(path))} <<END\n{shown(_HERE.sub(_ESCAPED, text))}\nEND"


def attached(device: str, image: Path) -> str:
    """The line that makes a loop device."""
    return f"{Path(device).name}=$(losetup --find --show {shown(str(image))})"


def answering(code: Path, socket: Path) -> Iterator[str]:
    """The lines that make a guest whose agent answers."""
    yield f"{_SELF} firmware > {shown(str(code))}"
    yield f'{_SELF} agent {shown(str(socket))} & trap "kill $!" EXIT'


def whole(stack: Stack, lines: Sequence[str]) -> str:
    """A recipe from its beginning: a daemon of the stack, and where it must, a file system."""
    words = ["D=$(mktemp -d /tmp/XXXXXX)"]
    if any(f"/{FILLER}" in one for one in lines):
        words.append(f"mount -t tmpfs -o size={place.IMAGE_ROOM} worlds $D")
    words.append(f"coproc DAEMON {{ {_SELF} {stack.name}; }}")
    words.append("read -r LIBVIRT_DEFAULT_URI <&${DAEMON[0]}; export LIBVIRT_DEFAULT_URI")
    return "\n".join([*words, *lines])


def _daemon(name: str) -> None:
    """A private daemon until nobody listens any more."""
    (stack,) = stacks([name])
    directory = Path(mkdtemp(dir="/tmp"))
    daemon = Daemon(directory, root=stack.root)
    print(daemon.uri, flush=True)
    sys.stdin.read()
    daemon.stop()
    shutil.rmtree(directory)


def main(what: str, *words: str) -> None:
    """Do what a line of a recipe says that is no tool's."""
    if what == "firmware":
        sys.stdout.buffer.write(firmware())
    elif what == "agent":
        GuestAgent(Path(words[0]))
        signal.pause()
    else:
        _daemon(what)


if __name__ == "__main__":
    main(*sys.argv[1:])
