"""`multibot chains`: live chains, cooldowns and rounds, over a filled file."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from multibot.cli.init import create
from multibot.cli.main import root
from multibot.clock import SystemClock
from multibot.conversation.activity import ActivityRules
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName
from multibot.errors import UsageError
from multibot.home import Home
from multibot.store.chains import Opening, Sent
from multibot.store.exchanges import Place
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock
from tests.store.transcripts import store as stored
from tests.store.transcripts import turn

SAGE, SPARK = BotName("sage"), BotName("spark")
RULES = ChainRules(enabled=True, pair_cooldown=timedelta())
ACTIVITY = ActivityRules(enabled=True, observation=timedelta())
ON = "\ncross_bot:\n  enabled: true\n  max_chain: 4\n  cooldown_minutes: 5\n"


@pytest.fixture
def clock() -> FakeClock:
    """The command looks at the machine's own time."""
    return FakeClock(SystemClock().now() - timedelta(seconds=90))


@pytest.fixture
def fleet(home: Home, clock: FakeClock) -> Home:
    create(home)
    with home.fleet_file.open("a") as file:
        file.write(ON)
    migrate(home, clock)
    return home


def let(home: Home, clock: FakeClock, work: Callable[[BotStore], Awaitable[Any]]) -> None:
    async def do() -> None:
        store = open_store(home, SAGE, clock)
        try:
            await work(store)
        finally:
            await store.close()

    asyncio.run(do())


def multibot(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(
        root, ["--home", str(home.root), "chains", *arguments], standalone_mode=False
    )


def talk(channel: str, messages: int, rules: ChainRules) -> Callable[[BotStore], Awaitable[None]]:
    """Let sage open a chain and the two talk on, as far as they are counted."""

    async def work(store: BotStore) -> None:
        place = Place(channel, "1")
        opening = Opening(place=place, turn=f"round-{channel}", partner=SPARK)
        await store.chains.open(opening, rules)
        for number in range(messages):
            turn_name = f"round-{channel}" if number == 0 else f"{channel}0{number}"
            sent = Sent(
                place=place, turn=turn_name, message_id=f"{channel}0{number}", in_exchange=True
            )
            await store.chains.sent(sent, rules)

    return work


def test_a_chain_shows_who_how_far_and_how_long(fleet: Home, clock: FakeClock) -> None:
    let(fleet, clock, talk("10", 2, RULES))
    stored(fleet, [turn("hello", channel_id="10", channel_name="phil\x1bosophy")])

    head, row, *_ = multibot(fleet).stdout.splitlines()
    assert head.split("  ")[0] == "CHANNEL"
    assert row.startswith(r"#phil\x1bosophy  chain  sage  2 of 4")
    assert re.search(r"1m 3\ds ago \(sage\)", row)
    assert "(if nobody speaks)" in row
    assert row.endswith("2 of 20")

    (found,) = json.loads(multibot(fleet, "--json").stdout)["channels"]
    assert found["state"] == "chain"
    assert (found["message_count"], found["bot_turns"]) == (2, 2)
    assert found["participants"] == ["sage"]
    assert 500 < found["left_seconds"] <= 510


def test_a_cooldown_shows_what_is_left_and_why(fleet: Home, clock: FakeClock) -> None:
    rules = ChainRules(enabled=True, max_chain=4, cooldown=timedelta(minutes=5))
    let(fleet, clock, talk("10", 4, rules))

    row = multibot(fleet).stdout.splitlines()[1]
    assert row.startswith("10       cooldown  -     -")
    assert re.search(r"3:[23]\d \(the chain was complete\)", row)
    body = json.loads(multibot(fleet, "--json").stdout)
    assert (body["max_chain"], body["cooldown_seconds"]) == (4, 300)
    (found,) = body["channels"]
    assert (found["state"], found["cause"], found["message_count"]) == ("cooldown", "limit", 0)


def test_what_is_over_is_not_shown(fleet: Home, clock: FakeClock) -> None:
    clock.tick(-3600)
    let(fleet, clock, talk("10", 1, RULES))

    assert multibot(fleet).stdout.splitlines()[0] == "no chain and no cooldown just now"


def test_the_limits_are_those_of_the_fleet_file(fleet: Home, clock: FakeClock) -> None:
    """A chain that is over for the fleet's short expiry is not live, though the row says so."""
    let(fleet, clock, talk("10", 1, RULES))
    fleet.fleet_file.write_text(fleet.fleet_file.read_text() + "  chain_expiry: 30s\n")

    assert "no chain" in multibot(fleet).stdout


def test_a_broken_fleet_file_is_told_and_the_usual_limits_hold(
    fleet: Home, clock: FakeClock
) -> None:
    let(fleet, clock, talk("10", 2, RULES))
    fleet.fleet_file.write_text("bots: [")
    result = multibot(fleet)

    assert "2 of 5" in result.stdout
    assert "the configuration has faults" in result.stderr


def test_talk_that_is_off_is_told(fleet: Home) -> None:
    text = fleet.fleet_file.read_text()
    fleet.fleet_file.write_text(text.replace("  enabled: true\n  max_chain", "  max_chain"))

    assert multibot(fleet).stdout.startswith("cross_bot.enabled is false")


def rounds(clock: FakeClock, count: int) -> Callable[[BotStore], Awaitable[None]]:
    async def work(store: BotStore) -> None:
        for number in range(count):
            await store.activity.watch(["1"], ACTIVITY)
            move = await store.activity.take_round("1", ACTIVITY, roll=0.1 if number else 0.9)
            assert move.round is not None
            if number:
                await store.activity.note("1", move.round, f"conversation {number}\x1b[2J")
            clock.tick(900)

    return work


def test_rounds_are_listed_newest_first_and_counted(fleet: Home, clock: FakeClock) -> None:
    clock.tick(-900 * 20)
    let(fleet, clock, rounds(clock, 18))

    lines = multibot(fleet).stdout.splitlines()
    assert lines[2].endswith(": 17 converse, 1 nothing")
    assert r"conversation 17\x1b[2J" in lines[4]
    assert "dead quiet, 0.00/min  0.100" in lines[4]
    assert lines[-1] == "... and 3 earlier; `--json` has all"
    body = json.loads(multibot(fleet, "--json").stdout)
    assert [each["outcome"] for each in body["rounds"]][-1] is None
    assert len(json.loads(multibot(fleet, "--since", "1h", "--json").stdout)["rounds"]) < 6


def test_without_rounds_it_says_so(fleet: Home) -> None:
    assert "no round of activity since" in multibot(fleet).stdout


def test_watching_goes_on_until_ctrl_c(fleet: Home) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "multibot", "--home", str(fleet.root), "chains", "--watch"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while "no round" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        process.stdout.read()

    assert process.returncode == 0


def test_watching_is_for_people(fleet: Home) -> None:
    assert isinstance(multibot(fleet, "--watch", "--json").exception, UsageError)
    assert isinstance(multibot(fleet, "--since", "soon").exception, UsageError)
