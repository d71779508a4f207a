"""The sandbox in this process, with a bare discord.py client or a whole bot connected to it."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from multibot.clock import SystemClock
from multibot.config.fleet import Bot, Fleet, Gateway, Limits, Persona
from multibot.config.settings import Settings
from multibot.conversation.prompt import Prompt
from multibot.home import Home
from multibot.responder.protocol import Responder
from multibot.runtime import care, logs
from multibot.runtime.client import intents
from multibot.runtime.process import BotProcess
from multibot.runtime.wiring import Parts
from multibot.sandbox import app, messages
from multibot.sandbox.entities import Application, Channel, Message, User
from multibot.sandbox.messages import Draft
from multibot.sandbox.world import Event, World, there
from multibot.store.stores import open_store
from tests.benchmarks.material import SAGE, UNLIMITED
from tests.process.fleet import until

TOKEN = "sandbox-token-one"


@dataclass
class Loopback:
    """A world with one bot's application, one person and one channel."""

    world: World
    application: Application
    person: User
    channel: Channel
    elsewhere: Channel
    api: str
    online: asyncio.Event

    def say(self, content: str) -> Message:
        """Post as the person."""
        return messages.post(self.world, self.channel, self.person, Draft(content=content))


@contextlib.asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    """Serve a world, and point discord.py at it for as long."""
    limit = (UNLIMITED, 1.0)
    world = World(SystemClock(), message_limit=limit, global_limit=limit)
    guild = world.add_guild("multibot")
    channel, elsewhere = (world.add_channel(name, guild=guild) for name in ("general", "random"))
    application = world.add_application(TOKEN, SAGE)
    person = world.add_user("ada")
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    sandbox = await app.start(world)
    Route.BASE = sandbox.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.url.replace("http", "ws") + "/gateway")
    online = asyncio.Event()

    def notice(event: Event) -> None:
        if event.name == "BOT_PRESENCE" and application.online:
            online.set()

    world.subscribe(notice)
    try:
        yield Loopback(world, application, person, channel, elsewhere, sandbox.api_url, online)
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway
        await sandbox.close()


@dataclass
class Connected:
    """A client that has its guild, and how many conversations it has under way."""

    client: discord.Client
    busy: Callable[[], int]


@contextlib.asynccontextmanager
async def bare(place: Loopback, client: discord.Client) -> AsyncIterator[Connected]:
    """Connect a client that is discord.py and nothing else."""
    running = asyncio.create_task(client.start(TOKEN))
    await _connected(place, client)
    try:
        yield Connected(client, lambda: 0)
    finally:
        await client.close()
        await asyncio.wait({running})


def bare_client(kind: type[discord.Client]) -> discord.Client:
    """Make a client with the settings a bot uses."""
    return kind(
        intents=intents(),
        member_cache_flags=discord.MemberCacheFlags.none(),
        chunk_guilds_at_startup=False,
        max_messages=None,
    )


def bot(**changes: object) -> Bot:
    """Describe a bot that listens in #general and may answer without limit."""
    made = Bot(
        name=SAGE,
        persona=Persona(name="Sage"),
        channels=("general",),
        system_prompt="You are Sage.",
        limits=Limits(max_requests_per_minute=UNLIMITED),
        gateway=Gateway(jitter=timedelta(0)),
    )
    return made.model_copy(update=changes)


class Parrot:
    """A model that takes no time."""

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """Say what was said."""
        yield prompt.turns[-1].content

    async def close(self) -> None:
        """Do nothing."""


@contextlib.asynccontextmanager
async def whole(
    place: Loopback, home: Home, config: Bot, responder: Responder | None = None
) -> AsyncIterator[Connected]:
    """Run everything a bot's process runs, with its logs written to nowhere."""
    clock = SystemClock()
    store = open_store(home, config.name, clock)
    stop = asyncio.Event()
    settings = Settings(discord_api=place.api)
    with _quiet_logs():
        parts = Parts(
            bot=config,
            fleet=Fleet(bots=(config,), settings=settings, file=Path("multi_bot.yaml")),
            store=store,
            clock=clock,
            responder=responder,
        )
        lock = care.LifeLock(home.bot_lock(config.name)).take()
        running = asyncio.create_task(BotProcess(parts, stop).run(lock, home, TOKEN))
        await _connected(place, parts.client)
        channels = (place.channel.id, place.elsewhere.id)
        await until(lambda: not any(map(store.cursors.is_held, channels)), "caught up")
        try:
            yield Connected(parts.client, lambda: parts.engine.busy)
        finally:
            stop.set()
            await running
            lock.release()


async def _connected(place: Loopback, client: discord.Client) -> None:
    await asyncio.wait_for(place.online.wait(), 10)
    # The guild comes after READY.
    guild = int(there(place.channel.guild).id)
    await until(lambda: client.get_guild(guild) is not None, "the guild")


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """Write the logs as a supervised bot does, to where nobody reads them."""
    root, out = logging.getLogger(), sys.stdout
    before = root.handlers[:], root.level
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        with contextlib.redirect_stdout(nowhere):
            logs.configure(bot_name=SAGE, clock=SystemClock(), log_format="json")
        try:
            yield
        finally:
            root.handlers[:], sys.stdout = before[0], out
            root.setLevel(before[1])
            structlog.reset_defaults()
