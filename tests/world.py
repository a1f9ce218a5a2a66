"""A small world for libvirt's in-memory driver: fixed, so that screens can be compared."""

from __future__ import annotations

from pathlib import Path

NOW = 1_795_500_000.0
"""2026-11-24 06:00 UTC; what the clock says in tests that compare screens."""

_DOMAIN = """\
<domain type='test'{test}>
  <name>{name}</name>
  <uuid>00000000-0000-4000-8000-{number:012}</uuid>
  <memory unit='MiB'>2048</memory>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/images/{name}.qcow2'/><target dev='vda' bus='virtio'/>
    </disk>
  </devices>
  {extra}
</domain>
"""

_SNAPSHOT = """\
<test:domainsnapshot>
  <name>{name}</name>
  <description>{description}</description>
  {parent}
  <state>{state}</state>
  <creationTime>{created}</creationTime>
  <memory snapshot='{memory}'/>
  <disks><disk name='vda' snapshot='internal'/></disks>
  {domain}
  <active>{active}</active>
</test:domainsnapshot>
"""

_HOUR = 3600
_CHAIN = [
    ("base", "", "shutoff", 24 * 90, "as installed"),
    ("pre-upgrade", "base", "running", 75, "before nginx 1.28 [/etc/nginx] & c[red]y"),
    ("experiment", "pre-upgrade", "running", 13, ""),
    ("post-upgrade", "pre-upgrade", "running", 51, "after the upgrade"),
]


def write_world(path: Path) -> str:
    """Write the world to a file; returns its URI."""
    domains = [
        _domain(2, "build", off=True),
        _domain(3, "db01", snapshots=[("nightly-1", "", "shutoff", 6, "")]),
        _domain(1, "web01", snapshots=_CHAIN, current="post-upgrade"),
        _domain(4, "weird [red]na me", off=True),
    ]
    xmlns = "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"
    path.write_text(f"<node>{''.join(domains)}</node>".replace("<node>", f"<node {xmlns}>"))
    return f"test://{path}"


def _domain(
    number: int,
    name: str,
    *,
    snapshots: list[tuple[str, str, str, int, str]] | None = None,
    current: str = "",
    off: bool = False,
) -> str:
    then = _DOMAIN.format(name=name, number=number, extra="", test="")
    parts = [
        _SNAPSHOT.format(
            name=snapshot,
            description=description.replace("&", "&amp;"),
            parent=f"<parent><name>{parent}</name></parent>" if parent else "",
            state=state,
            created=int(NOW) - hours * _HOUR,
            memory="internal" if state == "running" else "no",
            domain=then,
            active=int(snapshot == current),
        )
        for snapshot, parent, state, hours, description in snapshots or []
    ]
    state = "<test:runstate>5</test:runstate>" if off else ""
    return _DOMAIN.format(name=name, number=number, extra=state + "".join(parts), test="")
