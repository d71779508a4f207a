"""A host that is refused too often keeps quiet for a while, whichever of its bots it was."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import aiohttp
import pytest
import yarl
from multidict import CIMultiDict

from multibot.conversation.message import BotName
from multibot.errors import StoreUnavailableError
from multibot.runtime.breaker import OPEN, OPENS_AT, Breaker, RequestRefusedError
from multibot.store.stores import open_store
from tests.runtime.stage import Stage, end

API = yarl.URL("https://discord.example/api/v10/users/@me")
GATEWAY = yarl.URL("wss://gateway.discord.example/?v=10")


@pytest.fixture
async def one(stage: Stage) -> AsyncIterator[Breaker]:
    """Return a breaker that is watched, as the process does."""
    breaker = Breaker(ledger=stage.store.gateway, pulse=stage.pulse, clock=stage.clock)
    watching = asyncio.create_task(breaker.watch())
    yield breaker
    await end(watching)


async def ask(breaker: Breaker, url: yarl.URL = API) -> None:
    """Let the breaker see a request, as aiohttp shows it."""
    trace = breaker.trace()
    trace.freeze()
    asked = aiohttp.TraceRequestStartParams("GET", url, CIMultiDict())
    async with aiohttp.ClientSession() as session:
        await trace.on_request_start.send(session, SimpleNamespace(), asked)


async def count(stage: Stage, number: int, bot_name: str = "sage") -> None:
    store = open_store(stage.home, BotName(bot_name), stage.clock)
    await asyncio.gather(*(store.gateway.count_refusal(403) for _ in range(number)))
    await store.close()


async def test_the_refusals_of_all_bots_open_it(stage: Stage, one: Breaker) -> None:
    await count(stage, OPENS_AT - 1, "spark")
    await ask(one)

    await count(stage, 1, "logic")
    with pytest.raises(RequestRefusedError):
        await ask(one)
    await stage.pass_time(0)
    assert stage.pulse.status.last_error == OPEN


async def test_to_its_callers_it_is_discord_out_of_reach(stage: Stage, one: Breaker) -> None:
    await count(stage, OPENS_AT)
    with pytest.raises(OSError, match="none is sent until they are fewer"):
        await ask(one)


async def test_the_gateway_stays_open(stage: Stage, one: Breaker) -> None:
    await count(stage, OPENS_AT)
    await ask(one, GATEWAY)


async def test_it_closes_by_itself_and_says_so_also_when_nobody_asks(
    stage: Stage, one: Breaker
) -> None:
    await count(stage, OPENS_AT)
    with pytest.raises(RequestRefusedError):
        await ask(one)
    await stage.pass_time(599)
    open_error = stage.pulse.status.last_error
    await stage.pass_time(70)
    assert (open_error, stage.pulse.status.last_error) == (OPEN, None)
    await ask(one)

    await count(stage, OPENS_AT)
    with pytest.raises(RequestRefusedError):
        await ask(one)
    await stage.pass_time(0)
    assert stage.pulse.status.last_error == OPEN


async def test_a_newer_error_is_left_alone_when_it_closes(stage: Stage, one: Breaker) -> None:
    await count(stage, OPENS_AT)
    with pytest.raises(RequestRefusedError):
        await ask(one)
    await stage.pass_time(658)
    stage.pulse.failed("something else")
    await stage.pass_time(5)
    assert stage.pulse.status.last_error == "something else"


async def test_a_revoked_token_lets_nothing_out_not_even_the_gateway(one: Breaker) -> None:
    one.revoke()
    await asyncio.wait_for(one.revoked(), 1)
    for url in (API, GATEWAY):
        with pytest.raises(RequestRefusedError):
            await ask(one, url)


async def test_a_store_that_cannot_be_read_does_not_silence_the_bot(stage: Stage) -> None:
    class Unreadable:
        def refusals(self, within: object) -> int:
            raise StoreUnavailableError("The disk reports an error.")

    one = Breaker(ledger=Unreadable(), pulse=stage.pulse, clock=stage.clock)  # type: ignore[arg-type]
    await ask(one)
    assert not one.is_open
