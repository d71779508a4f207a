"""A walk over JSON: the same values as a parser gives, and no file that it cannot get to the end of."""

import contextlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multibot.importing import walk
from multibot.importing.walk import BrokenError, Unusable, Walk
from tests.faults.book import times

EXAMPLES = settings(max_examples=times(1000, 30), deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def pieces(text: str, size: int) -> Iterator[str]:
    return iter([text[at : at + size] for at in range(0, len(text), size)])


def values(text: str, size: int = 7) -> tuple[list[Any], str]:
    """Give the elements of a list, and what is wrong behind them."""
    found: list[Any] = []
    try:
        for _, value in Walk(pieces(text, size)).elements():
            found.append(value)
    except BrokenError as error:
        return found, str(error)
    return found, ""


@given(
    listed=st.lists(JSON, max_size=5), size=st.integers(1, 30), indent=st.sampled_from([None, 2])
)
@EXAMPLES
def test_a_list_in_pieces_has_the_values_of_the_whole(
    listed: list[Any], size: int, indent: int | None
) -> None:
    assert values(json.dumps(listed, indent=indent), size) == (listed, "")


@given(value=st.dictionaries(st.text(), JSON, max_size=5), size=st.integers(1, 30))
@EXAMPLES
def test_an_object_in_pieces_has_the_fields_of_the_whole(value: dict[str, Any], size: int) -> None:
    going = Walk(pieces(json.dumps(value), size))

    assert {name: going.value() for name in going.fields()} == value
    assert going.peek() == ""


@given(listed=st.lists(JSON, max_size=5), size=st.integers(1, 30))
@EXAMPLES
def test_every_value_can_be_passed_over(listed: list[Any], size: int) -> None:
    going = Walk(pieces(json.dumps(listed), size))

    for _ in going.places():
        going.skip()
    assert going.peek() == ""


@given(listed=st.lists(JSON, min_size=1, max_size=5), data=st.data())
@EXAMPLES
def test_what_stands_before_the_break_is_read(listed: list[Any], data: st.DataObject) -> None:
    text = json.dumps(listed)
    cut = data.draw(st.integers(0, len(text) - 1))
    found, wrong = values(text[:cut])

    assert wrong == "breaks off"
    whole = [value for value in found if not isinstance(value, Unusable)]
    # A number that is cut is still a number; everything before the last one is as it was.
    assert whole[:-1] == listed[: len(whole)][:-1]


@pytest.mark.parametrize("number", ["0.", "-0.", "1e", "1E+", "1.5e-", "-"])
@pytest.mark.parametrize("size", [1, 7])
def test_a_text_may_break_off_within_a_number(number: str, size: int) -> None:
    assert values(f"[7, {number}", size)[1] == "breaks off"
    assert values(f"[7, {number}]", size)[1] != "breaks off"


@given(junk=st.text(alphabet='[]{}",:\\ \n\x00012e-ntrufalse\ud800', max_size=40))
@EXAMPLES
def test_nothing_ends_in_another_error(junk: str) -> None:
    """Whatever it is, the walk ends, with an error of its own or without."""
    for first in "[{":
        going = Walk(pieces(first + junk, 5))
        steps = going.elements() if first == "[" else going.fields()
        with contextlib.suppress(BrokenError):
            for _ in itertools.islice(steps, 100):
                if first == "{":
                    going.value()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ('{"role": user, "x": "}]"}', "is not JSON"),
        ("tru", "is not JSON"),
        ('{"a": 1,}', "is not JSON"),
        ('"' + "x" * (walk.LONGEST + 10) + '"', "is longer than 8 MiB"),
    ],
    ids=["depth", "number", "word", "literal", "comma", "size"],
)
def test_a_bad_value_is_passed_over_and_the_others_are_read(bad: str, reason: str) -> None:
    found, wrong = values(f'["before", {bad}, "behind"]', 1 << 20)

    assert wrong == ""
    assert (found[0], found[2]) == ("before", "behind")
    assert isinstance(found[1], Unusable)
    assert reason in found[1].reason


def test_zeros_and_marks_around_the_text_count_as_space() -> None:
    assert values("\ufeff [1]\x00\x00") == ([1], "")


def test_raw_control_characters_inside_a_text_are_part_of_it() -> None:
    assert values('["a\x00b\nc"]') == (["a\x00b\nc"], "")
