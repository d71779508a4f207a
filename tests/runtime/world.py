"""One bot's engine over the real store, with a fake Discord and a fake model."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sqlite_utils

from multibot.config.fleet import Bot, Fleet, Limits, Persona, Storage
from multibot.config.settings import Settings
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.prompt import Prompt
from multibot.home import Home
from multibot.responder.protocol import ResponderError
from multibot.runtime.arbiter import Arbiter
from multibot.runtime.delivery import DeliveryError
from multibot.runtime.engine import Engine
from multibot.runtime.pulse import Pulse
from multibot.runtime.recovery import Recovery
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock

# After so many small steps nothing but a long wait can be what is missing.
PATIENT_ROUNDS = 40
_sent_ids = itertools.count(1)
USER_IDS = {"sage": "900", "spark": "901"}


def bot(name: str, **changes: Any) -> Bot:
    values: dict[str, Any] = {
        "name": BotName(name),
        "persona": Persona(name=name.title()),
        "channels": ("philosophy", "lounge"),
        "system_prompt": f"You are {name}.",
        "limits": Limits(),
        "storage": Storage(),
    }
    return Bot(**{**values, **changes})


@dataclass
class Sent:
    content: str
    nonce: str
    first: bool
    to: InboundMessage
    sent_id: str


@dataclass
class FakeDelivery:
    """A channel that keeps what was sent, and fails as it is told to.

    `broken` refuses for good, `away` fails for so many calls, `deaf` takes so many messages and
    then loses the answer on the way back, `forgetful` knows no nonce again.
    """

    sent: list[Sent] = field(default_factory=list)
    edits: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    broken: bool = False
    away: int = 0
    forgetful: bool = False
    deaf: int = 0
    typing_now: int = 0
    typed: int = 0
    messages: dict[str, InboundMessage] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    async def send(self, to: InboundMessage, content: str, *, nonce: str, first: bool) -> str:
        await self._way()
        for each in self.sent:
            if each.nonce == nonce and not self.forgetful:
                return each.sent_id
        one = Sent(content, nonce, first, to, f"s{next(_sent_ids)}")
        self.sent.append(one)
        if self.deaf:
            self.deaf -= 1
            raise DeliveryError("Discord cannot be reached to send: connection lost")
        return one.sent_id

    async def edit(self, to: InboundMessage, sent_id: str, content: str) -> None:
        del to
        await self._way()
        if sent_id in self.gone:
            raise DeliveryError("Discord would not edit: 404 Unknown Message", is_permanent=True)
        (one,) = [each for each in self.sent if each.sent_id == sent_id]
        one.content = content
        self.edits.append((sent_id, content))

    async def delete(self, to: InboundMessage, sent_id: str) -> None:
        del to
        await self._way()
        self.sent = [each for each in self.sent if each.sent_id != sent_id]
        self.deleted.append(sent_id)

    async def find(self, to: InboundMessage, content: str, *, first: bool) -> tuple[str, ...]:
        await self._way()
        return tuple(
            each.sent_id
            for each in self.sent
            if each.to.channel_id == to.channel_id
            and each.content == content
            and (to.is_dm or not first or each.to.message_id == to.message_id)
        )

    async def fetch(self, channel_id: str, message_id: str) -> InboundMessage | None:
        del channel_id
        return self.messages.get(message_id)

    async def _way(self) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise DeliveryError("Discord would not send: 403 Forbidden", is_permanent=True)
        if self.away:
            self.away -= 1
            raise DeliveryError("Discord cannot be reached to send: 503")

    @contextlib.asynccontextmanager
    async def typing(self, to: InboundMessage) -> AsyncIterator[None]:
        del to
        self.typing_now += 1
        self.typed += 1
        try:
            yield
        finally:
            self.typing_now -= 1

    @property
    def texts(self) -> list[str]:
        return [each.content for each in self.sent]


@dataclass
class FakeResponder:
    """Echoes the last turn; can be held back, and can fail."""

    prompts: list[Prompt] = field(default_factory=list)
    failures: int = 0
    hold: asyncio.Event | None = None
    text: str | None = None
    pieces: list[str] | None = None
    pace: float = 0.0
    breaks_after: int = 0
    bug: bool = False
    clock: FakeClock | None = None

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        self.prompts.append(prompt)
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            self.failures -= 1
            raise ResponderError("the model is away")
        if self.bug:
            raise ZeroDivisionError
        text = f"re: {prompt.turns[-1].content}" if self.text is None else self.text
        for number, piece in enumerate(self.pieces or [text]):
            if self.breaks_after and number == self.breaks_after:
                self.breaks_after = 0
                raise ResponderError("the model is away")
            if self.clock is not None and self.pace:
                await self.clock.sleep(self.pace)
            yield piece

    async def close(self) -> None: ...


@dataclass
class Cast:
    """One bot and its surroundings."""

    bot: Bot
    engine: Engine
    store: BotStore
    delivery: FakeDelivery
    responder: FakeResponder
    pulse: Pulse
    clock: FakeClock
    recovery: Recovery

    def arrive(self, message: InboundMessage) -> "asyncio.Task[None]":
        """Hand over a message as the client does."""
        ticket = self.engine.enter(message.channel_id, message.author_id)

        async def reading() -> InboundMessage:
            return message

        return asyncio.create_task(self.engine.arrive(reading(), ticket))

    async def hear(self, message: InboundMessage) -> None:
        """Hand over a message and see it through, however long that takes on the clock."""
        await finish(self.clock, self.arrive(message))


async def kill(*tasks: "asyncio.Task[None]") -> None:
    """End what a process was doing as kill -9 would: at once, wherever it is."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def finish(clock: FakeClock, *tasks: "asyncio.Task[None]") -> None:
    """Move the clock until the tasks have ended; the store's writer is a real thread."""
    for number in range(1000):
        if all(task.done() for task in tasks):
            break
        due = clock.next_due() if number > PATIENT_ROUNDS else None
        await clock.advance(max(0.05, (due or 0) - clock.monotonic()))
        await asyncio.wait(tasks, timeout=0.002)
    await asyncio.gather(*tasks)


