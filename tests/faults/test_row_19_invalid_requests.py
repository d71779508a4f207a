"""Row 19: every request of a whole fleet is refused with 403. The host stays under 1,000 in 10 minutes.

Discord shuts an address out after 10,000. The bots stay connected, and say why they are silent.
"""

import asyncio

import pytest

from multibot.clock import SystemClock
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.runtime.breaker import OPENS_AT
from multibot.store.status import read_statuses
from multibot.store.stores import open_store
from tests.faults import book, crowd, running
from tests.faults.crowd import Crowd
from tests.process.fleet import pause, until

BOTS = book.times(20, 3)
# What another program on this host has already cost, so that fewer are needed here.
EARLIER = book.times(0, 700)
ALLOWED = 1000
# People who ask each bot at the same moment; the bot shows that it types, and answers.
AT_ONCE = 3
REFUSED = {"kind": "403", "method": "POST"}


async def count_earlier(home: Home) -> None:
    """Have so many refusals counted as a bot counts its own."""
    store = open_store(home, BotName("elsewhere"), SystemClock())
    await asyncio.gather(*(store.gateway.count_refusal(403) for _ in range(EARLIER)))
    await store.close()


def invalid(fleet: Crowd) -> int:
    """What Discord holds against this host for the worst ten minutes."""
    return EARLIER + int(fleet.world.traffic.shown()["invalid_requests"]["worst_10_minutes"])


def says_why(home: Home) -> bool:
    """Tell whether bots say for themselves what is wrong."""
    rows = read_statuses(home.database).values()
    return any(f"Discord refused {OPENS_AT} requests" in str(row.last_error) for row in rows)


async def talk(fleet: Crowd, number: int) -> None:
    """Have so many people ask every bot in private, all at the same time."""
    asking = (
        fleet.say(f"@{bot}", f"user{number % 5}-{each}", "Are you there?")
        for bot in fleet.bots
        for each in range(AT_ONCE)
    )
    await asyncio.gather(*asking)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_a_fleet_that_is_refused_everywhere_keeps_quiet_in_time(home: Home) -> None:
    async with (
        Crowd(home, world=crowd.world(), count=BOTS) as fleet,
        running.by_hand(fleet) as started,
    ):
        await count_earlier(home)
        fleet.world.faults.add(**REFUSED)
        rounds = 0
        while not says_why(home):
            before = invalid(fleet)
            await talk(fleet, rounds)
            rounds += 1
            await until(
                lambda before=before: says_why(home) or invalid(fleet) >= before + BOTS * AT_ONCE,  # type: ignore[misc]
                "the bots tried to answer",
            )
        for further in range(3):
            await talk(fleet, further)
            await pause(0.5)
        worst = invalid(fleet)
        assert [one.bot for one in started.values() if one.process.returncode is not None] == []
        assert len(fleet.pids()) == BOTS

    assert OPENS_AT <= worst <= ALLOWED
    book.note(
        book.Entry(
            row=19,
            fault="every request refused with 403",
            count=BOTS,
            unit="bots",
            result=f"{worst} refused requests in the worst 10 minutes (allowed: {ALLOWED})",
            figures={"asked at once": BOTS * AT_ONCE, "of them counted before": EARLIER},
        )
    )
