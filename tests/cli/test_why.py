"""`multibot why`: one line per bot of the fleet about one message, over a filled file."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from multibot.cli.init import create
from multibot.cli.main import root
from multibot.clock import SystemClock
from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import How
from multibot.errors import SchemaError, UsageError
from multibot.home import Home
from multibot.store.chains import Opening, Sent, place_of
from multibot.store.migrate import migrate
from multibot.store.status import BotStatus
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock
from tests.store.material import ANSWER, LEASE, RULES, START, message, rows

SAGE, SPARK, LOGIC = (BotName(name) for name in ("sage", "spark", "logic"))
TALK = ChainRules(enabled=True, inter_bot_delay=timedelta())
NOT_IN_CHANNEL = Decision(Verdict.NO, Reason.PATTERN_MISMATCH, "channel general\x1b]0;owned\x07")


def snowflake(ago: timedelta) -> str:
    since = SystemClock().now() - ago - datetime(2015, 1, 1, tzinfo=UTC)
    return str(since // timedelta(milliseconds=1) << 22)


FRESH, UNSEEN = snowflake(timedelta(hours=1)), snowflake(timedelta(hours=2))
OLD = "1000000000000000000"
HERE = "190000000000000011"
LINK = f"https://discord.com/channels/1/{HERE}/{FRESH}"

Work = Callable[[BotStore], Awaitable[Any]]


@dataclass
class Fleet:
    home: Home
    clock: FakeClock

    def let(self, bot: BotName, *works: Work) -> Any:
        async def do() -> Any:
            store = open_store(self.home, bot, self.clock)
            try:
                return [await work(store) for work in works][-1]
            finally:
                await store.close()

        return asyncio.run(do())

    def start(self, *bots: BotName) -> None:
        for bot in bots:
            status = BotStatus(
                bot_name=bot,
                pid=1,
                boot_id="b",
                started_at=START,
                state="ready",
                gateway_state="ready",
                config_hash="",
                version="",
                user_id=f"90{len(bot)}",
            )
            self.let(bot, reported(status))

    def why(self, *arguments: str) -> Result:
        return CliRunner().invoke(
            root, ["--home", str(self.home.root), "why", *arguments], standalone_mode=False
        )

    def lines(self, *arguments: str) -> list[str]:
        result = self.why(*arguments)
        assert result.exception is None, result.exception
        return result.stdout.splitlines()

    def row(self, bot: str, *arguments: str) -> str:
        (line,) = [each for each in self.lines(*arguments)[1:] if each.split()[0] == bot]
        return line


def reported(status: BotStatus) -> Work:
    return lambda store: store.fleet.report(status)


def said(message_id: str = FRESH, **changes: Any) -> InboundMessage:
    return message(message_id=message_id, channel_id=ChannelId(HERE), **changes)


@pytest.fixture
def fleet(home: Home, clock: FakeClock) -> Fleet:
    create(home)
    migrate(home, clock)
    return Fleet(home, clock)


def answered(posted: InboundMessage, sent_id: str = "9001", *parts: str) -> Work:
    async def work(store: BotStore) -> None:
        await store.ledger.receive(posted, ANSWER, per_minute=1000)
        session = await store.ledger.begin(posted, RULES)
        staged = await store.outbox.stage(posted.message_id, parts or ["fine"])
        for number, part in enumerate(staged):
            told = str(int(sent_id) + number)
            await store.outbox.mark_sent(posted, session.session_id, part, told, "Sage")
        await store.ledger.finish(posted.message_id, "answered", "answered")

    return work


def test_every_bot_of_the_fleet_has_one_line(fleet: Fleet) -> None:
    fleet.start(SAGE, SPARK)
    fleet.let(SAGE, answered(said()))
    fleet.let(SPARK, lambda store: store.ledger.decline(said(), NOT_IN_CHANNEL))

    head, titles, *bots = fleet.lines(FRESH)
    assert head == f"message {FRESH} by user 7 in #general, 2026-01-01 12:00:00 UTC"
    assert titles.split() == ["BOT", "DECISION", "WHY", "WHEN"]
    assert [line.split("  ")[0] for line in bots] == ["logic", "sage", "spark"]
    assert "never started here" in bots[0]
    assert "answered  answered: mention" in bots[1]
    assert r"silent    pattern mismatch: channel general\x1b]0;owned\x07" in bots[2]
    assert bots[2].endswith("2026-01-01 12:00:00")


@pytest.mark.parametrize(
    "meant",
    [LINK, f"<{LINK}>", LINK.replace("discord", "canary.discord"), f" {FRESH} "],
)
def test_a_link_is_as_good_as_an_id(fleet: Fleet, meant: str) -> None:
    fleet.let(SAGE, answered(said()))

    assert fleet.lines(meant) == fleet.lines(FRESH)


def test_a_link_into_another_channel_is_refused(fleet: Fleet) -> None:
    fleet.let(SAGE, answered(said()))
    error = fleet.why(LINK.replace(HERE, "5")).exception

    assert isinstance(error, UsageError)
    assert f"{FRESH} is not in channel 5" in str(error)


def test_what_another_bot_holds_names_the_holder(fleet: Fleet) -> None:
    candidate = Decision(Verdict.CANDIDATE, Reason.ANSWERED, "pattern *")

    async def contend(store: BotStore) -> None:
        await store.ledger.receive(said(), candidate, per_minute=10)
        await store.ledger.claim(said(), slots=1, lease=LEASE, per_minute=10)

    fleet.let(SAGE, contend)
    fleet.let(SPARK, contend)

    assert "answering  answered: pattern *" in fleet.row("sage", FRESH)
    assert "silent     claimed by: sage" in fleet.row("spark", FRESH)
    bots = {each["bot"]: each for each in json.loads(fleet.why(FRESH, "--json").stdout)["bots"]}
    assert bots["spark"]["decision"]["numbers"] == {"holder": "sage"}


def spoken(author: BotName, to: BotName | None, how: How = How.MENTION) -> Heard:
    return Heard(author=author, how=None if to is None else how, others=() if to else (SPARK,))


def test_a_turn_between_bots_has_its_numbers(fleet: Fleet) -> None:
    posted = said(author_id="904", author_is_bot=True)
    heard = spoken(SAGE, SPARK)
    fleet.let(SPARK, lambda store: store.chains.meet(posted, heard, TALK, roll=0.81))

    assert "silent    chance: rolled 0.810, answers below 0.70" in fleet.row("spark", FRESH)
    (spark,) = [
        each
        for each in json.loads(fleet.why(FRESH, "--json").stdout)["bots"]
        if each["bot"] == "spark"
    ]
    assert spark["decision"]["numbers"] == {"roll": 0.81, "chance": 0.7}
    assert spark["decision"]["reason"] == "chance"


def test_a_cooldown_says_how_long_it_lasted_then(fleet: Fleet) -> None:
    short = ChainRules(enabled=True, inter_bot_delay=timedelta(), max_chain=2)
    sage = [said(str(int(FRESH) + at), author_id="904", author_is_bot=True) for at in range(3)]

    async def meet_all(store: BotStore) -> None:
        for each in sage:
            await store.chains.meet(each, spoken(SAGE, SPARK, How.REPLY), short, roll=0.0)
            fleet.clock.tick(48)

    fleet.let(SPARK, meet_all)

    row = fleet.row("spark", sage[2].message_id)
    assert "cooldown: 9:12 left" in row
    body = json.loads(fleet.why(sage[2].message_id, "--json").stdout)
    (spark,) = [each for each in body["bots"] if each["bot"] == "spark"]
    assert spark["decision"]["numbers"] == {"left_seconds": 552}


def test_a_bots_message_says_what_it_answers(fleet: Fleet) -> None:
    fleet.let(SAGE, answered(said(), "9001", "first part", "second part"))

    lines = fleet.lines("9002")
    assert lines[0].startswith("message 9002 by sage")
    assert lines[1] == f"part 2 of sage's answer to {FRESH} (`multibot why {FRESH}`)"
    assert "wrote it" in fleet.row("sage", "9002")
    body = json.loads(fleet.why("9002", "--json").stdout)
    assert body["of_bot"] == {
        "bot": "sage",
        "answers": FRESH,
        "occasion": None,
        "part": 1,
        "chain": None,
    }


def test_an_answer_is_told_of_the_history_when_its_parts_are_not_kept(fleet: Fleet) -> None:
    fleet.let(SAGE, answered(said()))
    fleet.let(SAGE, lambda store: store.writer.run(lambda w: w.execute("DELETE FROM outbox")))

    assert f"sage's answer to {FRESH}" in fleet.lines("9001")[1]


def test_an_opener_says_that_nobody_asked(fleet: Fleet) -> None:
    occasion = said("round-1-7", author_id="905", author_is_bot=True)
    decision = Decision(Verdict.ANSWER, Reason.ANSWERED, "speaks up by itself: open")
    place, turn = place_of(occasion), occasion.message_id
    opening = Opening(place=place, turn=turn, partner=SPARK)
    fleet.let(
        SAGE,
        lambda store: store.ledger.undertake(occasion, decision),
        lambda store: store.chains.open(opening, TALK),
        lambda store: store.chains.sent(
            Sent(place=place, turn=turn, message_id=FRESH, in_exchange=True), TALK
        ),
    )

    assert fleet.lines(FRESH)[1] == (
        "what sage said by itself (`multibot why round-1-7`); it counts in chain 1 of this channel"
    )
    assert fleet.lines("round-1-7")[0] == "what made a bot speak up by itself: round-1-7"
    assert "speaks up by itself: open" in fleet.row("sage", "round-1-7")


def test_a_bot_without_a_row_is_told_apart(fleet: Fleet) -> None:
    text = fleet.home.fleet_file.read_text()
    fleet.home.fleet_file.write_text(
        text.replace("  - name: logic", "  - name: logic\n    enabled: false")
    )
    fleet.start(SAGE, SPARK, BotName("gone"), BotName("asleep"))
    fleet.let(SAGE, answered(said()))
    fleet.let(SPARK, lambda store: store.cursors.pass_by(said(str(int(FRESH) + 1))))
    fleet.let(BotName("asleep"), lambda store: store.cursors.pass_by(said(str(int(FRESH) - 1))))
    fleet.let(BotName("gone"), lambda store: store.ledger.decline(said(), NOT_IN_CHANNEL))

    assert "disabled in the fleet file" in fleet.row("logic", FRESH)
    assert "does not listen to its author" in fleet.row("spark", FRESH)
    assert "has read this channel up to an earlier message" in fleet.row("asleep", FRESH)
    assert "(not in the fleet file any more)" in fleet.row("gone", FRESH)
    fleet.let(
        BotName("asleep"),
        lambda s: s.writer.run(lambda w: w.execute("DELETE FROM channel_cursors")),
    )
    assert "never saw a message of this channel" in fleet.row("asleep", FRESH)


def test_a_broken_fleet_file_does_not_matter(fleet: Fleet) -> None:
    fleet.let(SAGE, answered(said()))
    fleet.home.fleet_file.write_text("bots: [")

    assert "answered: mention" in fleet.row("sage", FRESH)


@pytest.mark.parametrize(
    ("meant", "told"),
    [
        ("hello", "neither the id of a message nor a link"),
        ("https://discord.com/channels/1/2", "neither the id of a message nor a link"),
        (f"https://example.org/channels/1/2/{FRESH}", "neither the id of a message nor a link"),
        ("\x1b[31m9", r"\x1b"),
        (UNSEEN, "no bot of this fleet knows"),
        (OLD, "nothing is known of message 1000000000000000000 any more: it is of 2022-07-22."),
        ("77", "no bot of this fleet knows"),
    ],
)
def test_a_message_nobody_knows_is_an_error_of_the_caller(
    fleet: Fleet, meant: str, told: str
) -> None:
    fleet.let(SAGE, answered(said()))
    error = fleet.why(meant).exception

    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert told in str(error)
    assert "\x1b" not in str(error)


def test_an_old_message_that_is_in_the_history_says_that_decisions_go(fleet: Fleet) -> None:
    fleet.let(SAGE, answered(said(OLD)))
    fleet.let(SAGE, lambda store: store.writer.run(lambda w: w.execute("DELETE FROM inbox")))

    lines = fleet.lines(OLD)
    assert lines[1].startswith("It is older than 30 days")
    assert "the decision is not kept any more" in fleet.row("sage", OLD)


def test_looking_changes_nothing(fleet: Fleet) -> None:
    fleet.let(SAGE, answered(said()))
    before = rows(fleet.home.database, "SELECT * FROM inbox")
    fleet.lines(FRESH)

    assert rows(fleet.home.database, "SELECT * FROM inbox") == before


def test_without_a_database_it_says_what_to_do(home: Home, clock: FakeClock) -> None:
    create(home)

    assert isinstance(Fleet(home, clock).why(FRESH).exception, SchemaError)
