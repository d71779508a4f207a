"""`multibot demo`: the shipped fleet against a Discord of its own, in a home of its own."""

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from multibot.cli import demo_talk, fleet_file
from multibot.cli.demo_home import ENDINGS, temporary_home
from multibot.cli.output import say
from multibot.errors import MultibotError, TemporaryError
from multibot.home import Home
from multibot.supervise import daemon
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.sandbox.app import RunningSandbox
    from multibot.sandbox.world import World
    from multibot.store.status import BotStatus

PORT = 8787
READY_SECONDS = 60.0
POLL_SECONDS = 0.2
# Longer than a bot may drain plus supervisord's own stop.
STOP_SECONDS = 40.0
CHANNELS = (
    "general",
    "philosophy",
    "advice-career",
    "creative",
    "brainstorming",
    "tech-help",
    "research",
)
PEOPLE = ("ada", "grace", "linus")
WELCOME = """
multibot demo: {count} bots are ready, each its own process under supervisord.

  Page: {url}/
  Home: {home}

Talk to them on the page. When nobody writes for a minute, two of them begin to talk with each other
in #general; after 5 messages they rest for a minute. In a second terminal:

  cd {home}
  export PATH={bin}:$PATH
  multibot status
  multibot sandbox say "#philosophy" "What is a good question?"
  multibot sandbox read "#philosophy"
  multibot chains --watch
  supervisorctl restart {bot}
  sqlite-utils query data/conversations.db \\
    "select bot_name, count(*) from conversations group by 1"

Ctrl-C stops everything{removal}."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the chat page.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port of the chat page (default: {PORT}, or a free one when that is taken; 0: a free one).",
)
@click.option("--keep", is_flag=True, help="Leave the demo's home in place at the end.")
def demo(host: str, port: int | None, *, keep: bool) -> None:
    """Try the example fleet, with a built-in Discord and a chat page."""
    os.umask(0o077)
    for number in ENDINGS:
        signal.signal(number, _interrupt)
    with temporary_home(keep=keep) as home:
        asyncio.run(_demo(home, host, port, keep=keep))


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does, removing the home, while no loop runs that would take the signal."""
    del number, frame
    raise KeyboardInterrupt


async def _demo(home: Home, host: str, port: int | None, *, keep: bool) -> None:
    stop = _stop_event()
    demo_talk.settle(home)
    tokens = _write_tokens(home)
    sandbox = await _start_sandbox(tokens, host, port)
    try:
        with home.dotenv.open("a", encoding="utf-8") as dotenv:
            dotenv.write(f"MULTIBOT_DISCORD_API={sandbox.url}/api/v10\n")
        _tell(f"Starting {counted(len(tokens), 'bot')} ...", stop)
        fleet = _start_fleet(home)
        try:
            await _until_ready(home, fleet, set(tokens), stop)
            if not stop.is_set():
                _tell(_welcome(home, sandbox.url, list(tokens), keep=keep), stop)
                async with _showing_talk(home, sandbox.url):
                    await _until_stopped(fleet, stop)
        finally:
            say("\nStopping ...")
            await asyncio.to_thread(_stop_fleet, fleet)
    finally:
        await sandbox.close()
    say("Stopped; nothing is left running.")


@contextlib.asynccontextmanager
async def _showing_talk(home: Home, url: str) -> AsyncIterator[None]:
    rules = fleet_file.without_tokens(home).bots[0].cross_bot.rules
    task = asyncio.create_task(demo_talk.show(home, url, rules))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def _tell(text: str, stop: asyncio.Event) -> None:
    """Say it; a demo whose address nobody can read is over."""
    if not say(text):
        stop.set()


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    for number in ENDINGS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _write_tokens(home: Home) -> dict[str, str]:
    """Give each bot of the example fleet a token that only this sandbox knows."""
    from multibot.config.load import check

    lines = home.dotenv.read_text(encoding="utf-8").splitlines()
    names = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    made = {name: f"sandbox.{secrets.token_urlsafe(24)}" for name in names}
    text = "".join(f"{name}={token}\n" for name, token in made.items())
    home.dotenv.write_text(text, encoding="utf-8")
    report = check(home, made)
    if report.fleet is None:
        raise MultibotError("\n".join(str(fault) for fault in report.faults))
    return {bot.name: bot.token.reveal() for bot in report.fleet.enabled if bot.token}


