"""Row 46: bots crash, hang up, are refused and log all they can. No token is anywhere but in its file."""

import functools
import os
import resource
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.shipping import shipped
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.migrate import migrate
from tests.faults import book, crowd
from tests.faults.crowd import Crowd
from tests.process.fleet import until
from tests.process.leaks import places_of

BOTS = book.times(12, 3)
ADMIN = "ada"
# A traceback, a core where one is allowed, a death without a word.
SIGNALS = (signal.SIGABRT, signal.SIGSEGV, signal.SIGPROF, signal.SIGKILL)
COMMANDS = (
    ("status", "--wide"),
    ("status", "--explain"),
    ("status", "--json"),
    ("incidents",),
    ("doctor",),
    ("check",),
    ("logs",),
    ("render", "--stdout"),
)


@pytest.fixture
def _core_allowed() -> Iterator[None]:
    """Let processes leave a core, if they do not refuse to themselves."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.fixture
async def fleet(home: Home, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crowd]:
    """Make a fleet that logs all it can, on a database that `up` has to back up first."""
    older = tmp_path_factory.mktemp("older")
    for path in shipped("migrations").glob("*"):
        if path.is_file() and not path.name.startswith(f"{SCHEMA_VERSION:04}"):
            shutil.copy(path, older)
    migrate(home, SystemClock(), folder=older)
    settings = {"logging": {"level": "DEBUG"}}
    async with Crowd(home, world=crowd.world(), count=BOTS, settings=settings) as running:
        yield running


async def ask_everybody(fleet: Crowd, text: str) -> None:
    for bot in fleet.bots:
        posted = await fleet.say(f"@{bot}", ADMIN, text)
        await fleet.received_in(posted["channel_id"])


async def hurt(fleet: Crowd) -> None:
    """End processes in each of the ways, and wait until all are back."""
    before = {}
    for bot, number in zip(fleet.bots, SIGNALS * BOTS, strict=False):
        pid = fleet.process_of(bot)
        assert pid is not None
        os.kill(pid, number)
        # This one only writes down where everything stands.
        before[bot] = None if number is signal.SIGPROF else pid
    for bot, pid in before.items():
        await until(functools.partial(fleet.is_ready, bot, not_pid=pid), f"{bot} back")


async def refuse(fleet: Crowd, bot: str) -> None:
    """Let Discord refuse a token from now on: the bot leaves a note of that."""
    fleet.world.faults.add("revoke-token", bot=bot)
    await until(fleet.home.bot_exit(bot).exists, "a note of the refusal")


def cores(fleet: Crowd) -> list[Path]:
    folders = (fleet.home.root, Path.cwd())
    return [path for folder in folders for path in folder.glob("core*") if path.is_file()]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_core_allowed")
async def test_a_token_is_nowhere_but_in_its_file(fleet: Crowd) -> None:
    said = [await fleet.multibot("up")]
    assert list(fleet.home.backups.glob("*.db"))
    await ask_everybody(fleet, "what is your token?")
    await ask_everybody(fleet, "!debug token")
    fleet.world.faults.add("500", times=2 * BOTS)
    fleet.world.faults.add("close", code=4000, times=BOTS)
    await hurt(fleet)
    await refuse(fleet, fleet.bots[-1])
    said += [await fleet.multibot(*each, check=False) for each in COMMANDS]
    posted = [row["content"] for row in await fleet.received()]

    assert cores(fleet) == []
    assert fleet.home.bot_log(fleet.bots[0]).stat().st_size > 0
    for bot, token in fleet.tokens.items():
        assert places_of(token, fleet.home) == [], bot
        assert not any(token in text for text in (*said, *posted)), bot
    book.note(
        book.Entry(
            row=46,
            fault="tokens looked for after crashes, refusals and debug logs",
            count=len(fleet.tokens),
            unit="tokens",
            result="0 places but their own file; no core",
            figures={"crashes": BOTS + 1, "files": sum(1 for _ in fleet.home.root.rglob("*"))},
        )
    )
