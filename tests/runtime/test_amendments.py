"""What people edit and delete while a bot listens: what is answered, and what is kept."""

import asyncio
from dataclasses import replace

import pytest

from multibot.config.fleet import Limits
from multibot.conversation.message import InboundMessage
from multibot.errors import StoreUnavailableError
from multibot.home import Home
from multibot.runtime.amendments import Amendments
from tests.fakes import FakeClock
from tests.runtime import world
from tests.runtime.world import Cast, bot, cast, finish_some, kill, message, until

STREAMING = {"streaming": True, "max_message_length": 100}
WORDS = [f"word{number} " for number in range(40)]
EXPIRED = [{"state": "expired", "detail": "deleted before it was answered", "message": None}]


def amendments(sage: Cast) -> Amendments:
    return Amendments(bot=sage.bot, store=sage.store, pulse=sage.pulse, clock=sage.clock)


def edited(said: InboundMessage, content: str, clock: FakeClock) -> InboundMessage:
    return replace(said, content=content, edited_at=clock.now())


def inbox(home: Home, said: InboundMessage) -> list[dict[str, object]]:
    sql = "SELECT state, detail, message FROM inbox WHERE message_id = ?"
    return list(world.rows(home, sql, said.message_id))


def turns(home: Home) -> list[str]:
    sql = "SELECT content FROM conversations WHERE deleted_at IS NULL ORDER BY id"
    return [row["content"] for row in world.rows(home, sql)]


