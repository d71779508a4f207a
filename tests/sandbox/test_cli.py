"""`multibot sandbox serve`, `say` and `read`, as a shell sees them."""

import asyncio
import json
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from multibot.cli.main import root
from multibot.cli.sandbox import channel_name, line
from multibot.cli.sandbox_address import of_home
from multibot.conversation.addressing import matches
from multibot.errors import NotRunningError, UsageError
from multibot.home import Home
from multibot.sandbox.app import RunningSandbox
from multibot.sandbox.remote import Remote, mentioning
from multibot.sandbox.world import World
from tests.sandbox.shell import STARTUP, output_until, shell


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


async def test_what_discord_refuses_is_told_with_its_field(sandbox: RunningSandbox) -> None:
    with pytest.raises(UsageError, match="content: Must be 2000 or fewer in length"):
        await shell(sandbox.url, "say", "#general", "x" * 2001)
    with pytest.raises(UsageError, match="message_reference: Unknown message"):
        await shell(sandbox.url, "say", "#general", "x", "--reply-to", "1")


@pytest.mark.parametrize("arguments", [("say", "#general", "x"), ("read", "@sage")])
async def test_nobody_is_not_a_speaker(sandbox: RunningSandbox, arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="--as is empty"):
        await shell(sandbox.url, *arguments, "--as", " ")


async def test_read_shows_mentions_by_name(sandbox: RunningSandbox) -> None:
    await shell(sandbox.url, "say", "#general", "@sage, <@7> and you")

    _, shown, _ = await shell(sandbox.url, "read", "#general")

    assert shown[8:] == " ada: @sage, <@7> and you\n"


async def test_the_address_of_the_api_will_do(sandbox: RunningSandbox) -> None:
    code, said, _ = await shell(f"{sandbox.url}/api/v10", "say", "#general", "hello")

    assert code == 0
    assert said.strip().isdigit()


async def test_the_sandbox_of_a_home_is_found_without_being_named(
    sandbox: RunningSandbox, home: Home
) -> None:
    home.dotenv.write_text(f"MULTIBOT_DISCORD_API={sandbox.url}/api/v10\n")
    arguments = ["--home", str(home.root), "sandbox", "read", "#general"]

    result = await asyncio.to_thread(CliRunner().invoke, root, arguments)

    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("http://127.0.0.1:1/api/v10", "http://127.0.0.1:1/api/v10"),
        ("http://localhost:1/api/v10", "http://localhost:1/api/v10"),
        ("https://discord.com/api/v10", "http://127.0.0.1:8787"),
        ("http://[::1", "http://127.0.0.1:8787"),
        ("", "http://127.0.0.1:8787"),
    ],
)
def test_only_an_address_of_this_machine_is_taken_for_a_sandbox(
    home: Home, setting: str, address: str
) -> None:
    home.dotenv.write_text(f"MULTIBOT_DISCORD_API={setting}\n")

    assert of_home(home) == address


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

    assert line(message, {}) == "12:00:00 ada (bot) [to 7]: a\N{REPLACEMENT CHARACTER}[2Jb"


@pytest.mark.parametrize(
    "pattern", ["philosophy", "advice-*", "brainstorm*", "*-help", "tech-*-room", "*"]
)
def test_channel_made_for_a_pattern_matches_it(pattern: str) -> None:
    name = channel_name(pattern)

    assert "*" not in name
    assert matches([pattern], name or "general") == pattern


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
        await asyncio.wait_for(process.wait(), STARTUP)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 130
