"""Reading the qcow2 format: bytes in, dataclasses out."""
