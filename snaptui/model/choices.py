"""What an admin chooses when a snapshot is taken, deleted or reverted to."""

from __future__ import annotations

import enum


class Form(enum.Enum):
    """What a new snapshot is made of; the value is the word shown."""

    INTERNAL = "internal"
    DISK_ONLY = "external, disks only"
    EXTERNAL = "external, disks and RAM"


class Scope(enum.Enum):
    """What a delete takes away; the value is the word shown."""

    THIS = "this one"
    WITH_CHILDREN = "this and all below it"
    CHILDREN = "only those below it"


class RunState(enum.Enum):
    """What a domain does after a revert (virDomainSnapshotRevertFlags)."""

    RECORDED = "as recorded"
    RUNNING = "running"
    PAUSED = "paused"


class SafetyKind(enum.Enum):
    """What a snapshot taken before a revert holds; the value is the word shown."""

    DISKS_AND_RAM = "disks and RAM"
    DISKS = "disks only"
    NONE = "none"
