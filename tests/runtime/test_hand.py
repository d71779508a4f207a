"""How the housekeeper writes: what it can do again need not survive a power cut."""

from typing import Any

import pytest

from multibot.home import Home
from multibot.runtime.hand import Hand
from multibot.store.archive import retention, search
from multibot.store.stores import BotStore
from multibot.store.transaction import Durability
from tests.runtime.chores import DAY, Household, Leaping
from tests.store.material import RULES, message, rows

NORMAL, FULL = 1, 2


@pytest.fixture
def clock() -> Leaping:
    return Leaping()


@pytest.fixture
def store(house: Household) -> BotStore:
    return house.store("sage")


@pytest.fixture
def hand(store: BotStore, clock: Leaping) -> Hand:
    return Hand(store, clock, lambda _: True)


def synchronous(writing: Any) -> int:
    return int(writing.execute("PRAGMA synchronous").fetchone()[0])


async def test_it_waits_for_the_disk_only_where_it_is_told_to(hand: Hand) -> None:
    assert await hand.write(synchronous) == NORMAL
    assert await hand.write(synchronous, Durability.HARD) == FULL


async def test_a_thread_can_be_given_the_hand(hand: Hand) -> None:
    assert await hand.aside_writing(lambda write: write(synchronous, Durability.SOFT)) == NORMAL


async def test_a_batch_of_the_index_that_is_lost_is_filled_anew(
    home: Home, store: BotStore, hand: Hand, clock: Leaping
) -> None:
    """Its words and the watermark are one transaction, so a power cut takes both or none."""
    await store.ledger.begin(message("zymurgy", created_at=clock.now()), RULES)

    def lost(writing: Any) -> None:
        assert search.fill(writing) == 1
        raise ConnectionError

    for job in (lost, search.fill):
        try:
            await hand.write(job)
        except ConnectionError:
            assert search.behind(store.reader) == 1
    assert search.behind(store.reader) == 0
    found = "SELECT count(*) FROM conversations_fts WHERE conversations_fts MATCH 'zymurgy'"
    assert rows(home.database, found) == [(1,)]


async def test_long_turns_go_one_by_one_and_their_words_afterwards(
    home: Home, store: BotStore, hand: Hand, clock: Leaping
) -> None:
    """To take the words of one out takes longer than bots can wait, and more so of several."""
    for number in range(4):
        said = message("zymurgy " * 20_000, message_id=f"{number + 1}", created_at=clock.now())
        await store.ledger.begin(said, RULES)
    while await hand.write(search.fill):
        continue
    (turns, _) = retention.sweeps(clock.now() + 2 * DAY, {"sage": 1})
    keys = turns.find(store.reader)
    assert [turns.fitting(keys, 25), turns.has_long(keys)] == [1, True]

    assert await hand.sweep([turns]) == {"turns of sage": 4}

    pages = rows(home.database, "SELECT block FROM conversations_fts_data")
    assert not any(b"zymurgy" in page for (page,) in pages)
