"""Disks that write beneath the image that libvirt names for them, and starts them on next.

Where libvirtd goes away just as it has let QEMU pivot at the end of a merge, QEMU does, and libvirt
never learns of it (measured with 11.3): started anew, the guest reads the old overlay over what it
has written since, and a merge that is begun again writes that over it.
"""

from __future__ import annotations

from collections.abc import Collection

from snaptui.model.domain import DomainStatus
from snaptui.model.image import ImageInfo
from snaptui.model.virsh_line import virsh_there
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import Images


def refusals(facts: Facts) -> list[Refusal]:
    """What forbids any change of a domain: all of it would go by what libvirt names."""
    return found(facts.status, facts.images, facts.let_go)


def found(status: DomainStatus, images: Images, let_go: Collection[str]) -> list[Refusal]:
    """The same of what was read of a running domain.

    Args:
        images: by path, the heads of those of its disks.
        let_go: what its QEMU has let go of.
    """
    domain, told = status.domain, []
    for disk in status.config.disks:
        image = images.get(disk.path or "")
        if disk.path not in let_go or not isinstance(image, ImageInfo) or image.backing is None:
            continue
        lower = image.backing if isinstance(image.backing, str) else "the image beneath it"
        why = refuse(
            Why.PIVOTED_UNKNOWN, Way.SET_NEXT_TO_LOWER, domain=domain.name, disk=disk.target,
            path=disk.path, lower=lower, line=virsh_there("edit", domain.name, domain.key.uuid),
        )  # fmt: skip
        told.append(why)
    return told
