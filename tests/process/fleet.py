"""A whole fleet for a test: the sandbox in this process, the bots in real ones."""

import asyncio
import contextlib
import gzip
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import sqlite_utils

from multibot.cli.init import create
from multibot.clock import SystemClock
from multibot.home import Home
from multibot.sandbox import app
from multibot.sandbox.gateway_session import Hub
from multibot.sandbox.world import World
from multibot.store.status import read_statuses

BOTS = ("sage", "spark", "logic")
CHANNELS = (
    "general",
    "philosophy",
    "advice-career",
    "creative",
    "brainstorming",
    "tech-help",
    "research",
    "lounge",
)
# Far more than a test ever posts: Discord's own limits have tests of their own.
UNLIMITED = (1_000_000, 1.0)


async def until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Poll for something another process does; say what never came."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not (value := condition()):
        assert loop.time() < end, f"not within {seconds:.0f} s: {what}"
        await pause()
    return value


async def pause(seconds: float = 0.05) -> None:
    """Leave the processor to the other processes for a moment."""
    await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=seconds)


@dataclass
class RunningFleet:
    """Starts and stops everything; use as an async context manager."""

    home: Home
    world: World = field(
        default_factory=lambda: World(
            SystemClock(), message_limit=UNLIMITED, global_limit=UNLIMITED
        )
    )
    tokens: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    url: str = ""
    bots: tuple[str, ...] = BOTS
    channels: tuple[str, ...] = CHANNELS

    async def __aenter__(self) -> Self:
        self.write_files()
        self.tokens = {name: f"sandbox.{secrets.token_urlsafe(16)}" for name in self.bots}
        for name, token in self.tokens.items():
            self.world.add_application(token, name)
        guild = self.world.add_guild("test guild")
        for name in self.channels:
            self.world.add_channel(name, guild=guild)
        self._sandbox = await app.start(self.world)
        self.url = self._sandbox.url
        self._http = aiohttp.ClientSession(self.url)
        lines = [f"DISCORD_TOKEN_{name.upper()}={token}" for name, token in self.tokens.items()]
        lines.append(f"MULTIBOT_DISCORD_API={self.url}/api/v10")
        self.home.dotenv.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.home.dotenv.chmod(0o600)
        return self

    def write_files(self) -> None:
        """Make the shipped fleet's home, with a channel that two bots share."""
        create(self.home)
        text = self.home.fleet_file.read_text(encoding="utf-8")
        for channel in ("philosophy", "creative"):
            text = text.replace(f"- {channel}\n", f"- {channel}\n      - lounge\n")
        self.home.fleet_file.write_text(text, encoding="utf-8")

    async def __aexit__(self, *_: object) -> None:
        await self.multibot("down", check=False)
        await self._http.close()
        await self._sandbox.close()

    @property
    def hub(self) -> Hub:
        """The sandbox's gateway sessions."""
        return self._sandbox.hub

    async def multibot(self, *arguments: str, check: bool = True) -> str:
        """Run the real command line and return what it printed, errors included."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "multibot", "--home", str(self.home.root), *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.environ},
        )
        output = (await process.communicate())[0].decode()
        assert not check or process.returncode == 0, output
        return output

    async def run(self, bot: str) -> asyncio.subprocess.Process:
        """Start one bot by hand, as `multibot run` does it; the caller ends it."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "multibot", "--home", str(self.home.root), "run", bot),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.environ},
        )

    @contextlib.asynccontextmanager
    async def running(self, bot: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run one bot by hand until it is ready; kill it at the end if it still runs."""
        await self.multibot("db", "migrate")
        process = await self.run(bot)
        try:
            await until(lambda: bot in self.pids(), f"{bot} ready")
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def command(
        self, bot: str, command: str, channel: str, author: str, **options: object
    ) -> str:
        """Use a slash command and return what the bot says."""
        for _ in range(100):
            async with self._http.get("/sandbox/commands", params={"bot": bot}) as response:
                if command.split(maxsplit=1)[0] in await response.text():
                    break
            await pause()
        named = {"bot": bot, "command": command, "channel": channel, "author": author}
        body = {**named, "options": options}
        async with self._http.post("/sandbox/interactions", json=body) as response:
            answer = await response.json()
            assert response.status in {200, 201}, answer
            return str(answer["response"]["content"])

    async def say(self, channel: str, author: str, content: str, **more: Any) -> dict[str, Any]:
        """Post as a person."""
        body = {"channel": channel, "author": author, "content": content, **more}
        async with self._http.post("/sandbox/messages", json=body) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status in {200, 201}, answer
            return answer

    async def edit(self, message_id: str, author: str, content: str) -> None:
        """Edit as the person who wrote it."""
        body = {"author": author, "content": content}
        async with self._http.patch(f"/sandbox/messages/{message_id}", json=body) as response:
            assert response.status == 200, await response.text()

    async def delete(self, *message_ids: str, author: str = "host") -> None:
        """Delete as a moderator; several go in one event."""
        query = [("author", author), *(("id", each) for each in message_ids)]
        async with self._http.delete("/sandbox/messages", params=query) as response:
            assert response.status == 200, await response.text()

    async def thread(self, channel: str, name: str, author: str) -> dict[str, Any]:
        """Open a thread as a person."""
        body = {"channel": channel, "name": name, "author": author}
        async with self._http.post("/sandbox/threads", json=body) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status in {200, 201}, answer
            return answer

    async def received(self) -> list[dict[str, Any]]:
        """Every message the bots posted, as the sandbox got it."""
        async with self._http.get("/sandbox/received") as response:
            rows: list[dict[str, Any]] = (await response.json())["received"]
            return rows

    async def answers_to(self, message_id: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until a guild message has this many replies, and return them."""
        for _ in range(400):
            found = [row for row in await self.received() if row["reply_to"] == message_id]
            if len(found) >= count:
                return found
            await pause()
        raise AssertionError(f"no answer to {message_id}: {await self.multibot('logs')}")

    async def received_in(self, channel_id: str) -> list[dict[str, Any]]:
        """Wait until bots have posted in a channel, and return what."""
        for _ in range(400):
            found = [row for row in await self.received() if row["channel_id"] == channel_id]
            if found:
                return found
            await pause()
        raise AssertionError(f"nobody spoke in {channel_id}: {await self.multibot('logs')}")

    def turns(self) -> int:
        """Count the stored turns of all bots."""
        return int(self.rows("SELECT count(*) AS count FROM conversations")[0]["count"])

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Ask the shared file as a person with sqlite-utils would."""
        database = sqlite_utils.Database(self.home.database)
        try:
            return list(database.query(sql, values))
        finally:
            database.close()

    def pids(self) -> dict[str, int]:
        """Which process each bot runs in, as the bots say."""
        rows = read_statuses(self.home.database)
        return {name: row.pid for name, row in rows.items() if row.state == "ready" and row.pid}


def chat_lines(path: Path, limit: int) -> list[tuple[str, str]]:
    """Read (author, content) pairs of real chat from a .jsonl or .jsonl.gz file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for _, line in zip(range(limit), file, strict=False)]
    return [(row["author"], row["content"]) for row in rows]
