"""Bringing items into order, in memory or out of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multibot.errors import StoreUnavailableError
from multibot.importing import staging
from multibot.importing.staging import Key, Staging
from tests.faults.book import times

KEYS = st.tuples(
    st.sampled_from(["sage", "spark"]),
    st.sampled_from(["1", "10", "2"]),
    st.sampled_from(["2026-01-01T12:00:00.000Z", "2026-01-02T12:00:00.000Z"]),
    st.integers(0, 2),
    st.integers(0, 9),
)


def as_is(values: list[str]) -> tuple[str, ...]:
    return tuple(values)


@given(keys=st.lists(KEYS, unique=True, max_size=40), at_once=st.integers(1, 10))
@settings(max_examples=times(1000, 40), deadline=None, derandomize=True)
def test_items_come_in_order_however_many_fit_into_memory(
    keys: list[tuple[str, str, str, int, int]], at_once: int
) -> None:
    with Staging[tuple[str, ...]](as_is, at_once) as sorting:
        for key in keys:
            sorting.add(Key(*key), (str(key), "line\nbreak"))
        expected = [(key[3], (str(key), "line\nbreak")) for key in sorted(keys)]

        assert len(sorting) == len(keys)
        assert list(sorting.ordered()) == expected
        assert list(sorting.ordered()) == expected


def test_long_items_are_put_aside_sooner() -> None:
    with Staging[tuple[str, ...]](as_is, bytes_at_once=1000) as sorting:
        opened = set(Path("/proc/self/fd").iterdir())
        for number in reversed(range(10)):
            sorting.add(Key("sage", "1", "", 0, number), (str(number), "x" * 600))

        assert len(set(Path("/proc/self/fd").iterdir()) - opened) == 5
        assert [item[0] for _, item in sorting.ordered()] == [*"0123456789"]


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """What is put aside has no name, also while it is needed."""
    script = (
        "import os; from multibot.importing.staging import Key, Staging\n"
        "with Staging(tuple, 1) as staging:\n"
        "    staging.add(Key('sage', '1', '', 0, 0), ('x',))\n"
        "    print(os.listdir(os.environ['TMPDIR']), len(list(staging.ordered())))\n"
    )
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[] 1\n"


def test_a_disk_that_takes_nothing_is_one_clear_error() -> None:
    """A pipe without a reader stands in for it."""
    reading, writing = os.pipe()
    os.close(reading)
    with (
        pytest.raises(StoreUnavailableError, match="cannot be put into order: Broken pipe"),
        os.fdopen(writing, "wb", buffering=0) as file,
    ):
        staging._write(file, [(Key("sage", "1", "", 0, 0), b"x")])
