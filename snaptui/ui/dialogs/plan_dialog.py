"""The dialog of a plan: what will happen, what is lost, and the key that does it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static

from snaptui.common import shell, text
from snaptui.common.errors import NotFound, SnaptuiError
from snaptui.model.domain import Domain, Key
from snaptui.model.image import ImageKey
from snaptui.operations.operation import on_host
from snaptui.plan.facts import Facts
from snaptui.plan.plan import DeleteIntent, EditIntent, HoldIntent, Intent, Plan, RevertIntent
from snaptui.plan.planner import AnyFacts, make_plans
from snaptui.plan.refusal import once
from snaptui.ui import keymap
from snaptui.ui.background import background
from snaptui.ui.closing import is_there
from snaptui.ui.dialogs.confirm import TOO_SOON, ConfirmDialog
from snaptui.ui.dialogs.readings import ReadFacts, read_all
from snaptui.ui.format import Glyphs, clean, fit, pasteable
from snaptui.ui.panes.lines import Line, parts
from snaptui.ui.terminal.safe_input import Field

OfOne = RevertIntent | DeleteIntent | EditIntent | HoldIntent
"""What is about a snapshot that was chosen."""
REFUSED = "As things are this is not possible, and nothing is changed."
CHANGED = "Something changed on the host: this is the plan as things are now."
FAILED = "The checks failed, see above."
CHECKING = "Checking what this would do ..."


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a plan dialog returns: plans to carry out, and what they were made of.

    Attributes:
        together: they are a group, and are carried out at the same time; else in turn.
    """

    parts: tuple[tuple[Plan, AnyFacts], ...]
    together: bool = False


