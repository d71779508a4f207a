"""Processes that do the same thing at the same moment, each for a bot of its own and over its own store.

`python -m tests.faults.racers HOME COUNT` imports everything once and forks; then it passes each
order, a JSON object a line, to all of them, and prints what they answered as one JSON list.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from multibot.clock import SystemClock, from_text
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName, ChannelId
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import How, Outcome, Ruling
from multibot.home import Home
from multibot.runtime.care import PR_SET_PDEATHSIG
from multibot.store import connection
from multibot.store.chains import Chains, Opening, Sent
from multibot.store.cursors import Cursors
from multibot.store.exchanges import Place
from multibot.store.writer import Writer
from tests.store.material import START, message

ROOT = Path(__file__).parents[2]
CHANNEL = ChannelId("10")
# Who wins is the question here, and not how long it takes on a machine with other work.
PATIENCE_SECONDS = 60.0
PLACE = Place(CHANNEL, "1")
# Two messages are a chain here, so that every second one is followed by a cooldown.
RULES = ChainRules(
    enabled=True,
    max_chain=2,
    max_bot_turns=1_000_000,
    burst=timedelta(),
    inter_bot_delay=timedelta(),
    pair_cooldown=timedelta(),
    response_chance=1.0,
)


def name_of(number: int) -> BotName:
    """Name the bot of a racer."""
    return BotName(f"bot{number:02}")


class OrderedClock(SystemClock):
    """The time is what the order says."""

    moment = START

    def now(self) -> datetime:
        return self.moment


class Racer:
    """One bot in one process."""

    def __init__(self, number: int, home: Home) -> None:
        self._name = name_of(number)
        self._clock = OrderedClock()
        path = home.database
        writer = Writer(path, home.database_lock, patience=PATIENCE_SECONDS)
        writer.start()
        reader = connection.open_reader(path)
        cursors = Cursors(self._name, self._clock, reader=reader, writer=writer, path=path)
        self._chains = Chains(
            self._name, self._clock, reader=reader, writer=writer, cursors=cursors, path=path
        )
        self._given: Ruling | None = None

    async def act(self, order: dict[str, Any]) -> str:
        """Do what an order says; tell the reason."""
        self._clock.moment = from_text(order["now"])
        if order["act"] == "open":
            opening = Opening(place=PLACE, turn=f"o{order['round']}", partner=BotName("zz"))
            return (await self._chains.open(opening, RULES)).reason
        if order["act"] == "meet":
            return await self._meet(order)
        if order["act"] == "answer":
            return await self._answer(order)
        sent = Sent(place=PLACE, turn=order["turn"], message_id=order["message"])
        await self._chains.sent(sent, RULES)
        return "sent"

    async def _meet(self, order: dict[str, Any]) -> str:
        if order["author"] == self._name:
            return "author"
        heard = Heard(author=BotName(order["author"]), how=How.REPLY)
        found = await self._chains.meet(
            _message(order["message"]), heard, RULES, roll=0.5, again=order.get("again", False)
        )
        if found is None:
            return "seen before"
        self._given = found if found.outcome is Outcome.ANSWER else self._given
        return found.reason

    async def _answer(self, order: dict[str, Any]) -> str:
        assert self._given is not None
        said = _message(order["to"])
        asked = await self._chains.may_send(said, self._given, RULES)
        if asked.outcome is Outcome.ANSWER:
            sent = Sent(place=PLACE, turn=order["to"], message_id=order["message"])
            await self._chains.sent(sent, RULES)
        return asked.reason


@dataclass
class Race:
    """The racers, as seen from a test."""

    process: "subprocess.Popen[str]"
    count: int

    def order(self, *, only: int | None = None, **order: Any) -> list[str]:
        """Let all racers, or one, do something; return what each said, an empty word for the dead."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({**order, "only": only}, default=str) + "\n")
        self.process.stdin.flush()
        answers: list[str] = json.loads(self.process.stdout.readline())
        return answers


@contextlib.contextmanager
def racing(home: Home, count: int) -> Iterator[Race]:
    """Start so many racers; all end with the context."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.racers", str(home.root), str(count)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Race(process, count)
    finally:
        process.kill()
        process.communicate()


@dataclass
class _Child:
    pid: int
    orders: BinaryIO
    answers: BinaryIO
    is_dead: bool = False


def main(root: str, count: str) -> None:
    """Fork, then pass on orders until stdin ends."""
    children = [_fork(Home(Path(root)), number) for number in range(int(count))]
    for line in sys.stdin:
        order = json.loads(line)
        chosen = children if order["only"] is None else [children[order["only"]]]
        if order["act"] == "kill":
            _kill(chosen)
        asked = [child for child in chosen if not child.is_dead]
        for child in asked:
            child.orders.write(line.encode())
        said = {child.pid: child.answers.readline().decode().strip() for child in asked}
        print(json.dumps([said.get(child.pid, "") for child in chosen]), flush=True)  # noqa: T201 - a pipe to the test


def _kill(children: list[_Child]) -> None:
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
        child.is_dead = True


def _fork(home: Home, number: int) -> _Child:
    order_out, order_in = os.pipe()
    answer_out, answer_in = os.pipe()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.close(order_in)
        _be(home, number, os.fdopen(order_out, "rb"), os.fdopen(answer_in, "wb", buffering=0))
    os.close(order_out)
    os.close(answer_in)
    return _Child(pid, os.fdopen(order_in, "wb", buffering=0), os.fdopen(answer_out, "rb"))


def _be(home: Home, number: int, orders: BinaryIO, answers: BinaryIO) -> None:
    """Be one racer; no database is open at a fork, as SQLite demands."""
    racer = Racer(number, home)
    loop = asyncio.new_event_loop()
    while line := orders.readline():
        said = loop.run_until_complete(racer.act(json.loads(line)))
        answers.write(f"{said}\n".encode())
    os._exit(0)


def _message(message_id: str) -> Any:
    return message(message_id=message_id, channel_id=CHANNEL, author_is_bot=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
