"""Row 29: the disk of the database is full. The bots say so, live on, and lose nothing of what is said."""

import contextlib
import json
import os
import resource
import time
from collections.abc import Callable, Iterator

import pytest

from multibot.home import Home
from multibot.store.status import read_statuses
from tests.faults import book, crowd, disks, witness
from tests.faults.conftest import Needs
from tests.faults.crowd import Crowd
from tests.faults.witness import Asked
from tests.process.fleet import pause, until

BOTS = book.times(4, 1)
# Longer than a message is tried again without much ado.
FULL_SECONDS = book.times(90, 8)
POST_SECONDS = book.times(3, 5)
# Larger than a page, so that no room is left over for it.
LONG = " and so on" * 150
KINDS = ("tmpfs", "limit") if book.FULL or os.geteuid() != 0 else ("tmpfs",)

Switch = Callable[[Crowd], None]


def limit(fleet: Crowd, size: int) -> None:
    """Let no file of the running bots be written beyond this size: what needs no root."""
    for pid in fleet.pids().values():
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextlib.contextmanager
def disk(kind: str, home: Home, needs: Needs) -> Iterator[tuple[Switch, Switch]]:
    """Give the home a disk that can be filled and emptied."""
    if kind == "limit":
        yield lambda fleet: limit(fleet, 4096), lambda fleet: limit(fleet, resource.RLIM_INFINITY)
        return
    needs.mounts()
    with disks.small(home.data, "8m"):
        yield lambda _: disks.fill(home.data), lambda _: disks.empty(home.data)


async def say(fleet: Crowd, asked: list[Asked], text: str) -> None:
    """Talk to every bot, in its room and in private."""
    for bot in fleet.bots:
        for place in (f"@{bot}", f"#room-{bot}"):
            posted = await fleet.say(place, "ada", text)
            asked.append(Asked(posted["id"], posted["channel_id"], bot))


async def states(fleet: Crowd) -> set[str]:
    told = json.loads(await fleet.multibot("status", "--json", check=False))
    return {bot["state"] for bot in told["bots"]}


async def talk_while_full(fleet: Crowd, asked: list[Asked], seen: set[str]) -> None:
    began = time.monotonic()
    while (now := time.monotonic() - began) < FULL_SECONDS:
        await say(fleet, asked, f"after {now:.0f} seconds{LONG}")
        await pause(POST_SECONDS)
        look(fleet.home, seen)


def look(home: Home, seen: set[str]) -> set[str]:
    """Note what the bots say of themselves just now."""
    seen.update(row.state for row in read_statuses(home.database).values())
    return seen


def all_answered(home: Home, asked: list[Asked], seen: set[str]) -> bool:
    look(home, seen)
    return not witness.unsettled(home, asked)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_said_while_the_disk_is_full_is_answered_afterwards(
    kind: str, home: Home, needs: Needs
) -> None:
    asked: list[Asked] = []
    seen: set[str] = set()
    with disk(kind, home, needs) as (fill, empty):
        async with Crowd(home, world=crowd.world(), count=BOTS) as fleet:
            await fleet.multibot("up")
            await say(fleet, asked, "hello")
            await until(lambda: not witness.unsettled(home, asked), "greetings answered")
            before = fleet.pids()
            fill(fleet)
            await talk_while_full(fleet, asked, seen)
            refused = len(witness.unsettled(home, asked))
            assert refused > 0
            if book.FULL:
                assert "ready" not in await states(fleet)
            empty(fleet)
            emptied = time.monotonic()
            await until(lambda: all_answered(home, asked, seen), "all answered", 60)
            recovered = time.monotonic() - emptied
            await until(lambda: "degraded" in look(home, seen), "it is said that it was so", 10)
            if book.FULL:
                await until(lambda: fleet.pids().keys() == before.keys(), "ready again")
                assert (await fleet.multibot("incidents")).count("degraded") == BOTS
            verdict = witness.judge(fleet.world, asked, await fleet.received())
            assert {bot: fleet.process_of(bot) for bot in fleet.bots} == before

    assert (verdict.lost, verdict.duplicates) == ([], [])
    book.note(
        book.Entry(
            row=29,
            fault=f"disk of the database full ({kind})",
            count=refused,
            unit="messages not stored",
            result=f"{verdict.answered} of {verdict.asked} answered once, 0 restarts",
            figures={"full for s": FULL_SECONDS, "all answered after s": round(recovered, 1)},
        )
    )
