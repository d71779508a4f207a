"""What people ask the ledger: how much came in, who decided what, who answered twice."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from multibot.clock import from_text, to_text
from multibot.conversation import account
from multibot.conversation.message import BotName
from multibot.store import connection, statements
from multibot.store.status import BotStatus, read_statuses

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


# So many of the newest decisions are looked through for the last one of a channel.
NEWEST = 5000
_UNREMARKABLE = orjson.dumps(account.UNREMARKABLE).decode()


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What one bot decided about a message."""

    bot_name: BotName
    state: str
    reason: str
    detail: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class LastDecision:
    """What one bot decided last in a channel, and about which message."""

    made: DecisionRow
    message_id: str
    guild_id: str | None


@dataclass(frozen=True, slots=True)
class Doubles:
    """Messages that more than one bot answered: how many, and the newest with their bots."""

    count: int
    newest: tuple[tuple[str, str], ...]


class Insight:
    """Read only; one bot's own counts, and decisions of the whole fleet."""

    def __init__(self, bot_name: BotName, *, reader: "sqlite.Connection", path: Path) -> None:
        self._bot_name = bot_name
        self._reader = reader
        self._path = path
        self._sql = statements.load()

    def counts(self, since: datetime) -> dict[tuple[str, str], int]:
        """Count this bot's messages by (state, reason)."""
        with connection.errors_of(self._path):
            rows = list(
                self._sql.inbox_counts(self._reader, bot_name=self._bot_name, since=to_text(since))
            )
        return {(state, reason): count for state, reason, count in rows}

    def decisions(self, message_id: str) -> tuple[DecisionRow, ...]:
        """Return one decision per bot that saw the message, by name."""
        with connection.errors_of(self._path):
            rows = list(self._sql.fleet_decisions(self._reader, message_id=message_id))
        return tuple(
            DecisionRow(BotName(name), state, reason, detail, from_text(received_at))
            for name, state, reason, detail, received_at in rows
        )

    def last_decision(self, channel_id: str) -> LastDecision | None:
        """Return what this bot decided last in a channel; none when that is long ago.

        What other bots say to nobody in particular is passed over.
        """
        with connection.errors_of(self._path):
            row = self._sql.last_decision(
                self._reader,
                bot_name=self._bot_name,
                channel_id=channel_id,
                newest=NEWEST,
                unremarkable=_UNREMARKABLE,
            )
        if row is None:
            return None
        name, state, reason, detail, received_at, message_id, guild_id = row
        made = DecisionRow(BotName(name), state, reason, detail, from_text(received_at))
        return LastDecision(made, message_id, guild_id)

    def answered_twice(self, since: datetime, limit: int = 5) -> Doubles:
        """Look for messages that several bots answered."""
        with connection.errors_of(self._path):
            rows = list(
                self._sql.fleet_answered_twice(self._reader, since=to_text(since), limit=limit)
            )
        newest = tuple((message_id, bots) for message_id, bots, _ in rows)
        return Doubles(rows[0][2] if rows else 0, newest)

    def statuses(self) -> dict[str, BotStatus]:
        """Return every bot's row by its name."""
        return read_statuses(self._path)
