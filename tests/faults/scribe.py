"""A process that writes through the real store and notes what was acknowledged, in a log of its own.

The log is the fault suite's evidence: a line is in it, synced, only after the store's await returned.
"""

import asyncio
import ctypes
import os
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Protocol

from multibot.clock import SystemClock
from multibot.conversation.message import BotName
from multibot.errors import MultibotError
from multibot.home import Home
from multibot.store.stores import BotStore, open_store
from tests.process.fleet import pause
from tests.store.material import ANSWER, NOT_ADDRESSED, RULES, message

NO_LIMIT = 1_000_000_000
TICK_SECONDS = 0.005

Measured = dict[str, list[Any]]


class Log(Protocol):
    """What is told of each write that was acknowledged."""

    async def after(self, step: str, message_id: str, work: Awaitable[Any]) -> Any:
        """Wait for a write and note it; return what it returned."""
        ...


class Acknowledged:
    """The log: one line for each step of a message, and one for each that the store refused."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, step: str, message_id: str) -> None:
        """Write one line and sync it."""
        os.write(self._descriptor, f"{step} {message_id}\n".encode())
        os.fsync(self._descriptor)

    async def after(self, step: str, message_id: str, work: Awaitable[Any]) -> Any:
        """Note a step once it is acknowledged, or that it was refused."""
        try:
            done = await work
        except MultibotError:
            self.note("refused", message_id)
            raise
        self.note(step, message_id)
        return done


async def live(store: BotStore, log: Log, number: int) -> None:
    """See one message through as an engine does: five hard writes, and a soft one for another."""
    said = message(message_id=str(number), author_id=f"u{number % 7}")
    name = said.message_id
    await log.after("receive", name, store.ledger.receive(said, ANSWER, per_minute=NO_LIMIT))
    session = await log.after("begin", name, store.ledger.begin(said, RULES))
    (part,) = await log.after("stage", name, store.outbox.stage(name, [f"re: {name}"]))
    sent = store.outbox.mark_sent(said, session.session_id, part, f"9{name}", "Sage")
    await log.after("mark", name, sent)
    await log.after("finish", name, store.ledger.finish(name, "answered", "answered"))
    other = message(message_id=f"{number + NO_LIMIT}")
    await log.after("decline", other.message_id, store.ledger.decline(other, NOT_ADDRESSED))


async def write(store: BotStore, order: dict[str, Any]) -> None:
    """See messages through, several at once; `count` of each lane, or without an end."""
    log = Acknowledged(Path(order["log"]))

    async def lane(first: int) -> None:
        for number in range(order["count"] or NO_LIMIT // order["lanes"]):
            try:
                await live(store, log, first + number * order["lanes"])
            except MultibotError:
                continue

    await asyncio.gather(*(lane(1 + each) for each in range(order["lanes"])))


async def storm(store: BotStore, order: dict[str, Any]) -> Measured:
    """Write with all the others, and measure how long each write and each turn of the loop took."""
    waited: list[float] = []
    lags: list[float] = []
    refused: list[str] = []

    async def watch_loop() -> None:
        while True:
            began = time.perf_counter()
            await pause(TICK_SECONDS)
            lags.append(time.perf_counter() - began - TICK_SECONDS)

    watching = asyncio.create_task(watch_loop())
    for number in range(order["count"]):
        said = message(message_id=str(number + 1), author_id=f"u{number % 7}")
        began = time.perf_counter()
        try:
            await store.ledger.receive(said, ANSWER, per_minute=NO_LIMIT)
        except MultibotError as error:
            refused.append(repr(error.__cause__ or error))
        waited.append(time.perf_counter() - began)
        await pause(order["think"])
    watching.cancel()
    return {"waited": waited, "lags": lags, "refused": refused}


def is_open(gate: str) -> bool:
    """Say whether all others are ready too."""
    return not gate or Path(gate).exists()


async def play(order: dict[str, Any]) -> Measured:
    """Do what one order says: open the store of a bot, write, close it."""
    store = open_store(Home(Path(order["home"])), BotName(order["bot"]), SystemClock())
    try:
        if order.get("failing"):
            # What `failing.c` adds to the process.
            ctypes.CDLL(None).fail_now_and_then(*order["failing"])
        while not is_open(order.get("gate", "")):
            await pause(0.01)
        if order["act"] == "storm":
            return await storm(store, order)
        await write(store, order)
        return {}
    finally:
        await store.close()
