"""What the housekeeper does, on the real store: each chore as it is wired for a bot."""

import contextlib
from datetime import timedelta

import pytest

from multibot.conversation.activity import ActivityRules
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName
from multibot.conversation.overhearing import Heard
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.runtime.housekeeper import Housekeeper
from multibot.store import connection
from multibot.store.archive import backup
from multibot.store.driver import sqlite
from multibot.store.incidents import recent
from multibot.store.stores import BotStore
from tests.runtime.chores import DAY, HOUR, MINUTE, Household, Leaping, configured, work
from tests.store.material import ANSWER, message, rows
from tests.unit.config import samples

TALK = ("chains", "chain_messages", "channel_cooldowns", "activity_events")
DAYS = ("storage", "retention_days")
RULES = SessionRules()


@pytest.fixture
def clock() -> Leaping:
    return Leaping()


async def settled(keeper: Housekeeper, clock: Leaping) -> None:
    """Have it elected, and do everything that is due a good while later."""
    await work(keeper)
    clock.tick(HOUR.total_seconds())
    await work(keeper)


async def say(store: BotStore, clock: Leaping, age: timedelta, content: str = "hello") -> None:
    said = message(content, created_at=clock.now() - age, author_id=f"{age.total_seconds():.0f}")
    await store.ledger.begin(said, RULES)


def contents(home: Home) -> list[str]:
    return [row[0] for row in rows(home.database, "SELECT content FROM conversations ORDER BY id")]


def done(house: Household) -> dict[str, str]:
    """Say what came of each task."""
    return {run.task: run.detail for run in house.upkeep.runs}


def troubles(house: Household) -> dict[str, str]:
    """Say what is wrong, by the task that found it."""
    return {run.task: run.trouble for run in house.upkeep.troubles}


async def test_new_turns_can_be_found_within_seconds(house: Household, clock: Leaping) -> None:
    keeper = await house.keeper(configured(house.home), "sage")
    store = house.store("spark")
    for number in range(30):
        await say(store, clock, timedelta(seconds=number), "mushrooms")
    await work(keeper)
    clock.tick(5)
    await work(keeper)

    found = "SELECT count(*) FROM conversations_fts WHERE conversations_fts MATCH 'mushrooms'"
    assert rows(house.home.database, found) == [(30,)]
    assert done(house) == {"search": "30 indexed"}


async def test_sessions_close_by_the_rules_of_their_bot(house: Household, clock: Leaping) -> None:
    fleet = configured(house.home, sage={"storage": {"session_gap": "2h", "session_timeout": "9h"}})
    keeper = await house.keeper(fleet, "spark")
    sage, spark = house.store("sage"), house.store("spark")
    for number in range(150):
        await say(spark, clock, timedelta(seconds=number))
    await say(sage, clock, MINUTE)
    await settled(keeper, clock)

    assert done(house)["sessions"] == "150 closed"
    still = "SELECT bot_name, close_reason FROM sessions WHERE is_active = 1"
    assert rows(house.home.database, still) == [("sage", None)]


async def test_turns_go_by_the_days_of_their_bot(house: Household, clock: Leaping) -> None:
    fleet = configured(house.home, (DAYS, 30), sage={"storage": {"retention_days": "off"}})
    keepers = [await house.keeper(fleet, name) for name in ("sage", "spark")]
    for name in ("sage", "spark"):
        store = house.store(name)
        for days in (40, 20):
            await say(store, clock, days * DAY, f"{name} {days}")
    await settled(keepers[0], clock)

    assert contents(house.home) == ["sage 40", "sage 20", "spark 20"]
    assert done(house)["retention"].startswith("turns of spark: 1")


async def test_many_turns_go_in_small_writes(house: Household, clock: Leaping) -> None:
    keeper = await house.keeper(configured(house.home, (DAYS, 1)), "sage")
    store = house.store("sage")
    count = 5000

    def fill(writing: sqlite.Connection) -> None:
        writing.execute(
            """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            INSERT INTO conversations (bot_name, channel_id, channel_name, channel_type, user_id,
                username, session_id, message_id, role, content, timestamp)
            SELECT 'sage', '10', 'x', 'channel', '7', 'Al', 's', i, 'user', 'secret words', '2020' FROM n""",
            (count,),
        )

    await store.writer.run(fill)
    await settled(keeper, clock)

    assert contents(house.home) == []
    assert done(house)["retention"] == f"turns of sage: {count}"
    for path in house.home.data.glob("conversations.db*"):
        assert b"secret words" not in path.read_bytes()


async def test_a_change_that_is_only_in_the_file_deletes_nothing(
    house: Household, clock: Leaping
) -> None:
    keeper = await house.keeper(configured(house.home, (DAYS, 30)), "sage")
    await say(house.store("sage"), clock, 20 * DAY, "young")
    await say(house.store("sage"), clock, 40 * DAY, "old")
    configured(house.home, (DAYS, 7))
    await settled(keeper, clock)

    assert contents(house.home) == ["young"]


async def test_a_file_with_a_fault_deletes_nothing_and_is_told_of(
    house: Household, clock: Leaping
) -> None:
    keeper = await house.keeper(configured(house.home, (DAYS, 30)), "sage")
    await say(house.store("sage"), clock, 40 * DAY, "old")
    samples.write(house.home, samples.changed(samples.FLEET, (DAYS, "soon")))
    await settled(keeper, clock)

    assert contents(house.home) == ["old"]
    (incident,) = recent(house.home.database, clock.now() - DAY)
    assert incident.detail.startswith("retention: not done: The configuration has faults")
    assert "must be a whole number of days, or off" in incident.detail


