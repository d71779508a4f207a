"""Row 16: the token of a running bot is revoked: at most one further request, exit code 78, the cure.

Discord closes the gateway (4004), or, as in an outage of half of it, only refuses requests (401).
"""

import asyncio
from typing import Any

import pytest
import yaml

from multibot.home import Home
from tests.faults import book, crowd, running
from tests.faults.crowd import Crowd
from tests.faults.running import Started
from tests.process.fleet import pause, until

BOTS = book.times(20, 4)
PEOPLE = 5


class Untyping(Crowd):
    """Bots that ask Discord for one thing at a time: what is under way cannot be called back."""

    def write_files(self) -> None:
        super().write_files()
        for path in (self.home.root / "bots").glob("*.yaml"):
            persona = yaml.safe_load(path.read_text(encoding="utf-8"))
            persona.setdefault("message", {})["typing_indicator"] = False
            if "bots" not in persona:
                path.write_text(yaml.safe_dump(persona), encoding="utf-8")


def requests(fleet: Crowd, bot: str) -> list[dict[str, Any]]:
    return fleet.world.traffic.requests(bot=bot, after=0, limit=1_000_000)


def revoke(fleet: Crowd, number: int, bot: str) -> None:
    """Refuse the token everywhere, or let the gateway know nothing of it."""
    fleet.world.faults.add("revoke-token" if number % 2 else "401", bot=bot)


async def crowd_in(fleet: Crowd, bot: str) -> None:
    for number in range(PEOPLE):
        await fleet.say(f"#room-{bot}", f"user{number}", "Are you still there?")


def is_registered(fleet: Crowd, bot: str) -> bool:
    """Say whether a bot has told Discord its commands: the last it asks for by itself."""
    return any(each["path"].endswith("/commands") for each in requests(fleet, bot))


async def is_quiet(fleet: Crowd) -> None:
    """Wait until nobody waits for an answer of Discord, and nobody asks."""
    before = -1
    while before != (now := sum(len(requests(fleet, bot)) for bot in fleet.bots)):
        before = now
        await pause(0.5)


async def let_it_notice(fleet: Crowd, one: Started, before: int) -> None:
    """Ask one thing, and wait until the bot has been told no, in one way or the other."""
    await fleet.say(f"#room-{one.bot}", "ada", "Are you there?")

    def is_told() -> bool:
        told = [each["status"] for each in requests(fleet, one.bot)[before:]]
        closes = fleet.world.traffic.shown()["bots"][one.bot]["closes"]
        return 401 in told or "4004" in closes

    await until(is_told, f"{one.bot} is told")


async def assert_gone(fleet: Crowd, one: Started, before: int) -> int:
    assert await one.end() == 78
    assert f"{one.bot}: Discord refuses the token in DISCORD_TOKEN_" in one.last_line
    assert f"multibot restart {one.bot}" in one.last_line
    further = requests(fleet, one.bot)[before:]
    assert len(further) <= 1, further
    assert fleet.world.traffic.shown()["bots"][one.bot]["identifies"] == 1
    return len(further)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_revoked_token_ends_a_bot_after_one_request_at_most(home: Home) -> None:
    async with (
        Untyping(home, world=crowd.world(), count=BOTS) as fleet,
        running.by_hand(fleet) as started,
    ):
        await asyncio.gather(*(crowd_in(fleet, bot) for bot in fleet.bots))
        await until(lambda: fleet.world.received_count >= BOTS * PEOPLE, "all answered")
        await until(lambda: all(is_registered(fleet, bot) for bot in fleet.bots), "commands")
        await is_quiet(fleet)
        before = {bot: len(requests(fleet, bot)) for bot in fleet.bots}
        for number, one in enumerate(started.values()):
            revoke(fleet, number, one.bot)
            await let_it_notice(fleet, one, before[one.bot])
        await asyncio.gather(*(crowd_in(fleet, bot) for bot in fleet.bots))
        further = [await assert_gone(fleet, one, before[bot]) for bot, one in started.items()]
    book.note(
        book.Entry(
            row=16,
            fault="token revoked while it runs (401, 4004)",
            count=BOTS,
            unit="bots",
            result=f"at most {max(further)} further request, exit code 78 with the cure",
        )
    )
