"""The sizes of the file and its log, and what somebody should hear of."""

import contextlib

import pytest

from multibot.errors import StoreUnavailableError
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import condition
from multibot.store.archive.condition import LARGE, LEAST_FREE, MB, Sizes
from multibot.store.connection import Turnstile
from tests.store.material import START

PLENTY = 1 << 50


def test_the_sizes_are_those_on_the_disk(home: Home) -> None:
    sizes = condition.measure(home)

    assert sizes.database == home.database.stat().st_size
    assert sizes.log == 0
    assert sizes.free > 0


@pytest.mark.parametrize(
    ("sizes", "trouble"),
    [
        (Sizes(LARGE, 0, PLENTY), ""),
        (
            Sizes(LARGE + 1, 0, PLENTY),
            "the database has 10.0 GB: think of `storage.retention_days`",
        ),
        (Sizes(100 * MB, 0, LEAST_FREE + 100 * MB), ""),
        (
            Sizes(100 * MB, 0, LEAST_FREE + 99 * MB),
            "355 MB are free on its disk: 356 MB are wanted, so that it can be copied",
        ),
    ],
)
def test_what_is_nearly_full_is_told(sizes: Sizes, trouble: str) -> None:
    assert sizes.trouble() == trouble


def test_a_file_and_its_disk_are_told_of_together() -> None:
    assert Sizes(LARGE + 1, 0, 5).trouble().count(";") == 1


def test_a_copy_that_would_fill_the_disk_is_not_begun(home: Home) -> None:
    condition.require_room(home)
    with home.database.open("r+b") as file:
        file.truncate(PLENTY // 2**14)
        with contextlib.suppress(OSError):
            file.truncate(2**43)

    with pytest.raises(StoreUnavailableError, match=r"A copy needs .* are free") as raised:
        condition.require_room(home)
    assert raised.value.remedy == "Free some space, or keep fewer backups."


def grow(home: Home, megabytes: int) -> None:
    """Write so much into the log, past the patience of those who would shorten it."""
    with contextlib.closing(connection.open_writer(home.database)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        for number in range(megabytes):
            writer.execute(
                "INSERT INTO notices VALUES ('x', ?, hex(zeroblob(524288)))", (f"{START}{number}",)
            )


def test_a_long_log_is_emptied(home: Home) -> None:
    with contextlib.closing(connection.open_reader(home.database)) as other:
        other.execute("SELECT 1").fetchall()
        grow(home, 70)
        assert condition.measure(home).log > condition.LONG_LOG

        assert condition.shorten_log(home) == ""
        assert condition.measure(home).log == 0


def test_a_log_of_usual_length_is_left_for_the_writers_to_use_again(home: Home) -> None:
    with contextlib.closing(connection.open_reader(home.database)) as other:
        other.execute("SELECT 1").fetchall()
        grow(home, 2)

        assert condition.shorten_log(home) == ""
        assert condition.measure(home).log > 2 * MB


def test_a_reader_that_keeps_the_log_long_is_told_of_and_no_writer_waits(home: Home) -> None:
    with contextlib.closing(connection.open_reader(home.database)) as endless:
        endless.execute("BEGIN")
        endless.execute("SELECT count(*) FROM notices").fetchall()
        grow(home, 70)
        turn = Turnstile(home.database_lock)
        with contextlib.closing(turn), turn:
            # Would never come back if it waited for the writers' turn.
            told = condition.shorten_log(home)

    assert told.startswith("the write-ahead log has ")
    assert told.endswith("some program reads the database without an end")
