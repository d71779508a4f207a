"""`multibot sandbox serve`, `say` and `read`, as a shell sees them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from multibot.cli.main import root
from multibot.cli.sandbox import channel_name, line
from multibot.conversation.addressing import matches
from multibot.errors import NotRunningError, UsageError
from multibot.home import Home
from multibot.sandbox.app import RunningSandbox
from multibot.sandbox.remote import Remote, mentioning
from multibot.sandbox.world import World
from tests.sandbox.clients import PATIENCE

STARTUP = 20.0
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


async def shell(url: str, *arguments: str) -> tuple[int, str, str]:
    """Run `multibot sandbox ...` in a thread, as the sandbox runs in this one."""
    return await asyncio.to_thread(_invoke, [*arguments, "--url", url])


def _invoke(arguments: list[str]) -> tuple[int, str, str]:
    result = CliRunner().invoke(root, ["sandbox", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


async def test_say_prints_the_id_and_read_prints_the_message(sandbox: RunningSandbox) -> None:
    code, said, _ = await shell(sandbox.url, "say", "#general", "hello\nworld", "--as", "ada")
    _, shown, _ = await shell(sandbox.url, "read", "general")

    assert code == 0
    assert said.strip().isdigit()
    assert shown[8:] == " ada: hello\n    world\n"


async def test_json_is_one_object_per_line(sandbox: RunningSandbox) -> None:
    _, said, _ = await shell(sandbox.url, "say", "@sage", "psst", "--as", "ada", "--json")
    first = json.loads(said)["id"]
    await shell(sandbox.url, "say", "@sage", "so?", "--as", "ada", "--reply-to", first)
    _, shown, _ = await shell(sandbox.url, "read", "@sage", "--as", "ada", "--json")

    messages = [json.loads(text) for text in shown.splitlines()]
    assert [(m["content"], m["reply_to"]) for m in messages] == [("psst", None), ("so?", first)]


async def test_at_name_of_a_bot_is_a_real_mention(sandbox: RunningSandbox, world: World) -> None:
    sage = world.find_user("sage")
    assert sage is not None
    await shell(sandbox.url, "say", "#general", "@sage and @ada: mail me@sage.example")

    _, shown, _ = await shell(sandbox.url, "read", "#general", "--json")

    assert json.loads(shown)["content"] == f"<@{sage.id}> and @ada: mail me@sage.example"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Sage hi", "<@1> hi"),
        ("@sage2 hi", "<@2> hi"),
        ("@sages hi", "@sages hi"),
        ("hi @sage!", "hi <@1>!"),
    ],
)
def test_longest_name_is_the_one_mentioned(text: str, expected: str) -> None:
    assert mentioning(text, {"sage": "1", "sage2": "2"}) == expected


async def test_what_is_not_there_is_told(sandbox: RunningSandbox) -> None:
    with pytest.raises(UsageError, match="There is no channel #nowhere"):
        await shell(sandbox.url, "say", "#nowhere", "hello")
    with pytest.raises(UsageError, match="no address of a sandbox"):
        await shell("file:///etc/hosts", "read", "#general")


@pytest.mark.parametrize("arguments", [("say", "#general", "hello"), ("read", "#general")])
async def test_nothing_running_is_one_clear_error(
    sandbox: RunningSandbox, arguments: tuple[str, ...]
) -> None:
    await sandbox.close()

    with pytest.raises(
        NotRunningError, match=r"No sandbox answers.*multibot sandbox serve"
    ) as error:
        await shell(sandbox.url, *arguments)

    assert error.value.exit_code == 4


async def test_something_else_that_answers_is_no_sandbox(sandbox: RunningSandbox) -> None:
    remote = Remote(f"{sandbox.url}/api")

    with pytest.raises(NotRunningError):
        await asyncio.to_thread(remote.bots)


def test_control_characters_of_a_message_do_not_reach_the_terminal() -> None:
    message = {
        "timestamp": "2026-01-01T12:00:00.000000+00:00",
        "author": {"name": "ada", "bot": True},
        "content": "a\x1b[2Jb",
        "reply_to": "7",
    }

    assert line(message) == "12:00:00 ada (bot) [to 7]: a\N{REPLACEMENT CHARACTER}[2Jb"


@pytest.mark.parametrize(
    "pattern", ["philosophy", "advice-*", "brainstorm*", "*-help", "tech-*-room", "*"]
)
def test_channel_made_for_a_pattern_matches_it(pattern: str) -> None:
    name = channel_name(pattern)

    assert "*" not in name
    assert matches([pattern], name or "general") == pattern


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


async def _complaint(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()


async def output_until(process: asyncio.subprocess.Process, text: str) -> str:
    """Read what the process prints, up to the line that has this text."""
    assert process.stdout is not None
    lines = ""
    async with asyncio.timeout(STARTUP):
        while text not in lines:
            more = (await process.stdout.readline()).decode()
            assert more, lines or await _complaint(process)
            lines += more
    return lines


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


async def test_serve_without_a_fleet_file_has_no_bots(home: Home) -> None:
    async with served(home) as process:
        shown = await output_until(process, "Channels")

    assert "Bots: none" in shown


async def test_serve_with_a_broken_fleet_file_exits_78(home: Home) -> None:
    home.fleet_file.parent.mkdir()
    home.fleet_file.write_text("bots: 5\n")

    async with served(home) as process:
        _, errors = await asyncio.wait_for(process.communicate(), STARTUP)

    assert process.returncode == 78
    assert str(Path("bots/multi_bot.yaml")) in errors.decode()


async def test_follow_goes_on_as_messages_come(sandbox: RunningSandbox) -> None:
    await shell(sandbox.url, "say", "#general", "first")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "multibot", "sandbox", "read", "#general", "-f", "--json", "--url", sandbox.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        await output_until(process, "first")
        await shell(sandbox.url, "say", "#general", "second")
        await output_until(process, "second")
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 130
