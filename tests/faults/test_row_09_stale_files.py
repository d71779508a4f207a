"""Row 9: what a killed supervisord leaves behind, and worse, lies in `data/run`. `up` works."""

import asyncio
import itertools
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from multibot.home import Home
from multibot.supervise.control import Control
from multibot.supervise.daemon import is_gone
from tests.faults import book, crowd
from tests.faults.crowd import Crowd
from tests.process.fleet import until

TIMES = book.times(50, 2)
Leave = Callable[[Home], object]


def half_bound(home: Home) -> None:
    """Leave what is there when the kill comes between binding the socket and naming it."""
    home.socket.unlink()
    draft = Path(f"{home.socket}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(draft))


def plain_file(home: Home) -> None:
    home.socket.unlink()
    home.socket.write_bytes(b"")


def locks_of_others(home: Home) -> None:
    """Let the lock files name a process that runs, though nobody holds them."""
    for path in (home.up_lock, home.bot_lock("bot00"), home.bot_lock("gone")):
        path.write_text(f"{os.getpid()}\n")
    home.bot_exit("bot00").write_text('{"pid": 1, "exit_code": 78, "error": "long ago"}')


def as_left(home: Home) -> None:
    """Add nothing to what the kill left."""


PIDS: dict[str, Leave] = {
    "another program's pid": lambda home: home.supervisord_pid.write_text(f"{os.getpid()}\n"),
    "a torn pid": lambda home: home.supervisord_pid.write_bytes(b"12\x00\xff"),
    "no pid": lambda home: home.supervisord_pid.write_bytes(b""),
    "its pid": as_left,
}
SOCKETS: dict[str, Leave] = {
    "half a socket": half_bound,
    "a file": plain_file,
    "its socket": as_left,
}


async def gone(pid: int) -> None:
    await until(lambda: is_gone(pid), "supervisord gone")


@pytest.mark.slow
@pytest.mark.timeout(book.times(1800, 120))
async def test_up_works_whatever_lies_there(home: Home) -> None:
    lefts = itertools.cycle(itertools.product(PIDS, SOCKETS))
    async with Crowd(home, world=crowd.world(), count=1) as fleet:
        await fleet.multibot("up")
        for _ in range(TIMES):
            left = next(lefts)
            daemon = await asyncio.to_thread(Control(home).daemon)
            crowd.kill(daemon.pid)
            await gone(daemon.pid)
            assert home.socket.exists()
            assert home.supervisord_pid.exists()
            locks_of_others(home)
            PIDS[left[0]](home)
            SOCKETS[left[1]](home)
            output = await fleet.multibot("up")

            assert "bot00 ready" in output, (left, output)
            posted = await fleet.say("#room-bot00", "ada", "Are you back?")
            assert len(await fleet.answers_to(posted["id"])) == 1

    book.note(
        book.Entry(
            row=9,
            fault="stale pid, socket and lock files",
            count=TIMES,
            unit="starts",
            result=f"`up` exits 0 and the bot answers each time ({len(PIDS) * len(SOCKETS)} kinds of leftovers)",
        )
    )
