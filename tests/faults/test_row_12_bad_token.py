"""Row 12: Discord does not know the token. One request, exit code 78, and a line that says the cure.

By hand, and under supervisord, which must not start the bot again.
"""

import json

import pytest

from multibot.home import Home
from multibot.supervise.control import Control, ProcessState
from tests.faults import book, crowd, running
from tests.faults.crowd import Crowd
from tests.process.fleet import until

BOTS = book.times(20, 2)
STRANGER = "sandbox.nobody-has-this"


def forget_tokens(fleet: Crowd) -> None:
    """Give every bot a token of its own that nobody has."""
    text = fleet.home.dotenv.read_text(encoding="utf-8")
    for name, token in fleet.tokens.items():
        text = text.replace(token, f"{STRANGER}-{name}")
    fleet.home.dotenv.write_text(text, encoding="utf-8")


def asked(fleet: Crowd) -> list[tuple[str, int]]:
    """Return path and status of every request; nobody knows whose they are."""
    log = fleet.world.traffic.requests(bot=None, after=0, limit=1_000_000)
    return [(each["path"], each["status"]) for each in log]


def assert_cure(line: str, bot: str) -> None:
    variable = f"DISCORD_TOKEN_{bot.upper()}"
    assert f"{bot}: Discord refuses the token in {variable} (401)" in line
    assert f"into {variable}, then run `multibot restart {bot}`" in line
    assert STRANGER not in line


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_bad_token_costs_one_request_by_hand_and_under_supervisord(home: Home) -> None:
    async with Crowd(home, world=crowd.world(), count=BOTS) as fleet:
        forget_tokens(fleet)
        async with running.by_hand(fleet, ready=False) as started:
            for one in started.values():
                assert await one.end() == 78
                assert_cure(one.last_line, one.bot)
        assert asked(fleet) == [("/users/@me", 401)] * BOTS

        # `up` itself fails: it says what became of the bots.
        await fleet.multibot("up", check=False)
        processes = Control(home).processes

        def is_over() -> bool:
            return all(processes()[bot].state == ProcessState.EXITED for bot in fleet.bots)

        await until(is_over, "every bot ended for good")
        for bot in fleet.bots:
            note = json.loads(home.bot_exit(bot).read_text(encoding="utf-8"))
            assert note["exit_code"] == 78
            assert_cure(note["error"], bot)
        assert is_over()
        assert asked(fleet) == [("/users/@me", 401)] * 2 * BOTS
        assert fleet.world.traffic.shown()["bots"].keys() == {"(unknown)"}
    book.note(
        book.Entry(
            row=12,
            fault="a token that Discord does not know",
            count=2 * BOTS,
            unit="starts",
            result="1 request each, exit code 78 with the cure, never started again",
        )
    )
