"""What was laid out as the first store did comes back line by line, killed or not, in every zone.

`python -m tests.importing --chat FILE` does the same with as much talk as there is.
"""

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from multibot.cli.main import root
from multibot.clock import to_text
from multibot.conversation.past import MADE_ID, PastTurn
from multibot.home import Home
from tests.faults.book import times
from tests.importing import roundtrip, talk
from tests.importing.layouts import LAYOUTS, Line
from tests.store.material import START
from tests.unit.importing import reading

SAMPLE = Path(__file__).parents[1] / "data" / "chat_sample.jsonl"
KILLS = times(20, 1)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return talk.owned(talk.cast(talk.read(SAMPLE)))


def legacy(home: Home, folder: Path, zone: str = "UTC") -> dict[str, int]:
    """Import a folder in this process; return how many turns were new, by bot."""
    words = ["--home", home.root, "import", "legacy", folder, "--source-tz", zone, "--json"]
    result = CliRunner().invoke(root, list(map(str, words)), standalone_mode=False)
    assert result.return_value == 0, result.stderr
    return {name: each["new"] for name, each in json.loads(result.stdout)["bots"].items()}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_line_comes_back(home: Home, old: Path, lines: list[Line], name: str) -> None:
    expected = LAYOUTS[name](old, lines, UTC)
    new = legacy(home, old)
    found = roundtrip.read_back(home)

    assert sum(new.values()) == len(expected)
    assert roundtrip.differences(expected, found) == []
    assert [(line.channel_id, line.at) for line in roundtrip.ordered(found)] == [
        (line.channel_id, line.at) for line in sorted(found, key=lambda line: line.bot)
    ]
    assert set(legacy(home, old).values()) == {0}


def test_zones_make_no_difference(tmp_path: Path, lines: list[Line]) -> None:
    """Machines in several places wrote their own times; the sessions are the same."""
    found = []
    for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        home = Home(tmp_path / zone / "home")
        home.fleet_file.parent.mkdir(parents=True)
        home.fleet_file.touch()
        LAYOUTS["F3"](tmp_path / zone / "old", lines, ZoneInfo(zone))
        legacy(home, tmp_path / zone / "old", zone)
        found.append(roundtrip.sessions(home))

    assert len(found[0]) > 100
    assert found[1] == found[0]
    assert found[2] == found[0]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_an_import_that_is_killed_ends_as_one_that_is_not(
    tmp_path: Path, home: Home, old: Path, lines: list[Line]
) -> None:
    LAYOUTS["F2"](old, lines, UTC)
    what = ("legacy", old, "--source-tz", "UTC")
    _, seconds = roundtrip.timed(home, *what)
    clean = roundtrip.state(home)
    killed = 0
    for number, moment in enumerate(roundtrip.moments(seconds, KILLS, seed=4)):
        other = Home(tmp_path / f"killed{number}")
        other.fleet_file.parent.mkdir(parents=True)
        other.fleet_file.touch()
        killed += roundtrip.kill_at(roundtrip.command(other, *what), moment)
        roundtrip.run(other, *what)
        assert roundtrip.state(other) == clean

    # One killed at a random moment may have been done; of many, most were not.
    assert killed > KILLS // 2 or KILLS == 1


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
NAME = TEXT.filter(str.strip)
BOTS = st.sampled_from(["sage", "spark"])


@st.composite
def conversations(draw: st.DrawFn) -> Sequence[Line]:
    """Talk of some people with two bots, in order, with answers to what was said."""
    lines: list[Line] = []
    asked: dict[str, Line] = {}
    for number in range(draw(st.integers(1, 12))):
        user = draw(st.sampled_from(["7", "8"]))
        at = to_text(START - timedelta(days=1, seconds=100 - 3 * number))
        if user in asked and draw(st.booleans()):
            bot = draw(BOTS)
            answer = asked[user]._replace(bot=bot, role="assistant", at=at, content=draw(TEXT))
            lines.append(answer._replace(message_id="", answers=answer.message_id, username=bot))
            continue
        asked[user] = Line(
            bot=draw(BOTS),
            channel_id="10",
            user_id=user,
            role="user",
            at=at,
            content=draw(TEXT),
            message_id=str(1000 + number),
            username=draw(NAME),
            channel_name=draw(NAME),
        )
        lines.append(asked[user])
    return talk.owned(lines)


def line_of(turn: PastTurn) -> Line:
    message_id = "" if turn.message_id.startswith(MADE_ID) else turn.message_id
    return Line(
        *(turn.bot_name, turn.channel_id, turn.user_id, turn.role, turn.at, turn.content),
        message_id=message_id,
        answers=turn.answers or "",
        username=turn.username,
        channel_name=turn.channel_name,
    )


@pytest.mark.parametrize("name", ["F2", "F3", "F4", "F5"])
def test_whatever_was_said_is_read_as_it_was_laid_out(name: str) -> None:
    @given(lines=conversations())
    @settings(max_examples=times(500, 8), deadline=None, derandomize=True)
    def attempt(lines: Sequence[Line]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            expected = LAYOUTS[name](Path(folder), lines, UTC)
            turns, remarks = reading.read(Path(folder))
        assert [line for line in remarks if "look like" not in line] == []
        found = {(turn.message_id, turn.role, turn.bot_name): line_of(turn) for turn in turns}
        without_channel = [line._replace(channel_name="") for line in expected]
        assert sorted(line._replace(channel_name="") for line in found.values()) == sorted(
            without_channel
        )

    attempt()
