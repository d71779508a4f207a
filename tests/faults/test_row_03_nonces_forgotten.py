"""Row 3: as row 2, and Discord has forgotten the nonces when the bot is back.

Sending again would then post again, so only a look at the channel's history can tell what arrived.
"""

from datetime import timedelta

import pytest

from multibot.home import Home
from tests.fakes import FakeClock
from tests.faults import between, book, crowd, witness
from tests.faults.between import Rounds
from tests.faults.by_hand import ByHand
from tests.runtime.doubles import FakeDelivery
from tests.runtime.world import bot, cast, direct, finish, kill, message, until

BOTS = book.times(4, 2)
KILLS = book.times(500, 2)
VIRTUAL_KILLS = book.times(500, 10)
SEED = 3
# Discord remembers a nonce for some minutes; here every bot is back after its time.
NONCE_WINDOW_SECONDS = 0.1
AWAY = timedelta(minutes=11)


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
async def test_without_nonces_nothing_is_sent_again_either(home: Home) -> None:
    world = crowd.world()
    world.nonce_window = NONCE_WINDOW_SECONDS
    async with ByHand(
        home, world=world, count=BOTS, scripted=between.LONG, max_length=between.PART_LENGTH
    ) as fleet:
        # For half of the bots no nonce ever counts: not within one process either.
        world.faults.add("forget-nonces", bot="bot0[02468]")
        await fleet.start_all()
        rounds = Rounds(fleet, crowd.dice(SEED))
        await rounds.open_direct_channels()
        await rounds.kill(KILLS)
        verdict = witness.judge(world, rounds.asked, await fleet.received())
        broken = between.not_whole(world, rounds.asked)
        repeated = sum(row.get("deduplicated", False) for row in await fleet.received())

    assert rounds.kills.total() == KILLS
    assert repeated == 0, "Discord helped"
    assert verdict.duplicates == []
    assert verdict.lost == []
    assert broken == []
    book.note(
        book.Entry(
            row=3,
            fault="bot killed between send and mark, nonces forgotten",
            count=KILLS,
            unit="kills",
            result=f"{verdict.answered} of {verdict.asked} answers stand once, every part once",
            seed=SEED,
            figures={
                "bots": BOTS,
                **{f"after {what}": n for what, n in sorted(rounds.kills.items())},
            },
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(book.times(900, 120))
async def test_a_bot_that_is_back_after_ten_minutes_finishes_and_repeats_nothing(
    home: Home, clock: FakeClock
) -> None:
    """On a virtual clock: the time limit for beginning an answer is over, this one was begun."""
    discord = FakeDelivery(clock, forgetful=True)
    sage = bot("sage", max_message_length=4)
    for number in range(VIRTUAL_KILLS):
        asked = (direct if number % 2 else message)(clock, author_id=f"{10_000 + number}")
        discord.deaf = 1
        async with cast(home, clock, sage, delivery=discord) as (first,):
            first.responder.text = "one two!"
            under_way = first.arrive(asked)
            await until(clock, lambda: discord.deaf == 0)
            await kill(under_way)
        clock.tick(AWAY.total_seconds())
        async with cast(home, clock, sage, delivery=discord) as (second,):
            second.recovery.take_up()
            await finish(clock, *second.recovery._tasks)
        texts = [each.content for each in discord.sent if each.to.message_id == asked.message_id]
        assert texts == ["one", "two!"]
    book.note(
        book.Entry(
            row=3,
            fault="the same, back after 11 minutes (virtual clock)",
            count=VIRTUAL_KILLS,
            unit="kills",
            result=f"{len(discord.sent)} parts of {VIRTUAL_KILLS} answers stand once",
            seed=None,
        )
    )
