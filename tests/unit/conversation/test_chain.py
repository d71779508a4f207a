"""The state of a channel in which bots talk: counted, ended, cooled down."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from multibot.conversation import chain
from multibot.conversation.chain import HINTS, After, ChainRules, Cooldown, Exchange, Phase, Said
from multibot.conversation.message import BotName

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RULES = ChainRules(enabled=True)
SAGE, SPARK = BotName("sage"), BotName("spark")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def said(number: int, seconds: float = 0, bot: BotName = SAGE) -> Said:
    return Said(bot=bot, message_id=str(1000 + number), at=at(seconds))


def talk(count: int, exchange: Exchange = Exchange(), rules: ChainRules = RULES) -> Exchange:  # noqa: B008 - frozen
    """Let two bots say so many things to each other, ten seconds apart."""
    for number in range(count):
        each = said(number, 10 * number, (SAGE, SPARK)[number % 2])
        exchange = chain.joined(chain.heard(exchange, each), each, rules)
    return exchange


def spoken_over(exchange: Exchange, human_id: str, **after: int) -> Exchange:
    return chain.interrupted(exchange, human_id, After(**after), at(100))


def test_every_message_counts_whoever_says_it() -> None:
    exchange = talk(3)

    assert (exchange.chain, exchange.message_count, exchange.bot_turns) == (1, 3, 3)
    assert exchange.participants == (SAGE, SPARK)
    assert (exchange.last_bot, exchange.last_message_id) == (SAGE, "1002")
    assert (exchange.started_at, exchange.last_activity_at) == (at(0), at(20))
    assert exchange.cooldown is None


def test_the_last_message_of_a_chain_starts_the_cooldown() -> None:
    exchange = talk(5)

    assert not exchange.is_alive
    assert exchange.cooldown == Cooldown(started_at=at(40), expires_at=at(640), cause="limit")
    assert exchange.bot_turns == 5


@pytest.mark.parametrize(("minutes", "seconds"), [(10, 600), (5, 300)])
def test_a_channel_is_free_at_exactly_the_end_of_its_cooldown(minutes: int, seconds: int) -> None:
    rules = replace(RULES, cooldown=timedelta(minutes=minutes))
    exchange = talk(5, rules=rules)

    assert chain.settled(exchange, rules, at(40 + seconds - 1)).cooldown is not None
    assert chain.settled(exchange, rules, at(40 + seconds - 0.001)).cooldown is not None
    assert chain.settled(exchange, rules, at(40 + seconds)).cooldown is None


def test_a_chain_lives_up_to_its_expiry_and_no_longer() -> None:
    exchange = talk(1)

    assert chain.settled(exchange, RULES, at(600)).is_alive
    assert not chain.settled(exchange, RULES, at(600.001)).is_alive


def test_the_next_chain_has_the_next_number_and_counts_anew() -> None:
    exchange = chain.settled(talk(1), RULES, at(601))
    exchange = chain.joined(exchange, said(9, 601), RULES)

    assert (exchange.chain, exchange.message_count) == (2, 1)


def test_one_message_that_nobody_answered_starts_no_cooldown() -> None:
    assert chain.settled(talk(1), RULES, at(3600)).cooldown is None
    assert chain.settled(talk(1), RULES, at(601)).cooldown is None


def test_a_message_that_never_came_makes_no_talk_of_one_that_did() -> None:
    assert chain.settled(chain.allowed(talk(1)), RULES, at(601)).cooldown is None


def test_what_is_seen_late_does_not_set_the_chain_back() -> None:
    exchange = talk(2, rules=replace(RULES, max_chain=9))
    late = said(-1, -30, BotName("logic"))
    exchange = chain.joined(exchange, late, RULES)

    assert (exchange.message_count, exchange.last_activity_at) == (3, at(10))
    assert (exchange.last_bot, exchange.last_message_id) == (SPARK, "1001")


def test_a_chain_that_died_of_silence_cools_down_from_when_it_died() -> None:
    """Whoever looks first, and whenever: it died 600 s after the message at 10 s."""
    exchange = chain.settled(talk(2), RULES, at(900))

    assert exchange.cooldown == Cooldown(started_at=at(610), expires_at=at(1210), cause="silence")
    assert chain.settled(exchange, RULES, at(1209.999)).cooldown is not None
    assert chain.settled(exchange, RULES, at(1210)).cooldown is None
    assert chain.settled(talk(2), RULES, at(1210)).cooldown is None


def test_a_person_ends_the_chain_without_a_cooldown() -> None:
    exchange = spoken_over(talk(4), "5000", later=0, later_in_chain=0)

    assert not exchange.is_alive
    assert exchange.cooldown is None
    assert (exchange.bot_turns, exchange.human_id) == (0, "5000")


def test_a_person_does_not_end_a_cooldown() -> None:
    exchange = spoken_over(talk(5), "5000", later=0, later_in_chain=0)

    assert exchange.cooldown is not None


def test_a_person_seen_late_ends_what_was_said_before_and_no_more() -> None:
    exchange = talk(4)

    assert spoken_over(exchange, "1001", later=2, later_in_chain=2) == replace(
        exchange, chain=2, message_count=2, bot_turns=2, human_id="1001"
    )
    plain = spoken_over(exchange, "1001", later=1, later_in_chain=0)
    assert (plain.is_alive, plain.bot_turns) == (False, 1)


def test_what_is_on_its_way_when_a_person_speaks_has_a_place_in_the_next_chain() -> None:
    exchange = spoken_over(chain.allowed(talk(3)), "5000", underway=2, underway_in_chain=1)

    assert (exchange.chain, exchange.message_count, exchange.pending) == (2, 1, 1)
    assert (exchange.bot_turns, exchange.last_bot, exchange.started_at) == (2, None, at(100))
    there = chain.sent(exchange, said(9000, 110), RULES, chain=2)
    assert (there.message_count, there.pending, there.last_bot) == (1, 0, SAGE)
    assert chain.withdrawn(exchange, chain=2).is_alive is False
    # Discord put it before the person's message after all.
    before = chain.sent(exchange, said(900, 110), RULES, chain=2)
    assert (before.is_alive, before.bot_turns) == (False, 1)


def test_what_is_on_its_way_in_a_cooldown_begins_nothing() -> None:
    exchange = spoken_over(chain.posted(talk(5)), "5000", underway=1, underway_in_chain=1)

    assert (exchange.is_alive, exchange.bot_turns, exchange.chain) == (False, 1, 1)


def test_a_chain_takes_no_more_than_it_may_have() -> None:
    exchange = chain.allowed(talk(4))
    late = said(9000, 50)

    assert not chain.takes(exchange, late, RULES)
    assert chain.takes(chain.withdrawn(exchange, chain=1), late, RULES)


def test_what_leaves_keeps_the_chain_alive() -> None:
    exchange = chain.departed(chain.allowed(talk(1)), at(500))

    assert chain.settled(exchange, RULES, at(1100)).is_alive
    assert not chain.settled(exchange, RULES, at(1101)).is_alive


def test_what_a_bot_said_before_the_person_counts_for_nothing() -> None:
    exchange = Exchange(human_id="2000")

    assert chain.heard(exchange, said(1)) is exchange
    assert not chain.takes(exchange, said(1), RULES)
    assert chain.takes(exchange, Said(bot=SAGE, message_id="10000", at=START), RULES)


def test_nothing_becomes_part_of_a_chain_in_a_cooldown() -> None:
    assert not chain.takes(talk(5), said(9, 50), RULES)


def test_a_message_that_is_allowed_has_its_place_before_it_is_sent() -> None:
    exchange = chain.allowed(talk(4))
    assert (exchange.message_count, exchange.pending, exchange.bot_turns) == (5, 1, 5)
    assert exchange.is_alive

    done = chain.sent(exchange, said(5, 50, SPARK), RULES, chain=1)
    assert done.cooldown == Cooldown(started_at=at(50), expires_at=at(650))
    assert (done.is_alive, done.bot_turns) == (False, 5)


def test_the_cooldown_waits_for_what_is_on_its_way() -> None:
    """Two answers are allowed; the first of them to arrive is not the last of the chain."""
    exchange = chain.allowed(chain.allowed(talk(3)))

    first = chain.sent(exchange, said(4, 40, SPARK), RULES, chain=1)
    assert first.cooldown is None
    assert chain.sent(first, said(5, 41, SAGE), RULES, chain=1).cooldown is not None


def test_what_arrives_after_its_chain_has_ended_counts_in_no_other() -> None:
    ended = chain.settled(chain.allowed(talk(2)), RULES, at(700))
    late = chain.sent(ended, said(5, 700, SPARK), RULES, chain=1)
    assert late == replace(ended, spoke_at=at(700))

    other = chain.joined(replace(ended, cooldown=None), said(6, 701), RULES)
    assert chain.sent(other, said(7, 702, SPARK), RULES, chain=1).message_count == 1


def test_what_is_never_sent_gives_its_place_back() -> None:
    exchange = talk(2)

    assert chain.withdrawn(chain.allowed(exchange), chain=1) == exchange
    assert chain.withdrawn(chain.posted(exchange), chain=None) == exchange
    opened = chain.opened(Exchange(), at(0))
    assert (opened.message_count, opened.is_opened) == (1, True)
    assert chain.withdrawn(opened, chain=1) == Exchange(chain=1)


def test_a_clock_that_went_back_starts_the_times_anew() -> None:
    back = at(-3600)
    exchange = chain.settled(talk(2), RULES, back)
    assert (exchange.last_activity_at, exchange.spoke_at) == (back, back)
    assert exchange.is_alive

    cooling = chain.settled(talk(5), RULES, back)
    assert cooling.cooldown is not None
    assert cooling.cooldown.expires_at == back + RULES.cooldown
    assert chain.settled(cooling, RULES, back + RULES.cooldown).cooldown is None


def test_a_shorter_cooldown_in_the_rules_holds_for_the_one_that_runs() -> None:
    shorter = replace(RULES, cooldown=timedelta(minutes=1))
    exchange = chain.settled(talk(5), shorter, at(60))

    assert exchange.cooldown is not None
    assert exchange.cooldown.expires_at == at(120)


@pytest.mark.parametrize(
    ("limit", "phases"),
    [
        (5, "open open going closing last"),
        (3, "open open last"),
        (2, "open last"),
        (1, "last"),
        (8, "open open going going going going closing last"),
    ],
)
def test_each_message_of_a_chain_has_its_phase(limit: int, phases: str) -> None:
    rules = replace(RULES, max_chain=limit)

    found = [chain.phase(replace(talk(1), message_count=count), rules) for count in range(limit)]
    assert [each.value for each in found] == phases.split()


def test_the_last_turn_before_a_person_must_speak_is_a_closing_one_too() -> None:
    exchange = replace(talk(2), bot_turns=19)

    assert chain.phase(exchange, RULES) is Phase.LAST
    assert "last message" in HINTS[Phase.LAST]
    assert set(HINTS) == set(Phase)


def test_ids_are_compared_as_the_numbers_they_are() -> None:
    assert chain.is_newer("1000", "999")
    assert not chain.is_newer("999", "1000")
    assert not chain.is_newer("999", "999")
    assert chain.is_newer("1", "")
