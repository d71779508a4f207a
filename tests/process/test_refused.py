"""Discord out of reach, or refusing: what one real bot process does, and says of itself."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator

import pytest

from multibot.home import Home
from multibot.store.incidents import recent
from multibot.store.status import read_statuses
from tests.process.fleet import RunningFleet, until


@pytest.fixture
async def fleet(home: Home) -> AsyncIterator[RunningFleet]:
    async with RunningFleet(home) as running:
        yield running


async def test_without_discord_it_waits_says_why_and_still_stops_at_once(
    fleet: RunningFleet,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    text = fleet.home.dotenv.read_text().replace(fleet.url, f"http://127.0.0.1:{closed}")
    fleet.home.dotenv.write_text(text)
    await fleet.multibot("db", "migrate")
    process = await fleet.run("sage")

    def waits() -> bool:
        row = read_statuses(fleet.home.database).get("sage")
        return row is not None and row.state == "backing_off" and row.waits_until_at is not None

    await until(waits, "sage backing off")
    assert "cannot reach Discord" in str(read_statuses(fleet.home.database)["sage"].last_error)
    process.send_signal(signal.SIGTERM)
    output, _ = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert "Unclosed" not in output.decode()


async def test_a_token_revoked_while_running_ends_it_with_78(fleet: RunningFleet) -> None:
    async with fleet.running("sage") as process:
        before = len(fleet.world.traffic.requests(bot="sage", after=0, limit=1000))
        fleet.world.faults.add("revoke-token", bot="sage")
        output, _ = await asyncio.wait_for(process.communicate(), 30)

        assert process.returncode == 78
        cure = output.decode().splitlines()[-1]
        assert "sage: Discord refuses the token in DISCORD_TOKEN_SAGE (4004)" in cure
        row = read_statuses(fleet.home.database)["sage"]
        assert (row.state, row.identifies) == ("stopped", 1)
        assert "multibot restart sage" in str(row.last_error)
        note = json.loads(fleet.home.bot_exit("sage").read_text())
        assert note["exit_code"] == 78
        kept = recent(fleet.home.database, row.started_at)
        assert [(each.bot_name, each.kind, each.count) for each in kept] == [("sage", "failed", 1)]
        assert "Discord refuses the token" in kept[0].detail
        asked = fleet.world.traffic.requests(bot="sage", after=0, limit=1000)
        assert len(asked) - before <= 1


async def test_a_bot_that_may_not_start_yet_is_parked_and_stops_at_once(
    fleet: RunningFleet,
) -> None:
    fleet.world.faults.add("session-limit", remaining=99, reset_after=3600)
    await fleet.multibot("db", "migrate")
    process = await fleet.run("sage")

    def is_parked() -> bool:
        row = read_statuses(fleet.home.database).get("sage")
        return row is not None and row.state == "parked" and row.waits_until_at is not None

    await until(is_parked, "sage parked")
    row = read_statuses(fleet.home.database)["sage"]
    assert "Discord allows only 99 more gateway starts today" in str(row.last_error)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    await process.communicate()
    assert fleet.world.traffic.shown()["bots"]["sage"]["identifies"] == 0
