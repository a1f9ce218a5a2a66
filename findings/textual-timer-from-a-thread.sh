#!/bin/sh
# A timer of Textual that is set by what a thread handed to the loop never fires, and nobody is told.
#
# Seen with: Textual 8.2.8, Python 3.11.
# Behaviour: loop.call_soon_threadsafe() from a thread runs the callback in that thread's context,
#   which is empty. App.set_timer() takes its own context with it, and when its time comes looks
#   there for the app (textual/timer.py, Timer._tick: active_app.get()). That raises LookupError in a
#   task that nobody awaits before the app ends: the callback is not called, the app shows nothing
#   and goes on, and its end raises the error. With context=contextvars.copy_context() of the app,
#   or through App.call_from_thread(), it fires.
# Output: set by the app: fired
#         set through call_soon_threadsafe: never fired
#         the same with the app's context: fired
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet textual==8.2.8
cat > "$folder/seen.py" <<'PROGRAM'
import asyncio
import contextvars
import os
import threading

from textual.app import App


class Timers(App):
    def on_mount(self):
        self.fired = []
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        self.set_timer(0.05, lambda: self.fired.append("app"))

        def from_thread():
            bare = lambda: self.set_timer(0.05, lambda: self.fired.append("bare"))
            loop.call_soon_threadsafe(bare)
            kept = lambda: self.set_timer(0.05, lambda: self.fired.append("kept"))
            loop.call_soon_threadsafe(kept, context=context)

        threading.Thread(target=from_thread).start()


async def main():
    app = Timers()
    async with app.run_test():
        await asyncio.sleep(2)
        for name, words in (
            ("app", "set by the app"),
            ("bare", "set through call_soon_threadsafe"),
            ("kept", "the same with the app's context"),
        ):
            print(f"{words}: {'fired' if name in app.fired else 'never fired'}", flush=True)
        os._exit(0)  # the end of the app would raise what the timer's task did


asyncio.run(main())
PROGRAM
"$folder/venv/bin/python" "$folder/seen.py" | tee "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
set by the app: fired
set through call_soon_threadsafe: never fired
the same with the app's context: fired
EXPECTED
diff "$folder/expected" "$folder/seen"
