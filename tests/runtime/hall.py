"""Some bots in one place: what one of them says, the others hear."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from multibot.config.fleet import Bot, CrossBot
from multibot.conversation.message import ChannelId, InboundMessage
from multibot.conversation.names import raw_mentions
from multibot.home import Home
from multibot.runtime.delivery import Standing
from tests.fakes import FakeClock
from tests.runtime.doubles import FakeDelivery
from tests.runtime.world import (
    USER_IDS,
    Cast,
    bot,
    cast,
    finish,
    finish_some,
    message,
    until,
)

TALK = CrossBot(enabled=True, response_chance=1.0)


def talker(name: str, talk: CrossBot = TALK, **changes: Any) -> Bot:
    return bot(name, cross_bot=talk, channels=("nowhere",), **changes)


@dataclass
class Loud(FakeDelivery):
    """The way out of one bot, into the hall."""

    hall: "Hall | None" = None
    name: str = ""
    # Called before and after a new message stands; a test kills there.
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    # A new message stays on its way until this is set.
    hold: asyncio.Event | None = None

    async def send(self, to: InboundMessage, content: str, *, nonce: str, first: bool) -> Standing:
        self.before()
        if self.hold is not None:
            await self.hold.wait()
        count = len(self.sent)
        standing = await super().send(to, content, nonce=nonce, first=first)
        if len(self.sent) > count and self.hall is not None:
            self.hall.posted(self.name, standing, to, first=first)
        self.after()
        return standing


@dataclass
class Hall:
    """Everything that was said in it, and the bots that are there just now."""

    clock: FakeClock
    said: list[InboundMessage] = field(default_factory=list)
    bots: dict[str, Cast] = field(default_factory=dict)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    ways: dict[str, Loud] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def open(self, home: Home, *bots: Bot) -> AsyncIterator[None]:
        """Run these bots; what was said before stays said."""
        for each in bots:
            way = Loud(self.clock, hall=self, name=each.name)
            self.ways.setdefault(each.name, way).new_id = lambda: message(self.clock).message_id
        async with cast(home, self.clock, *bots, deliveries=self.ways) as made:
            self.bots = {one.bot.name: one for one in made}
            for one in made:
                one.responder.text = "ok"
            try:
                yield
            finally:
                await self.kill()

    async def kill(self) -> None:
        """End everything that is under way, at once."""
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
        self.tasks.clear()
        self.bots = {}

    def posted(self, name: str, standing: Standing, to: InboundMessage, *, first: bool) -> None:
        """Let a bot's message stand, and all others hear it."""
        is_reply = first and not to.is_unprompted
        replied = {"reply_to_message_id": to.message_id, "reply_to_author_id": to.author_id}
        self.hear(
            message(
                self.clock,
                standing.content,
                message_id=standing.sent_id,
                channel_id=to.channel_id,
                guild_id=to.guild_id,
                author_id=USER_IDS[name],
                author_name=name.title(),
                author_is_bot=True,
                mentioned_ids=raw_mentions(standing.content),
                **(replied if is_reply else {}),
            ),
            but=name,
        )

    def hear(self, said: InboundMessage, *, but: str = "") -> None:
        """Let a message be heard by everybody who is there."""
        self.said.append(said)
        for name, each in self.bots.items():
            if name != but:
                self.tell(each, said)

    def tell(self, to: Cast, said: InboundMessage) -> None:
        """Let one bot hear a message."""
        to.delivery.messages[said.message_id] = said
        task = to.arrive(said)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def talk_out(self) -> None:
        """Move the clock until nobody has anything to say any more."""
        while self.tasks:
            await finish(self.clock, *self.tasks)

    async def act(self, one: Cast) -> None:
        """Let a bot carry out its round, and everybody answer."""
        await finish(self.clock, asyncio.create_task(one.rounds.finished()))
        await self.talk_out()

    async def rest(self, one: Cast) -> None:
        """Wait until a bot is done with what it took up, and everybody with what it said."""
        await finish_some(self.clock, 3)
        await until(self.clock, lambda: not one.engine.busy)
        await self.talk_out()

    @staticmethod
    def end() -> None:
        """Go no further: what comes after this is as after kill -9."""
        raise asyncio.CancelledError

    async def say(self, author: str, content: str, channel: str = "10", **more: Any) -> str:
        """Say something, let everybody answer, and give its id."""
        await self.beat()
        said = self.begin(author, content, channel, **more)
        await self.talk_out()
        return said.message_id

    def begin(self, author: str, content: str, channel: str = "10", **more: Any) -> InboundMessage:
        """Say something as a person, or as a bot whose process knows nothing of it."""
        values: dict[str, Any] = {"author_name": author.title(), "guild_id": f"1{channel}"}
        if author in USER_IDS:
            values |= {"author_id": USER_IDS[author], "author_is_bot": True}
        said = message(
            self.clock,
            content,
            channel_id=ChannelId(channel),
            mentioned_ids=raw_mentions(content),
            **{**values, **more},
        )
        self.hear(said, but=author)
        return said

    async def pass_time(self, seconds: float) -> None:
        """Let time go by in which nobody speaks and everybody lives."""
        await self.clock.advance(seconds)
        await self.beat()

    async def until(self, moment: datetime) -> None:
        """Let time go by up to a moment that may be now already."""
        await self.pass_time(max(0.0, (moment - self.clock.now()).total_seconds()))

    async def beat(self) -> None:
        """Have every bot say that it lives."""
        for each in self.bots.values():
            await each.pulse.write(each.store.fleet)

    def words(self, channel: str = "10") -> list[tuple[str, str]]:
        """Give who said what in a channel."""
        return [
            (each.author_name, each.content) for each in self.said if each.channel_id == channel
        ]

    def run(self, channel: str = "10") -> int:
        """Count the bots' messages since a person spoke."""
        count = 0
        for each in self.said:
            if each.channel_id == channel:
                count = count + 1 if each.author_is_bot else 0
        return count


def at(name: str) -> str:
    """Mention a bot."""
    return f"<@{USER_IDS[name]}>"
