"""How much an import holds, writes and moves at once: every bot waits for each of its steps."""

import contextlib

from multibot.conversation.past import PastTurn
from multibot.store import connection
from multibot.store.archive.imports import Writing
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.undoing import Undoing
from tests.importing.past import BATCH, FILES, Ticking, placed
from tests.store.material import rows


def test_long_texts_take_more_steps_forth_and_back(
    shared: SharedFile, turns: list[PastTurn]
) -> None:
    long = [turn._replace(content="word " * 40_000) for turn in turns[:8]]
    # The clock is asked before each text and the third look says that the time is up.
    writing = Writing(shared, BATCH, FILES, Ticking(0.006))
    steps = [*writing.write(placed(long))]
    writing.finish()

    assert sum(steps) == 8
    held = [len(text) for (text,) in rows(shared.path, "SELECT content FROM conversations")]
    assert held == [200_000] * 8
    undone = [*Undoing(shared, "first", Ticking(0.02)).steps()]
    assert max(undone) == 1
    assert sum(undone) == 8


def test_what_is_written_is_moved_into_the_file_in_pieces(
    shared: SharedFile, turns: list[PastTurn]
) -> None:
    """In smaller ones from where somebody else is seen to write, who would have to move it."""
    moved: list[int] = []

    def move() -> None:
        moved.append(rows(shared.path, "SELECT count(*) FROM conversations")[0][0])

    long = [turn._replace(content="w" * 200_000) for turn in turns]
    writing = Writing(shared, BATCH, FILES, Ticking(1.0), move)
    steps = writing.write(placed(long))
    assert next(steps) == 21
    assert moved == [21]
    with contextlib.closing(connection.open_writer(shared.path)) as other:
        other.execute("INSERT INTO watermarks (name, value) VALUES ('other', 1)")
    next(steps)
    assert moved == [21, 27, 33, 39]


def test_few_long_texts_are_held_at_once(shared: SharedFile, turns: list[PastTurn]) -> None:
    long = [turn._replace(content="w" * 200_000) for turn in turns[:60]]

    steps = [*Writing(shared, BATCH, FILES, Ticking(0.0)).write(placed(long))]

    assert sum(steps) == 60
    assert max(steps) == 21
