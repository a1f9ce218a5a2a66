"""Sorts of machine that a world's domain may be, beside its disks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LOADER = "<loader readonly='yes' type='pflash'>{0}/code</loader>"
_ACPI = "<features><acpi/></features>"
_CHANNEL = (
    "<channel type='unix'><source mode='connect' path='{0}/agent'/>"
    "<target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
)
AGENT = "an agent"


@dataclass(frozen=True)
class Hardware:
    """A sort of machine; ``{0}`` in its XML is the domain's directory.

    Attributes:
        os: inside of the XML's ``<os>``.
        devices: beside the disks.
        variables: format of the file of its UEFI variables; empty without one.
        agent: a stand-in for its guest's agent answers.
        off: it is never started.
        since: the first libvirt that can do more with it than to define it.
        needs: a program that must be installed for it.
    """

    os: str = ""
    features: str = ""
    devices: str = ""
    variables: str = ""
    agent: bool = False
    off: bool = False
    since: tuple[int, int] = (0, 0)
    needs: str = ""

    def obstacle(self, libvirt: tuple[int, ...], root: Path) -> str:
        """Why a libvirt can do nothing more with it than to define it; empty where it can.

        Args:
            root: where that libvirt is installed, and what it runs.
        """
        if libvirt < self.since:
            return f"it takes libvirt {'.'.join(map(str, self.since))}"
        if self.needs and not (root / "usr" / "bin" / self.needs).exists():
            return f"{self.needs} is not installed in {root}"
        return ""


HARDWARE = {
    "variables in a pflash": Hardware(
        _LOADER + "<nvram template='{0}/template'>{0}/vars</nvram>", _ACPI, variables="raw"
    ),
    "variables in qcow2": Hardware(
        _LOADER + "<nvram format='qcow2'>{0}/vars</nvram>", _ACPI, variables="qcow2",
        since=(10, 9),
    ),
    "variables in a varstore": Hardware(
        "<loader type='rom'>{0}/code</loader><varstore path='{0}/vars'/>", _ACPI,
        variables="json", since=(12, 1),
    ),
    AGENT: Hardware("<loader type='rom'>{0}/code</loader>", devices=_CHANNEL, agent=True),
    "a TPM": Hardware(
        devices="<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>",
        needs="swtpm",
    ),
}  # fmt: skip
ENCRYPTION = "<encryption format='luks'><secret type='passphrase' usage='of nobody'/></encryption>"
"""No daemon has the key: what is encrypted is never started."""
NO_VARIABLES = '{"version": 2, "variables": []}'
"""A store of UEFI variables as QEMU reads it (docs/devel/uefi-vars.rst)."""
FIRMWARE = b"\xf4" * (64 << 10)
"""Of our own: each byte is the instruction that halts (HLT), so that no guest does anything."""
