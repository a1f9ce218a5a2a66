"""The manual page, from the very arguments of the program (roff's man macros, groff_man(7))."""

from __future__ import annotations

import argparse

from snaptui import __version__
from snaptui.cli import check_command, main, report_command

_ENVIRONMENT = {
    "LIBVIRT_DEFAULT_URI": "The host that is opened without -c, as for libvirt's own tools.",
    "NO_COLOR": "Nothing is coloured.",
    "XDG_CONFIG_HOME, XDG_STATE_HOME": "Other places for the two directories.",
    "TMPDIR": "Where --demo makes its host.",
}


def manual() -> str:
    """The page ``snaptui(1)``."""
    program = main.parser()
    others = (report_command.parser(), check_command.parser())
    lines = [
        f'.TH SNAPTUI 1 "" "snaptui {__version__}" "User Commands"',
        ".SH NAME",
        f"snaptui \\- {_roff(_begin(program.description))}",
        ".SH SYNOPSIS",
        *_synopses(program, *others),
        ".SH DESCRIPTION",
        _roff(str(program.epilog)),
        ".SH OPTIONS",
        *_options(program),
    ]
    for other in others:
        lines += [f".SH {other.prog.upper()}", _roff(f"{other.description} {other.epilog}")]
        lines += _options(other)
    lines.append(".SH ENVIRONMENT")
    for names, said in _ENVIRONMENT.items():
        lines += [".TP", f".B {_roff(names)}", _roff(said)]
    lines += [".SH SEE ALSO", ".BR virsh (1),", ".BR qemu\\-img (1)"]
    return "\n".join(lines) + "\n"


def _synopses(*parsers: argparse.ArgumentParser) -> list[str]:
    lines = []
    for parser in parsers:
        words = " ".join(parser.format_usage().split())
        rest = words.removeprefix(f"usage: {parser.prog} ")
        lines += [f".B {parser.prog}", _roff(rest), ".br"]
    return lines[:-1]


def _options(parser: argparse.ArgumentParser) -> list[str]:
    """What ``--help`` lists, each a paragraph."""
    formatter = argparse.HelpFormatter(parser.prog, width=10_000, max_help_position=9_000)
    formatter.add_arguments(parser._actions)
    lines = []
    for line in formatter.format_help().splitlines():
        words, _, said = line.strip().partition("  ")
        lines += [".TP", f".B {_roff(words)}", _roff(said.strip())]
    return lines


def _begin(sentence: str | None) -> str:
    words = str(sentence).rstrip(".")
    return words[0].lower() + words[1:]


def _roff(words: str) -> str:
    """Text as it is: no request, no other dashes."""
    quoted = words.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
    return f"\\&{quoted}" if quoted[:1] in (".", "'") else quoted
