"""Row 2: a bot is killed when Discord has a part of its answer and the bot does not know it yet.

The next process finds out what arrived: each part of each answer stands in its channel once.
"""

import pytest

from multibot.home import Home
from tests.faults import between, book, crowd, witness
from tests.faults.between import Rounds
from tests.faults.by_hand import ByHand

BOTS = book.times(4, 2)
KILLS = book.times(500, 2)
SEED = 2


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
async def test_a_part_that_was_sent_and_not_marked_is_not_sent_again(home: Home) -> None:
    async with ByHand(
        home,
        world=crowd.world(),
        count=BOTS,
        scripted=between.LONG,
        max_length=between.PART_LENGTH,
    ) as fleet:
        await fleet.start_all()
        rounds = Rounds(fleet, crowd.dice(SEED))
        await rounds.open_direct_channels()
        await rounds.kill(KILLS)
        verdict = witness.judge(fleet.world, rounds.asked, await fleet.received())
        broken = between.not_whole(fleet.world, rounds.asked)

    assert rounds.kills.total() == KILLS
    assert verdict.duplicates == []
    assert verdict.lost == []
    assert broken == []
    book.note(
        book.Entry(
            row=2,
            fault="bot killed between send and mark",
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