async def until(clock: FakeClock, condition: Callable[[], object]) -> None:
    """Move the clock in small steps until something has happened."""
    for _ in range(1000):
        if condition():
            return
        await clock.advance(0.05)
        await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.002)
    raise AssertionError("it never happened")


async def finish_some(clock: FakeClock, rounds: int = 40) -> None:
    """Let what can happen, happen: a few rounds of the clock and the writer thread."""
    for _ in range(rounds):
        await clock.advance(0.05)
        await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.005)


@contextlib.asynccontextmanager
async def cast(
    home: Home,
    clock: FakeClock,
    *bots: Bot,
    delivery: FakeDelivery | None = None,
    seed: int = 1,
) -> AsyncIterator[tuple[Cast, ...]]:
    """Open the shared file once for each bot and wire an engine to it.

    Give the delivery of an earlier cast to see what a restarted process does.
    """
    home.data.mkdir(exist_ok=True)
    await asyncio.to_thread(migrate, home, clock)
    fleet = Fleet(bots=bots, settings=Settings(), file=Path("multi_bot.yaml"))
    made = [await _member(home, clock, each, fleet, delivery, seed) for each in bots]
    try:
        yield tuple(made)
    finally:
        for each in made:
            await each.store.close()


async def _member(
    home: Home,
    clock: FakeClock,
    member: Bot,
    fleet: Fleet,
    delivery: FakeDelivery | None,
    seed: int,
) -> Cast:
    store = open_store(home, member.name, clock)
    pulse = Pulse(bot_name=member.name, names=(member.name,), config_hash="hash", clock=clock)
    pulse.logged_in(USER_IDS[member.name], member.persona.name)
    pulse.ready()
    await pulse.write(store.fleet)
    chance = random.Random(seed)  # noqa: S311 - odds that a test can repeat
    delivery, responder = delivery or FakeDelivery(), FakeResponder(clock=clock)
    arbiter = Arbiter(bot=member, fleet=fleet, store=store, clock=clock, chance=chance)
    await arbiter.publish()
    engine = Engine(
        bot=member,
        store=store,
        arbiter=arbiter,
        responder=responder,
        delivery=delivery,
        pulse=pulse,
        clock=clock,
        chance=chance,
    )
    recovery = Recovery(engine=engine, ledger=store.ledger, delivery=delivery, clock=clock)
    return Cast(member, engine, store, delivery, responder, pulse, clock, recovery)


_ids = iter(range(1000, 10_000_000))


def message(clock: FakeClock, content: str = "hello", **changes: Any) -> InboundMessage:
    """Make a message as a person would post it in #philosophy now."""
    first = InboundMessage(
        message_id=str(next(_ids)),
        channel_id=ChannelId("10"),
        channel_type="channel",
        channel_name="philosophy",
        guild_id="1",
        author_id="500",
        author_name="Ada",
        content=content,
        created_at=clock.now(),
    )
    return replace(first, **changes)


def direct(clock: FakeClock, content: str = "hello", **changes: Any) -> InboundMessage:
    """Make a private message."""
    private: dict[str, Any] = {
        "channel_id": ChannelId("77"),
        "channel_type": "dm",
        "channel_name": "",
        "guild_id": None,
    }
    return message(clock, content, **{**private, **changes})


def rows(home: Home, sql: str, *arguments: object) -> Sequence[dict[str, Any]]:
    """Ask the shared file as a person with sqlite-utils would."""
    database = sqlite_utils.Database(home.database)
    try:
        return list(database.query(sql, arguments))
    finally:
        database.close()
