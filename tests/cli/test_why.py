"""`multibot why`: one line per bot of the fleet about one message, over a filled file."""

import json
from datetime import timedelta

import pytest

from multibot.cli.init import create
from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName
from multibot.conversation.ruling import How
from multibot.errors import SchemaError, UsageError
from multibot.home import Home
from multibot.store.chains import Opening, Sent, place_of
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore
from tests.cli.decided import (
    FRESH,
    HERE,
    LINK,
    NOT_IN_CHANNEL,
    OLD,
    SAGE,
    SPARK,
    TALK,
    UNSEEN,
    Fleet,
    answered,
    said,
    spoken,
)
from tests.fakes import FakeClock
from tests.store.material import LEASE, rows


@pytest.fixture
def fleet(home: Home, clock: FakeClock) -> Fleet:
    create(home)
    migrate(home, clock)
    return Fleet(home, clock)


def test_every_bot_of_the_fleet_has_one_line(fleet: Fleet) -> None:
    fleet.start(SAGE, SPARK)
    fleet.let(SAGE, answered(said()))
    fleet.let(SPARK, lambda store: store.ledger.decline(said(), NOT_IN_CHANNEL))

    head, titles, *bots = fleet.lines(FRESH)
    assert head == f"message {FRESH} by Al (7) in #general, 2026-01-01 12:00:00 UTC"
    assert titles.split() == ["BOT", "DECISION", "WHY", "WHEN"]
    assert [line.split("  ")[0] for line in bots] == ["logic", "sage", "spark"]
    assert "never started here" in bots[0]
    assert "answered  answered: mention" in bots[1]
    assert r"silent    pattern mismatch: channel general\x1b]0;owned\x07" in bots[2]
    assert bots[2].endswith("2026-01-01 12:00:00")


@pytest.mark.parametrize(
    "meant",
    [LINK, f"<{LINK}>", LINK.replace("discord", "canary.discord"), f" {FRESH} "],
    ids=["link", "bracketed", "canary", "spaced"],
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
    assert "had no part in it" in fleet.row("spark", "round-1-7")


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
    ids=["a word", "half a link", "elsewhere", "harmful", "unseen", "old", "short"],
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
