import os

import pytest

from multibot.home import Home
from tests.process.fleet import RunningFleet, chat_lines
from tests.process.replay import SAMPLE, replay

LINES = 1000 if os.environ.get("MULTIBOT_TEST_FULL") else 250


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_each_line_of_real_chat_is_answered_once_by_the_right_bot(home: Home) -> None:
    """Three bot processes, authors as users, over channels and DMs."""
    async with RunningFleet(home) as fleet:
        await fleet.multibot("up")
        report = await replay(fleet, chat_lines(SAMPLE, LINES))

    assert report.sent > LINES * 0.95
    assert report.answered > LINES / 3
    assert report.duplicates == 0
    assert report.missing == 0
    assert report.wrong_bot == 0
    assert report.unasked == 0
    assert report.out_of_order == 0
    assert set(report.answered_by) == {"sage", "spark", "logic"}
