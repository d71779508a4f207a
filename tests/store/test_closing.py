"""Sessions that have lapsed are closed, and closing decides nothing about what belongs together."""

import random
from datetime import timedelta

import pytest

from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.store.archive import closing
from multibot.store.archive.closing import close_lapsed
from multibot.store.archive.shared import SharedFile
from multibot.store.ledger import Ledger
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import RULES, SHARED, SPARK, START, message, rows

MS = timedelta(milliseconds=1)


def close(
    home: Home, seconds: float, limit: int = 100, rules: dict[str, SessionRules] | None = None
) -> int:
    """Close what has lapsed by this many seconds after the start."""
    with SharedFile(home) as file:
        return file.write(
            lambda writing: close_lapsed(
                writing, START + timedelta(seconds=seconds), limit, rules or {}
            )
        )


async def say(
    ledger: Ledger, *seconds: float, rules: SessionRules = RULES, **who: str
) -> list[str]:
    """Begin one message at each of these seconds; return its session."""
    said = [message(after=each, **who) for each in seconds]
    return [(await ledger.begin(each, rules)).session_id for each in said]


def states(home: Home) -> list[tuple[int, str | None]]:
    return rows(home.database, "SELECT is_active, close_reason FROM sessions ORDER BY id")


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(300, (1, None)), (300.001, (0, "gap")), (-4000, (1, None))],
)
async def test_silence_closes_after_the_gap_and_not_at_it(
    home: Home, store: BotStore, seconds: float, state: tuple[int, str | None]
) -> None:
    await say(store.ledger, 0)
    assert close(home, seconds) == 1 - state[0]
    assert states(home) == [state]


@pytest.mark.parametrize(("seconds", "state"), [(3600, (1, None)), (3600.001, (0, "timeout"))])
async def test_a_lively_session_is_closed_after_its_timeout(
    home: Home, store: BotStore, seconds: float, state: tuple[int, str | None]
) -> None:
    await say(store.ledger, *range(0, 3601, 200))
    close(home, seconds)
    assert states(home) == [state]


async def test_a_closed_session_says_when_and_keeps_its_last_activity(
    home: Home, store: BotStore
) -> None:
    await say(store.ledger, 0, 10)
    close(home, 1000)
    assert rows(home.database, "SELECT closed_at, last_activity FROM sessions") == [
        ("2026-01-01T12:16:40.000Z", "2026-01-01T12:00:10.000Z")
    ]


async def test_each_bot_has_its_own_rules_and_others_the_usual_ones(
    home: Home, open_bot: OpenBot
) -> None:
    patient = SessionRules(gap=timedelta(hours=1), timeout=timedelta(hours=2))
    await say(open_bot().ledger, 0, rules=patient)
    await say(open_bot(SPARK).ledger, 0)
    assert close(home, 400, rules={"sage": patient}) == 1
    assert states(home) == [(1, None), (0, "gap")]
    assert close(home, 3601, rules={"sage": patient}) == 1


async def test_no_more_than_the_limit_are_closed_at_once(home: Home, open_bot: OpenBot) -> None:
    for store in (open_bot(), open_bot(SPARK)):
        for user in range(3):
            await say(store.ledger, 0, author_id=str(user))
    assert [close(home, 400, limit=4), close(home, 400, limit=4), close(home, 400, limit=4)] == [
        4,
        2,
        0,
    ]


async def test_a_message_found_later_goes_into_its_closed_session(
    home: Home, store: BotStore
) -> None:
    """It was written in time; that the bot was away and the housekeeper was not changes nothing."""
    [first] = await say(store.ledger, 0)
    close(home, 500)
    assert await say(store.ledger, 299) == [first]
    assert states(home) == [(1, None)]
    assert rows(home.database, "SELECT closed_at, message_count FROM sessions") == [(None, 2)]
    close(home, 900)
    assert (await say(store.ledger, 600))[0] != first


@pytest.mark.parametrize("reason", ["clear", "closed"])
async def test_what_a_person_closed_stays_closed(home: Home, store: BotStore, reason: str) -> None:
    [first] = await say(store.ledger, 0)
    if reason == "clear":
        await store.history.clear("10", "7", RULES)
    else:
        with SharedFile(home) as file:
            file.write(
                lambda writing: writing.execute(
                    "UPDATE sessions SET is_active = 0, closed_at = 'now', close_reason = 'closed'"
                )
            )
    assert (await say(store.ledger, 1))[0] != first


async def test_an_imported_session_is_neither_continued_nor_cleared_instead(
    home: Home, store: BotStore
) -> None:
    [first] = await say(store.ledger, 0)
    close(home, 500)
    with SharedFile(home) as file:
        file.write(_import)
    assert await say(store.ledger, 200) == [first]
    await store.history.clear("10", "7", RULES)
    assert states(home) == [(0, "clear"), (0, "gap")]


def _import(writing: object) -> None:
    writing.execute(  # type: ignore[attr-defined]  # a connection
        "INSERT INTO imports (batch_id, kind, source, sha256, started_at)"
        " VALUES ('b', 'legacy', 'f', 'x', 'now')"
    )
    writing.execute(  # type: ignore[attr-defined]
        "INSERT INTO sessions (bot_name, channel_id, user_id, session_id, started_at,"
        " last_activity, display_id, is_active, closed_at, close_reason, import_id)"
        " VALUES ('sage', '10', '7', 'old', '2026-01-01T12:00:00.000Z',"
        " '2026-01-01T12:00:00.000Z', 'old', 0, 'now', 'gap', 1)"
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rules", [RULES, SHARED])
async def test_closing_at_any_moment_gives_the_same_sessions(
    home: Home, open_bot: OpenBot, clock: FakeClock, rules: SessionRules, seed: int
) -> None:
    """One bot's sessions are closed between its messages, the other's never."""
    dice = random.Random(seed)  # noqa: S311 - moments that a test can repeat
    sage, spark, at = open_bot(), open_bot(SPARK), 0.0
    grouped: dict[str, list[str]] = {"sage": [], "spark": []}
    for _ in range(25):
        at += dice.choice([1, 100, 299.999, 300, 300.001, 400, 1700])
        who = {"author_id": dice.choice("78")}
        late = at - dice.choice([0, 0, 150, 500])
        grouped["sage"] += await say(sage.ledger, late, rules=rules, **who)
        grouped["spark"] += await say(spark.ledger, late, rules=rules, **who)
        if dice.random() < 0.6:
            never = SessionRules(gap=timedelta(days=9), timeout=timedelta(days=9))
            close(home, at + dice.choice([0, 299, 301, 5000]), rules={"spark": never})
    assert _shape(grouped["sage"]) == _shape(grouped["spark"])


def _shape(ids: list[str]) -> list[int]:
    """Number sessions by their first message."""
    order = {each: number for number, each in enumerate(dict.fromkeys(ids))}
    return [order[each] for each in ids]


@pytest.mark.parametrize("statement", ["_NEXT_BOT", "_CLOSE"])
async def test_closing_reads_open_sessions_only(home: Home, statement: str) -> None:
    values = dict.fromkeys(("bot_name", "at", "silent_since", "begun_before", "limit"), "1")
    with SharedFile(home) as file:
        sql = getattr(closing, statement)
        plan = file.reader.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    scans = [row[3] for row in plan if "INTEGER PRIMARY KEY" not in row[3] and "LIST" not in row[3]]
    assert len(scans) == 1
    assert "INDEX idx_sessions_open" in scans[0]
