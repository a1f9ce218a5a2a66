"""Which layers may be imported without libvirt and without Textual."""

from __future__ import annotations

import subprocess
import sys

import pytest

PURE = ["common.errors", "model.domain", "config", "plan.revert.revert", "storage.qcow2.format"]
HEADLESS = [
    *PURE,
    "session",
    "operations.runner",
    "discovery.domain_facts",
    "backend.protocol.backend",
]


def modules_of(module: str) -> list[str]:
    code = f"import sys, snaptui.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def loaded_by(module: str) -> set[str]:
    return {name.partition(".")[0] for name in modules_of(module)}


@pytest.mark.parametrize("module", HEADLESS)
def test_headless_parts_know_neither_libvirt_nor_textual(module: str) -> None:
    assert not {"libvirt", "textual", "rich"} & loaded_by(module)


def test_the_command_line_answers_before_textual_is_loaded() -> None:
    assert "textual" not in loaded_by("cli.main")


def test_the_backend_does_not_know_the_screen() -> None:
    assert not {"textual", "rich"} & loaded_by("backend.virt.backend")


def test_the_first_screen_loads_no_dialog_no_plan_and_no_action() -> None:
    """The first key that needs them does."""
    later = ("snaptui.plan", "snaptui.ui.dialogs", "snaptui.ui.screens")
    loaded = modules_of("ui.app")
    assert [name for name in loaded if name.startswith(later) or name.endswith("_actions")] == []
