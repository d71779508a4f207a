"""A running sandbox, and unmodified discord.py clients that talk to it over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from multibot.clock import SystemClock
from multibot.sandbox.app import RunningSandbox, start
from multibot.sandbox.world import World
from tests.sandbox.clients import Bot, Http, RawGateway, usual_intents

TOKEN_ONE = "sandbox-token-one"
TOKEN_TWO = "sandbox-token-two"


@pytest.fixture
def world() -> World:
    """Return a guild with two channels, two bots and a person."""
    world = World(SystemClock(), message_limit=(1000, 1.0))
    world.add_guild("multibot")
    world.add_channel("general")
    world.add_channel("tech-python", topic="Python only")
    world.add_application(TOKEN_ONE, "sage")
    world.add_application(TOKEN_TWO, "spark")
    world.add_user("ada")
    return world


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[RunningSandbox]:
    running = await start(world)
    yield running
    await running.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def http(sandbox: RunningSandbox, session: aiohttp.ClientSession) -> Http:
    """Return a plain REST client that speaks as sage."""
    return Http(session, sandbox.url, TOKEN_ONE)


@pytest.fixture
def other_http(sandbox: RunningSandbox, session: aiohttp.ClientSession) -> Http:
    """Return a plain REST client that speaks as spark."""
    return Http(session, sandbox.url, TOKEN_TWO)


@pytest.fixture
def discord_here(sandbox: RunningSandbox) -> Iterator[None]:
    """Point discord.py at the sandbox, as `runtime/client` does."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = sandbox.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.url.replace("http", "ws") + "/gateway")
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


Connect = Callable[..., Awaitable[Bot]]


@pytest.fixture
async def connect(discord_here: None) -> AsyncIterator[Connect]:
    """Return a function that logs a bot in and waits until it is ready."""
    bots: list[Bot] = []

    async def open_bot(
        token: str = TOKEN_ONE, intents: discord.Intents | None = None, *, bot: Bot | None = None
    ) -> Bot:
        bot = bot or Bot(intents or usual_intents())
        bots.append(bot)
        await bot.log_in(token)
        return bot

    yield open_bot
    await asyncio.gather(*(bot.stop() for bot in bots))


@pytest.fixture
async def sage(connect: Connect) -> Bot:
    return await connect()


Open = Callable[..., Awaitable[RawGateway]]


@pytest.fixture
async def open_gateway(
    sandbox: RunningSandbox, session: aiohttp.ClientSession
) -> AsyncIterator[Open]:
    """Return a function that opens a socket; `hello` is left for the test to read."""
    sockets: list[aiohttp.ClientWebSocketResponse] = []

    async def connect(query: str = "?v=10&encoding=json", *, inflate: bool = False) -> RawGateway:
        socket = await session.ws_connect(f"{sandbox.url}/gateway{query}")
        sockets.append(socket)
        return RawGateway(socket, inflate=inflate)

    yield connect
    for socket in sockets:
        await socket.close()
