"""Row 18: Discord limits a bot for 65 s: its route, all of it, or everybody in that channel.

Every message is answered once when the time is over, and not one more request is refused.
"""

from typing import Any

import pytest

from multibot.config.fleet import Limits
from multibot.home import Home
from tests.faults import book, hurried, witness
from tests.faults.hurried import Hurry
from tests.faults.witness import Asked
from tests.runtime.wire import until
from tests.runtime.world import bot

ROUNDS = book.times(20, 1)
MESSAGES = 12
SECONDS = 65.0
# Clocks of two sides of a socket, at fifty times the speed.
TOLERANCE = 2.0
SEND = {"method": "POST", "path": "/channels/*/messages"}


def limited_bot() -> Any:
    """Type nothing: a request that is under way when the limit comes is nobody's fault."""
    limits = Limits(max_requests_per_minute=10_000, max_concurrent_responses=100)
    return bot("sage", channels=("lounge",), typing_indicator=False, limits=limits)


def ask(hurry: Hurry, number: int) -> Asked:
    said = hurry.say("lounge", f"user{number}", f"number {number}?")
    return Asked(said.id, said.channel.id, "sage")


async def limit_once(hurry: Hurry, asked: list[Asked], scope: str) -> None:
    """Have one answer refused, and many more wanted while the limit holds."""
    fault = hurry.world.faults.add("429", scope=scope, retry_after=SECONDS, times=1, **SEND)
    start = hurry.clock.monotonic()
    asked.append(ask(hurry, len(asked)))
    await until(lambda: bool(fault.fired))
    asked.extend(ask(hurry, len(asked) + number) for number in range(MESSAGES))
    await hurry.clock.sleep(SECONDS / 2)
    asked.extend(ask(hurry, len(asked) + number) for number in range(MESSAGES))
    await until(lambda: not witness.unsettled(hurry.home, asked))
    assert hurry.clock.monotonic() - start >= SECONDS


def answers_in(log: list[dict[str, Any]]) -> list[int]:
    return [each["status"] for each in log if each["path"].endswith("/messages")]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scope", ["user", "global", "shared"])
def test_a_limit_is_waited_for_and_nothing_is_lost(home: Home, scope: str) -> None:
    asked: list[Asked] = []
    statuses: list[int] = []

    async def scene(hurry: Hurry) -> None:
        await hurry.ready()
        # As on Discord, the bot knows its bucket before it is ever limited.
        asked.extend(ask(hurry, number) for number in range(5))
        await until(lambda: not witness.unsettled(hurry.home, asked))
        for _ in range(ROUNDS):
            await limit_once(hurry, asked, scope)
        statuses.extend(answers_in(hurry.requests("sage")))
        received = list(hurry.world.received)
        verdict = witness.judge(hurry.world, asked, received)

        assert verdict.lost == []
        assert verdict.duplicates == []
        assert witness.strangers(hurry.world, asked, received) == []

    hurried.play(home, scene, limited_bot())

    assert statuses.count(429) == ROUNDS
    book.note(
        book.Entry(
            row=18,
            fault=f"429 for {SECONDS:.0f} s, {scope}",
            count=ROUNDS,
            unit="limits",
            result=f"{len(asked)} of {len(asked)} messages answered once, further 429s 0",
        )
    )
