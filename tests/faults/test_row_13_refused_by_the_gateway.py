"""Row 13: the gateway closes with a code that no retry can cure: one IDENTIFY, 78, the cure."""

import pytest

from multibot.home import Home
from tests.faults import book, crowd, running
from tests.faults.crowd import Crowd
from tests.faults.running import Started

CURES = {
    4004: "put this application's token (developer portal, Bot, Reset Token) into",
    4010: "upgrade multibot",
    4011: "take it out of some",
    4012: "upgrade multibot",
    4013: "upgrade multibot",
    4014: "switch on `Message Content Intent`",
}
ROUNDS = book.times(10, 1)


async def assert_refused(fleet: Crowd, one: Started, code: int) -> None:
    assert await one.end() == 78
    line = one.last_line
    assert f"{one.bot}: " in line
    assert f"({code})" in line
    assert CURES[code] in line
    assert f"then run `multibot restart {one.bot}`" in line
    log = fleet.world.traffic.connections(bot=one.bot, after=0, limit=1000)
    assert [(each["what"], each["code"]) for each in log] == [("identify", None), ("close", code)]


async def play(home: Home) -> None:
    """Let each bot meet another code, all at once."""
    async with Crowd(home, world=crowd.world(), count=len(CURES)) as fleet:
        codes = dict(zip(fleet.bots, CURES, strict=True))
        for bot, code in codes.items():
            fleet.world.faults.add("close", code=code, at="identify", bot=bot)
        async with running.by_hand(fleet, ready=False) as started:
            for one in started.values():
                await assert_refused(fleet, one, codes[one.bot])


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_refusal_costs_one_identify_and_names_the_cure(home: Home) -> None:
    for number in range(ROUNDS):
        await play(Home(home.root / str(number)))
    book.note(
        book.Entry(
            row=13,
            fault=f"close codes {', '.join(map(str, CURES))} at IDENTIFY",
            count=ROUNDS * len(CURES),
            unit="starts",
            result="1 IDENTIFY each, exit code 78 with the cure",
        )
    )
