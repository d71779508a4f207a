"""Who answers a message that several bots may answer, and how often a person is answered."""

from datetime import timedelta

import pytest

from multibot.clock import to_text
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store.claims import Claim, ClaimOutcome
from multibot.store.ledger import Receipt
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import ANSWER, CANDIDATE, LEASE, SAGE, SPARK, message, rows

LOGIC = BotName("logic")


async def claim(store: BotStore, said: object, slots: int = 1, per_minute: int = 10) -> Claim:
    return await store.ledger.claim(said, slots=slots, lease=LEASE, per_minute=per_minute)  # type: ignore[arg-type]


async def test_one_candidate_wins_and_the_other_keeps_only_the_reason(
    home: Home, open_bot: OpenBot
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message("who answers?")
    for store in (sage, spark):
        assert await store.ledger.receive(said, CANDIDATE, per_minute=10) is Receipt.NEW
    assert await claim(sage, said) == Claim(ClaimOutcome.WON, SAGE, 1)
    assert await claim(spark, said) == Claim(ClaimOutcome.TAKEN, SAGE, 1)
    assert rows(
        home.database,
        "SELECT bot_name, state, reason, detail, message IS NULL FROM inbox ORDER BY bot_name",
    ) == [
        ("sage", "claimed", "answered", "pattern *", 0),
        ("spark", "declined", "claimed_by", "sage", 1),
    ]


async def test_as_many_bots_win_as_there_are_slots(open_bot: OpenBot) -> None:
    stores = [open_bot(), open_bot(SPARK), open_bot(LOGIC)]
    said = message()
    outcomes = [(await claim(store, said, slots=2)).outcome for store in stores]
    assert outcomes == [ClaimOutcome.WON, ClaimOutcome.WON, ClaimOutcome.TAKEN]


async def test_a_bot_that_asks_again_still_has_its_slot(home: Home, open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    await claim(sage, said, slots=2)
    again = await claim(sage, said, slots=2)
    assert (again.outcome, again.fence) == (ClaimOutcome.WON, 2)
    assert (await claim(spark, said, slots=2)).outcome is ClaimOutcome.WON
    assert rows(home.database, "SELECT slot, bot_name FROM message_claims ORDER BY slot") == [
        (0, "sage"),
        (1, "spark"),
    ]


async def test_a_lapsed_lease_can_be_taken_over_with_a_higher_fence(
    home: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    for store in (sage, spark):
        await store.ledger.receive(said, CANDIDATE, per_minute=10)
    await claim(sage, said)
    clock.tick(59.999)
    assert (await claim(spark, said)).outcome is ClaimOutcome.TAKEN
    clock.tick(0.001)
    assert await claim(spark, said) == Claim(ClaimOutcome.WON, SPARK, 2)
    await sage.ledger.renew(said.message_id, LEASE)
    holders = [store.ledger.holds_claim(said.message_id) for store in (sage, spark)]
    assert holders == [False, True]
    assert rows(
        home.database,
        "SELECT state, message IS NULL FROM inbox WHERE bot_name = 'spark'",
    ) == [("claimed", 0)]


async def test_a_renewed_lease_holds(open_bot: OpenBot, clock: FakeClock) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    await claim(sage, said)
    clock.tick(50)
    await sage.ledger.renew(said.message_id, LEASE)
    clock.tick(50)
    assert (await claim(spark, said)).outcome is ClaimOutcome.TAKEN


async def test_a_claim_that_was_never_made_is_not_made_by_renewing(store: BotStore) -> None:
    await store.ledger.renew("1", LEASE)
    assert not store.ledger.holds_claim("1")


@pytest.mark.parametrize("state", ["answered", "failed", "expired"])
async def test_what_is_dealt_with_is_never_taken_over(
    open_bot: OpenBot, clock: FakeClock, state: str
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    await claim(sage, said)
    await sage.ledger.finish(said.message_id, state, state)  # type: ignore[arg-type]
    clock.tick(3600)
    assert await claim(spark, said) == Claim(ClaimOutcome.TAKEN, SAGE, 1)
    await sage.ledger.renew(said.message_id, LEASE)
    assert (await claim(sage, said)).outcome is ClaimOutcome.TAKEN


async def test_what_its_holder_declines_is_free_at_once(open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    await claim(sage, said)
    await sage.ledger.finish(said.message_id, "declined", "chance")
    assert await claim(spark, said) == Claim(ClaimOutcome.WON, SPARK, 2)


async def test_a_clock_that_went_back_does_not_hold_a_claim(
    open_bot: OpenBot, clock: FakeClock
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    await claim(sage, said)
    clock.set_wall(clock.now() - timedelta(hours=1))
    assert (await claim(spark, said)).outcome is ClaimOutcome.WON


async def test_the_message_over_the_limit_gets_one_notice_per_window(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    async def receive() -> Receipt:
        said = message("x", created_at=clock.now())
        return await store.ledger.receive(said, ANSWER, per_minute=3)

    receipts = [await receive() for _ in range(6)]
    assert receipts == [
        *[Receipt.NEW] * 3,
        Receipt.RATE_LIMITED_FIRST,
        *[Receipt.RATE_LIMITED] * 2,
    ]
    clock.tick(59.999)
    assert await receive() is Receipt.RATE_LIMITED
    clock.tick(0.001)
    assert [await receive() for _ in range(3)] == [Receipt.NEW] * 3
    assert await receive() is Receipt.RATE_LIMITED_FIRST
    assert rows(
        home.database,
        "SELECT DISTINCT state, reason, message IS NULL FROM inbox ORDER BY state",
    ) == [("declined", "rate_limited", 1), ("received", "answered", 0)]


async def test_the_window_slides(store: BotStore, clock: FakeClock) -> None:
    receipts = []
    for seconds in (0, 30, 29.999, 0.001, 29.999, 0.001):
        clock.tick(seconds)
        said = message(created_at=clock.now())
        receipts.append(await store.ledger.receive(said, ANSWER, per_minute=2))
    # At 0 and 30 accepted, at 59.999 full, at 60 the first is out, at 89.999 full, at 90 free.
    limited = Receipt.RATE_LIMITED
    first = Receipt.RATE_LIMITED_FIRST
    assert receipts == [Receipt.NEW, Receipt.NEW, first, Receipt.NEW, limited, Receipt.NEW]


async def test_each_user_has_a_limit_of_their_own(store: BotStore) -> None:
    for user in ("7", "8"):
        said = message(author_id=user)
        assert await store.ledger.receive(said, ANSWER, per_minute=1) is Receipt.NEW
        refused = await store.ledger.receive(message(author_id=user), ANSWER, per_minute=1)
        assert refused is Receipt.RATE_LIMITED_FIRST


async def test_the_limit_counts_a_message_once_however_many_bots_answer_it(
    open_bot: OpenBot,
) -> None:
    stores = [open_bot(), open_bot(SPARK), open_bot(LOGIC)]
    for _ in range(2):
        said = message()
        receipts = [await store.ledger.receive(said, ANSWER, per_minute=2) for store in stores]
        assert receipts == [Receipt.NEW] * 3
    said = message()
    assert [await store.ledger.receive(said, ANSWER, per_minute=2) for store in stores] == [
        Receipt.RATE_LIMITED_FIRST,
        Receipt.RATE_LIMITED,
        Receipt.RATE_LIMITED,
    ]


async def test_the_limit_holds_over_the_whole_fleet(open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    assert await sage.ledger.receive(message(), ANSWER, per_minute=2) is Receipt.NEW
    assert (await claim(spark, message(), per_minute=2)).outcome is ClaimOutcome.WON
    over = await claim(sage, message(), per_minute=2)
    assert over == Claim(ClaimOutcome.RATE_LIMITED_FIRST)
    assert (await claim(spark, message(), per_minute=2)).outcome is ClaimOutcome.RATE_LIMITED


async def test_a_refused_message_stays_refused_whoever_asks_next(
    open_bot: OpenBot, clock: FakeClock
) -> None:
    """Otherwise its author would get a notice from one bot and an answer from the next."""
    sage, spark = open_bot(), open_bot(SPARK)
    await claim(sage, message(), per_minute=1)
    clock.tick(59.9)
    said = message(after=59.9)
    assert (await claim(sage, said, per_minute=1)).outcome is ClaimOutcome.RATE_LIMITED_FIRST
    clock.tick(0.2)
    assert (await claim(spark, said, per_minute=1)).outcome is ClaimOutcome.RATE_LIMITED
    assert (await claim(spark, message(after=60.1), per_minute=1)).outcome is ClaimOutcome.WON


async def test_losing_a_claim_costs_nothing(home: Home, open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    await claim(sage, said)
    await claim(spark, said)
    assert rows(home.database, "SELECT count(*) FROM accepted_messages") == [(1,)]


async def test_a_clock_that_went_back_does_not_hold_the_limit(
    store: BotStore, clock: FakeClock
) -> None:
    await store.ledger.receive(message(), ANSWER, per_minute=1)
    await store.ledger.receive(message(), ANSWER, per_minute=1)
    clock.set_wall(clock.now() - timedelta(hours=1))
    assert await store.ledger.receive(message(), ANSWER, per_minute=1) is Receipt.NEW
    refused = await store.ledger.receive(message(), ANSWER, per_minute=1)
    assert refused is Receipt.RATE_LIMITED_FIRST


async def test_what_is_read_late_counts_when_it_was_written(
    store: BotStore, clock: FakeClock
) -> None:
    """A bot that comes back answers what was fair then, and no more than that."""
    clock.tick(300)
    said = [message(after=after) for after in (0, 30, 59.999, 60, 89.999, 90)]
    receipts = [await store.ledger.receive(each, ANSWER, per_minute=2) for each in said]
    new, first, limited = Receipt.NEW, Receipt.RATE_LIMITED_FIRST, Receipt.RATE_LIMITED
    assert receipts == [new, new, first, new, limited, new]


async def test_what_was_written_later_does_not_count(store: BotStore, clock: FakeClock) -> None:
    clock.tick(300)
    for after in (40, 30, 20):
        receipt = await store.ledger.receive(message(after=after), ANSWER, per_minute=1)
        assert receipt is Receipt.NEW


async def test_a_message_from_the_future_counts_now(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    await store.ledger.receive(message(after=3600), ANSWER, per_minute=1)
    assert rows(home.database, "SELECT accepted_at FROM accepted_messages") == [
        (to_text(clock.now()),)
    ]
    refused = await store.ledger.receive(message(after=3600), ANSWER, per_minute=1)
    assert refused is Receipt.RATE_LIMITED_FIRST
