"""Row 42: fifty processes want the same channel at the moment its cooldown ends. One gets it."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from multibot.clock import to_text
from multibot.home import Home
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.faults import accounts, book, racers
from tests.faults.racers import RULES, Race
from tests.store.material import START, rows

PROCESSES = book.times(50, 6)
# Each cycle is two races: for the channel, and for the message that its winner then says.
CYCLES = book.times(5_000, 12)
FIRST_ID = 1_000_000
MS = timedelta(milliseconds=1)


@pytest.fixture
def home(home: Home, clock: FakeClock) -> Home:
    migrate(home, clock)
    return home


def winner(answers: list[str], others: str) -> int:
    """Name the one that won; all others were refused for the same reason."""
    counted = Counter(answers)
    assert counted["answered"] == 1, counted
    assert counted.keys() <= {"answered", others, "author", ""}, counted
    return answers.index("answered")


def cycle(race: Race, number: int, now: datetime) -> None:
    """Race for the channel, race for the opener, and let the chain end in the next cooldown."""
    first, second = str(FIRST_ID + 2 * number), str(FIRST_ID + 2 * number + 1)
    order: dict[str, Any] = {"now": to_text(now), "round": number}
    opener = winner(race.order(act="open", **order), "chain_limit")
    race.order(act="sent", only=opener, turn=f"o{number}", message=first, **order)
    author = racers.name_of(opener)
    answerer = winner(race.order(act="meet", author=author, message=first, **order), "claimed_by")
    assert race.order(act="answer", only=answerer, to=first, message=second, **order) == [
        "answered"
    ]
    witness = (answerer + 1) % race.count
    seen = race.order(
        act="meet", only=witness, author=racers.name_of(answerer), message=second, **order
    )
    assert seen == ["cooldown"]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_of_fifty_processes_one_gets_the_channel(home: Home) -> None:
    now = START
    with racers.racing(home, PROCESSES) as race:
        for number in range(CYCLES):
            cycle(race, number, now)
            now += RULES.cooldown
            order: dict[str, Any] = {
                "act": "open",
                "now": to_text(now - MS),
                "round": f"{number}-early",
            }
            assert race.order(only=number % PROCESSES, **order) == ["cooldown"]

    assert rows(home.database, "SELECT chain, message_count, pending, bot_turns FROM chains") == [
        (CYCLES, 0, 0, 2 * CYCLES)
    ]
    assert rows(
        home.database, "SELECT count(*), count(DISTINCT message_id), max(fence) FROM message_claims"
    ) == [(CYCLES, CYCLES, 1)]
    assert rows(home.database, "SELECT count(*) FROM channel_cooldowns") == [(1,)]
    assert accounts.is_whole(home.database)
    book.note(
        book.Entry(
            row=42,
            fault="processes race for a channel at the end of its cooldown, and for a message",
            count=2 * CYCLES,
            unit="races",
            result="one winner each; 1 ms before the end none",
            figures={"processes": PROCESSES},
        )
    )


@pytest.mark.slow
def test_a_holder_that_is_killed_is_replaced_when_its_lease_ends(home: Home) -> None:
    """Not before, by one of the others, and what was said is counted right."""
    rounds = book.times(50, 4)
    with racers.racing(home, rounds + 3) as race:
        for number in range(rounds):
            first, second = str(FIRST_ID + 2 * number), str(FIRST_ID + 2 * number + 1)
            now = START + number * (RULES.cooldown + RULES.claim_lease)
            order: dict[str, Any] = {"act": "meet", "author": "zz", "message": first}
            killed = winner(race.order(now=to_text(now), **order), "claimed_by")
            race.order(act="kill", only=killed)

            again = {**order, "again": True}
            held = race.order(now=to_text(now + RULES.claim_lease - MS), **again)
            assert set(held) == {"claimed_by", ""}
            over = to_text(now + RULES.claim_lease)
            taker = winner(race.order(now=over, **again), "claimed_by")
            assert taker != killed
            sent = race.order(act="answer", only=taker, now=over, to=first, message=second)
            assert sent == ["answered"]

    assert rows(home.database, "SELECT chain, message_count, pending, bot_turns FROM chains") == [
        (rounds, 0, 0, 2 * rounds)
    ]
    assert rows(home.database, "SELECT DISTINCT fence FROM message_claims") == [(2,)]
    book.note(
        book.Entry(
            row=42,
            fault="holder of a claim killed with kill -9",
            count=rounds,
            unit="kills",
            result="taken over at the end of the lease, by one; counts right",
        )
    )
