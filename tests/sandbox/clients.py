"""Clients of the sandbox: discord.py that notes what it hears, plain REST, a raw gateway socket."""

import asyncio
import json
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import discord

from multibot.sandbox.world import World

Json = dict[str, Any]

PATIENCE = 5.0


def usual_intents() -> discord.Intents:
    intents = discord.Intents.default()
    intents.message_content = True
    return intents


class Bot(discord.Client):
    """A client that keeps what it heard, for tests to wait on."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.01)
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self._news = asyncio.Condition()
        self._wakers: set[asyncio.Task[None]] = set()
        self.running: asyncio.Task[None] | None = None

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.heard.append((event, args))
        self._wakers.add(asyncio.get_running_loop().create_task(self._wake()))

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def hears(
        self, event: str, is_it: Callable[..., bool] = lambda *_: True, *, times: int = 1
    ) -> Any:
        """Wait until an event like this was heard so many times; returns the last one's argument."""

        def found() -> list[tuple[Any, ...]]:
            return [args for name, args in self.heard if name == event and is_it(*args)]

        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(found()) >= times)
        args = found()[-1]
        return args[0] if len(args) == 1 else args

    def count(self, event: str) -> int:
        return sum(1 for name, _ in self.heard if name == event)

    async def log_in(self, token: str) -> None:
        """Connect and wait until ready, or fail as `start` does."""
        loop = asyncio.get_running_loop()
        self.running = loop.create_task(self.start(token))
        ready = loop.create_task(self.hears("ready"))
        done, _ = await asyncio.wait({self.running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if self.running in done:
            ready.cancel()
            self.running.result()
        await ready

    async def stop(self) -> None:
        await self.close()
        if self.running is not None:
            await asyncio.wait([self.running])


def text_channel(bot: Bot, name: str = "general") -> discord.TextChannel:
    channel = discord.utils.get(bot.guilds[0].text_channels, name=name)
    assert channel is not None
    return channel


class Http:
    """Plain requests: to Discord's API as a bot, to the sandbox's own without a token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.session = session
        self.url = url
        self.headers = {"Authorization": f"Bot {token}"}

    async def raw(
        self, method: str, path: str, body: Any = None, **options: Any
    ) -> tuple[aiohttp.ClientResponse, Any]:
        url = self.url + ("/api/v10" + path if not path.startswith("/sandbox") else path)
        options.setdefault("headers", self.headers)
        if body is not None:
            options["json"] = body
        async with self.session.request(method, url, **options) as response:
            data = await response.read()
            return response, json.loads(data) if data else None

    async def get(self, path: str) -> Any:
        return (await self.raw("GET", path))[1]

    async def post(self, path: str, body: Any = None) -> Any:
        return (await self.raw("POST", path, body))[1]

    async def put(self, path: str, body: Any = None) -> Any:
        return (await self.raw("PUT", path, body))[1]

    async def patch(self, path: str, body: Any = None) -> Any:
        return (await self.raw("PATCH", path, body))[1]

    async def delete(self, path: str) -> Any:
        return (await self.raw("DELETE", path))[1]

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, int]:
        """Return the status and the code of an answer that must be an error."""
        response, answer = await self.raw(method, path, body)
        return response.status, answer["code"]

    async def say(self, channel: str, content: str, author: str = "ada", **more: Any) -> Json:
        said = {"channel": channel, "author": author, "content": content, **more}
        message: Json = await self.post("/sandbox/messages", said)
        return message


def messages_of(world: World, name: str = "general") -> str:
    channel = world.find_channel(name)
    assert channel is not None
    return f"/channels/{channel.id}/messages"


def posted(world: World, name: str = "general") -> list[str]:
    channel = world.find_channel(name)
    assert channel is not None
    return [message.content for message in channel.messages.values()]


async def answer(http: Http, method: str, path: str, body: Json | None = None) -> tuple[int, bytes]:
    url = f"{http.url}/api/v10{path}"
    async with http.session.request(method, url, json=body, headers=http.headers) as response:
        return response.status, await response.read()


class RawGateway:
    """A gateway socket without a library: what is sent and what comes is all in the test."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, inflate: bool = False) -> None:
        self.socket = socket
        self._inflate = zlib.decompressobj() if inflate else None

    async def next(self) -> Json:
        """Return the next payload."""
        message = await self.socket.receive(timeout=PATIENCE)
        data = message.data
        if self._inflate is not None:
            assert data.endswith(b"\x00\x00\xff\xff")
            data = self._inflate.decompress(data)
        payload: Json = json.loads(data)
        return payload

    async def event(self, name: str) -> Json:
        """Return the next event of this name, whatever comes before it."""
        while (payload := await self.next())["t"] != name:
            pass
        return payload

    async def op(self, op: int) -> Json:
        """Return the next payload with this opcode."""
        while (payload := await self.next())["op"] != op:
            pass
        return payload

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def identify(self, token: str, intents: int = 1 << 9 | 1 << 0, **more: Any) -> Json:
        properties = {"os": "linux", "browser": "raw", "device": "raw"}
        said = {"token": token, "intents": intents, "properties": properties, **more}
        await self.send(2, said)
        ready: Json = (await self.event("READY"))["d"]
        return ready

    async def close_code(self) -> int | None:
        """Return the code the server closes with."""
        while not self.socket.closed:
            message = await self.socket.receive(timeout=PATIENCE)
            if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}:
                break
        return self.socket.close_code
