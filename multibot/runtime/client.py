"""The discord.py client of one bot: it only defers, and it alone knows where Discord is."""

import asyncio
import math
import time
from typing import Any

import discord
import structlog
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route

from multibot.errors import StoreUnavailableError, TemporaryError, TokenError
from multibot.runtime import inbound
from multibot.runtime.commands import Commands
from multibot.runtime.engine import Engine
from multibot.runtime.pulse import Pulse

# Close codes after which Discord wants no reconnect, and what a person has to do.
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
CURES = {
    4004: "Put the current token of this application into the variable and restart the bot.",
    4010: "The bot was started with a shard that Discord does not accept.",
    4011: "The bot is in more guilds than one gateway connection may serve; sharding is required.",
    4012: "Discord no longer speaks this gateway version; upgrade multibot.",
    4013: "Discord refused the intents that were asked for; upgrade multibot.",
    4014: "Switch on `Message Content Intent` for this application in the developer portal (Bot).",
}

# A heartbeat is due every interval and acknowledged within a second or so. Checked every few
# seconds, this leaves a connection before its second heartbeat in vain.
DEAF_AFTER_INTERVALS = 1.5
ZOMBIE_CLOSE_CODE = 4000

log = structlog.get_logger(__name__)


class DiscordUnreachableError(TemporaryError):
    """Discord cannot be reached."""


def intents() -> discord.Intents:
    """Ask for guilds, messages with their content, and DMs: nothing else is used."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = True
    return wanted


class BotClient(discord.Client):
    """Hands every event on: messages to the engine, changes of the connection to the pulse."""

    def __init__(self, *, api: str, pulse: Pulse) -> None:
        # Nobody here speaks; discord.py would warn at each start that it could not.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        # discord.py builds every request address from this class attribute.
        Route.BASE = api
        self.tree: app_commands.CommandTree[BotClient] = app_commands.CommandTree(self)
        self._pulse = pulse
        self._engine: Engine | None = None
        self._syncing: asyncio.Task[None] | None = None

    def serve(self, engine: Engine, commands: Commands) -> None:
        """Connect the client with what acts on its events."""
        self._engine = engine
        commands.register(self.tree)

    def ack_age(self) -> float:
        """Tell how many seconds ago Discord last acknowledged a heartbeat; NaN without one."""
        keep_alive = self._keep_alive
        return time.perf_counter() - keep_alive._last_ack if keep_alive else math.nan  # noqa: SLF001 - nothing public says it

    async def leave_if_deaf(self) -> None:
        """Close a connection on which heartbeats are not acknowledged; discord.py connects again.

        discord.py itself minds only whether anything at all arrives.
        """
        keep_alive, age = self._keep_alive, self.ack_age()
        if keep_alive and keep_alive.interval and age > keep_alive.interval * DEAF_AFTER_INTERVALS:
            log.warning("gateway_deaf", ack_age_s=round(age, 1))
            self._pulse.failed(f"Discord acknowledged no heartbeat for {age:.0f} s")
            await self.ws.close(ZOMBIE_CLOSE_CODE)

    @property
    def _keep_alive(self) -> KeepAliveHandler | None:
        if self._pulse.status.gateway_state != "ready":
            return None
        return self.ws._keep_alive  # noqa: SLF001 - nothing public says it

    def pause(self) -> None:
        """Take no further message."""
        self._engine = None

    async def log_in(self, token: str) -> None:
        """Make the first requests: who we are and where the gateway is.

        Raise TokenError when Discord says no, DiscordUnreachableError when it says nothing useful.
        """
        try:
            await self.login(token)
            _, address, _ = await self.http.get_bot_gateway()
        except discord.LoginFailure as error:
            raise TokenError("Discord refuses the token (401)", remedy=CURES[4004]) from error
        except (discord.HTTPException, discord.GatewayNotFound, OSError) as error:
            raise DiscordUnreachableError(f"cannot reach Discord: {error}") from error
        # Where a reconnect goes when the session cannot be resumed.
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(address)
        assert self.user is not None  # noqa: S101 - set by login
        self._pulse.logged_in(str(self.user.id), self.user.display_name)

    async def stay_connected(self) -> None:
        """Hold the gateway connection until closed. Raise TokenError when Discord wants us gone."""
        try:
            await self.connect(reconnect=True)
        except discord.PrivilegedIntentsRequired as error:
            raise TokenError("Discord refuses the intents (4014)", remedy=CURES[4014]) from error
        except discord.ConnectionClosed as error:
            raise TokenError(
                f"Discord closed the gateway for good ({error.code})", remedy=CURES.get(error.code)
            ) from error

    async def on_connect(self) -> None:
        """READY has arrived: events flow (discord.py's own on_ready comes 2 s later)."""
        self._pulse.ready()
        log.info("ready", user=str(self.user), guilds=len(self.guilds))
        if self._syncing is None:
            self._syncing = asyncio.create_task(self._sync_commands())

    async def on_resumed(self) -> None:
        """Note that the gateway session goes on."""
        self._pulse.ready()

    async def on_disconnect(self) -> None:
        """Note that the gateway connection is lost; discord.py connects again."""
        self._pulse.disconnected()

    async def on_message(self, message: discord.Message) -> None:
        """Queue the message at once, then let the engine see it through."""
        self._pulse.heard()
        engine = self._engine
        if engine is None or self._is_own(message):
            return
        ticket = engine.enter(*inbound.lane_key(message))
        try:
            await engine.arrive(inbound.read(message), ticket)
        except StoreUnavailableError as error:
            # Expected while the disk is full or locked: the place in the code says nothing.
            log.error("message_not_stored", message=str(message.id), error=str(error))  # noqa: TRY400
            self._pulse.store_failed(error, lost=1)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log what went wrong while one event was handled; the others go on."""
        del args, kwargs
        log.exception("event_failed", event_name=event_method)  # noqa: LOG004 - discord.py calls this inside its handler
        self._pulse.failed(f"a bug while handling {event_method}; see the log")

    def _is_own(self, message: discord.Message) -> bool:
        return self.user is not None and message.author.id == self.user.id

    async def _sync_commands(self) -> None:
        try:
            await self.tree.sync()
        except discord.HTTPException as error:
            log.warning("commands_not_registered", error=str(error))
