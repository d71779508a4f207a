"""What nobody needs any more goes, and what somebody may still come back to stays."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from multibot.clock import to_text
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import cleaning
from multibot.store.archive.cleaning import RULES, RULES_OF_GONE_BOTS
from multibot.store.archive.sweep import Sweep
from multibot.store.driver import sqlite
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.material import ANSWER, LEASE, START, message, rows
from tests.store.material import RULES as SESSIONS

NOW = START
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOTS = ("sage", "spark")


@pytest.fixture
def writing(home: Home) -> Iterator[sqlite.Connection]:
    made = connection.open_writer(home.database)
    yield made
    made.close()


def sweep_all(writing: sqlite.Connection, now: datetime = NOW, **known: object) -> dict[str, int]:
    """Carry out every rule; return how many rows of what went."""
    options = {"bots": BOTS, **known}
    found = {}
    for sweep in cleaning.sweeps(now, **options):  # type: ignore[arg-type]
        found[sweep.what] = sweep.remove(writing, sweep.find(writing))
    return {what: count for what, count in found.items() if count}


def put(writing: sqlite.Connection, table: str, **values: object) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    writing.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)  # noqa: S608


def decided(writing: sqlite.Connection, message_id: str, age: timedelta, **changes: object) -> None:
    at = to_text(NOW - age)
    values = {
        "bot_name": "sage",
        "message_id": message_id,
        "channel_id": "10",
        "user_id": "7",
        "created_at": at,
        "received_at": at,
        "updated_at": at,
        "decision": "no",
        "reason": "not_addressed",
        "state": "declined",
    }
    put(writing, "inbox", **(values | changes))


def sent(writing: sqlite.Connection, message_id: str, age: timedelta, **changes: object) -> None:
    at = to_text(NOW - age)
    values = {
        "bot_name": "sage",
        "message_id": message_id,
        "part": 0,
        "nonce": "n",
        "content": "hello",
        "state": "sent",
        "sent_message_id": f"s{message_id}",
        "created_at": at,
        "sent_at": at,
    }
    put(writing, "outbox", **(values | changes))


def claimed(writing: sqlite.Connection, message_id: str, age: timedelta, bot: str = "sage") -> None:
    at = to_text(NOW - age)
    values = {"message_id": message_id, "slot": 0, "channel_id": "10", "bot_name": bot}
    put(writing, "message_claims", **values, claimed_at=at, expires_at=at)


def left(writing: sqlite.Connection, table: str, column: str = "message_id") -> list[str]:
    sql = f"SELECT {column} FROM {table} ORDER BY 1"  # noqa: S608 - names of the test
    return [row[0] for row in writing.execute(sql)]


@pytest.mark.parametrize("state", ["answered", "failed", "expired", "declined"])
def test_a_decision_is_kept_thirty_days(writing: sqlite.Connection, state: str) -> None:
    decided(writing, "old", 30 * DAY + HOUR, state=state)
    decided(writing, "young", 30 * DAY - HOUR, state=state)

    assert sweep_all(writing) == {"decisions": 1}
    assert left(writing, "inbox") == ["young"]


@pytest.mark.parametrize("state", ["received", "claimed", "generating", "sending"])
def test_a_message_that_is_not_dealt_with_stays(writing: sqlite.Connection, state: str) -> None:
    """Its bot may be down for long; it says then what became of it."""
    decided(writing, "left", 400 * DAY, state=state)

    assert sweep_all(writing) == {}


def test_what_was_sent_is_kept_a_day(writing: sqlite.Connection) -> None:
    for message_id, age in (("old", DAY + HOUR), ("young", DAY - HOUR)):
        decided(writing, message_id, age, state="answered")
        sent(writing, message_id, age)

    assert sweep_all(writing) == {"sent parts": 1}
    assert left(writing, "outbox") == ["young"]


def test_a_part_that_was_sent_late_counts_from_then(writing: sqlite.Connection) -> None:
    sent(writing, "late", 2 * DAY, sent_at=to_text(NOW - HOUR))

    assert sweep_all(writing) == {}


def test_what_was_sent_stays_while_an_older_message_is_unfinished(
    writing: sqlite.Connection,
) -> None:
    """By these rows its answer, that may have arrived unnoticed, is told from the others."""
    decided(writing, "left", 3 * DAY, state="sending")
    sent(writing, "left", 3 * DAY, state="pending", sent_message_id=None, sent_at=None)
    decided(writing, "other", 3 * DAY, state="answered")
    sent(writing, "other", 3 * DAY)
    sent(writing, "of spark", 3 * DAY, bot_name="spark")

    assert sweep_all(writing) == {"sent parts": 1}
    assert left(writing, "outbox") == ["left", "other"]


def test_what_was_sent_goes_though_the_bot_is_answering_just_now(
    writing: sqlite.Connection,
) -> None:
    """A busy bot always is."""
    decided(writing, "now", timedelta(seconds=3), state="generating")
    sent(writing, "old", 2 * DAY)

    assert sweep_all(writing) == {"sent parts": 1}


def test_a_message_from_before_the_clock_went_back_protects_too(writing: sqlite.Connection) -> None:
    decided(writing, "ahead", -HOUR, state="sending")
    sent(writing, "old", 2 * DAY)

    assert sweep_all(writing) == {}


def test_claims_are_kept_for_longer_than_a_message_is_young(writing: sqlite.Connection) -> None:
    for message_id, age in (("1", 31 * HOUR), ("2", 29 * HOUR), ("3", 25 * HOUR)):
        claimed(writing, message_id, age)

    assert sweep_all(writing, agreed=30 * HOUR) == {"claims": 1}
    assert sweep_all(writing, agreed=HOUR) == {"claims": 2}


def test_a_claim_stays_while_its_holder_has_not_finished(writing: sqlite.Connection) -> None:
    claimed(writing, "left", 3 * DAY)
    decided(writing, "left", 3 * DAY, state="claimed")
    decided(writing, "left", 3 * DAY, bot_name="spark")

    assert sweep_all(writing) == {}


def test_counted_messages_go_with_the_claims(writing: sqlite.Connection) -> None:
    for message_id, age in (("old", 25 * HOUR), ("young", 23 * HOUR)):
        at = to_text(NOW - age)
        values = {"message_id": message_id, "channel_id": "10", "user_id": "7", "accepted": 1}
        put(writing, "accepted_messages", **values, accepted_at=at)

    assert sweep_all(writing) == {"counted messages": 1}
    assert left(writing, "accepted_messages") == ["young"]


def test_notices_and_refusals_are_kept_a_day(writing: sqlite.Connection) -> None:
    for name, age in (("old", 25 * HOUR), ("young", 23 * HOUR)):
        put(writing, "notices", kind="rate", subject=name, noticed_at=to_text(NOW - age))
        put(writing, "http_errors", minute=to_text(NOW - age), status=401, count=1)

    assert sweep_all(writing) == {"notices": 1, "refusals": 1}
    assert left(writing, "notices", "subject") == ["young"]


def test_places_that_lapsed_go_also_those_of_the_future(writing: sqlite.Connection) -> None:
    """One that ends in an hour was given out before the clock went back; none lasts that long."""
    for name, ends in (("lapsed", -2 * HOUR), ("just now", -LEASE), ("held", LEASE), ("odd", DAY)):
        put(
            writing,
            "channel_turns",
            channel_id="10",
            message_id=name,
            bot_name="sage",
            expires_at=to_text(NOW + ends),
        )

    assert sweep_all(writing) == {"lapsed places": 2}
    assert left(writing, "channel_turns") == ["held", "just now"]


def test_gateway_starts_and_incidents_go_when_no_limit_counts_them(
    writing: sqlite.Connection,
) -> None:
    for age in (49 * HOUR, 47 * HOUR):
        put(writing, "gateway_starts", bot_name="sage", started_at=to_text(NOW - age))
    for age in (31 * DAY, 29 * DAY):
        at = to_text(NOW - age)
        put(writing, "incidents", bot_name="sage", kind="crash", first_at=at, last_at=at)

    assert sweep_all(writing) == {"gateway starts": 1, "incidents": 1}


def beat(writing: sqlite.Connection, bot: str, age: timedelta) -> None:
    """Put down everything that a bot leaves about itself."""
    at = to_text(NOW - age)
    put(
        writing,
        "bot_status",
        bot_name=bot,
        pid=1,
        boot_id="b",
        started_at=at,
        state="ready",
        gateway_state="ready",
        heartbeat_at=at,
        config_hash="c",
        version="1",
    )
    put(writing, "bot_profiles", bot_name=bot, profile="{}", published_at=at)
    values = {"bot_name": bot, "channel_id": "10", "is_dm": 0, "last_seen": "5"}
    put(writing, "channel_cursors", **values, updated_at=at)


def test_a_removed_bot_is_forgotten_after_a_week_without_a_heartbeat(
    writing: sqlite.Connection,
) -> None:
    for bot, age in (("gone", 8 * DAY), ("leaving", 6 * DAY), ("sage", 300 * DAY)):
        beat(writing, bot, age)
    decided(writing, "5", 31 * DAY, bot_name="gone", state="sending")
    decided(writing, "6", 29 * DAY, bot_name="gone", state="sending")

    assert sweep_all(writing) == {
        "removed bots": 1,
        "their profiles": 1,
        "their cursors": 1,
        "their unfinished messages": 1,
    }
    for table in ("bot_status", "bot_profiles", "channel_cursors"):
        assert left(writing, table, "bot_name") == ["leaving", "sage"]


def test_where_the_fleet_file_cannot_be_read_no_bot_is_removed(writing: sqlite.Connection) -> None:
    beat(writing, "sage", 300 * DAY)

    assert sweep_all(writing, bots=()) == {}


def test_a_bot_that_starts_meanwhile_is_not_taken_for_a_removed_one(
    writing: sqlite.Connection,
) -> None:
    """Its profile comes before its first heartbeat, and before anybody read the new file."""
    put(writing, "bot_profiles", bot_name="new", profile="{}", published_at=to_text(NOW))

    assert sweep_all(writing) == {}


def test_what_was_said_is_never_cleaned_away(writing: sqlite.Connection) -> None:
    tables = {rule.table for rule in (*RULES, *RULES_OF_GONE_BOTS)}

    assert tables.isdisjoint({"conversations", "sessions", "imports", "tombstones", "leases"})


async def test_a_bot_goes_on_with_what_it_left_after_a_cleaning(
    home: Home, store: BotStore, clock: FakeClock, writing: sqlite.Connection
) -> None:
    """A message that was under way when its bot was stopped for days is still under way."""
    said = message()
    await store.ledger.receive(said, ANSWER, per_minute=10)
    session = await store.ledger.begin(said, SESSIONS)
    (part,) = await store.outbox.stage(said.message_id, ["answer"])
    clock.tick(5 * DAY.total_seconds())
    swept = sweep_all(writing, clock.now())

    assert swept.keys() <= {"lapsed places", "counted messages"}
    assert store.outbox.parts(said.message_id) == (part,)
    await store.outbox.mark_sent(said, session.session_id, part, "99", "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")
    clock.tick(2 * DAY.total_seconds())
    assert sweep_all(writing, clock.now())["sent parts"] == 1
    assert rows(home.database, "SELECT count(*) FROM conversations") == [(2,)]


def test_a_row_that_changed_since_it_was_found_stays(writing: sqlite.Connection) -> None:
    put(writing, "notices", kind="rate", subject="7", noticed_at=to_text(NOW - 2 * DAY))
    (sweep,) = (each for each in cleaning.sweeps(NOW) if each.what == "notices")
    keys = sweep.find(writing)
    writing.execute("UPDATE notices SET noticed_at = ?", (to_text(NOW),))

    assert keys == [("rate", "7")]
    assert sweep.remove(writing, keys) == 0


def plan(writing: sqlite.Connection, sweep: Sweep) -> str:
    statements: list[str] = []
    writing.set_trace_callback(statements.append)
    sweep.remove(writing, [("1",) * len(sweep.key)])
    writing.set_trace_callback(None)
    (sql,) = (each for each in statements if each.startswith("DELETE"))
    keys = json.dumps([["1"] * len(sweep.key)])
    values = {**sweep.values, "keys": keys}
    return " ".join(row[3] for row in writing.execute(f"EXPLAIN QUERY PLAN {sql}", values))


@pytest.mark.parametrize("what", [rule.what for rule in (*RULES, *RULES_OF_GONE_BOTS)])
def test_rows_are_deleted_by_their_keys(writing: sqlite.Connection, what: str) -> None:
    """Every bot waits meanwhile: no table is read through for it."""
    (sweep,) = (each for each in cleaning.sweeps(NOW, bots=BOTS) if each.what == what)
    told = plan(writing, sweep)

    assert f"SEARCH {sweep.table}" in told
    assert f"SCAN {sweep.table}" not in told


def test_of_the_longest_tables_only_the_oldest_rows_are_looked_at(
    writing: sqlite.Connection,
) -> None:
    for sweep in cleaning.sweeps(NOW, bots=BOTS):
        if sweep.table in {"inbox", "outbox"}:
            assert "ORDER BY id LIMIT" in sweep.source
