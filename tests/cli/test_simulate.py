"""`multibot simulate`: the same rules on a clock that leaps, and figures that keep every limit."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from multibot.cli.init import create
from multibot.cli.main import root
from multibot.cli.simulation import cast
from multibot.cli.simulation.actor import Habits
from multibot.cli.simulation.record import Kind, Posted, chains, longest_run
from multibot.cli.simulation.run import Plan, figures, play
from multibot.cli.simulation.town import Town
from multibot.config.fleet import Activity, Bot, QuietHours
from multibot.errors import ConfigError, UsageError
from multibot.home import Home

SAMPLE = Path(__file__).parents[1] / "data" / "chat_sample.jsonl"
BUSY = Habits(mentions=0.5)


def bots(count: int = 3, **limits: Any) -> tuple[Bot, ...]:
    """Make up bots that all listen everywhere, with limits of their own."""
    return tuple(
        each.model_copy(
            update={
                "channels": ("*",),
                "cross_bot": each.cross_bot.model_copy(update=limits),
            }
        )
        for each in cast.bots(None, count, "seed")
    )


def plan(**changes: Any) -> Plan:
    usual = Plan(bots=bots(), hours=6, guilds=1, seed=1, per_day=400, habits=BUSY)
    return replace(usual, **changes)


def played(wanted: Plan) -> Town:
    return asyncio.run(play(wanted, lambda now: None))


def simulate(*arguments: str, home: Home | None = None) -> Result:
    where = ["--home", str(home.root)] if home else []
    return CliRunner().invoke(root, [*where, "simulate", *arguments], standalone_mode=False)


def by_channel(town: Town) -> list[list[Posted]]:
    posted = [each for guild in town.guilds.values() for each in guild.diary.posted]
    ids = sorted({each.channel_id for each in posted})
    return [[each for each in posted if each.channel_id == id_] for id_ in ids]


def talks(channel: Sequence[Posted]) -> list[Posted]:
    """What bots say to bots of their own accord or in reply; answers to people are free."""
    return [each for each in channel if each.kind in {Kind.REPLY, Kind.OPENER}]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("max_chain", "most", "minutes"), [(5, 20, 10.0), (3, 6, 5.0)])
def test_no_limit_is_ever_passed(seed: int, max_chain: int, most: int, minutes: float) -> None:
    """Read off the channels, not off the tables that keep the limits."""
    chosen = bots(4, max_chain=max_chain, max_bot_turns=most, cooldown_minutes=minutes)
    wanted = plan(bots=chosen, seed=seed, guilds=2, per_day=600)
    town = played(wanted)
    rules = chosen[0].cross_bot.rules

    for channel in by_channel(town):
        found = chains(channel, rules, town.agenda.now())
        assert max((each.length for each in found), default=0) <= max_chain
        assert longest_run(channel) <= most
        for before, after in zip(talks(channel), talks(channel)[1:], strict=False):
            assert after.bot != before.bot or after.chain != before.chain
            if after.kind is Kind.REPLY:
                assert after.at - before.at >= rules.inter_bot_delay or after.chain != before.chain
    assert any(talks(channel) for channel in by_channel(town))


def test_after_a_complete_chain_bots_leave_each_other_alone() -> None:
    chosen = bots(3, max_chain=3, response_chance=1.0)
    town = played(plan(bots=chosen, hours=12, per_day=100))
    rules = chosen[0].cross_bot.rules

    cooled = 0
    for channel in by_channel(town):
        said = [each for each in channel if each.chain]
        for last in range(2, len(said)):
            three = said[last - 2 : last + 1]
            if len({each.chain for each in three}) == 1:
                cooled += 1
                end = three[-1].at + rules.cooldown
                later = [each for each in talks(channel) if three[-1].at < each.at < end]
                assert later == []
    assert cooled > 0


def test_one_bot_acts_in_each_round_however_many_there_are() -> None:
    few, many = (
        figures(wanted := plan(bots=bots(count), hours=12, per_day=0), played(wanted))[0]
        for count in (2, 9)
    )

    for each in (few, many):
        rounds = each["rounds"]
        assert isinstance(rounds, dict)
        # The guild is watched for half an hour first; a round may be one more at the end.
        assert 40 <= sum(rounds.values()) <= 47


def test_the_same_seed_gives_the_same_day() -> None:
    one, same, other = (figures(wanted := plan(seed=seed), played(wanted)) for seed in (7, 7, 8))

    assert one == same
    assert one != other


def test_quiet_hours_hold() -> None:
    hours = QuietHours(start=time(0), end=time(23, 59))
    asleep = Activity(enabled=True, quiet_hours=(hours,))
    chosen = tuple(each.model_copy(update={"activity": asleep}) for each in bots())
    wanted = plan(bots=chosen, per_day=0)

    [guild] = figures(wanted, played(wanted))
    assert guild["posts"] == guild["openers"] == 0
    assert guild["looks"] == {"quiet hours": pytest.approx(72, abs=4)}


def test_without_people_bots_fall_silent_for_good() -> None:
    wanted = plan(hours=24, per_day=0)

    [guild] = figures(wanted, played(wanted))
    assert guild["bots"] == guild["longest_run"] == 20


def test_gentle_is_gentler_than_seed() -> None:
    totals = {}
    for preset in ("seed", "gentle"):
        body = json.loads(simulate("--preset", preset, "--per-day", "100", "--json").stdout)
        totals[preset] = body["total"]["bots"]

    assert 0 < totals["gentle"] < totals["seed"]


def test_a_day_of_real_chat_is_told_as_a_table(home: Home) -> None:
    result = simulate("--chat", str(SAMPLE), "--guilds", "2", "--hours", "8", home=home)

    assert result.exception is None
    lines = result.stdout.splitlines()
    assert (
        lines[0] == "8 virtual hours of logic, sage and spark in 2 guilds, chat of a file, seed 1"
    )
    assert lines[1].startswith("bots talk with each other: 5 messages, then a cooldown of 10 min")
    rows = {line[:30].strip(): line[30:].split() for line in lines[4:]}
    assert [len(cells) for name, cells in rows.items() if name == "messages of people"] == [3]
    assert rows["longest run of bots' messages"]


def test_packed_and_plain_chat_are_the_same(tmp_path: Path) -> None:
    packed = tmp_path / "chat.jsonl.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    plain, same = (
        json.loads(simulate("--chat", str(path), "--hours", "3", "--json").stdout)
        for path in (SAMPLE, packed)
    )

    assert plain["guilds"] == same["guilds"]


def test_a_home_is_simulated_with_its_settings_and_left_alone(home: Home) -> None:
    create(home)
    before = {path: path.stat().st_mtime_ns for path in home.root.rglob("*")}
    off = json.loads(simulate("--json", "--hours", "4", home=home).stdout)
    result = simulate("--hours", "1", home=home)

    assert (off["total"]["openers"], off["total"]["posts"]) == (0, 0)
    assert off["total"]["answers_to_bots"] == 0
    assert off["total"]["answers_to_people"] > 0
    assert "bots do not talk with each other (cross_bot.enabled: false)" in result.stdout
    assert {path: path.stat().st_mtime_ns for path in home.root.rglob("*")} == before

    with home.fleet_file.open("a") as file:
        file.write("\ncross_bot: {enabled: true, max_chain: 2}\nactivity: {enabled: true}\n")
    on = json.loads(simulate("--json", "--hours", "12", home=home).stdout)
    assert on["cross_bot"]["max_chain"] == 2
    assert on["total"]["longest_chain"] == 2
    assert on["bots"] == ["sage", "spark", "logic"]


def test_more_bots_than_the_fleet_has_are_made_up(home: Home) -> None:
    create(home)
    body = json.loads(simulate("--bots", "5", "--hours", "1", "--json", home=home).stdout)

    assert body["bots"] == ["sage", "spark", "logic", "bot1", "bot2"]


def test_a_fleet_file_with_faults_is_refused(home: Home) -> None:
    create(home)
    home.fleet_file.write_text("bots: [")

    assert isinstance(simulate(home=home).exception, ConfigError)


@pytest.mark.parametrize(
    "option",
    [
        "--hours=nan",
        "--hours=inf",
        "--hours=0",
        "--per-day=nan",
        "--per-day=inf",
        "--per-day=1e9",
        "--per-day=-1",
        "--mentions=nan",
        "--mentions=1.1",
    ],
)
def test_a_number_that_no_day_can_have_is_refused(option: str) -> None:
    result = CliRunner().invoke(root, ["simulate", option])

    name, value = option.split("=")
    assert result.exit_code == 2
    assert f"Invalid value for '{name}': {float(value)}" in result.stderr


@pytest.mark.parametrize(("lines", "played"), [(1, [5, 5]), (3, [15, 14])])
def test_chat_of_one_moment_is_played_once_an_hour(
    tmp_path: Path, lines: int, played: list[int]
) -> None:
    file = tmp_path / "chat.jsonl"
    line = '{"timestamp": "2026-01-01T00:00:00Z", "author": "ada", "content": "hello"}'
    file.write_text(f"{line}\n" * lines)
    result = simulate("--chat", str(file), "--hours", "5", "--guilds", "2", "--json")

    assert [each["people"] for each in json.loads(result.stdout)["guilds"]] == played


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("hello", "this is no message"),
        ('{"author": "a", "content": "b"}', "this is no message"),
        ('{"timestamp": "2026-01-01T00:00:00", "author": "a", "content": "b"}', "no message"),
        ('{"timestamp": "2026-01-01T00:00:00Z", "author": "a", "content": 1}', "no message"),
        ("", "there is no message"),
    ],
)
def test_chat_that_is_none_is_refused_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text(f"\n{line}\n")
    error = simulate("--chat", str(file)).exception

    assert isinstance(error, UsageError)
    assert told in str(error)
    if line:
        assert "chat.jsonl:2" in str(error)


def test_what_is_packed_badly_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl.gz"
    file.write_bytes(b"not packed")

    assert isinstance(simulate("--chat", str(file)).exception, UsageError)
