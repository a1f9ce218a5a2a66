"""A dialog that puts a copy of a file into the running guest, and gives the lines for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static

from snaptui.common import text
from snaptui.common.errors import Cancelled, SnaptuiError
from snaptui.model.guest_file import GuestFile
from snaptui.ui.background import background
from snaptui.ui.closing import is_there, key_of
from snaptui.ui.dialogs.confirm import TOO_SOON, ConfirmDialog
from snaptui.ui.format import Glyphs, clean, pasteable
from snaptui.ui.panes.lines import Line
from snaptui.ui.terminal.safe_input import Field

if TYPE_CHECKING:
    from snaptui.guest_files.agent import RunningGuest
    from snaptui.guest_files.opened import GuestFiles
    from snaptui.guest_files.put_in import Phase, PutIn

EXPLAINED = (
    "The guest agent of {name} makes a new directory in /root, for root alone, and writes a copy "
    "there. No file of {name} is changed.",
    "snaptui reads the copy back, compares it, and shows the lines that put it in place.",
    "libvirt marks {name} as tainted by a custom agent command (custom-ga-command) until {name} "
    "is shut off.",
)
"""What happens, and what stays of it."""


class PutInDialog(ConfirmDialog[str]):
    """Asks, puts the file in, shows the lines, and returns how it ended.

    Args:
        path: of the file in the snapshot.
        place: where it belongs in the guest; empty where that is to be typed.
    """

    def __init__(
        self,
        files: GuestFiles,
        guest: RunningGuest,
        path: str,
        file: GuestFile,
        place: str,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(glyphs)
        self._files, self._guest, self._path, self._file = files, guest, path, file
        self._place, self._asks = place, not place
        self._under_way = self._given_up = False
        self._done: PutIn | None = None

    @property
    def verb(self) -> str:
        """What the button says."""
        return "Put in"

    def body(self) -> ComposeResult:
        """The place, what happens, the lines for a shell, answers."""
        yield Field(id="place", compact=True, placeholder="/path/of/the/file/in/the/guest")
        yield Static(id="facts", markup=False)
        with VerticalScroll(id="rest", can_focus=True):
            yield Static(id="rest-text", markup=False)
        yield Static(id="notice", markup=False)

    def on_mount(self) -> None:
        """Say what will happen."""
        self.query_one("#rest").display = False
        self.query_one("#place").display = self._asks
        self.set_title(f"Put {self._path} into {self._guest.name}")
        self._explain()
        if self._asks:
            self.query_one("#place").focus()
            self._put("notice", "Only one file system is open: type where the file belongs.")
        self.appeared()

    @property
    def copies(self) -> tuple[Line, ...]:
        """The path of the copy, and the lines."""
        if (done := self._done) is None:
            return (("path", self._path),)
        lines = (("install", done.install), ("restorecon", done.restorecon), ("rm", done.remove))
        return (("copy", done.path), *lines)

    def may_be_confirmed(self, event: Message) -> bool:
        """Whether it may be put in as the dialog stands; says why it may not."""
        if self._under_way or self._done is not None:
            return False
        if self._asks:
            self._place = self.query_one("#place", Input).value.strip()
        if not self._place.startswith("/"):
            self.notice("Type where the file belongs in the guest: a path from / on.")
            self.query_one("#place").focus()
        elif not self.readable(event):
            self.notice(TOO_SOON)
        else:
            return True
        return False

    def confirm(self) -> None:
        """Put it in, once."""
        if not self._under_way and self._done is None:
            self._under_way, self._given_up = True, False
            self._put_in()

    def action_cancel(self) -> None:
        """Give up what is under way, or leave."""
        if self._under_way:
            self._given_up = True
            self._put("notice", "Giving up, and removing what was begun ...")
        elif self._done is not None:
            size = text.size(self._done.size)
            self.dismiss(
                f"{self.glyphs.well} {size} put into {self._guest.name}: {self._done.path}"
            )
        else:
            self.dismiss(None)

    @background("put in")
    async def _put_in(self) -> None:
        from snaptui.guest_files.put_in import put_in

        self.query_one("#confirm").display = False
        self._put("notice", "")
        self._put("facts", f"Asking the guest agent of {self._guest.name} ...")
        try:
            done = await put_in(self._files, self._guest, self._path, self._place, self._tell)
        except SnaptuiError as error:
            if is_there(self):
                self.query_one("#confirm").display = True
            self._explain()
            self._put("notice", f"{error.title}: {error.message} {error.hint}".strip())
        else:
            self._show(done)
        finally:
            self._under_way = False

    def _explain(self) -> None:
        about = "\n".join(EXPLAINED).format(name=self._guest.name)
        self._put("facts", f"{about}\nSize: {text.size(self._file.size)}")

    def _tell(self, phase: Phase, done: int, total: int) -> None:
        """How far it is."""
        if self._given_up:
            raise Cancelled("Cancelled.")
        words = f"{phase.value.capitalize()} ... {text.size(done)} of {text.size(total)}"
        self._put("facts", f"{words}; {key_of(self, 'cancel')} cancels.")

    def _show(self, done: PutIn) -> None:
        self._done = done
        size, name = text.size(done.size), self._guest.name
        self._put("facts", f"{self.glyphs.well} {size} put into {name}: {done.path}")
        if not is_there(self):
            return
        words = Text(f"To put it in place, in {clean(name, self.glyphs)} as root:\n")
        for line in (done.install, done.restorecon, done.remove):
            words.append(f"  {pasteable(line, self.glyphs)}\n")
        words.append("restorecon is for guests with SELinux. rm removes the copy.", "dim")
        self.query_one("#rest-text", Static).update(words)
        self.query_one("#rest").display = True
        self.query_one("#place").display = False
        self.query_one("#cancel", Button).label = "Close"
        self._put("notice", f"{key_of(self, 'dialog_copy')} copies a line.")

    def _put(self, name: str, words: str) -> None:
        if self.is_mounted and not is_there(self):
            return  # the program is being left
        shown = "\n".join(clean(line, self.glyphs) for line in words.split("\n"))
        self.query_one(f"#{name}", Static).update(Text(shown))
