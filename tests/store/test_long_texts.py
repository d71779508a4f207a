"""Texts of 256 KiB: what they are moved, removed and read in stays small."""

import itertools
import tracemalloc
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from multibot.home import Home
from multibot.store.archive import index as index_of
from multibot.store.archive import strides
from multibot.store.archive.backup import backup
from multibot.store.archive.criteria import Criteria, SessionKey
from multibot.store.archive.finding import Finding, Order
from multibot.store.archive.partition import restore_bot
from multibot.store.archive.reading import Transcript
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.strides import Room
from multibot.store.archive.undoing import Undoing
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.store.copies import OpenBot, change, count, found, index, talk
from tests.store.material import SAGE, rows
from tests.store.transcripts import store, turn

LONG = 256 * 1024
TEXT = "zymurgy " * (LONG // 8)
CONTENT = "SELECT content FROM conversations WHERE bot_name = 'sage' ORDER BY id"


@pytest.mark.parametrize(
    ("sizes", "most", "expected"),
    [
        ([], 10, 0),
        ([0, 0, 0], 10, 3),
        ([4, 6, 1], 10, 2),
        ([LONG, 1], 10, 1),
        ([1, LONG], 10, 1),
    ],
)
def test_so_many_are_taken_as_fit_and_one_at_least(
    sizes: Sequence[int], most: int, expected: int
) -> None:
    assert strides.cut(sizes, most) == expected


def strides_of(room: Room, size: int) -> list[int]:
    """Take strides of rows of one size until there is no room left."""
    taken = []
    while room.is_left:
        some, _ = room.take([(size,)] * room.rows)
        taken.append(len(some))
    return taken


def test_few_long_rows_share_a_transaction() -> None:
    assert strides_of(Room(FakeClock()), LONG) == [1, 1]


def test_short_rows_are_counted() -> None:
    assert strides_of(Room(FakeClock(), rows=60), 10) == [25, 25, 10]


def test_the_time_ends_it_but_a_first_stride_is_always_taken() -> None:
    clock = FakeClock()
    room = Room(clock)
    clock.tick(1)

    assert strides_of(room, 10) == [25]


@pytest.fixture
async def there(home: Home, open_bot: OpenBot) -> int:
    """Let a bot talk that stops then; say how many turns of it are there, all of them long."""
    sage = open_bot(SAGE)
    await talk(sage, 1, 5)
    await sage.close()
    change(home.database, "UPDATE conversations SET content = ?", TEXT)
    index(home)
    return count(home.database, "conversations")


def test_a_restore_moves_few_of_them_at_a_time(home: Home, there: int, clock: FakeClock) -> None:
    copy = backup(home, clock).path
    steps: list[int] = []

    restore_bot(home, clock, copy, "sage", progress=lambda done, _: steps.append(done))

    assert steps.count(there) >= 2
    assert max(after - before for before, after in itertools.pairwise([0, *steps])) == 2
    assert rows(home.database, CONTENT) == [(TEXT,)] * there
    assert found(home.database, "zymurgy") == []


def test_an_import_is_taken_back_few_of_them_at_a_time(
    home: Home, there: int, clock: FakeClock
) -> None:
    add = """INSERT INTO imports (id, batch_id, kind, source, sha256, started_at)
        VALUES (5, 'first', 'legacy', 'a.json', 'aa', 'x')"""
    change(home.database, add)
    change(home.database, "UPDATE conversations SET import_id = 5")
    with SharedFile(home) as shared:
        steps = [*Undoing(shared, "first", clock).steps()]

    assert sum(steps) == there
    assert max(steps) == 2
    # They were only marked at first, since to take each word out takes long.
    pages = rows(home.database, "SELECT block FROM conversations_fts_data")
    assert not any(b"zymurgy" in page for (page,) in pages)


@pytest.mark.parametrize("by_session", [False, True], ids=["by time", "by session"])
@pytest.mark.parametrize("asked", [{}, {"channel_ids": ("10",)}], ids=["all", "few"])
def test_few_of_them_are_held_while_they_are_read(
    home: Home, clock: FakeClock, asked: dict[str, Any], *, by_session: bool
) -> None:
    migrate(home, clock)
    store(home, (turn(f"{number} {TEXT}", after=number) for number in range(100)))
    with SharedFile(home) as shared:
        said = Transcript(shared, Criteria(**asked))
        turns = said.of_session(SessionKey("sage", "10", "s1")) if by_session else said.turns()
        read, most = held_by(each.content[:3] for each in turns)

    assert read == [f"{number} {TEXT}"[:3] for number in range(100)]
    assert most < 5 * strides.HELD_BYTES


def test_few_of_them_are_searched_in_memory_at_once(home: Home, clock: FakeClock) -> None:
    migrate(home, clock)
    store(home, (turn(f"{TEXT} last{number}", after=number) for number in range(40)))
    with SharedFile(home) as shared:
        memory, through = index_of.of_a_moment(shared.reader, 0, 5000)
        memory.close()
        found_last = Finding(shared, Criteria(), "last39").find(Order.NEWEST, 20)

    assert through == 15
    assert [each.turn.id for each in found_last] == [40]


def held_by(items: Iterable[str]) -> tuple[list[str], int]:
    """Go through them; say how many bytes were held at most meanwhile."""
    tracemalloc.start()
    try:
        return list(items), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
