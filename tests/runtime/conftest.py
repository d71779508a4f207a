from collections.abc import AsyncIterator

import pytest

from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.stage import Stage, staged


@pytest.fixture
async def stage(home: Home, clock: FakeClock) -> AsyncIterator[Stage]:
    async with staged(home, clock) as made:
        yield made
