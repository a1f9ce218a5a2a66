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
def _labs() -> Iterator[dict[stacks.Suite, Lab]]:
    """Of other stacks than the host's, each from its first use on."""
    with ExitStack() as stop:
        yield _LabOfEach(stop)


@pytest.fixture
def newer_lab(_labs: dict[stacks.Suite, Lab]) -> Iterator[Lab]:
    """The same of libvirt 11.3 and QEMU 10.0, where ``make stacks`` has built them."""
    yield _labs[stacks.TRIXIE]
    _labs[stacks.TRIXIE].clean()


@pytest.fixture(params=stacks.SUITES[1:], ids=lambda suite: suite.name)
def newest_lab(_labs: dict[stacks.Suite, Lab], request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The same of the suites that move."""
    yield _labs[request.param]
    _labs[request.param].clean()


@pytest.fixture
def own_lab() -> Iterator[Lab]:
    """A daemon for one test, which may kill and stop it."""
    yield from one_lab()


@pytest.fixture
def guest(lab: Lab) -> Guest:
    """A real guest, running, with an agent that answers; there is one on a lab."""
    skip_without()
    return Guest(lab)


class _LabOfEach(dict[stacks.Suite, Lab]):
    def __init__(self, stop: ExitStack) -> None:
        self._stop = stop

    def __missing__(self, suite: stacks.Suite) -> Lab:
        if why := stacks.missing([suite]):
            pytest.skip(why)
        lab = self._stop.enter_context(contextmanager(one_lab)(suite.root))
        return self.setdefault(suite, lab)


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
