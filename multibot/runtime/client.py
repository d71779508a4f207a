"""The discord.py client of one bot: it only defers, and it alone knows where Discord is."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket, KeepAliveHandler, ReconnectWebSocket
from discord.http import Route

from multibot.runtime import cures, inbound
from multibot.runtime.backlog import Arrival, Place
from multibot.runtime.budget import SessionLimit
from multibot.runtime.catchup import CatchUp
from multibot.runtime.commands import Commands
from multibot.runtime.cures import RefusedError
from multibot.runtime.gateway import Count, DiscordUnreachableError
from multibot.runtime.pulse import Pulse
from multibot.runtime.requests import Requests

# From the first byte to the IDENTIFY; discord.py allows itself as much.
OPENING_SECONDS = 60.0
# Discord asks for longer waits only in great trouble; then the caller's own waits are better.
LONGEST_RATE_LIMIT_SECONDS = 600.0
AWAY = (OSError, aiohttp.ClientError, discord.HTTPException, discord.RateLimited)
# A heartbeat is due every interval and acknowledged within a second or so. Checked every few
# seconds, this leaves a connection before its second heartbeat in vain.
DEAF_AFTER_INTERVALS = 1.5
ZOMBIE_CLOSE_CODE = 4000

log = structlog.get_logger(__name__)


def intents() -> discord.Intents:
    """Ask for guilds, messages with their content, and DMs: nothing else is used."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = True
    return wanted


class GatewaySocket(DiscordWebSocket):
    """A gateway connection that leaves nothing open when its IDENTIFY is not sent."""

    async def identify(self) -> None:
        """Send the IDENTIFY."""
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(self.close)
            await super().identify()
            undo.pop_all()


