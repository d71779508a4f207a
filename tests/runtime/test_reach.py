"""Discord out of reach, met by the real client: it is waited for, and a session is resumed."""

import asyncio
import threading
from functools import partial
from typing import Any

import pytest

from multibot.runtime.breaker import RequestRefusedError
from multibot.sandbox.app import start
from tests.runtime.wire import Play, Wire, until


def has_resumed(wire: Wire, before: int) -> bool:
    return bool(wire.count["resumes"] > before)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "503"},
        {"kind": "500"},
        {"kind": "403", "body": "html"},
        {"kind": "drop"},
        {"kind": "reset"},
        {"kind": "junk"},
        {"kind": "junk", "body": "html"},
        {"kind": "429", "scope": "cloudflare", "retry_after": 3},
    ],
)
def test_row_50_whatever_is_wrong_with_discord_is_waited_for(
    play: Play, fault: dict[str, Any]
) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.play([fault])
        await until(lambda: wire.pulse.status.state == "backing_off", wire.task)
        assert wire.pulse.status.last_error
        wire.world.faults.clear()
        await wire.ready()
        assert wire.count["identifies"] == 1

    play(scene)


def test_row_50_a_port_where_nobody_listens_is_asked_until_somebody_does(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        address = wire.sandbox.url
        await wire.sandbox.close()
        await until(lambda: wire.pulse.status.state == "backing_off", wire.task)
        assert "cannot reach Discord" in str(wire.pulse.status.last_error)
        wire.sandbox = await start(wire.world, port=int(address.rpartition(":")[2]))
        await wire.ready()

    play(scene)


def test_drops_are_resumed_and_only_identifies_are_counted(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        await wire.ready()
        for code in (4000, 1006, 1001, 4008):
            before = wire.count["resumes"]
            wire.world.faults.add("close", code=code, resumable=True)
            await until(partial(has_resumed, wire, before), wire.task)
            await wire.ready()
        before = wire.count["resumes"]
        wire.world.faults.add("reconnect")
        await until(partial(has_resumed, wire, before), wire.task)
        assert (wire.count["identifies"], wire.store.gateway.count_starts()) == (1, 1)

        wire.world.faults.add("invalid-session", resumable=False)
        await until(lambda: wire.count["identifies"] == 2, wire.task)
        await wire.ready()
        assert wire.store.gateway.count_starts() == wire.pulse.status.identifies == 2
        assert wire.count["routes"]["GET /gateway/bot"] == {"200": 2}

    play(scene)


def test_an_identify_that_cannot_be_counted_is_not_sent(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        async def full() -> None:
            raise RequestRefusedError("the disk is full")

        await wire.gateway.log_in("sandbox-token-one")
        await wire.client.session_limit()
        with pytest.raises(Exception, match="disk is full"):
            await wire.client.start_session(full)
        assert wire.count["identifies"] == 0
        await until(lambda: not any("keep-alive" in one.name for one in threading.enumerate()))

    play(scene)


def test_a_closed_client_hears_no_ready_that_comes_late(play: Play) -> None:
    """discord.py says it 2 s after the last guild, and would do so without a loop."""

    async def scene(wire: Wire) -> None:
        await wire.ready()
        await wire.end_client()
        before = asyncio.all_tasks()
        wire.client.dispatch("ready")
        assert asyncio.all_tasks() == before

    play(scene)
