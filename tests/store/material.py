"""What the store tests are made of: messages, rules, and short ways to look into the file."""

import contextlib
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.session import SessionRules
from multibot.store import connection
from multibot.store.connection import Turnstile

SAGE = BotName("sage")
SPARK = BotName("spark")
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RULES = SessionRules()
SHARED = SessionRules(scope="channel")
WEEK = timedelta(days=7)
LEASE = timedelta(seconds=60)
ANSWER = Decision(Verdict.ANSWER, Reason.ANSWERED, "mention")
CANDIDATE = Decision(Verdict.CANDIDATE, Reason.ANSWERED, "pattern *")
NOT_ADDRESSED = Decision(Verdict.NO, Reason.NOT_ADDRESSED, "addressed to spark")

_ids = itertools.count(1000)


def message(content: str = "hello", *, after: float = 0, **changes: Any) -> InboundMessage:
    """Make a message that came this many seconds after the start."""
    values: dict[str, Any] = {
        "message_id": str(next(_ids)),
        "channel_id": ChannelId("10"),
        "channel_type": "channel",
        "author_id": "7",
        "author_name": "Al",
        "content": content,
        "created_at": START + timedelta(seconds=after),
        "channel_name": "general",
        "guild_id": "1",
    }
    return InboundMessage(**(values | changes))


def rows(database: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Read from the file as any other program would."""
    reader = connection.open_reader(database)
    try:
        return list(reader.execute(sql, values))
    finally:
        reader.close()


@contextlib.contextmanager
def turnstile_held(lock: Path) -> Iterator[None]:
    """Keep every writer waiting in the queue, so that what they are given becomes one batch."""
    turn = Turnstile(lock)
    try:
        with turn:
            yield
    finally:
        turn.close()
