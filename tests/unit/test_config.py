"""The configuration file: what it may say, and errors that name the file and the key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snaptui import config
from snaptui.common.errors import ConfigError
from snaptui.config import Config


def written(directory: Path, text: str | bytes) -> Path:
    path = directory / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def files(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_without_a_file_everything_is_as_by_default_and_nothing_is_written(tmp_path: Path) -> None:
    loaded = config.load(None)
    assert loaded == Config(loaded.path)
    assert (loaded.uri, loaded.read_only, loaded.ascii, loaded.mouse) == (None, False, False, True)
    assert loaded.theme == "dark"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_says_the_same_as_none(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    assert config.load(path) == Config(path)


def test_everything_can_be_set(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'uri = "qemu+ssh://root@host/system"\nread_only = true\nascii = true\nmouse = false\n'
        'theme = "light"\nauthor = false\nbell = false\n'
        "notify = false\nnotify_after = 60\ntitle = false\n"
        '[keys]\ncreate = "n"\nrefresh = ["f5", "R"]\n',
    )
    before = files(tmp_path)
    assert config.load(path) == Config(
        path,
        uri="qemu+ssh://root@host/system",
        read_only=True,
        ascii=True,
        mouse=False,
        theme="light",
        author=False,
        bell=False,
        notify=False,
        notify_after=60,
        title=False,
        keys={"create": ("n",), "refresh": ("f5", "R")},
    )
    assert files(tmp_path) == before


@pytest.mark.parametrize("where", ["xdg", "home", "empty"])
def test_the_default_file_is_where_xdg_says(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    base = tmp_path / "home" / ".config"
    if where == "xdg":
        base = tmp_path / "xdg"
        monkeypatch.setenv("XDG_CONFIG_HOME", str(base))
    elif where == "empty":
        monkeypatch.setenv("XDG_CONFIG_HOME", "")
    else:
        monkeypatch.delenv("XDG_CONFIG_HOME")
    (base / "snaptui").mkdir(parents=True)
    (base / "snaptui" / "config.toml").write_text("ascii = true")
    assert config.load(None).ascii


def test_a_named_file_goes_before_the_default_one(tmp_path: Path) -> None:
    default = Path(os.environ["XDG_CONFIG_HOME"]) / "snaptui" / "config.toml"
    default.parent.mkdir(parents=True)
    default.write_text('uri = "default:///"\nascii = true')
    loaded = config.load(written(tmp_path, 'uri = "named:///"'))
    assert (loaded.uri, loaded.ascii) == ("named:///", False)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("uri = 5", "uri must be a string"),
        ('read_only = "yes"', "read_only must be true or false"),
        ("ascii = 1", "ascii must be true or false"),
        ("mouse = []", "mouse must be true or false"),
        ("theme = 1", "theme must be a string"),
        ("theme = 'nord'", "theme: there is no 'nord'; known are dark, light, ansi, mono."),
        ("notify_after = true", "notify_after must be a whole number"),
        ("notify_after = 1.5", "notify_after must be a whole number"),
        ("notify_after = -1", "notify_after must be between 0 and 86400 seconds"),
        ("bell = 1", "bell must be true or false"),
        ("readonly = true", "no setting readonly; known are uri, read_only, ascii, mouse"),
        ("[colours]\nred = 1", "no setting colours"),
        ("keys = 3", "keys must be a table"),
        ("[keys]\ncreate = 3", "keys.create must be a key or a list of keys"),
        ('[keys]\ncreate = ""', "keys.create must be"),
        ("[keys]\ncreate = []", "keys.create must be"),
        ('[keys]\ncreate = ["c", 1]', "keys.create must be"),
        ('[keys]\ncreate = ["c", ""]', "keys.create must be"),
        ("[keys.create]\nkey = 'c'", "keys.create must be"),
        ("uri =\nascii = true", "line 1"),
        ("ascii = true\nascii = true\n", "line 2"),
        (b"uri = '\xff'", "utf-8"),
    ],
)
def test_a_mistake_names_the_file_and_the_key(
    text: str | bytes, wrong: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    before = files(tmp_path)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert caught.value.message.startswith(f"{path}: ")
    assert wrong in caught.value.message
    assert files(tmp_path) == before


def test_a_named_file_must_be_there_and_be_a_file(tmp_path: Path) -> None:
    missing = tmp_path / "not-there.toml"
    with pytest.raises(ConfigError) as caught:
        config.load(missing)
    assert caught.value.message == f"{missing}: no such file."
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path)
    assert caught.value.message == f"{tmp_path}: Is a directory."
    assert list(tmp_path.iterdir()) == []


def test_a_loaded_configuration_cannot_be_changed(tmp_path: Path) -> None:
    loaded = config.load(written(tmp_path, "[keys]\ncreate = 'n'"))
    with pytest.raises(TypeError):
        loaded.keys["delete"] = ("x",)  # type: ignore[index]  # must fail
    with pytest.raises(AttributeError):
        loaded.ascii = True  # type: ignore[misc]  # must fail


def test_a_file_that_is_nested_too_deep_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "uri = " + "[" * 5000)
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        config.load(path)