class BotClient(discord.Client):
    """Hands every event on: messages to the engine, changes of the connection to the pulse."""

    def __init__(self, *, api: str, pulse: Pulse, trace: aiohttp.TraceConfig) -> None:
        # Nobody here speaks; discord.py would warn at each start that it could not.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            http_trace=trace,
            max_ratelimit_timeout=LONGEST_RATE_LIMIT_SECONDS,
        )
        # Before anything is sent: discord.py's own callers find it where the method was.
        self._requests = Requests(self.http.request)
        self.http.request = self._requests.send  # type: ignore[method-assign]
        # discord.py builds every request address from this class attribute.
        Route.BASE = api
        self.tree: app_commands.CommandTree[BotClient] = app_commands.CommandTree(self)
        self._pulse = pulse
        self._gateway: yarl.URL | None = None
        self._count: Count | None = None
        self._catchup: CatchUp | None = None
        self._syncing: asyncio.Task[None] | None = None

    def serve(self, catchup: CatchUp, commands: Commands) -> None:
        """Connect the client with what acts on its events."""
        self._catchup = catchup
        commands.register(self.tree)

    def ack_age(self) -> float:
        """Tell how many seconds ago Discord last acknowledged a heartbeat; NaN without one."""
        keep_alive = self._keep_alive
        return time.perf_counter() - keep_alive._last_ack if keep_alive else math.nan  # noqa: SLF001 - nothing public says it

    def round_trip(self) -> float:
        """Tell how many seconds Discord's last acknowledgement took; NaN without one.

        discord.py notes when it sent a heartbeat only after the sending: an answer that was faster
        seems to belong to the heartbeat before.
        """
        keep_alive = self._keep_alive
        is_mixed_up = keep_alive and keep_alive.interval and self.latency >= keep_alive.interval / 2
        return self.latency if keep_alive and not is_mixed_up else math.nan

    async def leave_if_deaf(self) -> None:
        """Close a connection on which heartbeats are not acknowledged; the session is resumed.

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
        if self._catchup:
            self._catchup.stop()

    def history(self, place: Place, after: str) -> AsyncIterator[Arrival]:
        """Give the messages of a place, newest first, back to the one after `after`."""
        return inbound.history(self, place, after)

    async def log_in(self, token: str) -> None:
        """Ask who this bot is. Raise RefusedError or DiscordUnreachableError."""
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(self._forget_connections)
            with _reaching():
                await self.login(token)
            undo.pop_all()
        assert self.user is not None  # noqa: S101 - set by login
        self._pulse.logged_in(str(self.user.id), self.user.display_name)

    async def session_limit(self) -> SessionLimit:
        """Ask where the gateway is, and how many sessions may still be started."""
        with _reaching():
            _, address, limit = await self.http.get_bot_gateway()
            self._gateway = yarl.URL(address)
            return SessionLimit(
                remaining=int(limit["remaining"]),
                reset_after=timedelta(milliseconds=int(limit["reset_after"])),
            )

    async def start_session(self, count: Count) -> bool:
        """IDENTIFY, after `count`, and stay; at the end say whether the session can be resumed."""
        self._count = count
        return await self._connected(initial=True, gateway=self._gateway)

    async def resume_session(self) -> bool:
        """Take the last session up again; the rest is as for `start_session`."""
        return await self._connected(
            resume=True,
            session=self.ws.session_id,
            sequence=self.ws.sequence,
            gateway=self.ws.gateway,
        )

    async def _connected(self, **how: Any) -> bool:
        opened = False
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                self.ws = await GatewaySocket.from_client(self, **how)
            opened = True
            while True:
                await self.ws.poll_event()
        except ReconnectWebSocket as lost:
            if opened or not lost.resume:
                return lost.resume and self.ws.session_id is not None
            raise DiscordUnreachableError("the gateway closed the connection at once") from lost
        except discord.ConnectionClosed as closed:
            if closed.code in cures.CLOSE_CODES:
                raise RefusedError(closed.code) from closed
            return False
        except AWAY as error:
            if opened:
                return self.ws.session_id is not None
            raise DiscordUnreachableError(f"cannot reach the gateway: {_named(error)}") from error
        finally:
            # Not by discord.py's dispatch: a task of its own would speak after what comes next.
            await self.on_disconnect()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Count the IDENTIFY that follows; the waits are behind us."""
        del shard_id, initial
        assert self._count is not None  # noqa: S101 - set by start_session
        await self._count()

    async def _forget_connections(self) -> None:
        """Close what a failed login leaves open; discord.py makes all of it anew."""
        await self._requests.drop()
        await self.http.close()
        self.http.connector = discord.utils.MISSING

    async def on_connect(self) -> None:
        """READY has arrived: events flow (discord.py's own on_ready comes 2 s later)."""
        if self._catchup:
            self._catchup.connected()
        self._pulse.ready()
        log.info("ready", user=str(self.user), guilds=len(self.guilds))
        if self._syncing is None:
            self._syncing = asyncio.create_task(self._sync_commands())

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Look at what a guild's channels hold that was missed."""
        if self._catchup:
            self._catchup.listed(inbound.places(guild))

    async def on_ready(self) -> None:
        """Note that every guild has been described."""
        if self._catchup:
            for guild in self.guilds:
                self._catchup.listed(inbound.places(guild))
            self._catchup.guilds_are_here()

    async def on_resumed(self) -> None:
        """Note that the gateway session goes on."""
        self._pulse.ready()

    async def on_disconnect(self) -> None:
        """Note that the gateway connection is lost; `runtime.gateway` connects again."""
        self._pulse.disconnected()

    async def on_message(self, message: discord.Message) -> None:
        """Let a message in: it takes its place before anything is awaited."""
        self._pulse.heard()
        if self._catchup:
            await self._catchup.live(inbound.arrival(message, self.user))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Hand on what a message says now; no cache is kept, so Discord's own words are needed."""
        if self._catchup and (edited := inbound.edited(payload.message, self.user)):
            await self._catchup.amendments.edited([edited])

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Hand on that a message is gone, whoever deleted it."""
        if self._catchup:
            await self._catchup.amendments.deleted([str(payload.message_id)])

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Hand on that many messages are gone, as after a ban or a purge."""
        if self._catchup:
            await self._catchup.amendments.deleted([str(each) for each in payload.message_ids])

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log what went wrong while one event was handled; the others go on."""
        del args, kwargs
        log.exception("event_failed", event_name=event_method)  # noqa: LOG004 - discord.py calls this inside its handler
        self._pulse.failed(f"a bug while handling {event_method}; see the log")

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Let nobody hear an event of a closed connection: discord.py says "ready" up to 2 s late."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def close(self) -> None:
        """Close the connection to Discord for good; what is still being asked is given up."""
        if self._syncing is not None:
            self._syncing.cancel()
        await self._requests.close()
        await super().close()

    async def _sync_commands(self) -> None:
        try:
            await self.tree.sync()
        except (*inbound.AWAY, *inbound.JUNK) as error:
            log.warning("commands_not_registered", error=str(error))


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    """Tell what Discord refuses for good from what may pass."""
    try:
        yield
    except discord.LoginFailure as error:
        raise RefusedError(cures.UNAUTHORIZED) from error
    except (*AWAY, discord.GatewayNotFound, *inbound.JUNK) as error:
        cause = error.__cause__ or error
        if isinstance(cause, discord.HTTPException) and cause.status == cures.UNAUTHORIZED:
            raise RefusedError(cures.UNAUTHORIZED) from error
        raise DiscordUnreachableError(f"cannot reach Discord: {_named(cause)}") from error


def _named(error: BaseException) -> str:
    return str(error) or type(error).__name__
