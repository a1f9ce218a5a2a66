"""What a URI says about its host, without asking libvirt."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.backend.virt import uris
from snaptui.common import masking

NAMES = st.text(st.characters(categories=["L", "N"], max_codepoint=0x7F), min_size=1)


@pytest.fixture
def configuration(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of an ordinary user's libvirt.conf."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "libvirt" / "libvirt.conf"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("uri", "local"),
    [
        ("qemu:///system", True),
        ("qemu:///session", True),
        ("qemu+unix:///system?socket=/run/x", True),
        ("qemu:///embed?root=/tmp/x", True),
        ("qemu+ssh://root@host/system", False),
        ("qemu+ssh:///system", False),
        ("qemu+tls://host/system", False),
        ("qemu://host/system", False),
        ("qemu+tcp:///system", False),
        ("qemu+libssh2://host/system", False),
        ("test:///default", False),
        ("", False),
    ],
)
def test_only_unix_sockets_are_local(uri: str, local: bool) -> None:
    assert uris.is_local(uri) is local


@pytest.mark.parametrize(
    ("uri", "label"),
    [
        ("qemu:///system", "qemu:///system"),
        ("qemu+ssh://root@host:2222/system", "qemu+ssh://root@host:2222/system"),
        ("esx://root:secret@host/?no_verify=1", "esx://root:***@host/?no_verify=1"),
        ("esx://root:@host/", "esx://root:***@host/"),
        ("esx://root:se:cr@et@host/", "esx://root:***@host/"),
        ("qemu+tls://user:secret@[fe80::1]:16514/system", "qemu+tls://user:***@[fe80::1]:16514/system"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_label_hides_the_password_and_nothing_else(uri: str, label: str) -> None:
    assert masking.label(uri) == label


@given(NAMES, NAMES.map(lambda text: f"pass-{text}"), NAMES)
def test_no_label_holds_a_password(user: str, password: str, host: str) -> None:
    shown = masking.label(f"qemu+tls://{user}:{password}@{host}/system")
    assert shown == f"qemu+tls://{user}:***@{host}/system"


@pytest.mark.parametrize(
    ("uri", "quiet"),
    [
        ("qemu+ssh://host/system", "qemu+ssh://host/system?no_tty=1"),
        ("qemu+ssh://host/system?keyfile=/k", "qemu+ssh://host/system?keyfile=/k&no_tty=1"),
        ("qemu+libssh://host/system", "qemu+libssh://host/system?no_tty=1"),
        ("qemu+libssh2://host/system", "qemu+libssh2://host/system?no_tty=1"),
        ("qemu:///system", "qemu:///system"),
        ("qemu+tls://host/system?x=1", "qemu+tls://host/system?x=1"),
        ("test:///default", "test:///default"),
    ],
)
def test_ssh_is_told_not_to_use_the_terminal(uri: str, quiet: str) -> None:
    assert uris.without_terminal(uri) == quiet
    if "ssh" in uri:
        assert parse_qs(urlsplit(quiet).query)["no_tty"] == ["1"]


@pytest.mark.parametrize(
    ("uri", "one"),
    [
        ("test:///default", True),
        ("test:///tmp/hosts.xml", True),
        ("qemu:///embed?root=/tmp/x", True),
        ("qemu:///system", False),
        ("qemu+ssh://host/system", False),
    ],
)
def test_which_connections_share_no_world(uri: str, one: bool) -> None:
    assert uris.has_one_world(uri) is one


def test_the_environment_goes_before_the_configuration(
    configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert uris.default_uri() == "qemu:///system"
    configuration.write_text('uri_default = "qemu+ssh://conf/system"\n')
    assert uris.default_uri() == "qemu+ssh://conf/system"
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu+ssh://env/system")
    assert uris.default_uri() == "qemu+ssh://env/system"
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "")
    assert uris.default_uri() == "qemu+ssh://conf/system"


@pytest.mark.parametrize(
    "text",
    [
        b'#uri_default = "qemu+ssh://comment/system"\n',
        b'uri_aliases = ["x=qemu:///x"]\n',
        b'my_uri_default = "qemu:///x"\n',
        b'uri_default = ""\n',
        b"\xff\xfe",
        b"",
    ],
)
def test_a_configuration_that_names_none_means_the_system(configuration: Path, text: bytes) -> None:
    configuration.write_bytes(text)
    assert uris.default_uri() == "qemu:///system"


def test_without_xdg_the_configuration_is_below_the_home(
    configuration: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configuration.write_text('uri_default = "qemu:///xdg"')
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / ".config" / "libvirt" / "libvirt.conf"
    path.parent.mkdir(parents=True)
    path.write_text('# ours\n  uri_default="qemu:///home" # laptop\n')
    assert uris.default_uri() == "qemu:///home"
