"""One daemon and all ways to it that libvirt's remote driver knows, each for real, on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from snaptui.demo.setups import SEARCH
from tests.conftest import one_lab
from tests.lab import Lab

NEEDED = {"sshd": "openssh-server", "certtool": "gnutls-bin", "saslpasswd2": "sasl2-bin"}
"""Programs, and the packages of Debian that have them."""
PASSWORD = "the-right-one"
PATIENCE = 20.0
"""Seconds after which a server that takes no connections is given up."""

_LISTENS = """\
listen_tls = 1
listen_tcp = 1
listen_addr = "127.0.0.1"
tls_port = "{tls}"
tcp_port = "{tcp}"
auth_tls = "none"
auth_tcp = "sasl"
unix_sock_rw_perms = "0700"
key_file = "{place}/server.key"
cert_file = "{place}/server.pem"
ca_file = "{place}/ca.pem"
tls_allowed_dn_list = [ "CN=admin" ]
"""
_LIMITED = 'command="setpriv --reuid=65534 --clear-groups sh -c \\"$SSH_ORIGINAL_COMMAND\\"" '
"""Who signs in with this key may not connect to libvirt's socket."""
_SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {place}/host
AuthorizedKeysFile {place}/me.pub {place}/limited
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PidFile none
LogLevel VERBOSE
"""
_SSH_CONFIG = """\
Host beyond
    ProxyJump jump
Host mastered
    ControlMaster auto
    ControlPath {place}/master
    ControlPersist yes
Host stranger
    IdentityFile {place}/stranger
Host unknown
    HostKeyAlias unknown
Host moved
    HostKeyAlias moved
Host behind-nothing
    ProxyJump nobody
Host nobody
    Port {dead}
Host nowhere
    HostName nowhere.invalid
Host outsider
    IdentityFile {place}/outsider
Host * !stranger !outsider
    IdentityFile {place}/me
Host *
    HostName 127.0.0.1
    Port {port}
    User root
    IdentitiesOnly yes
    HostKeyAlias here
    UserKnownHostsFile {place}/known
    GlobalKnownHostsFile none
    LogLevel ERROR
"""
"""An admin's. What stands first counts."""
_TEMPLATES = {
    "ca": "cn = ours\nca\ncert_signing_key\n",
    "other": "cn = other\nca\ncert_signing_key\n",
    "server": "cn = localhost\ndns_name = localhost\ntls_www_server\nsigning_key\nencryption_key\n",
    "client": "cn = admin\ntls_www_client\nsigning_key\nencryption_key\n",
    "stranger": "cn = stranger\ntls_www_client\nsigning_key\nencryption_key\n",
}


class Transports:
    """A lab that listens on the network too, and the URIs that lead to it or do not.

    Attributes:
        uris: by what is tried, those that work.
        denied: those that libvirt or ssh refuses; each would be refused again.
        dead: those of hosts that are away.
    """

    def __init__(self, place: Path, lab: Lab, ports: dict[str, int]) -> None:
        self.lab = lab
        self._place = place
        ssh = "qemu+ssh://{}/system?command=" + str(place / "ssh")
        tls = f"qemu+tls://localhost:{ports['tls']}/system?pkipath={place}"
        tcp = f"qemu+tcp://localhost:{ports['tcp']}/system"
        libssh = f"qemu+{{}}://root@127.0.0.1:{ports['ssh']}/system?sshauth=privkey"
        libssh += f"&keyfile={place}/me&known_hosts={place}/{{}}"
        self.asking = tcp
        """The one that asks for a user and a password."""
        self.mastered = ssh.format("mastered")
        self.uris = {
            "unix": lab.uri,
            "ssh": ssh.format("here"),
            "jump": ssh.format("beyond"),
            "master": self.mastered,
            "libssh": libssh.format("libssh", "known-by-address"),
            "libssh2": libssh.format("libssh2", "known-by-address"),
            "tls": f"{tls}/admin",
            "sasl": f"{tcp}?authfile={place}/right",
        }
        self.denied = {
            "ssh key": ssh.format("stranger"),
            "unknown host key": ssh.format("unknown"),
            "changed host key": ssh.format("moved"),
            "libssh, unknown host key": libssh.format("libssh", "known"),
            "libvirt's socket": ssh.format("outsider"),
            "certificate of a stranger": f"{tls}/strange",
            "no certificate": f"{tls}/none",
            "host of another CA": f"{tls}/astray",
            "certificate of another CA": f"{tls}/mixed",
            "no such files": f"{tls}/missing",
            "password": f"{tcp}?authfile={place}/wrong",
            "nothing to sign in with": tcp,
        }
        self.dead = {
            "unix": f"qemu+unix:///system?socket={place}/nothing",
            "ssh": ssh.format("nobody"),
            "jump": ssh.format("behind-nothing"),
            "name": ssh.format("nowhere"),
            "tls": f"qemu+tls://localhost:{ports['dead']}/system?pkipath={place}/admin",
            "no TLS": f"qemu+tls://localhost:{ports['tcp']}/system?pkipath={place}/admin",
            "tcp": f"qemu+tcp://localhost:{ports['dead']}/system",
        }

    @property
    def logins(self) -> int:
        """How often sshd let somebody in."""
        return (self._place / "log").read_text().count("Accepted publickey")

    @property
    def sessions(self) -> int:
        """How often somebody who was let in started a command."""
        return (self._place / "log").read_text().count("Starting session: command")


def ssh_clients() -> int:
    """How many ssh run that this process started."""
    names = []
    for task in Path("/proc/self/task").iterdir():  # children are those of the thread
        with suppress(OSError):
            for pid in (task / "children").read_text().split():
                names.append(Path(f"/proc/{pid}/comm").read_text())
    return names.count("ssh\n")


