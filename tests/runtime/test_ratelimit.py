"""What a 429 says is kept: for its route, for all of a bot, for the whole address."""

import asyncio

import pytest
import yarl

from multibot.runtime.ratelimit import LONGEST_HOLD_SECONDS, RateLimits
from tests.fakes import FakeClock, settle

API = yarl.URL("https://discord.example/api/v10/")
SEND = API / "channels/1/messages"
ELSEWHERE = API / "channels/2/messages"
ROUTE = {"Via": "1.1 proxy", "X-RateLimit-Scope": "user", "Retry-After": "65"}
SHARED = {**ROUTE, "X-RateLimit-Scope": "shared"}
EVERYTHING = {**ROUTE, "X-RateLimit-Scope": "global"}
BANNED = {"Retry-After": "65"}


def limited(clock: FakeClock, headers: dict[str, str]) -> RateLimits:
    limits = RateLimits(clock)
    limits.note("POST", SEND, headers)
    return limits


async def waits(limits: RateLimits, clock: FakeClock, method: str, url: yarl.URL) -> float:
    """Return how long a request is held back."""
    start = clock.monotonic()
    asking = asyncio.create_task(limits.over(method, url))
    await settle()
    while not asking.done():
        await clock.advance((clock.next_due() or 0) - clock.monotonic())
    assert asking.result()
    return clock.monotonic() - start


@pytest.mark.parametrize("headers", [ROUTE, SHARED])
async def test_a_route_waits_and_no_other(clock: FakeClock, headers: dict[str, str]) -> None:
    limits = limited(clock, headers)

    assert await waits(limits, clock, "POST", ELSEWHERE) == 0
    assert await waits(limits, clock, "GET", SEND) == 0
    assert await waits(limits, clock, "POST", SEND) == 65
    assert await waits(limits, clock, "POST", SEND) == 0


@pytest.mark.parametrize("headers", [EVERYTHING, BANNED])
async def test_everything_waits(clock: FakeClock, headers: dict[str, str]) -> None:
    assert await waits(limited(clock, headers), clock, "GET", API / "users/@me") == 65


async def test_only_the_first_id_tells_buckets_apart(clock: FakeClock) -> None:
    limits = RateLimits(clock)
    limits.note("PATCH", SEND / "77", ROUTE)

    assert await waits(limits, clock, "PATCH", ELSEWHERE / "77") == 0
    assert await waits(limits, clock, "PATCH", SEND / "78") == 65


async def test_a_limit_that_grows_meanwhile_is_waited_for_too(clock: FakeClock) -> None:
    limits = limited(clock, ROUTE)
    asking = asyncio.create_task(limits.over("POST", SEND))
    await clock.advance(60)
    limits.note("POST", SEND, ROUTE)
    await clock.advance(64)
    assert not asking.done()
    await clock.advance(1)
    assert asking.result()


async def test_a_request_is_not_held_longer_than_its_sender_waits(clock: FakeClock) -> None:
    limits = limited(clock, {**EVERYTHING, "Retry-After": "3600"})
    asking = asyncio.create_task(limits.over("POST", SEND))
    await clock.advance(LONGEST_HOLD_SECONDS)
    assert asking.result() is False


async def test_without_a_time_nothing_is_held(clock: FakeClock) -> None:
    assert await waits(limited(clock, {"Retry-After": "soon"}), clock, "POST", SEND) == 0
    assert await waits(limited(clock, {}), clock, "POST", SEND) == 0
