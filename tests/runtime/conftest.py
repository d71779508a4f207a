from collections.abc import AsyncIterator

import pytest

from multibot.home import Home
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.runtime.chores import Household, household
from tests.runtime.stage import Stage, staged
from tests.runtime.wire import FastClock, Play, Scene, run_fast, wired


@pytest.fixture
async def stage(home: Home, clock: FakeClock) -> AsyncIterator[Stage]:
    async with staged(home, clock) as made:
        yield made


@pytest.fixture
def play(home: Home) -> Play:
    """Play a scene in a time that goes fifty times as fast."""

    def run(scene: Scene) -> None:
        async def work() -> None:
            async with wired(home, FastClock()) as wire:
                await scene(wire)

        run_fast(work())

    return run


@pytest.fixture
async def house(home: Home, clock: FakeClock) -> AsyncIterator[Household]:
    """Bots that look after one file; give the test a `clock` of its own that leaps."""
    migrate(home, clock)
    async with household(home, clock) as made:
        yield made
