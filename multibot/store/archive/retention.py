"""Turns that are older than their bot keeps them, and the sessions they leave empty."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from multibot.clock import to_text
from multibot.store.archive.sweep import Sweep

# The full-text index follows by a trigger. Deleted ones, of which only the row is left, go as well.
_TURNS = "bot_name = :bot_name AND timestamp < :before"
# A session counts the turns that are there. The plus signs keep SQLite from any way but by key.
_COUNT = """
WITH gone AS MATERIALIZED (
    SELECT session_id, count(*) AS turns FROM conversations
    WHERE id IN (SELECT value ->> 0 FROM json_each(:keys))
        AND +bot_name = :bot_name AND +timestamp < :before
    GROUP BY session_id)
UPDATE sessions SET message_count = max(message_count - (
    SELECT turns FROM gone WHERE gone.session_id = sessions.session_id), 0)
WHERE session_id IN (SELECT session_id FROM gone) AND +bot_name = :bot_name
"""
# An open session is somebody's; a closed one stays for as long as a turn of it does, and one that
# was cleared for as long as there may be turns that the `/clear` cut off.
_SESSIONS = """bot_name = :bot_name AND is_active = 0 AND last_activity < :before
    AND (cleared_through IS NULL OR closed_at < :before)
    AND NOT EXISTS (
        SELECT 1 FROM conversations AS turn
        WHERE turn.bot_name = sessions.bot_name AND turn.channel_id = sessions.channel_id
            AND turn.session_id = sessions.session_id)"""


def sweeps(now: datetime, days: Mapping[str, int]) -> Iterator[Sweep]:
    """Say what of each of these bots is to go: what is older than its number of days."""
    for bot_name, kept in sorted(days.items()):
        before = to_text(now - timedelta(days=kept))
        values: dict[str, object] = {"bot_name": bot_name, "before": before}
        turns, sessions = f"turns of {bot_name}", f"sessions of {bot_name}"
        yield Sweep(
            what=turns,
            table="conversations",
            key=("id",),
            condition=_TURNS,
            first=_COUNT,
            text="content",
            values=values,
        )
        yield Sweep(
            what=sessions, table="sessions", key=("id",), condition=_SESSIONS, values=values
        )


def in_effect(
    files: Mapping[str, tuple[bool, int]], published: Mapping[str, int]
) -> dict[str, int]:
    """Say for how many days each bot's turns are kept, of those whose turns are not kept for good.

    `files` say now of each bot whether it is enabled and for how long; `published` is what each
    last started with. Nothing is deleted that either of the two keeps. 0 means for good.
    """
    kept = {}
    for name, (is_enabled, days) in files.items():
        known = published.get(name, 0) if is_enabled else days
        kept[name] = max(known, days) if known and days else 0
    return {name: days for name, days in kept.items() if days}
