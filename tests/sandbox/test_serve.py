"""`multibot sandbox serve`: for whom it runs, and how it ends."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from multibot.cli.init import create
from multibot.config.load import load
from multibot.home import Home
from multibot.sandbox.remote import Remote
from tests.sandbox.shell import STARTUP, output_until

FLEET = """
bots:
  - name: sage
    config_file: sage.yaml
    discord_token: "${DISCORD_TOKEN_SAGE}"
    channels: [philosophy, advice-*]
"""
PERSONA = """
bot:
  name: sage
system_prompt: You are Sage.
"""


@asynccontextmanager
async def served(home: Home, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "multibot", "--home", str(home.root), "sandbox", "serve", "--port", "0", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "DISCORD_TOKEN_SAGE": "sandbox-token-one"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_serve_offers_the_fleet_and_ends_cleanly(home: Home, number: signal.Signals) -> None:
    home.fleet_file.parent.mkdir()
    home.fleet_file.write_text(FLEET)
    (home.fleet_file.parent / "sage.yaml").write_text(PERSONA)

    async with served(home) as process:
        shown = await output_until(process, "Ctrl-C")
        url = shown.split("Sandbox at ")[1].split("/ ")[0]
        state = await asyncio.to_thread(Remote(url).bots)
        process.send_signal(number)
        _, errors = await asyncio.wait_for(process.communicate(), STARTUP)

    assert "Channels: #general #philosophy #advice-room" in shown
    assert f"MULTIBOT_DISCORD_API={url}/api/v10" in shown
    assert list(state) == ["sage"]
    assert process.returncode == 0
    assert errors == b""


async def test_serve_without_a_fleet_file_says_so(home: Home) -> None:
    async with served(home) as process:
        _, errors = await asyncio.wait_for(process.communicate(), STARTUP)

    assert process.returncode == 78
    assert "bots/multi_bot.yaml: does not exist" in errors.decode()


async def test_serve_has_no_bots_where_that_is_asked_for(home: Home) -> None:
    async with served(home, "--empty") as process:
        shown = await output_until(process, "Channels")

    assert "Bots: none" in shown
    assert "Channels: #general\n" in shown


async def test_serve_gives_made_up_tokens_to_bots_that_have_none(home: Home) -> None:
    """A new home has placeholders only, and the sandbox is for people without tokens."""
    create(home)

    async with served(home) as process:
        shown = await output_until(process, "Ctrl-C")
        url = shown.split("Sandbox at ")[1].split("/ ")[0]
        exports = dict(re.findall(r"export (\w+)=(\S+)", shown))
        state = await asyncio.to_thread(Remote(url).bots)

    assert exports == {
        "DISCORD_TOKEN_SPARK": "sandbox-spark",
        "DISCORD_TOKEN_LOGIC": "sandbox-logic",
    }
    assert set(state) == {"sage", "spark", "logic"}
    assert "No token was found for DISCORD_TOKEN_LOGIC, DISCORD_TOKEN_SPARK" in shown
    assert load(home, {**exports, "DISCORD_TOKEN_SAGE": "sandbox-token-one"}).enabled


async def test_serve_with_a_broken_fleet_file_exits_78(home: Home) -> None:
    home.fleet_file.parent.mkdir()
    home.fleet_file.write_text("bots: 5\n")

    async with served(home) as process:
        _, errors = await asyncio.wait_for(process.communicate(), STARTUP)

    assert process.returncode == 78
    assert str(Path("bots/multi_bot.yaml")) in errors.decode()
