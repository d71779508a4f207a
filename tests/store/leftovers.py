"""Rows of many ages, and a broom for them."""

from datetime import datetime, timedelta

from multibot.clock import to_text
from multibot.store.archive import cleaning
from multibot.store.archive.sweep import Sweep
from multibot.store.driver import sqlite
from tests.store.material import START

NOW = START
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOTS = ("sage", "spark")


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


def ways(writing: sqlite.Connection, sweep: Sweep) -> list[str]:
    """Say how SQLite finds what each statement of a removal changes."""
    statements: list[str] = []
    writing.set_trace_callback(statements.append)
    sweep.remove(writing, [("1",) * len(sweep.key)])
    writing.set_trace_callback(None)
    found = []
    for sql in (each for each in statements if each.lstrip().startswith(("DELETE", "WITH"))):
        told = writing.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
        found.append(next(row[3] for row in told if row[3].startswith(("SEARCH", "SCAN"))))
    return found
