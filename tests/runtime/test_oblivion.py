"""A bot is asked to forget somebody it is just talking with: it goes on, and nothing comes back."""

import asyncio
from collections.abc import Callable
from contextlib import closing

import pytest

from multibot.conversation.message import InboundMessage
from multibot.home import Home
from multibot.runtime.oblivion import Oblivion
from multibot.store import connection, layout
from tests.fakes import FakeClock
from tests.runtime.world import Cast, bot, cast, direct, finish, message, rows, until

ADA, BOB = "700000000000000500", "700000000000000501"


def said(clock: FakeClock, content: str, *, private: bool = False) -> InboundMessage:
    return (direct if private else message)(clock, content, author_id=ADA)


def naming(home: Home, text: str) -> dict[str, int]:
    """Count the rows in which a text stands, by table."""
    with closing(connection.open_reader(home.database)) as reader:
        every = {
            table: [row for row in reader.execute(f"SELECT * FROM {table}") if text in str(row)]  # noqa: S608
            for table in layout.tables_of(reader)
        }
    return {table: len(found) for table, found in every.items() if found}


async def forget(sage: Cast, home: Home, *, everywhere: bool = True) -> int:
    store, name = sage.store, sage.bot.name
    assert store.home.database == home.database
    oblivion = Oblivion(bot_name=name, store=store, clock=sage.clock)
    return await oblivion.forget(ADA, everywhere=everywhere)


def thinking(sage: Cast) -> None:
    sage.responder.hold = asyncio.Event()


def growing(sage: Cast) -> None:
    sage.responder.pieces = ["one ", "two ", "three"]
    sage.responder.pace = 5.0


def away(sage: Cast) -> None:
    sage.delivery.away = 3


BUSY: dict[str, tuple[Callable[[Cast], None], Callable[[Cast], object], bool]] = {
    "the model thinks": (thinking, lambda sage: sage.responder.prompts, False),
    "the model thinks, to be streamed": (thinking, lambda sage: sage.responder.prompts, True),
    "the answer grows": (growing, lambda sage: sage.delivery.sent, True),
    "Discord is away": (away, lambda sage: sage.delivery.away < 3, False),
    "Discord is away while it grows": (away, lambda sage: sage.delivery.away < 3, True),
}


@pytest.mark.parametrize(("begin", "is_begun", "streaming"), BUSY.values(), ids=BUSY)
@pytest.mark.parametrize("private", [False, True], ids=["channel", "private"])
async def test_an_answer_that_is_under_way_leaves_nothing(
    home: Home,
    clock: FakeClock,
    begin: Callable[[Cast], None],
    is_begun: Callable[[Cast], object],
    *,
    streaming: bool,
    private: bool,
) -> None:
    async with cast(home, clock, bot("sage", streaming=streaming)) as (sage,):
        await sage.hear(said(clock, "the first of Ada", private=private))
        begin(sage)
        sage.delivery.sent.clear()
        sage.responder.prompts.clear()
        answering = sage.arrive(said(clock, "a secret of Ada", private=private))
        waiting = sage.arrive(said(clock, "another one of Ada", private=private))
        await until(clock, lambda: is_begun(sage))

        assert await forget(sage, home) >= 3

        if sage.responder.hold is not None:
            sage.responder.hold.set()
        await finish(clock, answering, waiting)
        assert naming(home, "Ada") == naming(home, ADA) == {}
        assert not sage.engine.busy

        clock.tick(1)
        sage.responder.pieces, sage.responder.hold = None, None
        await sage.hear(message(clock, "and I am Bob", author_id=BOB, author_name="Bob"))
        await sage.hear(said(clock, "here I am again", private=private))
        assert sage.delivery.texts[-2:] == ["re: and I am Bob", "re: here I am again"]
        assert "of Ada" not in str(sage.responder.prompts[-1])
        assert rows(home, "select message_count from sessions order by id") == [
            {"message_count": 2},
            {"message_count": 2},
        ]


async def test_a_message_that_is_found_again_after_a_restart_stays_forgotten(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        secret = said(clock, "a secret of Ada")
        await sage.hear(secret)
        clock.tick(1)
        await forget(sage, home)
        sage.delivery.sent.clear()

    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(secret)

        assert sage.delivery.texts == []
        assert naming(home, ADA) == {}


async def test_one_bot_forgets_while_the_other_remembers(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage"), bot("spark")) as (sage, spark):
        await sage.hear(said(clock, "to sage", private=True))
        await spark.hear(said(clock, "to spark"))

        assert await forget(sage, home, everywhere=False) == 2

        turns = rows(home, "select distinct bot_name, content from conversations")
        assert {row["bot_name"] for row in turns} == {"spark"}
        oblivion = Oblivion(bot_name=sage.bot.name, store=sage.store, clock=clock)
        assert await oblivion.kept(ADA, everywhere=False) == 0
        assert await oblivion.kept(ADA, everywhere=True) == 2
