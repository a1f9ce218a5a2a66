"""What monitoring is told: the worst, never fine for what is not known, and one line each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from snaptui.cli.check import DAY, DomainRead, HostRead, Limit, State, as_metrics, judge, parse
from snaptui.common.errors import ConfigError
from snaptui.model.image import NotKnown

NOW = 1_800_000_000.0


def host(*domains: DomainRead, **more: object) -> HostRead:
    return HostRead("kvm7", domains, **more)  # type: ignore[arg-type]  # by its callers' names


def state(read: HostRead, warn: str = "", crit: str = "") -> State:
    return judge([read], parse(warn), parse(crit), NOW).state


OLD = DomainRead("web", 3, int(NOW - 31 * DAY))


@pytest.mark.parametrize(
    ("read", "warn", "crit", "told"),
    [
        (host(OLD), "age=30d", "age=60", State.WARNING),
        (host(OLD), "age=7", "age=30d", State.CRITICAL),
        (host(OLD), "age=32", "count=4", State.OK),
        (host(OLD), "count=3", "", State.WARNING),
        (host(DomainRead("web", 1, None, space=5 << 30)), "space=5G", "", State.WARNING),
        (host(DomainRead("web", 1, None, space=5 << 30)), "space=6G", "", State.OK),
        (host(DomainRead("web", 1, None, space=NotKnown("x"))), "space=6G", "", State.UNKNOWN),
        (host(DomainRead("web", 1, None, space=NotKnown("x"))), "count=6", "", State.OK),
        (host(places={"/srv": 0.9}), "full=85%", "full=95", State.WARNING),
        (host(DomainRead("web", 1, None, found={Limit.BROKEN: ("a",)})), "", "broken", 2),
        (host(DomainRead("web", 1, None, found={Limit.BROKEN: ()})), "", "broken", State.OK),
        (host(DomainRead("web", 1, None, frozen=True)), "frozen", "", State.WARNING),
        (host(orphans=("/srv/a",)), "orphans", "", State.WARNING),
        (host(orphans=("/srv/a",)), "", "broken", State.OK),
        (host(unread=("late",)), "", "", State.UNKNOWN),
        (host(DomainRead("web", 0, None, unread=("gone",))), "count=9", "", State.UNKNOWN),
    ],
)
def test_a_limit_that_is_reached_is_told(read: HostRead, warn: str, crit: str, told: State) -> None:
    assert state(read, warn, crit) is State(told)


def test_the_worst_of_several_hosts_is_told_and_unknown_hides_no_critical() -> None:
    hosts = [
        HostRead("a", unread=("no route",)),
        HostRead("b", (DomainRead("web", 9, None),)),
        HostRead("c", (DomainRead("db", 5, None),)),
    ]
    found = judge(hosts, parse("count=5"), parse("count=9"), NOW)
    assert found.state is State.CRITICAL
    assert [line.partition(":")[0] for line in found.lines] == ["b", "a", "c"]
    assert judge(hosts[::2], parse("count=5"), {}, NOW).state is State.UNKNOWN


def test_what_is_not_known_hides_no_domain_that_was_named() -> None:
    late = host(OLD, DomainRead("db", 0, None), unread=("late",))
    said = str(judge([late], parse("age=30"), {}, NOW, named=True)).splitlines()
    assert said[0].startswith("SNAPTUI UNKNOWN - late | ")
    assert said[1:] == ["web: the oldest snapshot is 31 days old", "db: OK, 0 snapshots"]
    said = str(judge([late], parse("age=32"), {}, NOW)).splitlines()
    assert said[0].startswith("SNAPTUI UNKNOWN - late | ")
    assert not said[1:]
    unread = host(DomainRead("db", 0, None, unread=("gone",)))
    assert str(judge([unread], {}, {}, NOW, named=True)) == "SNAPTUI UNKNOWN - db: gone\n"


@pytest.mark.parametrize(
    "words",
    [
        "size=3",
        "age",
        "age=x",
        "broken=1",
        "full=1%%",
        "broken=",
        "age=3G",
        "count=9%",
        "full=٣",
        "x",
    ],
)
def test_what_is_no_limit_is_said(words: str) -> None:
    with pytest.raises(ConfigError, match="is no limit"):
        parse(words)


@pytest.mark.parametrize("value", ["200", "100.1%", "-1", "-5%"])
def test_no_file_system_is_fuller_than_full_or_emptier_than_empty(value: str) -> None:
    with pytest.raises(ConfigError, match="between 0 and 100 percent"):
        parse(f"age=3,full={value}")
    assert parse("full=0,full=100%") == {Limit.FULL: 100}


NAMES = st.text(st.characters(exclude_categories=[]), min_size=1, max_size=200)


@given(NAMES, NAMES)
@settings(max_examples=150, deadline=None)
def test_no_name_breaks_the_lines(name: str, mount: str) -> None:
    """Performance data, lines and metrics are as their readers take them apart."""
    domain = DomainRead(name, 3, int(NOW), 7, {Limit.BROKEN: (name,)}, frozen=True, unread=(name,))
    read = HostRead("kvm7", (domain,), {mount: 0.5}, (mount,), (mount,))
    every = parse("age=0,count=1,space=1,full=1,broken,orphans,frozen")
    found = judge([read], every, {}, NOW)
    shown = str(found)
    assert shown.endswith("\n")
    assert len(shown.splitlines()) == len(found.lines)
    assert shown.count("|") == 1
    for one in found.data:
        label, _, rest = one[1:].partition("'=")
        assert label.isascii()
        assert not {"'", "=", "|", " "} & set(label)
        assert rest.count(";") == 2
    families = list(text_string_to_metric_families(as_metrics([read], NOW)))
    labels = [sample.labels for family in families for sample in family.samples]
    assert {one.get("host", "kvm7") for one in labels} == {"kvm7"}
    assert sum(len(family.samples) for family in families) == 11


def test_metrics_have_what_was_read_and_leave_out_what_was_not() -> None:
    read = HostRead("kvm7", (DomainRead("web", 2, None, NotKnown("x")),), {"/srv": 0.25})
    families = {f.name: f for f in text_string_to_metric_families(as_metrics([read], NOW))}
    assert families["snaptui_snapshots"].samples[0].value == 2
    assert families["snaptui_filesystem_used_ratio"].samples[0].labels["mountpoint"] == "/srv"
    assert families["snaptui_last_check_timestamp_seconds"].samples[0].value == NOW
    assert not {"snaptui_reclaimable_bytes", "snaptui_frozen"} & families.keys()
    assert not {"snaptui_orphaned_overlays"} & families.keys()
