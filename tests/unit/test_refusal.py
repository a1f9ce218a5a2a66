"""What a refusal knows of libvirt stays with it."""

from __future__ import annotations

from snaptui.plan import create
from snaptui.plan.plan import CreateIntent
from snaptui.plan.refusal import Refusal, reworded
from snaptui.plan.together import deletes
from tests.unit.made import KEY, RAW, VDA, config, facts


def test_what_libvirt_would_do_stays_in_other_words() -> None:
    told = reworded(Refusal("no", code=67, harm="it breaks"), "web: no")
    assert told == "web: no"
    assert isinstance(told, Refusal)
    assert (told.code, told.harm) == (67, "it breaks")
    assert not isinstance(reworded("no", "web: no"), Refusal)


def test_plans_of_several_domains_keep_what_libvirt_would_do() -> None:
    plan = create.plan(CreateIntent(KEY, "new", ""), facts(disks=config(VDA, RAW)))
    (refusal,) = deletes((plan, plan), ("a", "a"), "").refusals
    assert isinstance(refusal, Refusal)
    assert refusal.code == 67
