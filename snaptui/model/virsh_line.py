"""Lines of virsh (virsh(1)) that a shell passes on unchanged, whatever the names are."""

from __future__ import annotations

from snaptui.common import shell
from snaptui.model.domain import Domain
from snaptui.model.host import Host


def virsh(host: Host, command: str, domain: Domain, *arguments: str) -> str:
    """A virsh line that a shell passes on unchanged, whatever the names are."""
    of = (command, of_domain(domain.name, domain.key.uuid), *arguments)
    return shell.line(["virsh", "-c", host.label, *of])


def virsh_there(command: str, name: str, uuid: str, *arguments: str) -> str:
    """The same for a sentence, which leaves the host out: it is the one that is looked at."""
    return shell.line(["virsh", command, of_domain(name, uuid), *arguments])


def of_domain(name: str, uuid: str) -> str:
    """The option that names a domain, and no other.

    virsh takes a number for a domain's ID, and looks for a UUID before a name (virsh(1),
    *NOTES*).
    """
    plain = name.isprintable() and not name[:1].isdigit()
    return option("domain", name if plain else uuid)


def option(name: str, value: str) -> str:
    """``--name=value``, which virsh takes whatever the value begins with."""
    return f"--{name}={value}"