class PlanDialog(ConfirmDialog[Confirmed]):
    """Shows the plan of :attr:`intent` and, confirmed, returns it with its facts.

    Args:
        subject: what it is about.
        read_facts: reads the facts for an intent.

    Attributes:
        seen: tells what the lists say just now of what an intent is about.
    """

    def __init__(
        self, subject: Domain | ImageKey | str, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(glyphs)
        self._subject = subject
        self._read_facts = read_facts
        self.seen: Callable[[Key], Mapping[str, object]] = lambda _key: {}
        self._seen: dict[tuple[Key, str], object] = {}
        self._meant: dict[tuple[Key, str], int | None] = {}
        self._failed = False
        self._facts: tuple[AnyFacts, ...] = ()
        self._plans: tuple[Plan, ...] = ()
        self._plan: Plan | None = None
        self._asked: tuple[object, ...] = ()
        self._always_rows = 0

    @property
    @abstractmethod
    def intent(self) -> Intent:
        """What is wanted, as the fields stand now."""

    @property
    def intents(self) -> tuple[Intent, ...]:
        """The same, where it is more than one thing."""
        return (self.intent,)

    @property
    def facts(self) -> AnyFacts | None:
        """What the plan was made of, or the first one; ``None`` before it was read."""
        return self._facts[0] if self._facts else None

    @property
    def together(self) -> bool:
        """Whether all of them are one group."""
        return False

    @property
    def all_facts(self) -> tuple[AnyFacts, ...]:
        """What the plans were made of, in the order of :attr:`intents`."""
        return self._facts

    def merged(self, plans: tuple[Plan, ...]) -> Plan:
        """The plan that is shown."""
        return plans[0]

    def fields(self) -> ComposeResult:
        """The fields of this dialog."""
        yield from ()

    def body(self) -> ComposeResult:
        """The fields, the lines that are always visible, and the rest, which scrolls."""
        yield from self.fields()
        yield Static(id="facts", markup=False)
        yield Static(id="verdict", markup=False)
        with VerticalScroll(id="rest", can_focus=True):
            yield Static(id="rest-text", markup=False)
        yield Field(id="typed", compact=True)
        yield Static(id="notice", markup=False)

    def foot(self) -> ComposeResult:
        """The verdict, where the lines above scroll."""
        yield Static(id="verdict-low", markup=False)

    @property
    def at_stake(self) -> object:
        """The plan."""
        return self._plan

    @property
    def challenge(self) -> str:
        """What must be typed: the name, or the domain's UUID where that cannot be typed."""
        name = self._of
        if name.isascii() and name.isprintable():
            return name
        return self._subject.key.uuid if isinstance(self._subject, Domain) else "this image"

    def named(self, key: Key, name: str) -> str:
        """What is told from its like on other hosts."""
        return on_host(name, self.called(key.host))

    def set_title(self, title: str) -> None:
        """With the host, if all of it is on one of several."""
        hosts = {intent.key.host for intent in self.intents}
        super().set_title(on_host(title, self.called(*hosts)) if len(hosts) == 1 else title)

    @property
    def copies(self) -> tuple[Line, ...]:
        """What it is about, the snapshots and files of its steps, and its lines for a shell."""
        steps = [step for plan in self._plans for step in plan.steps]
        subjects = dict.fromkeys(step.subject for step in steps if step.subject)
        lines = [line for plan in self._plans for line in plan.lines_told]
        return (
            ("name", self._of),
            *(("about", subject) for subject in subjects),
            *((shell.program(line), line) for line in lines),
        )

    @property
    def _of(self) -> str:
        return self._subject if isinstance(self._subject, str) else self._subject.name

    def on_mount(self) -> None:
        """Start the preflight."""
        typed = self.query_one("#typed", Input)
        typed.display = False
        challenge = clean(self.challenge, self.glyphs)
        typed.placeholder = f"to allow it, press {keymap.CONFIRM_KEY} and type {challenge}"
        self.set_title(f"{self.verb}: {self._of}")
        self.query_one("#facts", Static).update(Text(CHECKING))
        self.read_again()
        self.set_interval(LOOKS, self._look)

    def _look(self) -> None:
        """Read the facts again where the lists say something else; the plan stays until then."""
        now = self._said()
        changed = any(self._seen.get(at, said) != said for at, said in now.items())
        self._seen = {**self._seen, **now}
        if changed:
            self._read()

    def _said(self) -> dict[tuple[Key, str], object]:
        """What the lists say of all that the intents are about."""
        keys = {intent.key for intent in self.intents}
        return {(key, what): said for key in keys for what, said in self.seen(key).items()}

    async def before_reading(self) -> None:
        """Find out what :attr:`intents` needs to know, where it does; may raise SnaptuiError."""

    def read_again(self) -> None:
        """Read the facts for the intent, and make the plan."""
        self._facts, self._plan = (), None
        self._allow()
        self._read()

    @background("facts", exclusive=True)
    async def _read(self) -> None:
        self._seen, self._failed = self._said(), False
        try:
            await self.before_reading()
            found = await read_all(self._read_facts, self.intents, self._tell_progress)
            self.check_same(found)
        except SnaptuiError as error:
            if not is_there(self):
                return
            self._facts, self._plan, self._failed = (), None, True
            self._allow()
            failed = f"{error.title}: {error.message}"
            self.query_one("#facts", Static).update(Text("The checks failed."))
            self.query_one("#box").remove_class("-judged")
            lines = (clean(failed, self.glyphs), clean(error.hint, self.glyphs))
            self.query_one("#rest-text", Static).update(Text("\n".join(lines).rstrip()))
            self.make_room_soon()
            return
        self._facts = found
        if is_there(self):
            shown = self._asked if self._plan is not None else None
            self.plan_again()
            if shown not in (None, self._asked):
                self.notice(CHANGED)

    def check_same(self, found: tuple[AnyFacts, ...]) -> None:
        """See that no other snapshot has the name of one that the dialog was opened for.

        Raises:
            NotFound: one has.
        """
        for intent, facts in zip(self.intents, found, strict=True):
            if not isinstance(intent, OfOne) or not isinstance(facts, Facts):
                continue
            name = intent.name
            if (snapshot := facts.snapshots.get(name)) is not None:
                meant = self._meant.setdefault((intent.key, name), snapshot.created)
                if meant != snapshot.created:
                    raise NotFound(
                        f"{name} of {text.when(meant)} is gone, and another one has its name now.",
                        hint="Close this, and look at the new one first.",
                    )

    def _tell_progress(self, answered: int, asked: int) -> None:
        """Say how far the first reading is; a plan that is shown stays until there is another."""
        if is_there(self) and not self._plans:
            words = Text(f"{CHECKING} asked {answered} of {asked}")
            self.query_one("#facts", Static).update(words)

    def plan_again(self) -> None:
        """Make the plan anew after a field changed."""
        if not self._facts:
            return
        self._plans = make_plans(self.intents, self._facts)
        self._plan = plan = self.merged(self._plans)
        self.set_title(plan.title)
        self.query_one("#facts", Static).update(self._always(plan))
        for name, where in (("verdict", "below"), ("verdict-low", "above")):
            self.query_one(f"#{name}", Static).update(self._verdict(plan, where))
        self.query_one("#box").add_class("-judged")
        self.query_one("#rest-text", Static).update(self._rest(plan))
        self.query_one("#typed", Input).display = plan.type_name and plan.possible
        asked = (
            plan.title, plan.after, plan.lost, plan.undo, plan.refusals, plan.warnings,
            plan.unchecked,
        )  # fmt: skip
        if asked != self._asked:
            self._asked = asked
            self.appeared()
        self._allow()
        self.make_room_soon()

    def on_resize(self) -> None:
        """The rest takes what the screen leaves to it."""
        self.query_one("#box").remove_class("-tight")
        self.make_room_soon()

    def make_room_soon(self) -> None:
        """Once what changed is laid out, which on a busy machine may be after the next refresh."""
        self.call_after_refresh(self.make_room)
        self.set_timer(LAID_OUT, self.make_room)

    def make_room(self) -> None:
        """Let the rest give way, so that the buttons and the lines above it stay visible.

        Where that is not enough the buttons stay at the lower edge, and all else scrolls.
        """
        if not is_there(self):
            return
        box, rest = self.query_one("#box"), self.query_one("#rest")
        others = box.virtual_size.height - rest.outer_size.height
        left = self.size.height - box.gutter.height - others
        facts, needed = self.query_one("#facts", Static), self.query_one("#rest-text").size.height
        self._always_rows = left + facts.size.height - min(MOST, needed + 1)
        if self._plan is not None and (said := self._always(self._plan)) != facts.content:
            facts.update(said)
            self.make_room_soon()
            return
        rest.styles.max_height = max(LEAST, min(MOST, left))
        box.set_class(box.has_class("-tight") or left < LEAST, "-tight")

    @on(Input.Changed, "#typed")
    def typed_changed(self) -> None:
        """The name may be complete now."""
        if self._typed_right:
            self.notice("")
        self._allow()

    def may_be_confirmed(self, event: Message) -> bool:
        """Whether the plan may be carried out as the dialog stands; says why it may not."""
        if self._plan is None:
            self.notice(FAILED if self._failed else "Not yet: snaptui is still checking.")
        elif not self._plan.possible:
            self.notice("Refused, see above.")
        elif not self._typed_right:
            self.notice(f"Type {clean(self.challenge, self.glyphs)} first.")
            self.query_one("#typed", Input).focus()
        elif not self.readable(event):
            self.notice(TOO_SOON)
        else:
            return True
        return False

    def confirm(self) -> None:
        """Return what was confirmed."""
        parts = tuple(zip(self._plans, self._facts, strict=True))
        self.dismiss(Confirmed(parts, self.together))

    @property
    def _typed_right(self) -> bool:
        if self._plan is None or not self._plan.type_name:
            return True
        return self.query_one("#typed", Input).value == self.challenge

    def _allow(self) -> None:
        allowed = self._plan is not None and self._plan.possible and self._typed_right
        self.query_one("#confirm", Button).disabled = not allowed

    def notice(self, words: str) -> None:
        """Answer a key."""
        super().notice(words)
        self.make_room_soon()

    def _always(self, plan: Plan) -> Text:
        """The lines that are visible wherever they have room; without, each on two at most.

        Of what is refused nothing will happen, so that nothing is foretold.
        """
        if plan.refusals:
            return Text(REFUSED)
        told = [
            ("", plan.after.words, ""),
            ("You lose: ", plan.lost.words, ""),
            ("Undo: ", plan.undo.words, "bold" if plan.undo.impossible else ""),
            ("Space: ", plan.space.words, ""),
        ]
        told = [(label, clean(words, self.glyphs), style) for label, words, style in told]
        width = self.query_one("#facts").size.width
        rows = sum(len(parts(label + words, width)) for label, words, _ in told)
        most = None if rows <= self._always_rows else LONGEST
        lines = Text()
        for label, words, style in told:
            lines.append(label, "dim")
            long = most is not None and cell_len(words) > most
            lines.append(fit(words, LONGEST, self.glyphs) if long else words, style)
            lines.append("\n")
        lines.right_crop(1)
        return lines

    def _verdict(self, plan: Plan, where: str) -> Text:
        """The line that is always visible."""
        warned = text.count(len(plan.warnings), "warning") if plan.warnings else "no warnings"
        unchecked = f", {len(plan.unchecked)} not checked" if plan.unchecked else ""
        verdict = f"Refused, see {where}" if plan.refusals else "Ready"
        return Text(f"{verdict}, {warned}{unchecked}", "bold" if plan.refusals else "")

    def _rest(self, plan: Plan) -> Text:
        rest = Text()
        for refusal in once(plan.refusals):
            rest.append("Refused: ", "bold")
            rest.append(clean(refusal.words, self.glyphs))
            if refusal.libvirt_would:
                rest.append(f" ({refusal.libvirt_would})", "dim")
            rest.append("\n")
        notes = plan.notes if plan.possible else ()
        said = (
            *(("Note", note.words) for note in notes),
            *(("Warning", warning.words) for warning in plan.warnings),
            *(("Not checked", unchecked.words) for unchecked in plan.unchecked),
            *(("Configuration", change) for change in plan.changes),
        )
        for heading, words in said:
            rest.append(f"{heading}: ", "bold")
            rest.append(clean(words, self.glyphs))
            rest.append("\n")
        if lines := plan.lines_told:
            alone = f"{shell.program(lines[0])} alone checks none of this:\n"
            rest.append(alone if plan.refusals else "")
            for line in lines:
                rest.append(f"  {pasteable(line, self.glyphs)}\n", "dim")
        rest.rstrip()
        return rest


LOOKS = 0.5
"""Seconds between two looks at what the lists say."""
LAID_OUT = 0.25
"""Seconds after which what changed is laid out at the latest."""
LEAST, MOST = 3, 8
"""Lines of what scrolls, with the rule above it."""
LONGEST = 130
"""Cells of a line that is always visible: two lines of an 80 column screen."""
