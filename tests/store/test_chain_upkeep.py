"""What is cleaned away, what stays, and what people can see of it meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from multibot.clock import to_text
from multibot.conversation.activity import ActivityRules
from multibot.conversation.chain import ChainRules
from multibot.home import Home
from multibot.store import activity, chains, connection, exchanges
from multibot.store.archive.shared import SharedFile
from multibot.store.chains import Opening
from multibot.store.driver import sqlite
from multibot.store.exchanges import LiveChannel
from tests.fakes import FakeClock
from tests.store.material import SAGE, SPARK, message, rows
from tests.store.talk import BRISK, LOGIC, Talk

TABLES = (
    "chains",
    "chain_messages",
    "channel_cooldowns",
    "bursts",
    "pair_cooldowns",
    "activity_events",
    "activity_watches",
    "activity_rounds",
)
LIVELY = ActivityRules(enabled=True)
MANY = 10_000


def clean(home: Home, clock: FakeClock, limit: int = 500) -> int:
    """Do what the housekeeper does, once."""

    def job(writing: "sqlite.Connection") -> int:
        now = clock.now()
        return chains.clean(writing, BRISK, now=now, limit=limit) + activity.clean(
            writing, LIVELY, now=now, limit=limit
        )

    with SharedFile(home) as shared:
        return shared.write(job)


def counts(home: Home) -> dict[str, int]:
    found = {table: rows(home.database, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}  # noqa: S608 - names above
    return {table: count for table, count in found.items() if count}


async def test_what_is_going_on_is_not_cleaned_away(
    home: Home, clock: FakeClock, talk: Talk
) -> None:
    await talk.exchange_of_answers(SAGE, SPARK, gap=1)
    elsewhere = Talk(talk.stores, clock, channel="11")
    await elsewhere.say(LOGIC, SPARK)
    await elsewhere.chains(LOGIC).open(
        Opening(place=exchanges.Place("12", "1"), turn="t", partner=SPARK), BRISK
    )
    before = counts(home)
    clock.tick(25.999)

    assert clean(home, clock) == 0
    assert counts(home) == before


async def test_each_row_goes_when_it_is_over(home: Home, clock: FakeClock, talk: Talk) -> None:
    await talk.exchange_of_answers(SAGE, SPARK, gap=1)
    await talk.chains().open(
        Opening(place=exchanges.Place("12", "1"), turn="t", partner=LOGIC), BRISK
    )
    store = talk.stores[SAGE].activity
    await store.person_spoke(message(created_at=clock.now()), LIVELY)
    for _ in range(31):
        await store.watch(["1"], LIVELY)
        clock.tick(60)
    await store.take_round("1", LIVELY, roll=0.5)
    clock.tick(-31 * 60)

    left: list[list[str]] = []
    for hours in (0, 0.2, 0.9, 24, 8 * 24, 31 * 24):
        clock.tick(3600 * hours)
        clean(home, clock)
        left.append(sorted(counts(home)))
    assert left == [
        sorted(TABLES),
        sorted({*TABLES} - {"bursts", "channel_cooldowns"}),
        sorted({*TABLES} - {"bursts", "channel_cooldowns", "activity_events", "pair_cooldowns"}),
        ["activity_rounds", "activity_watches", "chains"],
        ["chains"],
        [],
    ]


async def test_a_channel_goes_with_its_messages_where_a_person_spoke_last(
    home: Home, clock: FakeClock, talk: Talk
) -> None:
    """Not before: an answer that is still being made knows its chain by the number."""
    await talk.exchange_of_answers(SAGE, SPARK)
    await talk.person()
    clock.tick(24 * 3600 - 1)
    clean(home, clock)
    assert "chains" in counts(home)

    clock.tick(2)
    clean(home, clock)
    clean(home, clock)
    assert "chains" not in counts(home)


async def test_the_limit_of_bots_in_a_row_outlives_a_silence(
    home: Home, clock: FakeClock, talk: Talk
) -> None:
    await talk.exchange_of_answers(SAGE, SPARK)
    clock.tick(29 * 24 * 3600)
    clean(home, clock)

    assert talk.exchange.bot_turns == 5


async def test_the_cooldown_of_a_silence_nobody_saw_is_not_cleaned_away(
    home: Home, clock: FakeClock, talk: Talk
) -> None:
    given = await talk.ask(SAGE, SPARK)
    await talk.answer(SPARK, talk.last, given)
    clock.tick(1199)
    clean(home, clock)

    found = await talk.ask(SAGE, SPARK)
    assert found.reason == "cooldown"


async def test_events_where_no_clock_has_been_are_cleaned_away(
    home: Home, clock: FakeClock, talk: Talk
) -> None:
    await talk.stores[SAGE].activity.person_spoke(message(created_at=clock.now()), LIVELY)
    clock.set_wall(clock.now() - timedelta(hours=5))

    clean(home, clock)
    assert "activity_events" not in counts(home)


async def test_cleaning_is_done_bit_by_bit(home: Home, clock: FakeClock, talk: Talk) -> None:
    fill(home, clock, 25)
    clock.tick(40 * 24 * 3600)

    assert clean(home, clock, limit=10) == 10 * len(TABLES)
    assert set(counts(home).values()) == {15}


async def test_ten_thousand_channels_leave_nothing_behind(
    home: Home, clock: FakeClock, talk: Talk
) -> None:
    fill(home, clock, MANY)
    assert counts(home) == dict.fromkeys(TABLES, MANY)
    clock.tick(40 * 24 * 3600)
    while clean(home, clock):
        pass

    assert counts(home) == {}


def fill(home: Home, clock: FakeClock, count: int) -> None:
    """Put a row for each of so many channels into every table."""
    at = to_text(clock.now())
    statements = (
        "INSERT INTO chains VALUES (?, '1', 1, 0, 0, '[]', 0, NULL, NULL, '', NULL, 1, NULL, '', :at)",
        "INSERT INTO chain_messages (bot_name, turn, channel_id, said_at) VALUES ('a', ?, '1', :at)",
        "INSERT INTO channel_cooldowns VALUES (?, :at, :at, 'limit')",
        "INSERT INTO bursts VALUES (?, 'a', 'b', '1', :at)",
        "INSERT INTO pair_cooldowns VALUES ('a', ?, '1', :at)",
        "INSERT INTO activity_events VALUES (?, '1', :at)",
        "INSERT INTO activity_watches VALUES (?, :at, :at)",
        "INSERT INTO activity_rounds VALUES (?, 1, 'a', 'quiet', 0, 0, 'post', '', :at)",
    )
    writer = connection.open_writer(home.database)
    try:
        writer.execute("BEGIN IMMEDIATE")
        for statement in statements:
            each = statement.replace(":at", f"'{at}'")
            writer.executemany(each, [(f"c{number}",) for number in range(count)])
        writer.execute("COMMIT")
    finally:
        writer.close()


Live = Callable[[], tuple[LiveChannel, ...]]


@pytest.fixture
def live(home: Home, clock: FakeClock) -> Live:
    """Read what a command shows of chains and cooldowns."""

    def read(rules: ChainRules = BRISK) -> tuple[LiveChannel, ...]:
        with SharedFile(home) as shared:
            return exchanges.live(shared.reader, rules, clock.now())

    return read


async def test_live_chains_and_cooldowns_are_shown_as_they_are_now(
    clock: FakeClock, talk: Talk, live: Live
) -> None:
    others = [Talk(talk.stores, clock, channel=str(number)) for number in (11, 12, 13)]
    await talk.exchange_of_answers(SAGE, SPARK)
    for other in others:
        given = await other.ask(SAGE, SPARK)
        await other.answer(SPARK, other.last, given)
    await others[1].person()
    await others[2].say(LOGIC)

    cooling, going, _ = live()
    assert (cooling.place.channel_id, cooling.exchange.is_alive) == ("10", False)
    assert cooling.exchange.cooldown is not None
    assert (going.place.guild_id, going.exchange.message_count) == ("1", 2)
    assert going.exchange.participants == (SAGE, SPARK)

    clock.tick(601)
    died = live()
    assert [each.place.channel_id for each in died] == ["11", "13"]
    assert [each.exchange.cooldown and each.exchange.cooldown.cause for each in died] == [
        "silence",
        "silence",
    ]
    clock.tick(599)
    assert live() == ()