async def test_where_everything_is_kept_a_fault_in_the_file_is_no_matter(
    house: Household, clock: Leaping
) -> None:
    keeper = await house.keeper(configured(house.home), "sage")
    samples.write(house.home, "bots: [")
    await settled(keeper, clock)

    assert troubles(house) == {}


async def test_nobodys_words_go_by_a_clock_that_discord_has_not_confirmed(
    house: Household, clock: Leaping
) -> None:
    keeper = await house.keeper(configured(house.home, (DAYS, 30)), "sage")
    await say(house.store("sage"), clock, 40 * DAY, "old")
    house.is_discord_known = False
    await settled(keeper, clock)
    assert contents(house.home) == ["old"]
    house.is_discord_known = True
    clock.tick(HOUR.total_seconds())
    await work(keeper)

    assert contents(house.home) == []


async def test_rows_that_nobody_needs_go(house: Household, clock: Leaping) -> None:
    keeper = await house.keeper(configured(house.home), "sage")
    store = house.store("sage")
    said = message(created_at=clock.now())
    await store.ledger.receive(said, ANSWER, per_minute=10)
    await store.ledger.finish(said.message_id, "answered", "answered")
    clock.tick(29 * DAY.total_seconds())
    await settled(keeper, clock)
    assert rows(house.home.database, "SELECT count(*) FROM inbox") == [(1,)]
    assert done(house)["cleaning"] == "counted messages: 1"
    clock.tick(DAY.total_seconds())
    await work(keeper)

    assert rows(house.home.database, "SELECT count(*) FROM inbox") == [(0,)]


async def test_only_bots_that_the_file_does_not_name_are_removed(
    house: Household, clock: Leaping
) -> None:
    keeper = await house.keeper(configured(house.home), "sage")
    await house.keeper(configured(house.home), "spark")
    listed = "SELECT bot_name FROM bot_profiles ORDER BY 1"
    clock.tick(30 * DAY.total_seconds())
    samples.write(house.home, "bots: [")
    await settled(keeper, clock)
    assert rows(house.home.database, listed) == [("sage",), ("spark",)]
    configured(house.home, (("bots", 1, "name"), "newcomer"))
    clock.tick(HOUR.total_seconds())
    await work(keeper)

    assert rows(house.home.database, listed) == [("sage",)]


async def test_a_backup_is_taken_a_day_and_so_many_are_kept(
    house: Household, clock: Leaping
) -> None:
    keeper = await house.keeper(configured(house.home, (("backup", "keep"), 2)), "sage")
    for _ in range(5):
        await work(keeper)
        clock.tick(DAY.total_seconds())

    assert [path.name for path, _ in backup.listed(house.home)] == [
        "conversations_2026-01-05.db",
        "conversations_2026-01-04.db",
    ]
    assert done(house)["backup"].startswith("conversations_2026-01-05.db: ")


async def test_no_backup_is_taken_where_the_fleet_wants_none(
    house: Household, clock: Leaping
) -> None:
    keeper = await house.keeper(configured(house.home, (("backup", "enabled"), False)), "sage")
    await settled(keeper, clock)

    assert "backup" not in done(house)
    assert backup.listed(house.home) == []


async def test_damage_is_found_and_told(house: Household, clock: Leaping) -> None:
    """No backup takes the place of one that is whole, and the bots are told apart from the file."""
    keeper = await house.keeper(configured(house.home, (("backup", "keep"), 1)), "sage")
    store = house.store("sage")
    for number in range(300):
        await say(store, clock, timedelta(seconds=number), "word " * 50)
    await settled(keeper, clock)
    assert troubles(house) == {}
    with contextlib.closing(connection.open_writer(house.home.database)) as writer:
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        (page,) = writer.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'idx_conversations_user'"
        ).fetchone()
    with house.home.database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x5a" * 4096)
    clock.tick(DAY.total_seconds())
    await work(keeper)

    assert troubles(house)["check"].startswith("the database is damaged: ")
    assert troubles(house)["backup"].startswith("not done: The database is damaged")
    kinds = {incident.kind for incident in recent(house.home.database, clock.now() - HOUR)}
    assert "damaged" in kinds
    assert [path.name for path, _ in backup.listed(house.home)] == ["conversations_2026-01-01.db"]


async def test_what_bots_agreed_on_goes_when_it_is_over(house: Household, clock: Leaping) -> None:
    """However many channels there were: what is still going on stays."""
    keeper = await house.keeper(configured(house.home), "sage")
    talk, activity = ChainRules(enabled=True), ActivityRules(enabled=True)
    store = house.store("spark")
    heard = Heard(author=BotName("sage"), others=(BotName("logic"),))
    for number in range(520):
        said = message(channel_id=str(number), author_id="900", author_is_bot=True)
        await store.chains.meet(said, heard, talk, roll=0.0)
        await store.chains.person_spoke(message(channel_id=str(number)), talk)
        await store.activity.person_spoke(message(), activity)
    await work(keeper)
    for _ in range(26):
        clock.tick(HOUR.total_seconds())
        await work(keeper)
    left = message(channel_id="1", author_id="900", author_is_bot=True)
    await store.chains.meet(left, heard, talk, roll=0.0)
    clock.tick(11 * MINUTE.total_seconds())
    await work(keeper)

    counts = {
        table: rows(house.home.database, f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 - constants
        for table in TALK
    }
    assert counts == {**dict.fromkeys(TALK, 0), "chains": 1, "chain_messages": 1}
