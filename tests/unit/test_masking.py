"""No secret is in what is said, whoever says it and whatever it is in."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from functools import partial
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.backend.files.backing import named
from snaptui.common import masking
from snaptui.common.errors import HostError, ImageError
from snaptui.common.masking import endpoint, fault, label, learn, masked
from snaptui.model.domain import DomainKey
from snaptui.model.image import NotKnown

SECRETS = st.text(string.ascii_letters + string.digits, min_size=9, max_size=20).map("S3c".__add__)
HARD = st.text(
    string.ascii_letters + string.digits + "/?#@:%=+!$*-._~", min_size=8, max_size=20
).map("{}Zx9".format)
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=5)

PLACES: dict[str, Callable[[str], str]] = {
    "https": lambda s: f"https://user:{s}@host/a.qcow2",
    "query": lambda s: f"https://host/a.qcow2?token=x&X-Amz-Signature={s}",
    "no user": lambda s: f"http://:{s}@host:8080/",
    "fragment": lambda s: f"http://host/a#{s}",
    "no host": lambda s: f"https://user:{s}",
    "iscsi": lambda s: f"iscsi://user%{s}@10.0.0.1/iqn.2001-04.com.example/1",
    "rbd": lambda s: f"rbd:pool/image:id=admin:key={s}:auth_supported=cephx",
    "ssh": lambda s: f"ssh://root:{s}@host/a.img",
    "json": lambda s: "json:" + json.dumps({"driver": "https", "password": s, "url": "x"}),
    "spaced json": lambda s: "json: " + json.dumps({"file": {"driver": "rbd", "key": s}}),
}
"""What an image may name beneath it."""


def _said(place: Callable[[str], str], secret: str) -> str:
    return f"Cannot open '{place(secret)}': No such file"


SAID: dict[str, Callable[[str], str]] = {
    **{f"said of {name}": partial(_said, place) for name, place in PLACES.items()},
    "attribute": lambda s: f"<graphics type='vnc' port='-1' passwd={quoteattr(s)}/>",
    "argument": lambda s: f"<qemu:arg value='id=s0,password={s},x=y'/>",
    "variable": lambda s: f"<qemu:env name='ANY' value={quoteattr(s)}/>",
    "cookie": lambda s: f"source cookie={s}; more",
    "object": lambda s: json.dumps({"execute": "x", "arguments": {"password": s}}),
    "repr": lambda s: repr({"passphrase": s}),
    "host": lambda s: f"cannot open qemu+ssh://root:{s}@host/system: no",
}
"""What libvirt, qemu-img or Python may say."""


@pytest.fixture(autouse=True)
def _nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "LEARNED", set())


@pytest.mark.parametrize("place", PLACES)
@given(SECRETS | HARD)
def test_what_is_no_path_shows_its_protocol_and_host_alone(place: str, secret: str) -> None:
    name = PLACES[place](secret)
    beneath = named("/images/a.qcow2", name.encode())
    assert isinstance(beneath, NotKnown)
    assert secret not in beneath.reason
    shown = "options in JSON" if name.startswith("json:") else endpoint(name)
    assert shown in beneath.reason


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("https://user:x@host:8443/a?b", "https://host:8443"),
        ("http://host/a", "http://host"),
        ("https://[fe80::1]:443/a", "https://[fe80::1]:443"),
        ("https://u:a/b@host/x", "https:***"),
        ("https://u:a@b@host/x", "https:***"),
        ("https://host/x?y=a@b", "https:***"),
        ("rbd:pool/image:key=x", "rbd:***"),
        ("nbd:host:10809", "nbd:***"),
        ("nbd+unix:///x?socket=/s", "nbd+unix:***"),
        ('json:{"a"', "json:{***}"),
    ],
)
def test_where_the_host_is_not_certain_there_is_none(name: str, shown: str) -> None:
    assert endpoint(name) == shown


@pytest.mark.parametrize("place", SAID)
@given(SECRETS)
def test_what_is_said_holds_no_secret(place: str, secret: str) -> None:
    said = SAID[place](secret)
    for error in (HostError(said, hint=said), ImageError(said)):
        assert secret not in f"{error}{error.message}{error.hint}{error!r}"


@pytest.mark.parametrize("form", ["https://u:{}@h/", "iscsi://u%{}@h/t/1", "https://h/?{}"])
@given(HARD)
def test_a_secret_of_any_letters_does_not_end_its_uri(form: str, secret: str) -> None:
    """With what is no blank a URI may go on: what is taken for its end is not shown."""
    assert secret not in masked(f"cannot open {form.format(secret)}: no")


@given(NAMES, HARD, NAMES)
def test_a_password_of_any_letters_is_not_in_a_label_nor_in_what_is_said_of_it(
    user: str, password: str, host: str
) -> None:
    for spelled in (password, quote(password, safe="")):
        uri = f"qemu+ssh://{user}:{spelled}@{host}/system"
        assert label(uri) == f"qemu+ssh://{user}:***@{host}/system"
        assert spelled not in repr(DomainKey(uri, "uuid"))
        masking.LEARNED.clear()
        learn(uri)
        for said in (f"{user}:{spelled}@{host}: Permission denied", f"port '{password}' of {uri}"):
            assert spelled not in masked(said)
            assert password not in masked(said)


@pytest.mark.parametrize(
    "said",
    [
        "internal error: the key is missing: no token, no secret",
        "qemu:///system and qemu+ssh://root@host/system?keyfile=/k",
        "Failed to open file '/a/b:c@d.qcow2': Permission denied",
        "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>",
        "<libosinfo:os id='http://libosinfo.org/linux/2022'/>",
        "<auth username='admin'><secret type='ceph' uuid='0-1'/></auth>",
        "file:///images/a.qcow2",
        "spice://host:5900",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert masked(said) == said


def test_what_can_be_read_stays() -> None:
    assert masked("'https://user:x@host/a?b=c': no") == "'https://user:***@host/a?***': no"
    assert masked("id='https://host/?b'/>") == "id='https://host/?***'/>"


@given(SECRETS)
def test_a_traceback_has_neither_locals_nor_secrets(secret: str) -> None:
    def inner(passwd: str) -> None:
        xml = f"<graphics passwd='{passwd}'/>"
        raise ValueError(xml)

    try:
        inner(secret)
    except ValueError as error:
        told = fault(error)
    assert "inner" in told
    assert "ValueError" in told
    assert secret not in told
