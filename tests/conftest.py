"""Labs for the tests: one daemon for each worker process, and single ones to maltreat."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from snaptui.common.errors import Unsupported
from snaptui.demo.setups import HOST
from tests import stacks
from tests.guest import Guest, skip_without
from tests.lab import Lab
from tests.terminal import Terminal

Terminal.forked = Lab.quick = True
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: nobody looks through it for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder whose name is always equally long: where lines wrap is the same in every run."""
    with tempfile.TemporaryDirectory(prefix="test-", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees or writes the user's own configuration, state or time zone."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for name in ("LIBVIRT_DEFAULT_URI", "NO_COLOR", "STY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def _shared_lab() -> Iterator[Lab]:
    yield from one_lab()


@pytest.fixture
def lab(_shared_lab: Lab) -> Iterator[Lab]:
    """A daemon without domains; nothing may kill or stop it."""
    yield _shared_lab
    _shared_lab.clean()


@pytest.fixture(scope="session")
def _labs() -> Iterator[dict[Path, Lab]]:
    """Of other stacks than the host's, each from its first use on."""
    with ExitStack() as stop:
        yield _LabOfEach(stop)


@pytest.fixture(params=(None, *stacks.SUITES), ids=str)
def every_root(request: pytest.FixtureRequest) -> Path:
    """Where each libvirt and QEMU is: ``None`` is the host's own."""
    return HOST if request.param is None else _root(request.param)


@pytest.fixture(params=stacks.SUITES, ids=str)
def newer_root(request: pytest.FixtureRequest) -> Path:
    """The same without the host's own."""
    return _root(request.param)


@pytest.fixture
def every_lab(every_root: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A daemon of each stack, without domains; nothing may kill or stop it."""
    if every_root == HOST:
        yield request.getfixturevalue("lab")
    else:
        lab = request.getfixturevalue("_labs")[every_root]
        yield lab
        lab.clean()


@pytest.fixture
def reverting_lab(newer_root: Path, _labs: dict[Path, Lab]) -> Iterator[Lab]:
    """The same of each stack that reverts to external snapshots."""
    yield _labs[newer_root]
    _labs[newer_root].clean()


@pytest.fixture(scope="session")
def trixie_root() -> Path:
    """Where libvirt 11.3 and QEMU 10.0 are, once ``make stacks`` has built them."""
    return _root(stacks.TRIXIE)


@pytest.fixture
def newer_lab(_labs: dict[Path, Lab], trixie_root: Path) -> Iterator[Lab]:
    """A daemon of these, without domains."""
    lab = _labs[trixie_root]
    yield lab
    lab.clean()


@pytest.fixture(params=stacks.SUITES[1:], ids=str)
def newest_lab(_labs: dict[Path, Lab], request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The same of the suites that move."""
    lab = _labs[_root(request.param)]
    yield lab
    lab.clean()


@pytest.fixture
def own_lab() -> Iterator[Lab]:
    """A daemon for one test, which may kill and stop it."""
    yield from one_lab()


@pytest.fixture
def every_own_lab(every_root: Path) -> Iterator[Lab]:
    """The same of each stack."""
    yield from one_lab(every_root)


@pytest.fixture
def guest(lab: Lab) -> Guest:
    """A real guest, running, with an agent that answers; there is one on a lab."""
    skip_without()
    return Guest(lab)


class _LabOfEach(dict[Path, Lab]):
    def __init__(self, stop: ExitStack) -> None:
        self._stop = stop

    def __missing__(self, root: Path) -> Lab:
        lab = self._stop.enter_context(contextmanager(one_lab)(root))
        return self.setdefault(root, lab)


def _root(suite: stacks.Suite) -> Path:
    if why := stacks.missing([suite]):
        pytest.skip(why)
    return suite.root


def one_lab(root: Path = HOST, listen: str = "") -> Iterator[Lab]:
    """A daemon, and none any more when it is not needed."""
    directory = Path(tempfile.mkdtemp(prefix="snaptui-", dir="/tmp"))
    try:
        lab = Lab(directory, root, listen)
    except Unsupported as missing:
        shutil.rmtree(directory)
        if "CI" in os.environ:
            raise
        pytest.skip(missing.message)
    try:
        yield lab
    finally:
        lab.daemon.stop()
        shutil.rmtree(directory)
