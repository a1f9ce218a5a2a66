"""The manual page and what shells offer: all arguments, and no others."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess

import pytest

from packing.manual import manual
from packing.payload import CHECKOUT
from snaptui.cli import check_command, main, report_command

PARSERS = (main.parser(), report_command.parser(), check_command.parser())
COMPLETIONS = CHECKOUT / "packing" / "completions"
OFFERED = """\
source "$1"; COMP_LINE=$2 COMP_POINT=${#2}; read -ra COMP_WORDS <<< "$2"
[[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _snaptui; printf '%s\\n' "${COMPREPLY[@]}"
"""


def options(parser: argparse.ArgumentParser) -> set[str]:
    return set(re.findall(r"--[a-z-]+", parser.format_help()))


def offered(line: str) -> set[str]:
    """What bash offers at the end of a line."""
    path = str(COMPLETIONS / "snaptui.bash")
    command = ["bash", "-c", OFFERED, "bash", path, line]
    said = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=COMPLETIONS.parents[1] / ".ci"
    )
    assert said.stderr == ""
    return set(said.stdout.split())


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_bash_offers_the_options_of_each_command(parser: argparse.ArgumentParser) -> None:
    assert offered(f"{parser.prog} --") == options(parser)


@pytest.mark.parametrize("name", ["_snaptui", "snaptui.fish"])
def test_the_other_shells_know_the_same(name: str) -> None:
    text = (COMPLETIONS / name).read_text()
    known = {f"--{one}" for one in re.findall(r"(?:--|(?<!set) -l )([a-z-]+)", text)}
    asked = set().union(*map(options, PARSERS))
    assert asked <= known
    assert known - asked == {"--all", "--name"}, "virsh's"


@pytest.mark.skipif(shutil.which("virsh") is None, reason="virsh is not installed")
def test_bash_offers_the_domains_of_the_host_that_is_named() -> None:
    assert "test" in offered("snaptui -c test:///default ")
    assert offered("snaptui check -c test:///default te") == {"test"}
    assert offered("snaptui -c test:///default x") == set()


def test_the_manual_has_all_options_and_no_line_that_is_a_request_by_chance() -> None:
    page = manual()
    for option in set().union(*map(options, PARSERS)):
        assert option.replace("-", "\\-") in page
    known = {".TH", ".SH", ".B", ".BR", ".TP", ".br"}
    assert {line.split()[0] for line in page.splitlines() if line[:1] in ".'"} <= known
