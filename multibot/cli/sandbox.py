"""`multibot sandbox`: a Discord on this machine, to run, to speak in and to read."""

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from multibot.cli.sandbox_address import API_PATH, PORT, at_url
from multibot.cli.sandbox_amend import delete, edit
from multibot.cli.sandbox_faults import fault, traffic
from multibot.errors import UsageError
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.config.fleet import Bot
    from multibot.sandbox.world import World

HOST = "127.0.0.1"
DEFAULT_NAME = "ada"
GUILD = "multibot"
POLL_SECONDS = 0.25
MOST_MESSAGES = 1000

# A message must not be able to move the reader's cursor or colour the rest of the screen.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _not_empty(context: click.Context, parameter: click.Parameter, value: str) -> str:
    del context, parameter
    if not value.strip():
        raise UsageError("--as is empty.", remedy="Name a person, such as ada.")
    return value


_name = click.option(
    "--as",
    "name",
    default=DEFAULT_NAME,
    show_default=True,
    callback=_not_empty,
    help="The person who speaks or reads.",
)


@click.group()
def sandbox() -> None:
    """Run a Discord on this machine, and speak in it."""


sandbox.add_command(delete)
sandbox.add_command(edit)
sandbox.add_command(fault)
sandbox.add_command(traffic)


@sandbox.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--empty", is_flag=True, help="Without bots, for any home or none.")
@click.pass_obj
def serve(home: Home, host: str, port: int, *, empty: bool) -> None:
    """Run it until Ctrl-C, for the bots of this home.

    A bot that has no token yet gets one that only this sandbox knows.
    """
    bots, made_up = ((), {}) if empty else _fleet(home)
    asyncio.run(_serve(bots, made_up, host, port))


def _fleet(home: Home) -> tuple[tuple["Bot", ...], dict[str, str]]:
    """Load the bots, with tokens made up where a variable has none; return those as well."""
    from multibot.config.environment import read_environment
    from multibot.config.load import check, load

    environment = read_environment(home, os.environ)
    faults = check(home, environment).errors
    # The same at each start, so that the fleet can go on with a sandbox that was started again.
    made_up = {f.variable: f"sandbox-{f.bot}" for f in faults if f.variable and f.bot}
    return load(home, environment | made_up).enabled, made_up


async def _serve(bots: Iterable["Bot"], made_up: Mapping[str, str], host: str, port: int) -> None:
    from multibot.clock import SystemClock
    from multibot.sandbox.app import start
    from multibot.sandbox.world import World

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    world = World(SystemClock())
    furnish(world, bots)
    running = await start(world, host, port)
    try:
        click.echo(_welcome(world, running.url, made_up))
        await stop.wait()
    finally:
        await running.close()


def furnish(world: "World", bots: Iterable["Bot"]) -> None:
    """Put a fleet into an empty world: its bots, and a channel for each of their patterns."""
    guild = world.add_guild(GUILD)
    names = dict.fromkeys(["general"])
    for bot in bots:
        if bot.token is not None:
            world.add_application(bot.token.reveal(), bot.name, description=bot.persona.description)
        names.update(dict.fromkeys(map(channel_name, bot.channels)))
    for name in filter(None, names):
        world.add_channel(name, guild=guild)


def channel_name(pattern: str) -> str:
    """Return a channel name that a pattern matches; none for one that matches every name."""
    if not pattern.strip("*"):
        return ""
    spelled_out = re.sub(r"(?<=[-_])\*+|^\*+(?=[-_])", "room", pattern)
    return spelled_out.replace("*", "")


def _welcome(world: "World", url: str, made_up: Mapping[str, str]) -> str:
    bots = ", ".join(app.name for app in world.applications.values()) or "none"
    channels = " ".join(f"#{channel.name}" for channel in world.channels.values())
    return (
        f"Sandbox at {url}/ (a chat page for your browser)\n"
        f"  Bots: {bots}\n"
        f"  Channels: {channels}\n\n"
        f"{_instructions(url, made_up)}\n\n"
        "A bot that you add to the fleet later is known here after a new start of the sandbox.\n"
        "Ctrl-C ends it; nothing is kept."
    )


def _instructions(url: str, made_up: Mapping[str, str]) -> str:
    lines = ["Start the fleet against it from a second terminal:", ""]
    lines += [f"  export {name}={token}" for name, token in sorted(made_up.items())]
    lines += [f"  MULTIBOT_DISCORD_API={url}{API_PATH} multibot up"]
    if made_up:
        them = ", ".join(sorted(made_up))
        lines += ["", f"No token was found for {them}: these are made up, for this sandbox only."]
    return "\n".join(lines)


@sandbox.command()
@click.argument("channel")
@click.argument("text")
@_name
@click.option("--reply-to", metavar="ID", help="The message this one answers.")
@click.option("--json", "as_json", is_flag=True, help="Print the message as one JSON object.")
@at_url
def say(
    channel: str, text: str, name: str, reply_to: str | None, url: str, *, as_json: bool
) -> None:
    """Post TEXT as a person in CHANNEL.

    CHANNEL is a #name, an id, or @bot for a direct message. `@sage` in TEXT mentions that bot. Prints the message's id.
    """
    from multibot.sandbox.remote import Remote

    message = Remote(url).say(channel, name, text, reply_to)
    click.echo(json.dumps(message, ensure_ascii=False) if as_json else message["id"])


@sandbox.command()
@click.argument("channel")
@_name
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_MESSAGES),
    default=50,
    show_default=True,
    help="How many of the newest messages.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on as messages come, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@at_url
def read(channel: str, name: str, limit: int, url: str, *, follow: bool, as_json: bool) -> None:
    """Print the messages of CHANNEL.

    CHANNEL is a #name, an id, or @bot for direct messages. Times are UTC.
    """
    names = _Names(url)
    for message in _messages(channel, name, limit, url, follow=follow):
        shown = json.dumps(message, ensure_ascii=False) if as_json else line(message, names)
        click.echo(shown)


class _Names(dict[str, str]):
    """Names by id, asked for when the first one is missed, and again for each newcomer."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def __contains__(self, user_id: object) -> bool:
        from multibot.sandbox.remote import Remote

        if not super().__contains__(user_id):
            self.update(Remote(self._url).names())
        return super().__contains__(user_id)


def _messages(
    channel: str, name: str, limit: int, url: str, *, follow: bool
) -> Iterator[dict[str, Any]]:
    from multibot.sandbox.remote import Remote

    remote = Remote(url)
    found = remote.messages(channel, name, limit=limit)
    last = "0"
    while True:
        yield from found
        last = found[-1]["id"] if found else last
        if not follow:
            return
        time.sleep(POLL_SECONDS)
        found = remote.messages(channel, name, limit=MOST_MESSAGES, after=last)


def line(message: dict[str, Any], names: Mapping[str, str]) -> str:
    """Write a message for a person to read: with names, and further lines of it indented."""
    from multibot.sandbox.remote import named

    try:
        moment = datetime.fromisoformat(message["timestamp"]).astimezone(UTC)
        author, content = message["author"], message["content"]
    except (KeyError, ValueError) as error:
        raise UsageError("What answers there is no sandbox of this version.") from error
    mark = " (bot)" if author["bot"] else ""
    reply = f" [to {message['reply_to']}]" if message.get("reply_to") else ""
    shown = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", named(content, names)).replace(
        "\n", "\n    "
    )
    return f"{moment:%H:%M:%S} {author['name']}{mark}{reply}: {shown}"