async def _start_sandbox(tokens: dict[str, str], host: str, port: int | None) -> "RunningSandbox":
    from multibot.clock import SystemClock
    from multibot.sandbox import app
    from multibot.sandbox.world import World

    world = World(SystemClock())
    _furnish(world, tokens)
    if port is not None:
        return await app.start(world, host, port)
    try:
        return await app.start(world, host, PORT)
    except (OSError, TemporaryError):
        return await app.start(world, host, 0)


def _furnish(world: "World", tokens: dict[str, str]) -> None:
    for name, token in tokens.items():
        world.add_application(token, name)
    for name in PEOPLE:
        world.add_user(name)
    guild = world.add_guild("multibot demo")
    for channel in CHANNELS:
        world.add_channel(channel, guild=guild)


def _start_fleet(home: Home) -> "subprocess.Popen[bytes]":
    """Run `multibot up --foreground`: real supervisord, away from the terminal's Ctrl-C."""
    with _up_log(home).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "multibot", "--home", str(home.root), "up", "--foreground"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={key: text for key, text in os.environ.items() if not _is_ours(key)},
            start_new_session=True,
            # It stops all bots, also when this process is killed and cannot.
            preexec_fn=daemon.end_with_parent,  # noqa: PLW1509 - no other thread forks
        )


def _up_log(home: Home) -> Path:
    return home.data / "up.log"


def _is_ours(variable: str) -> bool:
    return variable.startswith(("MULTIBOT_", "DISCORD_TOKEN"))


async def _until_ready(
    home: Home, fleet: "subprocess.Popen[bytes]", bots: set[str], stop: asyncio.Event
) -> None:
    seen: set[str] = set()
    for _ in range(int(READY_SECONDS / POLL_SECONDS)):
        if stop.is_set():
            return
        if fleet.poll() is not None:
            raise MultibotError(f"The fleet did not start: {_last_words(_up_log(home))}")
        rows = _statuses(home)
        ready = {name for name, row in rows.items() if row.state == "ready"} & bots
        for name in sorted(ready - seen):
            _tell(f"  {name} is ready", stop)
        seen |= ready
        if seen == bots:
            return
        await asyncio.sleep(POLL_SECONDS)
    raise MultibotError(f"Not ready within {READY_SECONDS:.0f} s: {', '.join(sorted(bots - seen))}")


def _statuses(home: Home) -> "dict[str, BotStatus]":
    from multibot.store.status import read_statuses

    try:
        return read_statuses(home.database)
    except MultibotError:
        # It is just being brought up to date; a lasting trouble ends the fleet, which is told.
        return {}


async def _until_stopped(fleet: "subprocess.Popen[bytes]", stop: asyncio.Event) -> None:
    while not stop.is_set():
        if fleet.poll() is not None:
            raise MultibotError(
                "somebody else has stopped the demo's supervisord.",
                remedy="data/logs/supervisord.log in the demo's home may say more.",
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)


def _stop_fleet(fleet: "subprocess.Popen[bytes]") -> None:
    if fleet.poll() is not None:
        return
    fleet.terminate()
    try:
        fleet.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # The bots die with their supervisord.
        fleet.kill()
        fleet.wait()


def _welcome(home: Home, url: str, bots: list[str], *, keep: bool) -> str:
    return WELCOME.format(
        count=len(bots),
        url=url,
        home=home.root,
        bin=Path(sys.executable).parent,
        bot=bots[0],
        removal="" if keep else " and removes the demo's home",
    )


def _last_words(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")[-2000:].strip()
    return text.replace("multibot: ", "") or "it said nothing."
