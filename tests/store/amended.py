"""What the tests of edits and deletions are made of."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from multibot.conversation.message import InboundMessage
from multibot.store.sessions import Session
from multibot.store.stores import BotStore
from tests.store.material import ANSWER, RULES, START, WEEK, message

TURNS = "SELECT role, content, metadata, edited_at, deleted_at FROM conversations ORDER BY id"
INBOX = "SELECT state, reason, detail, json_extract(message, '$.content') FROM inbox"
AT = "2026-01-01T12:00:{:02}.000Z".format
EXPIRED = ("expired", "expired", "deleted before it was answered", None)


def edit(said: InboundMessage, content: str, *, after: float = 1, **changes: Any) -> InboundMessage:
    """Edit a message this many seconds after the start."""
    edited_at = START + timedelta(seconds=after)
    return replace(said, content=content, edited_at=edited_at, **changes)


async def arrive(store: BotStore, content: str = "hello", **changes: Any) -> InboundMessage:
    said = message(content, **changes)
    await store.ledger.receive(said, ANSWER, per_minute=1000)
    return said


async def begin(
    store: BotStore, content: str = "hello", **changes: Any
) -> tuple[InboundMessage, Session]:
    said = await arrive(store, content, **changes)
    return said, await store.ledger.begin(said, RULES)


async def answer(store: BotStore, content: str = "hello", sent_id: str = "5000") -> InboundMessage:
    said, session = await begin(store, content)
    [part] = await store.outbox.stage(said.message_id, [f"re: {content}"])
    await store.outbox.mark_sent(said, session.session_id, part, sent_id, "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")
    return said


def shown(store: BotStore) -> list[str]:
    return [turn.content for turn in store.history.context("10", "7", RULES, 50, WEEK)]