@contextmanager
def transports() -> Iterator[Transports]:
    """A lab with sshd, TLS and SASL of its own. As root only."""
    if os.geteuid() != 0:
        pytest.skip("only root can start a libvirtd of its own that listens on the network")
    missing = [one for one in NEEDED if shutil.which(one, path=SEARCH) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(NEEDED[one] for one in missing)}")
    with ExitStack() as stop:
        place = Path(stop.enter_context(TemporaryDirectory(prefix="snaptui-", dir="/tmp")))
        made = _Making(place)
        made.certificates()
        made.passwords()
        patch = stop.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SASL_CONF_PATH", str(place / "sasl"))
        listens = _LISTENS.format(place=place, **made.ports)
        lab = stop.enter_context(contextmanager(one_lab)(listen=listens))
        made.keys()
        stop.enter_context(_sshd(place, lab, made.ports["ssh"]))
        yield Transports(place, lab, made.ports)


class _Making:
    """Fills a folder with keys, certificates and passwords."""

    def __init__(self, place: Path) -> None:
        self._place = place

    @cached_property
    def ports(self) -> dict[str, int]:
        """By name, ports that were free a moment ago."""
        with ExitStack() as stop:
            held = {
                name: stop.enter_context(socket.socket()) for name in ("tls", "tcp", "ssh", "dead")
            }
            for one in held.values():
                one.bind(("127.0.0.1", 0))
            return {name: one.getsockname()[1] for name, one in held.items()}

    def certificates(self) -> None:
        """Two CAs, a host, and what several clients have."""
        for name, template in _TEMPLATES.items():
            (self._place / f"{name}.template").write_text(f"{template}expiration_days = 10\n")
            self._certtool("--generate-privkey", "--bits=2048", f"--outfile={name}.key")
            how = ["--generate-self-signed"]
            if "ca\n" not in template:
                how = ["--generate-certificate", "--load-ca-certificate=ca.pem"]
                how.append("--load-ca-privkey=ca.key")
            self._certtool(
                *how, f"--load-privkey={name}.key", f"--template={name}.template",
                f"--outfile={name}.pem",
            )  # fmt: skip
        for folder, ca, client in (
            ("admin", "ca", "client"),
            ("strange", "ca", "stranger"),
            ("none", "ca", ""),
            ("astray", "other", ""),
            ("mixed", "other", "client"),
        ):
            (self._place / folder).mkdir()
            self._copy(f"{ca}.pem", f"{folder}/cacert.pem")
            if client:
                self._copy(f"{client}.pem", f"{folder}/clientcert.pem")
                self._copy(f"{client}.key", f"{folder}/clientkey.pem")

    def passwords(self) -> None:
        """A user of SASL, and what libvirt's client is told of him."""
        sasl = self._place / "sasl"
        sasl.mkdir()
        (sasl / "libvirt.conf").write_text(f"mech_list: digest-md5\nsasldb_path: {sasl}/users\n")
        words = ("saslpasswd2", "-p", "-a", "libvirt", "-f", f"{sasl}/users", "-c", "admin")
        subprocess.run(words, input=PASSWORD, text=True, check=True, env={"PATH": SEARCH})
        for name, password in (("right", PASSWORD), ("wrong", "a wrong one")):
            (self._place / name).write_text(
                f"[credentials-all]\nauthname=admin\npassword={password}\n"
                "[auth-libvirt-localhost]\ncredentials=all\n"
            )

    def keys(self) -> None:
        """Keys of ssh, and its configurations of both sides."""
        for name in ("host", "me", "stranger", "outsider"):
            words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._place / name)
            subprocess.run(words, check=True)
        outsider = (self._place / "outsider.pub").read_text()
        (self._place / "limited").write_text(_LIMITED + outsider)
        port, dead = self.ports["ssh"], self.ports["dead"]
        (self._place / "sshd_config").write_text(_SSHD.format(port=port, place=self._place))
        (self._place / "config").write_text(
            _SSH_CONFIG.format(port=port, dead=dead, place=self._place)
        )
        known = ("here", "host"), ("moved", "stranger")
        (self._place / "known").write_text(
            "".join(f"{name} {(self._place / f'{key}.pub').read_text()}" for name, key in known)
        )
        (self._place / "known-by-address").write_text(
            f"[127.0.0.1]:{port} {(self._place / 'host.pub').read_text()}"
        )
        script = self._place / "ssh"
        script.write_text(f'#!/bin/sh\nexec ssh -F {self._place}/config "$@"\n')
        script.chmod(0o755)

    def _copy(self, source: str, to: str) -> None:
        shutil.copyfile(self._place / source, self._place / to)

    def _certtool(self, *words: str) -> None:
        subprocess.run(["certtool", *words], cwd=self._place, check=True, capture_output=True)


@contextmanager
def _sshd(place: Path, lab: Lab, port: int) -> Iterator[None]:
    """An sshd to which /run/libvirt is the lab's."""
    Path("/run/sshd").mkdir(exist_ok=True)
    inside = ("setpriv", "--pdeathsig", "KILL", "nsenter", "-t", str(lab.daemon.pid), "-m")
    sshd = (shutil.which("sshd", path=SEARCH) or "", "-D", "-e", "-f", str(place / "sshd_config"))
    with (place / "log").open("w") as log:
        server = subprocess.Popen([*inside, *sshd], stderr=log)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            gone = server.poll() is not None or time.monotonic() > until
            assert not gone, (place / "log").read_text()
            time.sleep(0.02)
        yield
    finally:
        subprocess.run(
            ["ssh", "-F", place / "config", "-O", "exit", "mastered"], capture_output=True
        )
        server.kill()
        server.wait()
