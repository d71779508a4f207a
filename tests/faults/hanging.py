"""A fleet whose bots are the real ones, but for a responder that never comes back when told to."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store.migrate import migrate
from multibot.supervise import conf, deploy, patience
from multibot.supervise.daemon import Daemon
from multibot.supervise.programs import Program

SLEEP, HOG = "Please sleep.", "Please count."
# In place of `multibot`, as supervisord starts it. A bot hangs once, not again when its next
# process takes the message up. `time.sleep` leaves Python's lock to other threads, the expression
# keeps it.
PROGRAM = f"""\
#!{sys.executable}
import re, sys, time
from pathlib import Path
from multibot.__main__ import main
from multibot.runtime import wiring

class Hanging(wiring.ScriptedResponder):
    def stream(self, prompt):
        said = prompt.turns[-1].content
        mark = Path("hung") / sys.argv[-1]
        if said in {{{SLEEP!r}, {HOG!r}}} and not mark.exists():
            mark.touch()
            time.sleep(600) if said == {SLEEP!r} else re.match("(a*)*b", "a" * 40)
        return super().stream(prompt)

wiring.ScriptedResponder = Hanging
main()
"""


@contextlib.contextmanager
def program(home: Home) -> Iterator[Path]:
    """Make a folder with that program."""
    folder = Path(tempfile.mkdtemp(prefix="mb-"))
    try:
        path = folder / "multibot"
        path.write_text(PROGRAM, encoding="utf-8")
        path.chmod(0o700)
        (home.root / "hung").mkdir()
        yield folder
    finally:
        shutil.rmtree(folder)


async def start(home: Home, folder: Path, *programs: Program) -> None:
    """Start these programs under supervisord, as `multibot up` does; returns when it answers."""
    await asyncio.to_thread(migrate, home, SystemClock())
    deploy.prepare(home)
    conf.install(home, programs)
    await asyncio.to_thread(Daemon(home, {}, folder).start, patience.real())
