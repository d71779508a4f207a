"""How far a channel is read: never past a message that is not stored."""

from typing import Any

import pytest

from multibot.conversation.message import InboundMessage
from multibot.errors import MultibotError
from multibot.home import Home
from multibot.store.cursors import Cursor, is_newer
from multibot.store.stores import BotStore
from tests.store.conftest import OpenBot
from tests.store.material import ANSWER, CANDIDATE, NOT_ADDRESSED, SPARK, message, rows


def at(message_id: int, **changes: Any) -> InboundMessage:
    return message(message_id=str(message_id), **changes)


def arrive(store: BotStore, *messages: InboundMessage) -> None:
    for each in messages:
        store.cursors.arrived(each.channel_id, each.message_id)


async def receive(store: BotStore, said: InboundMessage) -> None:
    await store.ledger.receive(said, ANSWER, per_minute=1000)


def seen(store: BotStore) -> dict[str, str]:
    return {cursor.channel_id: cursor.last_seen for cursor in store.cursors.read()}


@pytest.mark.parametrize(
    ("newer", "older"), [("10", "9"), ("1000", "999"), ("11", "10"), ("9", "")]
)
def test_ids_are_compared_as_numbers(newer: str, older: str) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)
    assert not is_newer(newer, newer)


async def test_a_cursor_moves_with_what_is_stored(store: BotStore) -> None:
    await receive(store, at(99))
    await store.ledger.decline(at(100), NOT_ADDRESSED)
    await store.ledger.receive(at(101), CANDIDATE, per_minute=10)
    await receive(store, at(7, channel_id="20"))

    assert seen(store) == {"10": "101", "20": "7"}


async def test_a_cursor_never_goes_back(store: BotStore) -> None:
    await receive(store, at(1000))
    await receive(store, at(999))
    await receive(store, at(1000))

    assert seen(store) == {"10": "1000"}


async def test_a_private_conversation_is_known_as_one(store: BotStore) -> None:
    await receive(store, at(5, channel_type="dm", guild_id=None, channel_id="77"))
    await receive(store, at(6))

    assert set(store.cursors.read()) == {Cursor("77", "5", is_dm=True), Cursor("10", "6")}


async def test_each_bot_reads_for_itself(open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    await receive(sage, at(5))
    await receive(spark, at(6))

    assert (seen(sage), seen(spark)) == ({"10": "5"}, {"10": "6"})


async def test_row_and_cursor_are_one_transaction(
    home: Home, store: BotStore, open_bot: OpenBot
) -> None:
    """A process killed at any moment leaves both or neither: here the cursor cannot be written."""

    def spoil(writing: Any) -> None:
        writing.execute(
            "CREATE TRIGGER full BEFORE INSERT ON channel_cursors"
            " BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )

    await open_bot(SPARK).writer.run(spoil)
    with pytest.raises(MultibotError, match="no room"):
        await receive(store, at(5))
    with pytest.raises(MultibotError, match="no room"):
        await store.ledger.decline(at(6), NOT_ADDRESSED)

    assert rows(home.database, "SELECT count(*) FROM inbox") == [(0,)]
    assert seen(store) == {}


async def test_a_cursor_stays_before_what_is_not_stored_yet(store: BotStore) -> None:
    first, second, third = at(10), at(20), at(30)
    arrive(store, first, second, third)
    await receive(store, third)
    assert seen(store) == {"10": "9"}
    await receive(store, first)
    assert seen(store) == {"10": "19"}
    await store.ledger.decline(second, NOT_ADDRESSED)
    assert seen(store) == {"10": "30"}


async def test_a_write_its_caller_gave_up_is_found_in_the_file(store: BotStore) -> None:
    """It arrived and was stored after all, only nobody was told."""
    lost, later = at(10), at(20)
    await receive(store, lost)
    arrive(store, lost, later)
    await receive(store, later)

    assert seen(store) == {"10": "20"}


async def test_a_held_channel_stands_still_until_it_is_released(store: BotStore) -> None:
    await receive(store, at(10))
    store.cursors.hold_all()
    await receive(store, at(20))
    await receive(store, at(7, channel_id="20"))
    assert seen(store) == {"10": "10"}

    await store.cursors.release([Cursor("10", "15")])
    assert seen(store) == {"10": "20"}
    await receive(store, at(30))
    await receive(store, at(8, channel_id="20"))
    assert seen(store) == {"10": "30"}


async def test_a_release_stays_before_what_is_on_its_way(store: BotStore) -> None:
    store.cursors.hold_all()
    arrive(store, at(10), at(12))
    await store.cursors.release([Cursor("10", "15")])
    assert seen(store) == {"10": "9"}
    await receive(store, at(10))
    assert seen(store) == {"10": "11"}
    await receive(store, at(12))
    assert seen(store) == {"10": "15"}


async def test_only_named_channels_stay_held(store: BotStore) -> None:
    store.cursors.hold_all()
    store.cursors.let_go("30")
    store.cursors.hold_only(["10", "30"])

    assert [store.cursors.is_held(each) for each in ("10", "20", "30")] == [True, False, False]


async def test_a_channel_held_on_its_own_stays_held(store: BotStore) -> None:
    store.cursors.hold_all()
    store.cursors.let_go("20")
    store.cursors.hold("20")
    store.cursors.hold_only([])
    assert store.cursors.is_held("20")
    store.cursors.let_go("20")
    assert not store.cursors.is_held("20")


async def test_a_stranger_moves_the_cursor_and_leaves_nothing(home: Home, store: BotStore) -> None:
    said = at(10, author_id="666")
    arrive(store, said)
    await store.cursors.pass_by(said)

    assert seen(store) == {"10": "10"}
    assert rows(home.database, "SELECT count(*) FROM inbox") == [(0,)]


async def test_a_strangers_private_message_leaves_not_even_a_cursor(store: BotStore) -> None:
    said = at(10, channel_type="dm", guild_id=None)
    arrive(store, said)
    await store.cursors.pass_by(said)

    assert store.cursors.is_settled("10", "10")
    assert seen(store) == {}


async def test_what_is_passed_over_waits_for_what_came_before(store: BotStore) -> None:
    """The bot's own answer is newer than a question that is still being stored."""
    arrive(store, at(10))
    await store.cursors.pass_over("10", "11", is_dm=False)
    assert seen(store) == {"10": "9"}
    await receive(store, at(10))
    assert seen(store) == {"10": "11"}