async def test_a_message_edited_while_it_waits_is_answered_as_it_stands(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        first, second = message(clock, "first"), message(clock, "secnod")
        tasks = [sage.arrive(first), sage.arrive(second)]
        await until(clock, lambda: sage.responder.prompts)
        await amendments(sage).edited([edited(second, "second", clock)])
        sage.responder.hold.set()
        await world.finish(clock, *tasks)

        assert sage.delivery.texts == ["re: first", "re: second"]
        assert turns(home) == ["first", "re: first", "second", "re: second"]


async def test_an_edit_after_the_model_was_asked_changes_what_is_kept_only(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        said = message(clock, "helo")
        task = sage.arrive(said)
        await until(clock, lambda: sage.responder.prompts)
        await amendments(sage).edited([edited(said, "hello", clock)])
        sage.responder.hold.set()
        await world.finish(clock, task)

        assert sage.delivery.texts == ["re: helo"]
        assert turns(home) == ["hello", "re: helo"]


async def test_killed_after_an_edit_the_next_process_answers_what_stands(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        said, delivery = message(clock, "helo"), sage.delivery
        task = sage.arrive(said)
        await until(clock, lambda: sage.responder.prompts)
        await amendments(sage).edited([edited(said, "hello", clock)])
        await kill(task)
    async with cast(home, clock, bot("sage"), delivery=delivery) as (sage,):
        sage.recovery.take_up()
        await finish_some(clock)

        assert delivery.texts == ["re: hello"]
        assert turns(home) == ["hello", "re: hello"]


async def test_an_edit_that_overtakes_its_message_is_what_is_answered(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        said = message(clock, "helo")
        await amendments(sage).edited([edited(said, "hello", clock)])
        await sage.hear(said)

        assert sage.delivery.texts == ["re: hello"]


@pytest.mark.parametrize("moment", ["before", "while waiting", "while asking"])
async def test_a_deleted_message_is_not_answered(home: Home, clock: FakeClock, moment: str) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        earlier, said = message(clock, "earlier"), message(clock, "secret")
        tasks = [sage.arrive(earlier)] if moment == "while waiting" else []
        if moment == "before":
            await amendments(sage).deleted([said.message_id])
        tasks.append(sage.arrive(said))
        await finish_some(clock)
        if moment != "before":
            await amendments(sage).deleted([said.message_id])
        sage.responder.hold.set()
        await world.finish(clock, *tasks)

        assert sage.delivery.texts == ["re: earlier"] * (moment == "while waiting")
        assert inbox(home, said) == EXPIRED
        assert world.rows(home, "SELECT * FROM channel_turns") == []
        # The lane is free: the next one is answered.
        await sage.hear(message(clock, "next"))
        assert sage.delivery.texts[-1] == "re: next"


async def test_a_growing_answer_goes_with_the_question(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces, sage.responder.pace = WORDS, 0.5
        said = message(clock, "secret")
        task = sage.arrive(said)
        await until(clock, lambda: len(sage.delivery.sent) > 1)
        await amendments(sage).deleted([said.message_id])
        await world.finish(clock, task)

        assert sage.delivery.texts == []
        assert inbox(home, said) == EXPIRED
        assert turns(home) == []
        assert world.rows(home, "SELECT * FROM outbox") == []


async def test_killed_after_the_deletion_the_next_process_takes_the_rest_back(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces, sage.responder.pace = WORDS, 0.5
        said, delivery = message(clock, "secret"), sage.delivery
        task = sage.arrive(said)
        await until(clock, lambda: len(delivery.sent) > 1)
        await amendments(sage).deleted([said.message_id])
        await kill(task)
    assert delivery.texts
    async with cast(home, clock, bot("sage", **STREAMING), delivery=delivery) as (sage,):
        sage.recovery.take_up()
        await finish_some(clock)

        assert (delivery.texts, sage.responder.prompts) == ([], [])
        assert inbox(home, said) == EXPIRED


async def test_a_growing_part_that_a_moderator_deletes_is_kept_as_deleted(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces, sage.responder.pace = WORDS[:10], 0.5
        task = sage.arrive(message(clock, "hello"))
        await until(clock, lambda: sage.delivery.sent)
        sent_id = sage.delivery.sent[0].sent_id
        sage.delivery.gone.add(sent_id)
        await amendments(sage).deleted([sent_id])
        await world.finish(clock, task)

        assert turns(home) == ["hello"]
        assert world.rows(home, "SELECT content, state FROM outbox") == [
            {"content": "", "state": "sent"}
        ]


async def test_the_model_is_not_shown_what_was_deleted(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        secret = message(clock, "secret")
        await sage.hear(secret)
        await amendments(sage).deleted([secret.message_id, sage.delivery.sent[0].sent_id])
        await sage.hear(message(clock, "next"))

        assert [turn.content for turn in sage.responder.prompts[-1].turns] == ["next"]


async def test_strangers_leave_nothing_by_editing_and_may_delete(
    home: Home, clock: FakeClock
) -> None:
    said = message(clock, "hello")
    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(said)
    friends = Limits(allowed_user_ids=frozenset({"900"}))
    async with cast(home, clock, bot("sage", limits=friends)) as (sage,):
        await amendments(sage).edited([edited(said, "news of a stranger", clock)])
        assert turns(home) == ["hello", "re: hello"]
        await amendments(sage).deleted([said.message_id])
        assert turns(home) == ["re: hello"]


async def test_a_private_message_that_is_not_wanted_leaves_nothing(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", limits=Limits(allow_dms=False))) as (sage,):
        said = world.direct(clock, "psst")
        await amendments(sage).edited([edited(said, "psst!", clock)])
        await sage.hear(said)
        await amendments(sage).deleted([said.message_id])

    for table in ("inbox", "conversations", "channel_cursors"):
        assert world.rows(home, f"SELECT * FROM {table}") == []  # noqa: S608 - three names


async def test_a_change_waits_for_a_store_that_is_away(home: Home, clock: FakeClock) -> None:
    class Away:
        def __init__(self) -> None:
            self.tries = 0

        async def deleted(self, message_ids: list[str]) -> None:
            self.tries += 1
            if self.tries < 3:
                raise StoreUnavailableError
            self.gone = message_ids

    async with cast(home, clock, bot("sage")) as (sage,):
        away = Away()
        store = replace(sage.store, edits=away)  # type: ignore[arg-type]  # what it is asked for
        waiting = Amendments(bot=sage.bot, store=store, pulse=sage.pulse, clock=clock)
        task = asyncio.create_task(waiting.deleted(["7"]))
        await until(clock, task.done)

        assert (away.tries, away.gone) == (3, ["7"])
        assert sage.pulse.outage is not None
