"""What leaves for Discord: parts of answers, notices, typing; and what of it arrived."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import aiohttp
import discord
import structlog

from multibot.conversation.message import InboundMessage
from multibot.errors import MultibotError
from multibot.runtime import inbound

# Discord shows typing for 10 s; again a little earlier leaves no gap.
TYPING_PERIOD_SECONDS = 8.0
# How many messages after the one answered are searched for an answer that arrived unnoticed.
LOOK_BACK = 500
# A message that nobody asked for is looked for from a little before it was made.
CLOCKS_DIFFER = timedelta(seconds=60)
# "Cannot reply without permission to read message history":
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes
NO_REPLY_WITHOUT_HISTORY = 160002
# What aiohttp says of a request that comes after the end.
SESSION_IS_CLOSED = "Session is closed"

RATE_NOTICE = "You're sending requests too quickly. Please wait a moment."
FAILURE_NOTICE = "Sorry, I could not find an answer to that just now. Please try again later."
# Replies that are no answers.
NOTICES = frozenset({RATE_NOTICE, FAILURE_NOTICE})

log = structlog.get_logger(__name__)


class DeliveryError(MultibotError):
    """Discord did not take the message."""

    def __init__(self, what: str, *, is_permanent: bool = False, is_gone: bool = False) -> None:
        super().__init__(what)
        self.is_permanent = is_permanent
        self.is_gone = is_gone


@dataclass(frozen=True, slots=True)
class Standing:
    """A message of this bot as it stands on Discord."""

    sent_id: str
    content: str


class Delivery(Protocol):
    """The way out, as the engine sees it. Every method may raise DeliveryError."""

    async def send(self, to: InboundMessage, content: str, *, nonce: str, first: bool) -> Standing:
        """Post one part where `to` was posted; a nonce that came before returns what it made."""
        ...

    async def edit(self, to: InboundMessage, sent_id: str, content: str) -> None:
        """Give a message of this bot another text."""
        ...

    async def delete(self, to: InboundMessage, sent_id: str) -> None:
        """Remove a message of this bot; one that is gone already is fine."""
        ...

    async def find(self, to: InboundMessage, content: str, *, first: bool) -> tuple[Standing, ...]:
        """Return this bot's messages after `to` that may be this part of its answer."""
        ...

    async def fetch(self, channel_id: str, message_id: str) -> InboundMessage | None:
        """Read one message again; none when it is gone or hidden."""
        ...

    def typing(self, to: InboundMessage) -> contextlib.AbstractAsyncContextManager[None]:
        """Show that an answer is being made; entering never waits and never fails."""
        ...


