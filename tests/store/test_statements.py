"""Every named statement is looked at: it must fit the schema and stay in its bot's partition."""

import re
from collections.abc import Iterator

import pytest

from multibot.home import Home
from multibot.store import connection, statements

PARTITIONED = (
    "conversations",
    "sessions",
    "inbox",
    "outbox",
    "channel_cursors",
    "gateway_starts",
    "incidents",
)

# What people ask about the whole fleet, read only and without content.
FLEET_WIDE = ("fleet_decisions", "fleet_answered_twice", "recent_incidents")


def named() -> Iterator[tuple[str, str]]:
    for name, statement in statements.read().items():
        yield name, statement.sql


def leaves_its_partition(sql: str) -> bool:
    """Tell whether a statement touches a partitioned table without saying whose rows."""
    names = "|".join(PARTITIONED)
    return re.search(rf"\b({names})\b", sql) is not None and ":bot_name" not in sql


def test_there_are_statements() -> None:
    assert len(list(named())) > 30


@pytest.mark.parametrize(("name", "sql"), list(named()), ids=lambda value: str(value)[:30])
def test_each_statement_stays_in_its_partition(name: str, sql: str) -> None:
    if name in FLEET_WIDE:
        assert sql.startswith("SELECT ")
        assert not re.search(r"\b(content|message)\b", sql)
    else:
        assert not leaves_its_partition(sql), name


@pytest.mark.parametrize(
    "sql", ["SELECT 1 FROM inbox", "DELETE FROM conversations WHERE channel_id = :channel_id"]
)
def test_a_statement_without_its_bot_is_found(sql: str) -> None:
    assert leaves_its_partition(sql)


@pytest.mark.parametrize(("name", "sql"), list(named()), ids=lambda value: str(value)[:30])
def test_each_statement_fits_the_schema(home: Home, name: str, sql: str) -> None:
    reader = connection.open_reader(home.database)
    try:
        values = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
        assert reader.execute(f"EXPLAIN {sql}", values).fetchall(), name
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("user_context", "idx_conversations_user"),
        ("channel_context", "idx_conversations_channel"),
        ("open_session", "idx_sessions_open"),
        ("last_clear", "idx_sessions_cleared"),
        ("accepted_since", "idx_accepted_user"),
        ("last_answerer", "idx_accepted_answered"),
        ("user_turn_session", "sqlite_autoindex_conversations_1"),
        ("bot_message", "idx_chain_messages_id"),
        ("bot_turn", "sqlite_autoindex_chain_messages_1"),
        ("turn_sent_as", "idx_outbox_sent"),
        ("turns_underway", "idx_chain_messages_underway"),
        ("drop_turns_underway", "idx_chain_messages_underway"),
        ("count_turns_underway", "idx_chain_messages_underway"),
        ("overtake_turns_underway", "idx_chain_messages_underway"),
        ("depart_bot_turn", "sqlite_autoindex_chain_messages_1"),
        ("count_events", "idx_activity_events_guild"),
        ("said", "sqlite_autoindex_conversations_1"),
        ("is_deleted", "sqlite_autoindex_conversations_1"),
        ("edit_turn", "sqlite_autoindex_conversations_1"),
        ("newest_messages", "idx_conversations_channel"),
        ("waiting_messages", "idx_inbox_open"),
        ("first_turn_at", "idx_conversations_session"),
    ],
)
def test_reads_on_the_way_of_a_message_are_flat(home: Home, name: str, index: str) -> None:
    sql = dict(named())[name]
    reader = connection.open_reader(home.database)
    try:
        values = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
        plan = [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    finally:
        reader.close()
    assert len(plan) == 1
    assert f"INDEX {index} " in plan[0]


@pytest.mark.parametrize(
    "name",
    [
        *("bury_growing", "delete_turns", "edit_waiting", "empty_sent", "empty_waiting"),
        *("expire_deleted", "is_stored", "lapsed_session", "recreate_session", "standing"),
        "continue_session",
    ],
)
def test_no_change_looks_at_every_row(home: Home, name: str) -> None:
    sql = dict(named())[name]
    reader = connection.open_reader(home.database)
    try:
        values = dict.fromkeys(re.findall(r":(\w+)", sql), "1")
        plan = [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    finally:
        reader.close()
    small = ("SCAN json_each", "SCAN CONSTANT ROW", "SCAN (subquery")
    assert [row for row in plan if row.startswith("SCAN") and not row.startswith(small)] == []
    assert not any(re.search(r"\(bot_name=\?\)$", row) for row in plan)


def test_every_statement_says_what_it_is_for() -> None:
    assert [name for name, each in statements.read().items() if not each.__doc__] == []
