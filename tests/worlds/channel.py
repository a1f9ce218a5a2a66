"""Firmware of a guest that opens the channel of its agent and does nothing else.

libvirt asks an agent only where the guest has opened its channel: a port of a console device, of
which the guest says so in a message (virtio 1.2, 5.3.6.2; the legacy interface of 4.1.4.8).
"""

from __future__ import annotations

_ROM, _START, _RESET = 64 << 10, 0xFF00, 0xFFF0
_HALT = b"\xf4"
_CODE = """
66bb00000080       mov ebx, 80000000h      look for the device on the first bus
6689d8             mov eax, ebx
baf80c             mov dx, 0cf8h
66ef               out dx, eax
b2fc               mov dl, 0fch
66ed               in eax, dx
663df41a0310       cmp eax, 10031af4h
7409               je found
6681c300080000     add ebx, 800h
ebe3               jmp there
67668d4310         lea eax, [ebx + 10h]    its registers are ports from c000h on
baf80c             mov dx, 0cf8h
66ef               out dx, eax
b2fc               mov dl, 0fch
66b800c00000       mov eax, 0c000h
66ef               out dx, eax
67668d4304         lea eax, [ebx + 4]      it may use them, and read memory
baf80c             mov dx, 0cf8h
66ef               out dx, eax
b2fc               mov dl, 0fch
66b807000000       mov eax, 7
66ef               out dx, eax
ba12c0             mov dx, 0c012h          status: there is a driver
b003               mov al, 3
ee                 out dx, al
b204               mov dl, 4               which knows of several ports
66b802000000       mov eax, 2
66ef               out dx, eax
b20e               mov dl, 0eh             the queue of messages about them
b80300             mov ax, 3
ef                 out dx, ax
b20c               mov dl, 0ch             its length is the host's choice
ed                 in ax, dx
c1e004             shl ax, 4
89c7               mov di, ax
b80010             mov ax, 1000h           it lies at 10000h
8ed8               mov ds, ax
66c706000000800100 mov [0], 18000h         one message, of 8 bytes
66c706080008000000 mov [8], 8
66c70500000100     mov [di], 10000h
66c706008001000000 mov [8000h], 1          port 1:
66c706048006000100 mov [8004h], 10006h     it is open
b208               mov dl, 8
66b810000000       mov eax, 10h
66ef               out dx, eax
b212               mov dl, 12h             status: the driver is ready
b007               mov al, 7
ee                 out dx, al
b210               mov dl, 10h             look at the queue
b80300             mov ax, 3
ef                 out dx, ax
fa                 cli
f4                 hlt
ebfc               jmp there
"""
"""Bytes of the i8086's mode, which they are run in, and what they do."""


def firmware() -> bytes:
    """What a ROM of 64 KiB holds."""
    code = bytes.fromhex("".join(line.split()[0] for line in _CODE.strip().splitlines()))
    rom = bytearray(_HALT * _ROM)
    rom[_START : _START + len(code)] = code
    jump = (_START - _RESET - 3) & 0xFFFF
    rom[_RESET : _RESET + 3] = b"\xe9" + jump.to_bytes(2, "little")
    return bytes(rom)
