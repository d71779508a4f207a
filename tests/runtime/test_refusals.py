"""Discord's refusals, met by the real client: what is final, what is waited for, what it costs."""

import asyncio

import discord
import pytest

from multibot.conversation.message import ChannelId
from multibot.errors import TokenError
from multibot.runtime.breaker import OPEN, OPENS_AT, RequestRefusedError
from multibot.runtime.delivery import DiscordDelivery
from tests.fakes import FakeClock
from tests.runtime.wire import Play, Wire, until
from tests.runtime.world import message


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
        line = await refused(wire.task)
        assert "sage: Discord refuses the token in DISCORD_TOKEN_SAGE (401)" in line
        assert (wire.count["requests"], wire.count["identifies"]) == (1, 0)

    play(scene)


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013, 4014])
def test_row_13_a_final_close_code_costs_one_identify(play: Play, code: int) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("close", at="identify", code=code)
        line = await refused(wire.task)
        assert line.startswith("sage: ")
        assert f"({code})" in line
        assert wire.count["identifies"] == 1
        assert await is_silent(wire)

    play(scene)


def test_row_13_intents_that_are_off_name_the_switch(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("disable-intents")
        assert "switch on `Message Content Intent`" in await refused(wire.task)
        assert wire.count["identifies"] == 1

    play(scene)


def test_row_15_with_50_sessions_left_none_is_started(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("session-limit", remaining=50, reset_after=3600)
        await until(lambda: wire.pulse.status.state == "parked", wire.task)
        assert "only 50 more" in str(wire.pulse.status.last_error)
        asked = wire.count["requests"]

        await asyncio.sleep(100)
        assert (wire.count["requests"], wire.count["identifies"]) == (asked, 0)

    play(scene)


def test_row_15_a_parked_bot_starts_once_the_limit_is_reset(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        wire.world.faults.add("session-limit", remaining=99, reset_after=60)
        await wire.ready()
        assert not wire.task.done()
        assert wire.count["identifies"] == 1
        limits = wire.count["routes"]["GET /gateway/bot"]
        assert limits == {"200": 2}

    play(scene)


def test_row_16_a_token_revoked_while_running_stops_everything(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        await wire.ready()
        before = wire.count["requests"]
        wire.world.faults.add("revoke-token")
        assert "(4004)" in await refused(wire.task)
        assert await is_silent(wire)
        assert wire.count["requests"] - before <= 1

    play(scene)


def test_row_16_a_401_alone_is_enough(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        await wire.ready()
        wire.world.faults.add(401, path="/channels/*")
        with pytest.raises(discord.HTTPException):
            await wire.post()
        assert "(401)" in await refused(wire.task)
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
        await wire.ready()
        wire.world.faults.add(403, path="/channels/*")
        reached = 0
        for _ in range(60):
            done = await asyncio.gather(*(wire.post() for _ in range(20)), return_exceptions=True)
            reached += sum(isinstance(one, discord.Forbidden) for one in done)
        assert OPENS_AT <= reached <= 1000
        assert wire.world.traffic.shown()["invalid_requests"]["worst_10_minutes"] <= 1000
        assert not wire.task.done()
        await until(lambda: wire.pulse.status.last_error == OPEN, wire.task)
        await wire.ready()

    play(scene)


def test_row_19_shared_limits_and_unknown_webhooks_do_not_count(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        await wire.ready()
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
        assert not wire.task.done()
        await wire.post()

    play(scene)


def test_row_18_an_answer_made_during_a_global_429_goes_out(play: Play) -> None:
    """discord.py never ends the wait of a request that was cancelled in it, for nobody."""

    async def scene(wire: Wire) -> None:
        await wire.ready()
        wire.world.faults.add("429", scope="global", path="*/typing", retry_after=65, times=1)
        channel = wire.world.find_channel("general")
        assert channel is not None
        asked = message(FakeClock(), channel_id=ChannelId(channel.id))
        delivery = DiscordDelivery(wire.client)
        async with delivery.typing(asked):
            await until(lambda: wire.count["statuses"].get("429", 0) >= 1)
        await asyncio.wait_for(wire.post(), 300)
        assert len(wire.world.received) == 1

    play(scene)
