"""Writes through the store against the same rows written with the driver alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from multibot.clock import SystemClock, to_text
from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.message import InboundMessage
from multibot.conversation.session import SessionRules
from multibot.store import connection
from multibot.store.envelope import to_json
from multibot.store.stores import BotStore, open_store
from tests.benchmarks.figure import PER_SECOND, Effort, Figure
from tests.benchmarks.material import SAGE, UNLIMITED, messages, rate, scratch_home

ANSWER = Decision(Verdict.ANSWER, Reason.ANSWERED, "mention")
IGNORE = Decision(Verdict.NO, Reason.PATTERN_MISMATCH, "channel random")
RULES = SessionRules()
PRODUCERS = 256
TARGET = ">= 20,000 /s"

TURN = """
INSERT INTO conversations
    (bot_name, channel_id, channel_name, channel_type, user_id, username, session_id, message_id,
     role, content, timestamp)
VALUES ('sage', ?, ?, ?, ?, ?, 's', ?, 'user', ?, ?)
"""
ARRIVAL = """
INSERT INTO inbox
    (bot_name, message_id, channel_id, user_id, created_at, received_at, updated_at, decision,
     reason, state, message)
VALUES ('sage', ?, ?, ?, ?, ?, ?, ?, 'answered', ?, ?)
"""
Row = tuple[str | None, ...]
Write = Callable[[BotStore, InboundMessage], Awaitable[object]]


def measure(effort: Effort) -> list[Figure]:
    """Measure each kind of write, with many producers and with one."""
    texts = effort.texts()
    work = messages(effort.count(20_000), texts)
    few = work[: effort.count(2_000)]
    turns, arrivals = [_turn(each) for each in work], [_arrival(each) for each in work]
    ignored = [_arrival(each, kept=False) for each in work]
    alone = "one transaction per row, FULL"
    bare = {
        "turn": _bare(TURN, turns[: len(few)], each_alone=True),
        "turns": _bare(TURN, turns, each_alone=False),
        "arrival": _bare(ARRIVAL, arrivals[: len(few)], each_alone=True),
        "arrivals": _bare(ARRIVAL, arrivals, each_alone=False),
        "soft": _bare(ARRIVAL, ignored[: len(few)], each_alone=True, level="NORMAL"),
    }
    begun = _through_store(work, PRODUCERS, _begin)
    received = _through_store(work, PRODUCERS, _receive)
    return [
        _figure("begin (hard), 256 at once", begun, bare["turn"], alone, TARGET),
        _figure("begin (hard), 256 at once", begun, bare["turns"], "one big transaction"),
        _figure("receive to answer (hard), 256 at once", received, bare["arrival"], alone, TARGET),
        _figure(
            "receive to answer (hard), 256 at once",
            received,
            bare["arrivals"],
            "one big transaction",
        ),
        _figure(
            "receive to answer (hard), one at a time",
            _through_store(few, 1, _receive),
            bare["arrival"],
            alone,
        ),
        _figure(
            "decline (soft), 256 at once",
            _through_store(work, PRODUCERS, _decline),
            bare["soft"],
            "one transaction per row, NORMAL",
        ),
        _figure(
            "whole turn (receive ... finish), 256 at once",
            _through_store(work[: effort.count(5_000)], PRODUCERS, _whole_turn),
            bare["turn"] / 2,
            "two rows, each alone, FULL",
        ),
    ]


def _figure(what: str, value: float, bare: float, bare_is: str, target: str = "") -> Figure:
    return Figure(what, value, PER_SECOND, bare, bare_is, target)


async def _begin(store: BotStore, message: InboundMessage) -> object:
    return await store.ledger.begin(message, RULES)


async def _receive(store: BotStore, message: InboundMessage) -> object:
    return await store.ledger.receive(message, ANSWER, per_minute=UNLIMITED)


async def _decline(store: BotStore, message: InboundMessage) -> None:
    await store.ledger.decline(message, IGNORE)


async def _whole_turn(store: BotStore, message: InboundMessage) -> None:
    await store.ledger.receive(message, ANSWER, per_minute=UNLIMITED)
    session = await store.ledger.begin(message, RULES)
    for part in await store.outbox.stage(message.message_id, [message.content]):
        sent = f"s{message.message_id}"
        await store.outbox.mark_sent(message, session.session_id, part, sent, "Sage")
    await store.ledger.finish(message.message_id, "answered", Reason.ANSWERED)


def _through_store(work: Sequence[InboundMessage], producers: int, write: Write) -> float:
    async def run() -> float:
        with scratch_home() as home:
            store = open_store(home, SAGE, SystemClock())
            try:
                return await rate(work, producers, lambda message: write(store, message))
            finally:
                await store.close()

    return asyncio.run(run())


def _bare(statement: str, rows: Sequence[Row], *, each_alone: bool, level: str = "FULL") -> float:
    """Write rows with the driver alone, into the same tables; per second."""
    with scratch_home() as home:
        writer = connection.open_writer(home.database)
        writer.execute(f"PRAGMA synchronous = {level}")
        started = time.perf_counter()
        if not each_alone:
            writer.execute("BEGIN")
        for row in rows:
            writer.execute(statement, row)
        if not each_alone:
            writer.execute("COMMIT")
        taken = time.perf_counter() - started
        writer.close()
    return len(rows) / taken


def _turn(message: InboundMessage) -> Row:
    return (
        message.channel_id,
        message.channel_name,
        message.channel_type,
        message.author_id,
        message.author_name,
        message.message_id,
        message.content,
        to_text(message.created_at),
    )


def _arrival(message: InboundMessage, *, kept: bool = True) -> Row:
    at = to_text(message.created_at)
    outcome = ("answer", "received", to_json(message)) if kept else ("no", "declined", None)
    return (message.message_id, message.channel_id, message.author_id, at, at, at, *outcome)
