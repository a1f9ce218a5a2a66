"""qemu-img, which alone changes images that no domain uses; nothing else calls it.

It gets absolute paths only: those are never options, protocols or JSON for it (QEMU block.c,
``path_has_protocol``). Its messages are read in the C locale. A change that has begun is never
killed: it has a session of its own, so that it outlives the terminal.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence

from snaptui.backend.files.image_reader import read_image
from snaptui.common.errors import ImageError, SnaptuiError, Unsupported
from snaptui.common.state_files import OWN_FILE
from snaptui.model.files import CopyFormat, EntryCopy, unfinished

TICK = 0.1
"""Seconds between two tellings of how far a copy is."""

_URI = "LIBVIRT_DEFAULT_URI"
"""It may hold a password, and is nothing to qemu-img."""
_SHARE = re.compile(rb"\((\d+\.\d+)/100%\)")


def create(path: str, name: str) -> None:
    """Add an entry to an image that nobody uses (``qemu-img snapshot -c``)."""
    _run("snapshot", "-c", name, path)


def apply(path: str, entry_id: str) -> None:
    """Make the disk in an image as it was; ``-a`` looks for an ID before a name."""
    _run("snapshot", "-a", entry_id, path)


def delete(path: str, name: str) -> None:
    """Delete the first entry of a name; ``-d`` knows no IDs."""
    _run("snapshot", "-d", name, path)


def measure(path: str, entry_id: str) -> int:
    """Bytes that a qcow2 copy of an entry takes, with what lies beneath the image."""
    # it has no -U, so that only an option of the image tells it to leave the locks alone
    driver = "host_device" if stat.S_ISBLK(_mode(path)) else "file"
    file = f"file.driver={driver},file.filename={_escaped(path)}"
    image = f"driver=qcow2,force-share=on,{file}"
    form = ("-O", "qcow2", "--output=json")
    answer = _run("measure", *form, "-l", _by_id(entry_id), "--image-opts", image)
    try:
        return int(json.loads(answer)["required"])
    except (ValueError, KeyError, TypeError) as error:
        raise ImageError("qemu-img did not say how much the copy takes.") from error


def extract(
    copy: EntryCopy, progress: Callable[[float], None], still_there: Callable[[], bool]
) -> None:
    """Copy an entry to a new file, which its owner alone can read; see the protocol.

    Who may read an image is not said by its mode alone, but by the groups of its file, by ACLs
    and by the directories that it and all beneath it lie in.

    Args:
        still_there: whether the image holds the entry, asked when all has been read.
    """
    with _new_file(unfinished(copy.target)) as (folder, file):
        # by its descriptor: in a directory of others the name may lead elsewhere by now
        part = f"/proc/self/fd/{file}"
        shared = ["-U"] if copy.shared else []
        words = ["convert", "-p", *shared, "-f", "qcow2", "-O", copy.form.value]
        _follow([*words, "-l", _by_id(copy.entry.id), copy.path, part], progress, file)
        _fit(copy, part, file)
        if not still_there():
            raise ImageError(f"{copy.entry.name} went from {copy.path} while it was copied.")
        try:
            os.fchmod(file, OWN_FILE)  # also where the directory has an ACL for what is in it
            os.fsync(file)
            # rename(2) would take the place of a file
            os.link(part, os.path.basename(copy.target), dst_dir_fd=folder)
        except OSError as error:
            raise _failed(copy.target, error) from error


def _fit(copy: EntryCopy, part: str, file: int) -> None:
    """Give a copy the size that the entry has.

    qemu-img reads an entry at today's size of its image (7.2, 10.0, 11.1): what lies behind the
    end of the entry is not its data, and what lies behind today's end is not in the copy.
    """
    wanted = copy.entry.virtual_size
    raw = copy.form is CopyFormat.RAW
    made = os.fstat(file).st_size if raw else read_image(part).virtual_size
    if wanted is None or made == wanted:
        return
    if made < wanted:
        raise ImageError(
            f"The copy would be cut off: {copy.path} is smaller today than {copy.entry.name} is."
        )
    if raw:
        os.ftruncate(file, wanted)
    else:
        _run("resize", "-q", "--shrink", "-f", "qcow2", part, str(wanted), files=(file,))


def _by_id(entry_id: str) -> str:
    return f"snapshot.id={_escaped(entry_id)}"


def _escaped(value: str) -> str:
    """As a part of an option, which a single comma would end (qemu-option.c, get_opt_value)."""
    return value.replace(",", ",,")


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode
    except OSError as error:
        raise _failed(path, error) from error


@contextlib.contextmanager
def _new_file(path: str) -> Iterator[tuple[int, int]]:
    """A file that was not there, and its directory, open; its name is gone afterwards."""
    try:
        folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _failed(path, error) from error
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        file = os.open(os.path.basename(path), flags, OWN_FILE, dir_fd=folder)
    except OSError as error:
        os.close(folder)
        raise _failed(path, error) from error
    try:
        yield folder, file
    except BaseException as error:
        _remove(path, folder, error)
        raise
    else:
        _remove(path, folder)
    finally:
        os.close(file)
        os.close(folder)


def _remove(part: str, folder: int, why: BaseException | None = None) -> None:
    """Remove what is unfinished; ``why`` it is."""
    try:
        os.unlink(os.path.basename(part), dir_fd=folder)
    except OSError as error:
        said = f"{why.message} " if isinstance(why, SnaptuiError) else ""
        left = f"{said}The unfinished file {part} could not be removed"
        raise ImageError(f"{left}: {os.strerror(error.errno or 0)}.") from error


def _failed(path: str, error: OSError) -> ImageError:
    return ImageError(f"{path}: {os.strerror(error.errno or 0)}.")


def _run(*words: str, files: Sequence[int] = ()) -> bytes:
    with _started(words, *files) as process:
        out, err = process.communicate()
    if process.returncode:
        raise ImageError(_message(err))
    return out


def _follow(words: Sequence[str], progress: Callable[[float], None], file: int) -> None:
    """Run it, with an open file, while its progress is told; what ``progress`` raises kills it."""
    share = 0.0
    with _started(words, file) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        err = b""
        try:
            pipes = {process.stdout.fileno(), process.stderr.fileno()}
            while pipes:
                for pipe in select.select(pipes, [], [], TICK)[0]:
                    data = os.read(pipe, 1 << 16)
                    if not data:
                        pipes.discard(pipe)
                    elif pipe == process.stderr.fileno():
                        err += data
                    elif told := _SHARE.findall(data):
                        share = float(told[-1]) / 100
                progress(share)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
    if process.returncode:
        raise ImageError(_message(err))


def _started(words: Sequence[str], *files: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["qemu-img", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**{n: v for n, v in os.environ.items() if n != _URI}, "LC_ALL": "C"},
            start_new_session=True,
            pass_fds=files,
        )
    except FileNotFoundError as error:
        raise Unsupported(
            "qemu-img is not installed here.", hint="Install it (qemu-utils or qemu-img)."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in a name
        raise ImageError(f"qemu-img could not be run: {error}.") from error


def _message(err: bytes) -> str:
    lines = err.decode(errors="replace").splitlines()
    said = " ".join(line.removeprefix("qemu-img: ") for line in lines if line.strip())
    return said or "qemu-img failed without a word."
