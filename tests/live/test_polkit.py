"""A user whom a real polkit limits: what is denied is never nothing, and no change gets through."""

from __future__ import annotations

import json
import pwd
import re
from pathlib import Path
from typing import Any

import pytest

from snaptui.model.domain import DomainKey
from tests.lab import entries
from tests.polkit import ACTIONS, limited
from tests.users import NOBODY

LIST = tuple(
    f"org.libvirt.api.{one}"
    for one in ("connect.getattr", "connect.search-domains", "domain.getattr")
)
READ = (
    *LIST, "org.libvirt.api.domain.read", "org.libvirt.api.connect.read",
    "org.libvirt.api.connect.search-storage-pools", "org.libvirt.api.storage-pool.getattr",
)  # fmt: skip
NOT_SNAPSHOTS = tuple(one for one in ACTIONS if one != "org.libvirt.api.domain.snapshot")

SCRIPT = """
import json
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import SnaptuiError
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.planner import make_plan
from snaptui.discovery.domain_facts import read_facts

backend = LibvirtBackend({uri!r})
host = backend.connect()
key = DomainKey({uri!r}, {uuid!r})

def told(call):
    try:
        return {{"answer": call()}}
    except SnaptuiError as error:
        return {{"error": type(error).__name__, "words": error.message}}

def planned(intent):
    plan = make_plan(intent, read_facts(backend, host, intent))
    return {{
        "possible": plan.possible,
        "typed": plan.type_name,
        "refused": [one.words for one in plan.refusals],
        "unchecked": [one.words for one in plan.unchecked],
    }}

print(json.dumps({{
    "domains": told(lambda: [(one.name, one.state.value) for one in backend.domains()]),
    "number": told(lambda: backend.summary(key).count),
    "names": told(lambda: backend.snapshot_names(key)),
    "delete": told(lambda: planned(DeleteIntent(key, "a"))),
    "revert": told(lambda: planned(RevertIntent(key, "a"))),
    "create": told(lambda: planned(CreateIntent(key, "b", ""))),
    "deleted": told(lambda: backend.delete_snapshot(key, "a")),
    "created": told(lambda: backend.create_snapshot(key, NewSnapshot("b", "", ()))),
}}))
"""
CHANGES = ("deleted", "created")
LOOKS = ("number", "names", "delete", "revert", "create")


def seen(
    monkeypatch: pytest.MonkeyPatch, allowed: tuple[str, ...]
) -> tuple[dict[str, Any], list[str]]:
    """What such a user sees of a domain with a snapshot, and what is in its image afterwards."""
    with limited(monkeypatch) as one:
        key: DomainKey = one.lab.define("web")
        one.lab.snapshot("web", "a")
        one.allow(allowed)
        done = one.as_nobody(SCRIPT.format(uri=one.lab.uri, uuid=key.uuid))
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found, [name for _, name in entries(one.lab.image("web"))]


def test_who_may_only_list_domains_sees_no_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question has an error for an answer, and there is no plan to confirm."""
    found, left = seen(monkeypatch, LIST)
    assert found["domains"] == {"answer": [["web", "unknown"]]}
    for what in LOOKS:
        assert "denied" in found[what].get("words", ""), (what, found[what])
    for what in CHANGES:
        assert found[what].get("error") == "NotPermitted", (what, found[what])
    assert left == ["a"]


def test_who_may_only_read_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found, left = seen(monkeypatch, READ)
    assert found["number"] == {"answer": 1}
    assert found["names"] == {"answer": ["a"]}
    for what in CHANGES:
        assert found[what].get("error") == "NotPermitted", found[what]
    for what in ("delete", "revert"):
        assert "answer" in found[what], "what may be read is planned upon; libvirt denies the step"
    assert left == ["a"]


def test_who_may_do_all_but_snapshots_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found, left = seen(monkeypatch, NOT_SNAPSHOTS)
    for what in CHANGES:
        assert found[what].get("error") == "NotPermitted", found[what]
    assert left == ["a"]


def test_who_may_do_all_is_not_hindered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other tests would also pass where polkit denied everything."""
    found, left = seen(monkeypatch, ACTIONS)
    assert found["names"] == {"answer": ["a"]}
    assert found["deleted"] == {"answer": None}
    assert left == ["b"], "the one was deleted, and the other made"


MANUAL = Path(__file__).parents[2] / "docs" / "monitoring.md"
COMMAND = """
import os, sys
os.environ |= dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), "/nonexistent")
from snaptui.cli.main import main
sys.exit(main({words!r}))
"""


def test_the_rule_for_monitoring_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is printed: with it nothing that is looked at is denied."""
    (rule,) = re.findall(r"^```js\n(.*?)^```$", MANUAL.read_text(), re.MULTILINE | re.DOTALL)
    rule = rule.replace("nagios", pwd.getpwuid(NOBODY).pw_name)
    with limited(monkeypatch) as one:
        one.lab.define("web")
        one.lab.snapshot("web", "a")
        one.obey(rule)
        for words, status in ((["check"], 0), (["check", "--warn", "count=1"], 1), (["report"], 0)):
            done = one.as_nobody(COMMAND.format(words=[*words, "-c", one.lab.uri]))
            assert done.returncode == status, (words, done.stdout, done.stderr)
            assert "denied" not in done.stdout + done.stderr
