"""A libvirt host, as it presented itself."""

from __future__ import annotations

from dataclasses import dataclass, field

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Host:
    """A libvirt host as it presented itself when the connection was opened.

    Attributes:
        uri: the URI that the user asked for; the ``host`` of every key on it.
        label: the URI without a password, fit for the screen.
        hostname: what the host calls itself, or empty when it did not say.
        driver: ``QEMU``, ``Test``, ...
        libvirt: version of the *server*'s libvirt, e.g. ``(9, 0, 0)``.
        hypervisor: version of the hypervisor, e.g. ``(7, 2, 22)``; ``None`` if not known.
        local: whether image paths of this host are paths of this machine.
        read_only: whether the connection forbids changes.
        reverts_external: whether its capabilities say that it reverts to external snapshots
            (formatcaps.html, guest features: ``externalSnapshot``).
        build: version of the package that its libvirt is from, ``11.3.0-3+deb13u3``; empty where
            it is not known, or nothing depends on it.
    """

    uri: str = field(repr=False)
    label: str
    hostname: str
    driver: str
    libvirt: Version
    hypervisor: Version | None
    local: bool
    read_only: bool
    reverts_external: bool = False
    build: str = ""
