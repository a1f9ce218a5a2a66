"""The UEFI variables at a revert."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import Lab, holds, qemu_img, write
from tests.sample import sample
from tests.terminal import Terminal, confirm

FLASH = 1 << 20


@pytest.mark.parametrize("reset", sample(1, [False, True]))
def test_they_start_from_their_template_if_that_was_chosen(
    lab: Lab, tmp_path: Path, reset: bool
) -> None:
    """libvirt 9.0 takes no snapshot of such a domain; one inside its image can be adopted."""
    code, template, nvram = (tmp_path / name for name in ("code.fd", "template.fd", "vars.fd"))
    for path, byte in ((code, b"\0"), (template, b"T"), (nvram, b"V")):
        path.write_bytes(byte * FLASH)
    lab.define("web")
    xml = lab.virsh("dumpxml", "--inactive", "web")
    lab.define_xml(
        xml.replace(
            "</os>",
            f"<loader readonly='yes' type='pflash'>{code}</loader>"
            f"<nvram template='{template}'>{nvram}</nvram></os>"
            "<features><acpi/></features>",
        )
    )
    qemu_img("snapshot", "-c", "by hand", str(lab.image("web")))
    write(lab.image("web"), 0x22)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("□ by hand", "(1.1 MiB)", gone="reading")
        terminal.press("a")
        confirm(terminal)
        terminal.wait("Adopt by hand of web: done", gone="stray")
        terminal.press("r")
        terminal.wait("UEFI variables: [as they are now]", "Undo: NO", "pflash")
        terminal.press("tab", " ", "tab", "tab", *[" "] * reset)
        if reset:
            terminal.wait("[from their template]", "UEFI variables reset")
        confirm(terminal, "web")
        terminal.wait("Revert web to by hand: done", "running")
    assert lab.state("web") == "running"
    assert holds(lab.image("web"), 0x11)
    assert nvram.read_bytes()[:1] == (b"T" if reset else b"V")