class DiscordDelivery:
    """Sends through one logged-in client."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def send(self, to: InboundMessage, content: str, *, nonce: str, first: bool) -> Standing:
        """Post one part: the first is a reply in guilds; nobody is pinged but the bot spoken to."""
        is_reply = first and not to.is_dm and not to.is_unprompted
        reference = _reference(to) if is_reply else None
        with _translated("send"):
            try:
                return await self._send(to, content, nonce, reference)
            except discord.Forbidden as error:
                if error.code != NO_REPLY_WITHOUT_HISTORY or reference is None:
                    raise
                return await self._send(to, content, nonce, None)

    async def _send(
        self,
        to: InboundMessage,
        content: str,
        nonce: str,
        reference: discord.MessageReference | None,
    ) -> Standing:
        pings = _pings(to)
        place = self._place(to)
        if reference is None:
            sent = await place.send(content, nonce=nonce, allowed_mentions=pings)
        else:
            sent = await place.send(
                content,
                nonce=nonce,
                reference=reference,
                mention_author=to.author_is_bot,
                allowed_mentions=pings,
            )
        return Standing(str(sent.id), sent.content)

    async def edit(self, to: InboundMessage, sent_id: str, content: str) -> None:
        """Give a message of this bot another text."""
        message = self._place(to).get_partial_message(int(sent_id))
        with _translated("edit"):
            await message.edit(content=content, allowed_mentions=_pings(to))

    async def delete(self, to: InboundMessage, sent_id: str) -> None:
        """Remove a message of this bot; one that is gone already is fine."""
        with _translated("delete"), contextlib.suppress(discord.NotFound):
            await self._place(to).get_partial_message(int(sent_id)).delete()

    async def find(self, to: InboundMessage, content: str, *, first: bool) -> tuple[Standing, ...]:
        """Return this bot's messages after `to` that may be this part of its answer.

        In guilds the first part is known by what it replies to. Other parts, and private messages,
        carry no reference, so letters and digits decide: Discord trims and strips others. Where
        the history may not be read there is nothing to find.
        """
        after = _before_answers(to)
        history = self._place(to).history(limit=LOOK_BACK, after=after, oldest_first=True)
        with _translated("read the history"):
            try:
                own = [each async for each in history if self._is_own(each)]
            except discord.Forbidden:
                return ()
        return tuple(
            Standing(str(each.id), each.content)
            for each in own
            if _may_be(each, to, content, first=first)
        )

    async def fetch(self, channel_id: str, message_id: str) -> InboundMessage | None:
        """Read one message again; none when it is gone or hidden."""
        with _translated("fetch"):
            try:
                channel = await self._client.fetch_channel(int(channel_id))
                if not isinstance(channel, discord.abc.Messageable):
                    return None
                found = await channel.fetch_message(int(message_id))
            except (discord.NotFound, discord.Forbidden):
                return None
        return await inbound.read(found)

    @contextlib.asynccontextmanager
    async def typing(self, to: InboundMessage) -> AsyncIterator[None]:
        """Show that an answer is being made; entering never waits and never fails."""
        task = asyncio.create_task(self._keep_typing(to))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _keep_typing(self, to: InboundMessage) -> None:
        while True:
            try:
                with _translated("type"):
                    await self._place(to).typing()
            except DeliveryError as error:
                log.debug("typing_failed", error=str(error))
                return
            await asyncio.sleep(TYPING_PERIOD_SECONDS)

    def _is_own(self, message: discord.Message) -> bool:
        return self._client.user is not None and message.author.id == self._client.user.id

    def _place(self, to: InboundMessage) -> discord.PartialMessageable:
        guild = int(to.guild_id) if to.guild_id else None
        return self._client.get_partial_messageable(int(to.channel_id), guild_id=guild)


def _pings(to: InboundMessage) -> discord.AllowedMentions:
    """Allow the one mention that has to arrive: of the bot that is spoken to."""
    addressed = [discord.Object(int(to.author_id))] if to.author_is_bot else []
    return discord.AllowedMentions(
        everyone=False, roles=False, users=addressed, replied_user=bool(addressed)
    )


def _before_answers(to: InboundMessage) -> discord.abc.Snowflake:
    """Name a moment before which nothing that was said because of this was said."""
    if not to.is_unprompted:
        return discord.Object(int(to.message_id))
    return discord.Object(discord.utils.time_snowflake(to.created_at - CLOCKS_DIFFER))


def _reference(to: InboundMessage) -> discord.MessageReference:
    return discord.MessageReference(
        message_id=int(to.message_id),
        channel_id=int(to.channel_id),
        guild_id=int(to.guild_id) if to.guild_id else None,
        fail_if_not_exists=False,
    )


def _may_be(message: discord.Message, to: InboundMessage, content: str, *, first: bool) -> bool:
    referred = message.reference.message_id if message.reference else None
    if first and not to.is_unprompted and referred == int(to.message_id):
        return message.content not in NOTICES
    return referred is None and _essence(message.content) == _essence(content)


def _essence(text: str) -> str:
    return "".join(filter(str.isalnum, text)) or text.strip()


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn what discord.py and the network raise into DeliveryError."""
    refusals = (discord.Forbidden, discord.NotFound)
    try:
        yield
    except discord.DiscordException as error:
        is_bad = isinstance(error, discord.HTTPException) and error.status == 400  # noqa: PLR2004
        raise DeliveryError(
            f"Discord would not {doing}: {error}",
            is_permanent=is_bad or isinstance(error, refusals),
            is_gone=isinstance(error, discord.NotFound),
        ) from error
    except (OSError, TimeoutError, aiohttp.ClientError) as error:
        raise DeliveryError(f"Discord cannot be reached to {doing}: {error}") from error
    except inbound.JUNK as error:
        raise DeliveryError(f"Discord's answer to {doing} makes no sense: {error!r}") from error
    except RuntimeError as error:
        if str(error) != SESSION_IS_CLOSED:
            raise
        raise DeliveryError(f"The connection was closed, so nothing can {doing}") from error
