"""What was edited and deleted while a bot was away, as far as a history that is read shows it."""

import pytest

from multibot.config.fleet import Catchup
from multibot.home import Home
from multibot.runtime.backlog import Arrival, Place
from multibot.store import connection
from tests.fakes import FakeClock
from tests.runtime import world
from tests.runtime.absence import DIRECT, LOUNGE, Past, life


@pytest.fixture
def past(clock: FakeClock) -> Past:
    return Past(clock)


def kept(home: Home) -> dict[str, str | None]:
    """What is kept of each message of a person; nothing of those that are deleted."""
    sql = "SELECT * FROM conversations WHERE role = 'user' ORDER BY id"
    return {
        row["message_id"]: None if row["deleted_at"] else row["content"]
        for row in world.rows(home, sql)
    }


async def some(home: Home, past: Past, count: int = 4, where: Place = LOUNGE) -> list[Arrival]:
    """Let a first process answer some messages, and time go by."""
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        said = [past.post(where, f"said {number}") for number in range(count)]
        for each in said:
            sage.hears(each)
        await sage.rest()
    past.clock.tick(120)
    past.asked.clear()
    assert list(kept(home).values()) == [f"said {number}" for number in range(count)]
    return said


async def test_what_the_page_still_holds_is_compared(home: Home, past: Past) -> None:
    """What is new was asked for; what was seen before comes with it and costs no request."""
    said = await some(home, past)
    past.seen_too = 100
    await past.edit(said[1], "edited")
    past.delete(said[2])
    new = past.post(LOUNGE, "new")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)

        assert sage.texts == ["re: new"]
        assert len(past.asked) == 1
    assert list(kept(home).values()) == ["said 0", "edited", None, "said 3", "new"]
    assert new.message_id in kept(home)


async def test_what_was_not_shown_stays_as_it_is(home: Home, past: Past) -> None:
    said = await some(home, past)
    past.seen_too = 1
    await past.edit(said[0], "edited")
    past.delete(said[0], said[2])
    past.post(LOUNGE, "new")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
    # Only what lies between two messages that are there is known to be gone.
    assert list(kept(home).values()) == ["said 0", "said 1", "said 2", "said 3", "new"]
    past.seen_too = 3
    past.post(LOUNGE, "newer")
    past.clock.tick(120)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
    assert list(kept(home).values())[:4] == ["said 0", "said 1", None, "said 3"]


async def test_the_newest_ones_are_missed_too(home: Home, past: Past) -> None:
    """Discord says which message was the last, also when that is gone."""
    said = await some(home, past)
    past.seen_too = 100
    last = past.post(LOUNGE, "posted and deleted")
    listed = list(past.now(LOUNGE))
    past.delete(said[3], last)
    async with life(home, past) as sage:
        await sage.ready(*listed)
        # `ready` describes the channel anew; here its last message is known though it is gone.
        sage.catchup.connected()
        sage.catchup.listed(listed)
        sage.catchup.guilds_are_here()
        await sage.rest()
    assert list(kept(home).values()) == ["said 0", "said 1", "said 2", None]


async def test_a_private_conversation_is_read_at_each_start(home: Home, past: Past) -> None:
    said = await some(home, past, where=DIRECT)
    past.seen_too = 100
    await past.edit(said[0], "edited")
    past.delete(said[1])
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
    assert list(kept(home).values()) == ["edited", None, "said 2", "said 3"]


async def test_an_answer_that_a_moderator_deleted_is_found_missing(home: Home, past: Past) -> None:
    said = await some(home, past, 2)
    past.seen_too = 100
    ids = [str(int(each.message_id) + 1_000_000) for each in said]
    writer = connection.open_writer(home.database)
    answers = writer.execute(
        "SELECT message_id FROM conversations WHERE role = 'assistant' ORDER BY content"
    )
    for new, (old,) in zip(ids, answers.fetchall(), strict=True):
        writer.execute("UPDATE conversations SET message_id = ? WHERE message_id = ?", (new, old))
        writer.execute(
            "UPDATE outbox SET sent_message_id = ? WHERE sent_message_id = ?", (new, old)
        )
    writer.close()
    past.own(LOUNGE, ids[1])
    past.post(LOUNGE, "new")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
    sql = "SELECT content FROM conversations WHERE role = 'assistant' AND message_id = ?"
    assert world.rows(home, sql, ids[0]) == [{"content": ""}]
    assert world.rows(home, sql, ids[1]) == [{"content": "re: said 1"}]
    sql = "SELECT content FROM outbox WHERE sent_message_id = ?"
    assert world.rows(home, sql, ids[0]) == [{"content": ""}]


@pytest.mark.parametrize(("age", "is_gone"), [(20, False), (40, True)])
async def test_what_is_very_young_may_only_not_have_got_there_yet(
    home: Home, past: Past, age: float, *, is_gone: bool
) -> None:
    said = await some(home, past)
    past.clock.tick(age - 120)
    past.seen_too = 100
    past.delete(said[1])
    new = past.post(LOUNGE, "new")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        assert kept(home)[said[1].message_id] == (None if is_gone else "said 1")
        # Read again until it is certain; nothing is answered twice.
        for _ in range(5):
            await past.clock.advance(10)
            await sage.rest()
        assert kept(home)[said[1].message_id] is None
        assert (sage.texts, len(past.asked)) == (["re: new"], 1 if is_gone else 4)
        assert sage.cursors()["10"] == new.message_id


async def test_a_history_that_breaks_off_takes_nothing_away(home: Home, past: Past) -> None:
    said = await some(home, past)
    past.seen_too, past.failures = 100, 1
    past.delete(*said[1:3])
    past.post(LOUNGE, "new")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        assert "" not in kept(home).values()
        assert None not in kept(home).values()
        await world.finish_some(past.clock, rounds=60)
    # Read again, it is whole.
    assert list(kept(home).values()) == ["said 0", None, None, "said 3", "new"]


async def test_a_history_that_may_not_be_read_takes_nothing_away(home: Home, past: Past) -> None:
    await some(home, past)
    past.seen_too = 100
    past.hidden.add("10")
    past.post(LOUNGE, "new")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
    assert None not in kept(home).values()


async def test_what_lies_before_the_limit_is_not_looked_at(home: Home, past: Past) -> None:
    said = await some(home, past)
    past.seen_too = 100
    past.delete(said[1])
    for number in range(5):
        past.post(LOUNGE, f"new {number}")
    async with life(home, past, catchup=Catchup(per_channel=3)) as sage:
        await sage.ready(LOUNGE)
    assert kept(home)[said[1].message_id] == "said 1"
