"""libvirt's errors as its virterror.h numbers them."""

from __future__ import annotations

INTERNAL_ERROR, INVALID_ARG, OPERATION_FAILED, XML_ERROR, XML_DETAIL = 1, 8, 9, 27, 35
NO_FILE, OPERATION_INVALID, CONFIG_UNSUPPORTED, OPERATION_TIMEOUT = 38, 55, 67, 68
ARGUMENT_UNSUPPORTED, REVERT_RISKY, OPERATION_UNSUPPORTED, AGENT_UNRESPONSIVE = 74, 77, 84, 86
NO_DOMAIN, AGENT_COMMAND_TIMEOUT, AGENT_COMMAND_FAILED = 42, 112, 113

_CALLED = {
    INTERNAL_ERROR: ("internal error", "VIR_ERR_INTERNAL_ERROR"),
    INVALID_ARG: ("invalid argument", "VIR_ERR_INVALID_ARG"),
    OPERATION_FAILED: ("operation failed", "VIR_ERR_OPERATION_FAILED"),
    XML_ERROR: ("XML error", "VIR_ERR_XML_ERROR"),
    XML_DETAIL: ("XML error", "VIR_ERR_XML_DETAIL"),
    NO_FILE: ("system call error", "VIR_ERR_SYSTEM_ERROR"),
    NO_DOMAIN: ("Domain not found", "VIR_ERR_NO_DOMAIN"),
    OPERATION_INVALID: ("Requested operation is not valid", "VIR_ERR_OPERATION_INVALID"),
    CONFIG_UNSUPPORTED: ("unsupported configuration", "VIR_ERR_CONFIG_UNSUPPORTED"),
    OPERATION_TIMEOUT: ("Timed out during operation", "VIR_ERR_OPERATION_TIMEOUT"),
    ARGUMENT_UNSUPPORTED: ("argument unsupported", "VIR_ERR_ARGUMENT_UNSUPPORTED"),
    REVERT_RISKY: ("revert requires force", "VIR_ERR_SNAPSHOT_REVERT_RISKY"),
    OPERATION_UNSUPPORTED: ("Operation not supported", "VIR_ERR_OPERATION_UNSUPPORTED"),
    AGENT_UNRESPONSIVE: ("Guest agent is not responding", "VIR_ERR_AGENT_UNRESPONSIVE"),
    AGENT_COMMAND_TIMEOUT: ("guest agent command timed out", "VIR_ERR_AGENT_COMMAND_TIMEOUT"),
    AGENT_COMMAND_FAILED: ("guest agent command failed", "VIR_ERR_AGENT_COMMAND_FAILED"),
}


def called(code: int) -> str:
    """What libvirt's message begins with, and the name of the code (virerror.c, virErrorMsg)."""
    message, name = _CALLED.get(code, ("an error", str(code)))
    return f"'{message}' ({name})"
