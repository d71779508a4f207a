"""A fake Discord and a fake model, for an engine over the real store."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime

from multibot.conversation.activity import ChannelOption
from multibot.conversation.message import InboundMessage
from multibot.conversation.prompt import Prompt
from multibot.errors import StoreUnavailableError
from multibot.responder.protocol import ResponderError
from multibot.runtime.delivery import DeliveryError, Standing
from tests.fakes import FakeClock

_sent_ids = itertools.count(1)


@dataclass
class Sent:
    content: str
    nonce: str
    first: bool
    to: InboundMessage
    sent_id: str
    at: datetime


@dataclass
class FakeDelivery:
    """A channel that keeps what was sent, and fails as it is told to.

    `broken` refuses for good, `away` fails for so many calls, `deaf` takes so many messages and
    then loses the answer on the way back, `forgetful` knows no nonce again.
    """

    clock: FakeClock
    sent: list[Sent] = field(default_factory=list)
    edits: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    broken: bool = False
    away: int = 0
    forgetful: bool = False
    deaf: int = 0
    deaf_edits: int = 0
    store_trouble: int = 0
    typing_now: int = 0
    typed: int = 0
    new_id: Callable[[], str] = lambda: f"s{next(_sent_ids)}"
    messages: dict[str, InboundMessage] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    async def send(self, to: InboundMessage, content: str, *, nonce: str, first: bool) -> Standing:
        await self._way()
        for each in self.sent:
            if each.nonce == nonce and not self.forgetful:
                return Standing(each.sent_id, each.content)
        one = Sent(content, nonce, first, to, self.new_id(), self.clock.now())
        self.sent.append(one)
        if self.deaf:
            self.deaf -= 1
            raise DeliveryError("Discord cannot be reached to send: connection lost")
        return Standing(one.sent_id, one.content)

    async def edit(self, to: InboundMessage, sent_id: str, content: str) -> None:
        del to
        await self._way()
        if sent_id in self.gone:
            raise DeliveryError("Discord would not edit: 404", is_permanent=True, is_gone=True)
        (one,) = [each for each in self.sent if each.sent_id == sent_id]
        one.content = content
        self.edits.append((sent_id, content))
        if self.deaf_edits:
            self.deaf_edits -= 1
            raise DeliveryError("Discord cannot be reached to edit: connection lost")

    async def delete(self, to: InboundMessage, sent_id: str) -> None:
        del to
        await self._way()
        self.sent = [each for each in self.sent if each.sent_id != sent_id]
        self.deleted.append(sent_id)

    async def find(self, to: InboundMessage, content: str, *, first: bool) -> tuple[Standing, ...]:
        await self._way()
        return tuple(
            Standing(each.sent_id, each.content)
            for each in self.sent
            if each.to.channel_id == to.channel_id and _may_be(each, to, content, first=first)
        )

    async def fetch(self, channel_id: str, message_id: str) -> InboundMessage | None:
        del channel_id
        return self.messages.get(message_id)

    async def _way(self) -> None:
        await asyncio.sleep(0)
        if self.store_trouble:
            self.store_trouble -= 1
            raise StoreUnavailableError
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


def _may_be(one: Sent, to: InboundMessage, content: str, *, first: bool) -> bool:
    """Compare as the real delivery does: by the reply where there is one, else by the text."""
    if first and not to.is_dm:
        return one.first and one.to.message_id == to.message_id
    return one.content.strip() == content.strip()


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
    always_breaks_after: int = 0
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
            if self.always_breaks_after and number == self.always_breaks_after:
                raise ResponderError("the model is away")
            if self.clock is not None and self.pace:
                await self.clock.sleep(self.pace)
            yield piece

    async def close(self) -> None: ...


@dataclass
class FakeGuilds:
    """Guilds with their text channels."""

    shown: dict[str, list[ChannelOption]] = field(default_factory=dict)

    def guild_ids(self) -> tuple[str, ...]:
        return tuple(self.shown)

    def channels(self, guild_id: str) -> list[ChannelOption]:
        return self.shown[guild_id]
