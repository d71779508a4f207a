"""A connection on which Discord acknowledges nothing is left, whatever else still arrives on it."""

import math
import time
from dataclasses import dataclass, field

import aiohttp
import pytest

from multibot.conversation.message import BotName
from multibot.runtime.client import BotClient
from multibot.runtime.pulse import Pulse
from tests.fakes import FakeClock


@dataclass
class FakeKeepAlive:
    """What discord.py knows of its heartbeats; `latency` is what it makes of them."""

    _last_ack: float
    interval: float = 41.25
    latency: float = 0.04


@dataclass
class FakeSocket:
    _keep_alive: FakeKeepAlive
    closed: list[int] = field(default_factory=list)

    @property
    def latency(self) -> float:
        return self._keep_alive.latency

    async def close(self, code: int) -> None:
        self.closed.append(code)


def client(
    clock: FakeClock, *, acked_ago: float, latency: float = 0.04
) -> tuple[BotClient, FakeSocket]:
    pulse = Pulse(bot_name=BotName("sage"), names=("sage",), config_hash="h", clock=clock)
    pulse.ready()
    made = BotClient(api="http://127.0.0.1:1/api/v10", pulse=pulse, trace=aiohttp.TraceConfig())
    socket = FakeSocket(FakeKeepAlive(time.perf_counter() - acked_ago, latency=latency))
    made.ws = socket  # type: ignore[assignment]  # it has what is read of one
    return made, socket


@pytest.mark.parametrize(
    ("acked_ago", "closed"), [(0.1, []), (41.3, []), (55.0, []), (62.0, [4000]), (600.0, [4000])]
)
async def test_it_is_left_within_two_heartbeats_and_not_before_one(
    clock: FakeClock, acked_ago: float, closed: list[int]
) -> None:
    bot, socket = client(clock, acked_ago=acked_ago)
    await bot.leave_if_deaf()

    assert socket.closed == closed
    # Looked at every 5 s, that is before the second heartbeat in vain is due.
    assert 1.5 * 41.25 + 5.0 < 2 * 41.25


async def test_the_age_of_the_last_acknowledgement_is_told(clock: FakeClock) -> None:
    bot, _ = client(clock, acked_ago=12.0)

    assert bot.ack_age() == pytest.approx(12.0, abs=1.0)


async def test_without_a_session_there_is_nothing_to_tell_and_nothing_to_leave(
    clock: FakeClock,
) -> None:
    bot, socket = client(clock, acked_ago=600.0)
    await bot.on_disconnect()
    await bot.leave_if_deaf()

    assert math.isnan(bot.ack_age())
    assert math.isnan(bot.round_trip())
    assert socket.closed == []


async def test_an_acknowledgement_faster_than_the_note_of_its_heartbeat_is_not_measured(
    clock: FakeClock,
) -> None:
    assert client(clock, acked_ago=1.0)[0].round_trip() == 0.04
    assert math.isnan(client(clock, acked_ago=1.0, latency=41.25)[0].round_trip())
