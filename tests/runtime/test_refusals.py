"""Discord's refusals, met by the real client: what is final, what is waited for, what it costs."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import discord
import pytest

from multibot.errors import TokenError
from multibot.home import Home
from multibot.runtime.breaker import OPEN, OPENS_AT, RequestRefusedError
from multibot.sandbox.app import start
from tests.runtime.wire import FastClock, Wire, run_fast, until, wired

Scene = Callable[[Wire], Coroutine[Any, Any, None]]
Play = Callable[[Scene], None]


@pytest.fixture
def play(home: Home) -> Play:
    """Play a scene in a time that goes fifty times as fast."""

    def run(scene: Scene) -> None:
        async def work() -> None:
            async with wired(home, FastClock()) as wire:
                await scene(wire)

        run_fast(work())

    return run


async def refused(task: "asyncio.Task[None]") -> str:
    """Wait for the end, and return the line a person reads."""
    with pytest.raises(TokenError) as caught:
        await asyncio.wait_for(task, 1000)
    return str(caught.value)


async def is_silent(wire: Wire) -> bool:
    """Try a few requests; say whether none of them reached Discord."""
    before = wire.count["requests"]
    for _ in range(3):
        with pytest.raises(RequestRefusedError):
            await wire.post()
    return bool(wire.count["requests"] == before)


def test_row_12_a_wrong_token_costs_one_request(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("revoke-token")
        line = await refused(wire.serve())
        assert "sage: Discord refuses the token in DISCORD_TOKEN_SAGE (401)" in line
        assert (wire.count["requests"], wire.count["identifies"]) == (1, 0)

    play(scene)


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013, 4014])
def test_row_13_a_final_close_code_costs_one_identify(play: Play, code: int) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("close", on="identify", code=code)
        line = await refused(wire.serve())
        assert line.startswith("sage: ")
        assert f"({code})" in line
        assert wire.count["identifies"] == 1
        assert await is_silent(wire)

    play(scene)


def test_row_13_intents_that_are_off_name_the_switch(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("disable-intents")
        assert "switch on `Message Content Intent`" in await refused(wire.serve())
        assert wire.count["identifies"] == 1

    play(scene)


def test_row_15_with_50_sessions_left_none_is_started(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("session-limit", remaining=50, reset_after=3600)
        task = wire.serve()
        await until(lambda: wire.pulse.status.state == "parked", task)
        assert "only 50 more" in str(wire.pulse.status.last_error)
        asked = wire.count["requests"]

        await asyncio.sleep(100)
        assert (wire.count["requests"], wire.count["identifies"]) == (asked, 0)

    play(scene)


def test_row_15_a_parked_bot_starts_once_the_limit_is_reset(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("session-limit", remaining=99, reset_after=60)
        task = await wire.ready()
        assert not task.done()
        assert wire.count["identifies"] == 1
        limits = wire.count["routes"]["GET /gateway/bot"]
        assert limits == {"200": 2}

    play(scene)


def test_row_16_a_token_revoked_while_running_stops_everything(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        task = await wire.ready()
        before = wire.count["requests"]
        wire.world.faults.add("revoke-token")
        assert "(4004)" in await refused(task)
        assert await is_silent(wire)
        assert wire.count["requests"] - before <= 1

    play(scene)


def test_row_16_a_401_alone_is_enough(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        task = await wire.ready()
        wire.world.faults.add(401, path="/channels/*")
        with pytest.raises(discord.HTTPException):
            await wire.post()
        assert "(401)" in await refused(task)
        assert await is_silent(wire)
        assert wire.count["statuses"]["401"] == 1

    play(scene)


def test_row_18_a_429_of_65_seconds_is_waited_out_once(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        await wire.ready()
        wire.world.faults.add("429", path="/channels/*", retry_after=65, times=1)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await wire.post()
        assert 65 <= loop.time() - began < 200
        assert wire.count["statuses"]["429"] == 1
        assert len(wire.world.received) == 1

    play(scene)


def test_row_18_a_global_429_holds_every_request_back(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        await wire.ready()
        await asyncio.sleep(10)
        wire.world.faults.add("429", scope="global", retry_after=65, times=1)
        await asyncio.gather(*(wire.post(f"number {number}") for number in range(3)))
        assert len(wire.world.received) == 3
        assert wire.count["statuses"]["429"] <= 3

    play(scene)


def test_row_19_the_host_is_not_shut_out(play: Play) -> None:
    """It keeps quiet at a limit of its own, and stays where it is."""

    async def scene(wire: Wire) -> None:
        task = await wire.ready()
        wire.world.faults.add(403, path="/channels/*")
        reached = 0
        for _ in range(60):
            done = await asyncio.gather(*(wire.post() for _ in range(20)), return_exceptions=True)
            reached += sum(isinstance(one, discord.Forbidden) for one in done)
        assert OPENS_AT <= reached <= 1000
        assert wire.world.traffic.shown()["invalid_requests"]["worst_10_minutes"] <= 1000
        assert not task.done()
        await until(lambda: wire.pulse.status.last_error == OPEN, task)
        await until(lambda: wire.pulse.status.gateway_state == "ready", task)

    play(scene)


def test_row_19_shared_limits_and_unknown_webhooks_do_not_count(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        task = await wire.ready()
        wire.world.faults.add("429", path="/channels/*", scope="shared", retry_after=1, times=1)
        await wire.post()
        webhook = discord.Webhook.partial(12, "nobodys-secret", client=wire.client)
        with pytest.raises(discord.NotFound):
            await webhook.send("hello")
        wire.world.faults.add(401, path="/webhooks/*", times=1)
        with pytest.raises(discord.HTTPException):
            await webhook.send("hello")
        rows = list(wire.store.reader.execute("SELECT status, count FROM http_errors"))
        assert rows == [(401, 1)]
        assert not task.done()
        await wire.post()

    play(scene)


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
        task = wire.serve()
        await until(lambda: wire.pulse.status.state == "backing_off", task)
        assert wire.pulse.status.last_error
        wire.world.faults.clear()
        await until(lambda: wire.pulse.status.gateway_state == "ready", task)
        assert wire.count["identifies"] == 1

    play(scene)


def test_row_50_a_port_where_nobody_listens_is_asked_until_somebody_does(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        address = wire.sandbox.url
        await wire.sandbox.close()
        task = wire.serve()
        await until(lambda: wire.pulse.status.state == "backing_off", task)
        assert "cannot reach Discord" in str(wire.pulse.status.last_error)
        wire.sandbox = await start(wire.world, port=int(address.rpartition(":")[2]))
        await until(lambda: wire.pulse.status.gateway_state == "ready", task)

    play(scene)


def test_drops_are_resumed_and_only_identifies_are_counted(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        task = await wire.ready()
        for number, code in enumerate((4000, 1006, 1001, 4008), start=1):
            wire.world.faults.add("close", code=code, resumable=True)
            await until(lambda wanted=number: wire.count["resumes"] >= wanted, task)
            await until(lambda: wire.pulse.status.gateway_state == "ready", task)
        wire.world.faults.add("reconnect")
        await until(lambda: wire.count["resumes"] >= 5, task)
        assert (wire.count["identifies"], wire.store.gateway.count_starts()) == (1, 1)

        wire.world.faults.add("invalid-session", resumable=False)
        await until(lambda: wire.count["identifies"] == 2, task)
        await until(lambda: wire.pulse.status.gateway_state == "ready", task)
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
