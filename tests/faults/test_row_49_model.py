"""Row 49: the model is down, hangs, or says junk. People are told once in ten minutes, not each time.

Hours on a virtual clock, with the real engine and store: patience ends, nothing turns fast in a
circle, and as soon as the model is well again it is asked again.
"""

import asyncio
import itertools
import math
from datetime import datetime, timedelta
from typing import Any

import pytest

from multibot.conversation.message import ChannelId, InboundMessage
from multibot.home import Home
from multibot.runtime.answering import TIME_LIMIT_SECONDS, TRIES
from multibot.runtime.delivery import FAILURE_NOTICE
from tests.fakes import FakeClock
from tests.faults import book
from tests.runtime import world
from tests.runtime.doubles import FakeDelivery
from tests.runtime.world import Cast

ROUNDS = book.times(24 * 60, 12)
# The tenth round after a notice comes a second before people may be told again, the next after.
EVERY_SECONDS = 59.9
ROUNDS_PER_NOTICE = 11
TEN_MINUTES = timedelta(minutes=10)
# The engine's own waits around a try: for a place, for a retry, for the store.
MARGIN_SECONDS = 10.0
JUNK = {
    "nothing": "",
    "white space": " \n\t ",
    "half a character": "well \ud800 well",
    "a NUL": "well \0 well",
    "control characters": "\x1b[31m\x07\x08\r",
    "half an answer in JSON": '{"choices": [{"mess',
    "a fence without end": "```python\n" + "x = 1\n" * 2000,
    "far too much": "word " * 60_000,
}


def complaints(delivery: FakeDelivery) -> dict[str, list[datetime]]:
    """Tell when people were told, by channel."""
    times: dict[str, list[datetime]] = {}
    for sent in delivery.sent:
        if sent.content == FAILURE_NOTICE:
            times.setdefault(sent.to.channel_id, []).append(sent.at)
    return times


def questions(clock: FakeClock, number: int) -> tuple[InboundMessage, ...]:
    """Ask in two rooms and in private."""
    return (
        world.message(clock, f"question {number}"),
        world.message(clock, f"question {number}", channel_id=ChannelId("11"), author_id="501"),
        world.direct(clock, f"question {number}"),
    )


def states(home: Home) -> dict[str, int]:
    found = world.rows(home, "SELECT state, count(*) AS n FROM inbox GROUP BY state")
    return {row["state"]: row["n"] for row in found}


async def ask_round(sage: Cast, number: int) -> float:
    """Ask everywhere at once; return how long it took until all were settled."""
    start = sage.clock.monotonic()
    await world.finish(sage.clock, *(sage.arrive(one) for one in questions(sage.clock, number)))
    return sage.clock.monotonic() - start


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("trouble", ["down", "hangs"])
async def test_a_model_that_fails_for_hours_is_told_of_once_in_ten_minutes(
    home: Home, clock: FakeClock, trouble: str, *, streaming: bool
) -> None:
    async with world.cast(home, clock, world.bot("sage", streaming=streaming)) as (sage,):
        longest = 0.0
        sage.responder.failures = 1_000_000 if trouble == "down" else 0
        sage.responder.hold = asyncio.Event() if trouble == "hangs" else None
        for number in range(ROUNDS):
            taken = await ask_round(sage, number)
            longest = max(longest, taken)
            await clock.advance(max(0.0, EVERY_SECONDS - taken))
        asked = 3 * ROUNDS
        calls = len(sage.responder.prompts)
        assert states(home) == {"failed": asked}

        sage.responder.failures, sage.responder.hold = 0, None
        await ask_round(sage, ROUNDS)
        assert states(home) == {"failed": asked, "answered": 3}

    told = complaints(sage.delivery)
    assert len(told) == 3
    for times in told.values():
        assert len(times) == math.ceil(ROUNDS / ROUNDS_PER_NOTICE)
        assert all(later - earlier >= TEN_MINUTES for earlier, later in itertools.pairwise(times))
    assert calls <= TRIES * asked
    assert longest <= TIME_LIMIT_SECONDS + MARGIN_SECONDS
    book.note(
        book.Entry(
            row=49,
            fault=f"model {trouble}, {'streamed' if streaming else 'whole'} answers",
            count=asked,
            unit="messages",
            result=f"{sum(map(len, told.values()))} notices in 3 channels, never two within 10 minutes",
            figures={
                "virtual hours": round(ROUNDS * EVERY_SECONDS / 3600, 1),
                "calls per message": round(calls / asked, 1),
                "longest turn s": round(longest, 1),
            },
        )
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("junk", JUNK)
async def test_junk_ends_in_one_answer_or_one_notice_and_the_next_is_answered(
    home: Home, clock: FakeClock, junk: str, *, streaming: bool
) -> None:
    changes: dict[str, Any] = {"streaming": streaming}
    async with world.cast(home, clock, world.bot("sage", **changes)) as (sage,):
        sage.responder.text = JUNK[junk]
        await sage.hear(world.message(clock))
        assert sum(states(home).values()) == 1
        assert states(home).keys() <= {"answered", "failed"}
        said = list(sage.delivery.texts)
        assert said
        assert all(text.strip() and len(text) <= 2000 for text in said)
        for text in said:
            text.encode()

        sage.responder.text = None
        await sage.hear(world.message(clock, "and now?"))
        assert sage.delivery.texts[len(said) :] == ["re: and now?"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
async def test_a_model_with_a_bug_blocks_nobody(
    home: Home, clock: FakeClock, *, streaming: bool
) -> None:
    async with world.cast(home, clock, world.bot("sage", streaming=streaming)) as (sage,):
        sage.responder.bug = True
        with pytest.raises(ZeroDivisionError):
            await sage.hear(world.message(clock))
        assert states(home) == {"failed": 1}

        sage.responder.bug = False
        await sage.hear(world.message(clock, "and now?"))
        assert sage.delivery.texts[-1] == "re: and now?"
