"""What a machine of then is, and QEMU here is not any more.

libvirt compares a record with what its QEMU can when the guest is stopped already. It tells
before what that is, in a domain's capabilities (formatdomaincaps.html). What libvirt would give
QEMU as arguments is not asked: it does that less carefully than a start, and its daemon may go
down in it (measured with 11.3 and 12.8).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import libvirt

from snaptui.backend.virt import devices, xml
from snaptui.backend.virt.calls import Ask
from snaptui.common.errors import Disconnected, NotPermitted, SnaptuiError, Unsupported
from snaptui.model.abilities import Wrong, does
from snaptui.model.host import Host
from snaptui.model.machine import Lack, Machine, Part

_NAMES_ALL_MODELS = ("x86_64", "i686")
"""Architectures of which the capabilities name each model of a CPU that QEMU knows."""
_CHECKED = ("partial", "full")
"""How libvirt checks a CPU when a guest is started; otherwise QEMU leaves out what it has not."""


def lacks(
    ask: Ask,
    connection: libvirt.virConnect,
    machine: Machine,
    domain: Element,
    now: Element,
    host: Host | None,
    *,
    ram: bool,
) -> tuple[Lack, ...]:
    """Ask for what QEMU is not any more of what a domain needs to be started.

    Args:
        domain: as its record has it.
        now: the same domain as it is defined, or runs, now.
        host: of the connection, to QEMU's driver.
        ram: the start loads RAM, and with it the very CPU of then.

    Raises:
        SnaptuiError: the host does not tell it.
    """
    asked = (machine.emulator, machine.arch, machine.type, machine.kind)
    try:
        told = ask(lambda: connection.getDomainCapabilities(*(one or None for one in asked)))
    except (Disconnected, NotPermitted):
        raise
    except SnaptuiError as error:
        return (Lack(Part.MACHINE, machine.type or machine.arch, error.message),)
    there = xml.parse(told)
    checked = ("partial", "full") if ram else ("partial",)
    cpu = tuple(_cpu(ask, connection, machine, domain, there, checked))
    if not cpu and host is not None and does(host, Wrong.CALLS_THREADS_EXTRA):
        cpu = tuple(_threads(domain))
    return (*devices.lacking(domain, there, now), *cpu)


def _cpu(
    ask: Ask,
    connection: libvirt.virConnect,
    machine: Machine,
    domain: Element,
    there: Element,
    sure: Collection[str],
) -> Iterator[Lack]:
    cpu = domain.find("cpu")
    if cpu is None:
        return
    model = cpu.find("model")
    name = (model.text or "").strip() if model is not None else ""
    mode = cpu.get("mode", "custom")
    modes = {one.get("name"): one for one in there.iterfind("cpu/mode")}
    if mode in modes and modes[mode].get("supported") == "no":
        yield Lack(Part.CPU, mode)
    if mode != "custom" or model is None or not name:
        return
    known = {(one.text or "").strip() for one in modes[mode].iterfind("model")}
    fixed = model.get("fallback") == "forbid"
    if known and name not in known and fixed and machine.arch in _NAMES_ALL_MODELS:
        yield Lack(Part.CPU, name)
    elif cpu.get("check") in _CHECKED or name not in known:
        yield from _incompatible(ask, connection, machine, cpu, name, sure)


def _threads(domain: Element) -> Iterator[Lack]:
    """A CPU that was made by a QEMU that did not say of itself that it has threads."""
    cpu = domain.find("cpu[@check='full']")
    threads = cpu.find("topology[@threads]") if cpu is not None else None
    if cpu is None or threads is None or threads.get("threads") == "1":
        return
    if cpu.find("feature[@name='ht']") is None:
        yield Lack(Part.CPU, cpu.findtext("model") or "?", "QEMU may add ht to it", sure=False)


def _incompatible(
    ask: Ask,
    connection: libvirt.virConnect,
    machine: Machine,
    cpu: Element,
    name: str,
    sure: Collection[str],
) -> Iterator[Lack]:
    """What libvirt says to a CPU when a guest is started.

    With ``partial`` it makes the same comparison then. With ``full`` it looks what QEMU has made
    of it, which this does not tell for sure; of RAM it does: what QEMU has not it cannot load
    (qemuProcessUpdateAndVerifyCPU; a record of 9.0 and QEMU 7.2 on 11.3 and QEMU 10.0, which has
    no pcommit).

    Args:
        sure: the checks of which it is known.
    """
    asked = (machine.emulator, machine.arch, machine.type, machine.kind)
    words = (*(one or None for one in asked), ElementTree.tostring(cpu, encoding="unicode"))
    try:
        result = ask(lambda: connection.compareHypervisorCPU(*words))
    except (Disconnected, NotPermitted):
        raise
    except Unsupported:
        return  # of this architecture libvirt compares nothing when it starts a guest either
    except SnaptuiError as error:
        yield Lack(Part.CPU, name, error.message)
        return
    if result == libvirt.VIR_CPU_COMPARE_INCOMPATIBLE and cpu.get("check") in _CHECKED:
        fail = libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE
        reason = ""
        try:
            ask(lambda: connection.compareHypervisorCPU(*words, fail))
        except Disconnected:
            raise
        except SnaptuiError as error:
            reason = error.message
        yield Lack(Part.CPU, name, reason, sure=cpu.get("check") in sure)
