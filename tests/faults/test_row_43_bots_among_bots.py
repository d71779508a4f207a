"""Row 43: bots that mention each other in everything they say, killed meanwhile. They stop in time.

What counts is what stands on the sandbox's Discord: how many messages of bots follow each other,
and that nothing is answered twice.
"""

import asyncio
from collections import Counter
from random import Random

import pytest

from multibot.home import Home
from tests.faults import book, crowd
from tests.faults.gathering import Gathering
from tests.process.fleet import pause

ROUNDS = book.times(60, 1)
LONG_ROUNDS = book.times(30, 1)
TABLES = book.times(4, 2)
KILLS_PER_ROUND = book.times(3, 2)
MAX_CHAIN = 6
MAX_BOT_TURNS = 9
SEED = 43
PEOPLE = ("ada", "grace", "linus")


async def disturb(fleet: Gathering, dice: Random, kills: list[str]) -> None:
    """Kill some of them while they talk, wherever they are."""
    for _ in range(KILLS_PER_ROUND):
        await pause(dice.uniform(0.05, 1.2))
        bot = dice.choice(fleet.bots)
        pid = await asyncio.to_thread(fleet.process_of, bot)
        if pid is not None and crowd.kill(pid):
            kills.append(bot)


async def kill_all(fleet: Gathering, kills: list[str]) -> None:
    """Kill all of them at once."""
    for bot in fleet.bots:
        pid = await asyncio.to_thread(fleet.process_of, bot)
        if pid is not None and crowd.kill(pid):
            kills.append(bot)


async def begin(fleet: Gathering, dice: Random) -> None:
    """Have a person speak to one of them at each table."""
    for table in fleet.channels:
        spoken_to = fleet.user_id(dice.choice(fleet.bots))
        await fleet.say(f"#{table}", dice.choice(PEOPLE), f"<@{spoken_to}> what is new?")


def answered_twice(fleet: Gathering) -> list[str]:
    """Name messages that have more than one answer."""
    replies = Counter(
        each.reply_to.id
        for table in fleet.channels
        for each in fleet.said_in(table)
        if each.author.bot and each.reply_to is not None
    )
    return [message for message, count in replies.items() if count > 1]


def wrongly_pinged(fleet: Gathering) -> list[str]:
    """Name messages that mention anybody but the bot they answer, whatever their text says."""
    found = []
    for table in fleet.channels:
        for each in fleet.said_in(table):
            to_bot = each.reply_to is not None and each.reply_to.author.bot
            expected = [each.reply_to.author] if to_bot and each.reply_to else []
            if each.author.bot and list(each.mentions) != expected:
                found.append(each.id)
    return found


def counted(fleet: Gathering) -> dict[str, int]:
    """Say how many messages of bots the shared file counts since a person last spoke."""
    rows = fleet.rows("select channel_id, bot_turns from chains")
    turns = {row["channel_id"]: row["bot_turns"] for row in rows}
    return {table: turns.get(fleet.channel_id(table), 0) for table in fleet.channels}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("count", [2, 3])
async def test_bots_that_mention_each_other_stop_at_the_limit(home: Home, count: int) -> None:
    dice = crowd.dice(SEED + count)
    kills: list[str] = []
    talk = {"max_chain": MAX_CHAIN, "max_bot_turns": MAX_BOT_TURNS}
    async with Gathering(home, world=crowd.world(), count=count, tables=TABLES, talk=talk) as fleet:
        await fleet.multibot("up")
        for number in range(ROUNDS):
            await begin(fleet, dice)
            if number % 2 == 0:
                await disturb(fleet, dice, kills)
            await fleet.talked_out()
        runs = [run for table in fleet.channels for run in fleet.runs(table)]
        last = {table: [0, *fleet.runs(table)][-1] for table in fleet.channels}

        assert len(runs) == ROUNDS * TABLES
        assert max(runs) <= MAX_CHAIN
        assert answered_twice(fleet) == []
        assert wrongly_pinged(fleet) == []
        assert counted(fleet) == last
    assert MAX_CHAIN in runs
    book.note(
        book.Entry(
            row=43,
            fault=f"{count} bots that mention each other in everything, killed meanwhile",
            count=len(runs),
            unit="chains",
            result=f"longest {max(runs)} of at most {MAX_CHAIN} messages, answered twice 0",
            seed=SEED + count,
            figures={"kills": len(kills), "whole chains": runs.count(MAX_CHAIN)},
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_bots_that_begin_anew_by_themselves_stop_at_the_longest_row(home: Home) -> None:
    """After a whole chain one of them begins the next, and nobody else has spoken in between."""
    dice = crowd.dice(SEED)
    kills: list[str] = []
    talk = {"max_chain": MAX_CHAIN, "max_bot_turns": MAX_BOT_TURNS}
    async with Gathering(home, world=crowd.world(), count=2, tables=TABLES, talk=talk) as fleet:
        await fleet.multibot("up")
        for _ in range(LONG_ROUNDS):
            await begin(fleet, dice)
            await pause(dice.uniform(0.3, 1.5))
            await kill_all(fleet, kills)
            await fleet.talked_out()
            for table in fleet.channels:
                await fleet.speak("bot00", table, f"<@{fleet.user_id('bot01')}> one more thing")
            await pause(dice.uniform(0.05, 0.6))
            await kill_all(fleet, kills)
            await fleet.talked_out()
        runs = [run for table in fleet.channels for run in fleet.runs(table)]

        assert len(runs) == LONG_ROUNDS * TABLES
        assert max(runs) == MAX_BOT_TURNS
        assert answered_twice(fleet) == []
        assert counted(fleet) == {table: list(fleet.runs(table))[-1] for table in fleet.channels}
    book.note(
        book.Entry(
            row=43,
            fault="2 bots that begin anew after each chain, both killed in the middle of each",
            count=len(runs),
            unit="rows of messages",
            result=f"longest {max(runs)} of at most {MAX_BOT_TURNS}, answered twice 0",
            seed=SEED,
            figures={"kills": len(kills), "whole rows": runs.count(MAX_BOT_TURNS)},
        )
    )
