"""Row 22: Discord sends every message three times, in rooms and in private. Each is answered once."""

from itertools import cycle, islice
from pathlib import Path

import pytest

from multibot.home import Home
from tests.faults import book, crowd, running, witness
from tests.faults.crowd import Crowd
from tests.faults.witness import Asked
from tests.process.fleet import chat_lines, pause, until

CHAT = Path(__file__).parent.parent / "data" / "chat_sample.jsonl"
BOTS = book.times(8, 2)
MESSAGES = book.times(10_000, 100)
COPIES = 3
# Nobody has to wait long in a lane.
UNDER_WAY = 100
PRIVATE_EVERY = 4
SEED = 22


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_a_message_that_comes_three_times_is_answered_once(home: Home) -> None:
    dice = crowd.dice(SEED)
    asked: list[Asked] = []
    async with (
        Crowd(home, world=crowd.world(), count=BOTS) as fleet,
        running.by_hand(fleet),
    ):
        fleet.world.faults.add("duplicate", copies=COPIES)
        for number, (author, content) in enumerate(islice(cycle(chat_lines(CHAT, 1100)), MESSAGES)):
            bot = dice.choice(fleet.bots)
            place = f"@{bot}" if number % PRIVATE_EVERY == 0 else f"#room-{bot}"
            posted = await fleet.say(place, author, content)
            asked.append(Asked(posted["id"], posted["channel_id"], bot))
            while len(asked) - fleet.world.received_count > UNDER_WAY:
                await pause()
        await until(lambda: not witness.unsettled(home, asked), "every message settled", 120)
        # Time for a second answer, if there were one.
        await pause(0.5)
        received = await fleet.received()
        verdict = witness.judge(fleet.world, asked, received)
        told = fleet.world.traffic.shown()["bots"]

    assert sum(told[bot]["events"]["MESSAGE_CREATE"] for bot in fleet.bots) >= COPIES * MESSAGES
    assert verdict.duplicates == []
    assert verdict.lost == []
    assert witness.strangers(fleet.world, asked, received) == []
    book.note(
        book.Entry(
            row=22,
            fault=f"every MESSAGE_CREATE sent {COPIES} times",
            count=MESSAGES,
            unit="messages",
            result=f"{verdict.answered} of {verdict.asked} answered once, duplicates 0, lost 0",
            seed=SEED,
            figures={"bots": BOTS},
        )
    )
