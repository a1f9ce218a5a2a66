"""Which layers may be imported without libvirt and without Textual."""

from __future__ import annotations

import subprocess
import sys

import pytest

PURE = ["common.errors", "model.domain", "config", "plan.revert.revert", "storage.qcow2.format"]
HEADLESS = [*PURE, "session", "operations.runner", "discovery.domain_facts", "backend.protocol"]


def loaded_by(module: str) -> set[str]:
    code = f"import sys, snaptui.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("module", HEADLESS)
def test_headless_parts_know_neither_libvirt_nor_textual(module: str) -> None:
    assert not {"libvirt", "textual", "rich"} & loaded_by(module)


def test_the_command_line_answers_before_textual_is_loaded() -> None:
    assert "textual" not in loaded_by("cli.main")


def test_the_backend_does_not_know_the_screen() -> None:
    assert not {"textual", "rich"} & loaded_by("backend.virt.backend")
