"""What leaves for Discord: parts of answers, notices, typing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

import discord
import structlog

from multibot.conversation.message import InboundMessage
from multibot.errors import MultibotError

# Discord shows typing for 10 s; again a little earlier leaves no gap.
TYPING_PERIOD_SECONDS = 8.0

log = structlog.get_logger(__name__)


class DeliveryError(MultibotError):
    """Discord did not take the message."""


class Delivery(Protocol):
    """The way out, as the engine sees it."""

    async def send(self, to: InboundMessage, content: str, *, nonce: str, first: bool) -> str:
        """Post one part where `to` was posted and return its id. Raise DeliveryError."""
        ...

    def typing(self, to: InboundMessage) -> contextlib.AbstractAsyncContextManager[None]:
        """Show that an answer is being made; entering never waits and never fails."""
        ...


class DiscordDelivery:
    """Sends through one logged-in client."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def send(self, to: InboundMessage, content: str, *, nonce: str, first: bool) -> str:
        """Post one part: the first is a reply in guilds, nobody is ever pinged."""
        reference = _reference(to) if first and not to.is_dm else None
        try:
            if reference is None:
                sent = await self._place(to).send(
                    content, nonce=nonce, allowed_mentions=discord.AllowedMentions.none()
                )
            else:
                sent = await self._place(to).send(
                    content,
                    nonce=nonce,
                    reference=reference,
                    mention_author=False,
                    allowed_mentions=discord.AllowedMentions.none(),
                )
        except (TimeoutError, discord.DiscordException, OSError) as error:
            raise DeliveryError(f"Discord did not take the message: {error}") from error
        return str(sent.id)

    @contextlib.asynccontextmanager
    async def typing(self, to: InboundMessage) -> AsyncIterator[None]:
        """Show that an answer is being made; entering never waits and never fails."""
        task = asyncio.create_task(self._keep_typing(to))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_typing(self, to: InboundMessage) -> None:
        while True:
            try:
                await self._place(to).typing()
            except (TimeoutError, discord.DiscordException, OSError) as error:
                log.debug("typing_failed", error=str(error))
                return
            await asyncio.sleep(TYPING_PERIOD_SECONDS)

    def _place(self, to: InboundMessage) -> discord.PartialMessageable:
        guild = int(to.guild_id) if to.guild_id else None
        return self._client.get_partial_messageable(int(to.channel_id), guild_id=guild)


def _reference(to: InboundMessage) -> discord.MessageReference:
    return discord.MessageReference(
        message_id=int(to.message_id),
        channel_id=int(to.channel_id),
        guild_id=int(to.guild_id) if to.guild_id else None,
        fail_if_not_exists=False,
    )
