"""Tables and counts: what gives way where there is no room, and what never does."""

import pytest

from multibot.cli.tables import aligned
from multibot.wording import are, counted, were

ROWS = [
    ("ID", "WHERE", "WHY"),
    ("1234567890", "#a-long-channel", "it was said in the middle of the night"),
    ("22", "#b", "so"),
]


def test_with_room_nothing_is_shortened() -> None:
    assert aligned(ROWS).splitlines() == [
        "ID          WHERE            WHY",
        "1234567890  #a-long-channel  it was said in the middle of the night",
        "22          #b               so",
    ]
    assert aligned(ROWS, 67, shortened=["WHERE"], folded=["WHY"]) == aligned(ROWS)


def test_what_may_be_shortened_goes_first_and_then_what_may_be_folded() -> None:
    assert aligned(ROWS, 64, shortened=["WHERE"], folded=["WHY"]).splitlines() == [
        "ID          WHERE         WHY",
        "1234567890  #a-long-cha…  it was said in the middle of the night",
        "22          #b            so",
    ]
    assert aligned(ROWS, 44, shortened=["WHERE"], folded=["WHY"]).splitlines() == [
        "ID          WHERE     WHY",
        "1234567890  #a-long…  it was said in the",
        "                      middle of the night",
        "22          #b        so",
    ]


@pytest.mark.parametrize("room", [5, 20, 30])
def test_what_is_copied_is_never_cut(room: int) -> None:
    assert "1234567890" in aligned(ROWS, room, shortened=["WHERE"], folded=["WHY"])


def test_one_is_not_several() -> None:
    assert [counted(n, "turn") for n in (0, 1, 2, 1000)] == [
        "0 turns",
        "1 turn",
        "2 turns",
        "1,000 turns",
    ]
    assert counted(2, "index", "indexes") == "2 indexes"
    assert [are(1), are(2), were(0), were(1)] == ["is", "are", "were", "was"]
