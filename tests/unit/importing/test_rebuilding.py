"""Sessions of past turns: the rules of living ones, at their boundaries."""

from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest

from multibot.clock import to_text
from multibot.conversation.past import PastTurn
from multibot.conversation.session import SessionRules
from multibot.importing.doubles import Doubles
from multibot.importing.rebuilding import rebuild
from tests.store.material import START

SHARED = SessionRules(scope="channel")


def turn(after: float, role: str = "user", **changes: Any) -> PastTurn:
    values = {"bot_name": "sage", "channel_id": "10", "user_id": "7", "content": "x"}
    at = to_text(START + timedelta(seconds=after))
    made: dict[str, Any] = {"message_id": f"{role}{after}", "role": role, "at": at, "position": 0}
    return PastTurn(**{**values, **made, **changes})


def split(*turns: PastTurn, rules: SessionRules | None = None) -> list[list[str]]:
    """Give the ids of the turns of each session."""
    placed = list(rebuild(((0, each) for each in turns), lambda _: rules or SessionRules()))
    ordered = sorted(placed, key=lambda each: each.session.session_id)
    return [
        [each.turn.message_id for each in group]
        for _, group in groupby(ordered, key=lambda each: each.session.session_id)
    ]


def test_a_gap_of_exactly_the_limit_stays_one_session() -> None:
    assert split(turn(0), turn(299), turn(599)) == [["user0", "user299", "user599"]]
    assert split(turn(0), turn(300)) == [["user0", "user300"]]
    assert split(turn(0), turn(300.001)) == [["user0"], ["user300.001"]]


def test_a_session_is_as_long_as_its_timeout_and_no_longer() -> None:
    steady = [turn(at) for at in range(0, 3901, 300)]

    assert [len(each) for each in split(*steady)] == [13, 1]


def test_an_answer_belongs_to_what_it_answers() -> None:
    late = turn(900, "assistant", answers="user0")

    assert split(turn(0), turn(600), late) == [["user0", "assistant900"], ["user600"]]
    assert split(turn(0), turn(900, "assistant", answers="user0")) == [["user0", "assistant900"]]


def test_an_answer_that_names_nothing_belongs_to_what_goes_on() -> None:
    assert split(turn(0), turn(300, "assistant")) == [["user0", "assistant300"]]
    assert split(turn(0), turn(301, "assistant")) == [["user0"], ["assistant301"]]


def test_people_have_sessions_of_their_own_unless_they_share_the_channel() -> None:
    both = (turn(0), turn(10, user_id="8"), turn(20))

    assert split(*both) == [["user0", "user20"], ["user10"]]
    assert split(*both, rules=SHARED) == [["user0", "user10", "user20"]]


def test_sessions_have_the_same_ids_every_time_and_sort_by_their_beginning() -> None:
    turns = [(0, turn(0)), (0, turn(1000))]
    first, second = ([*rebuild(turns, lambda _: SessionRules())] for _ in range(2))

    assert first == second
    ids = [each.session.session_id for each in first]
    assert ids == sorted(ids)
    assert first[0].session.display_id == "2026-01-01_12-00-00_3600s"


def test_of_equal_turns_the_first_counts() -> None:
    doubles = Doubles()
    same = turn(0)
    kept = list(doubles.without([(0, same), (1, same), (1, turn(1)), (1, turn(0, "assistant"))]))

    assert [file for file, _ in kept] == [0, 1, 1]
    assert doubles.count == 1


@pytest.mark.parametrize("turns_between", range(10))
def test_doubles_stand_close_together(turns_between: int) -> None:
    """Wherever they begin: as many turns as are remembered may stand between two equal ones."""
    stream = [(0, turn(number)) for number in range(turns_between)]
    stream += [(0, turn(100 + number)) for number in range(10)] + [(1, turn(100))]
    doubles = Doubles(remembered=10)

    assert len(list(doubles.without(stream))) == len(stream) - 1
    assert doubles.count == 1


def test_no_more_doubles_are_remembered_than_that() -> None:
    far = [(0, turn(number)) for number in range(30)] + [(0, turn(0))]
    doubles = Doubles(remembered=10)

    assert list(doubles.without(far)) == far
