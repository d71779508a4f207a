"""Row 27: writers of the shared file are killed with -9. What was acknowledged is in the file."""

import functools
from collections.abc import Iterable
from pathlib import Path

import pytest

from multibot.home import Home
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.faults import accounts, book, crowd, nursery
from tests.process.stand import eventually

WRITERS = 4
ROUNDS = book.times(250, 6)
LANES = 3
SEED = 27


def all_began(logs: Iterable[Path]) -> bool:
    return all(accounts.acknowledged(log) for log in logs)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_killed_writer_loses_nothing_it_acknowledged(
    home: Home, clock: FakeClock, tmp_path: Path
) -> None:
    migrate(home, clock)
    dice = crowd.dice(SEED)
    steps = 0
    with nursery.opened() as writers:
        for round_ in range(ROUNDS):
            logs = {f"bot{round_}-{n}": tmp_path / f"{round_}-{n}.log" for n in range(WRITERS)}
            children = [
                writers.start(act="write", home=home.root, bot=bot, log=log, lanes=LANES, count=0)
                for bot, log in logs.items()
            ]
            assert eventually(functools.partial(all_began, logs.values()))
            for child in children:
                eventually(lambda: False, dice.uniform(0.0, 0.15))
                child.kill()
                child.wait()
            assert accounts.is_whole(home.database)
            for bot, log in logs.items():
                noted = accounts.acknowledged(log)
                assert noted - accounts.stored(home.database, bot) == set()
                steps += len(noted)
                log.unlink()
    assert accounts.halves(home.database) == [0] * len(accounts.HALVES)
    assert accounts.is_whole(home.database, "integrity_check")
    book.note(
        book.Entry(
            row=27,
            fault="writers of the store killed with kill -9",
            count=ROUNDS * WRITERS,
            unit="kills",
            result="acknowledged = present, quick_check ok each round, no half transaction",
            seed=SEED,
            figures={"writers at once": WRITERS, "acknowledged writes": steps},
        )
    )
