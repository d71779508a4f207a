"""What others do while a copy is put back whole, or had begun before."""

import fcntl
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from multibot.errors import LockHeldError, StoreUnavailableError
from multibot.home import Home
from multibot.store.archive import batches, forgetting
from multibot.store.archive.forget import Scope
from multibot.store.archive.restore import restore
from multibot.store.archive.shared import SharedFile
from multibot.store.transaction import Durability, Job
from tests.fakes import FakeClock
from tests.store.copies import OpenBot, count, sessions
from tests.store.material import ANSWER, message


class CutOffError(Exception):
    """Stands for kill -9: nothing after it is done."""


def cut_off_after(write: Callable[..., Any], jobs: int) -> forgetting.Write:
    left = iter(range(jobs))

    def some(job: Job[Any], durability: Durability) -> Any:
        if next(left, None) is None:
            raise CutOffError
        return write(job, durability)

    return some


async def test_whom_a_kill_left_half_forgotten_is_not_carried_over(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    store = open_bot()
    await store.ledger.receive(message("secret", message_id="77"), ANSWER, per_minute=10)
    await store.close()
    clock.tick(60)
    with SharedFile(home) as shared, pytest.raises(CutOffError):
        forgetting.forget(home, Scope(user_id="7"), clock, cut_off_after(shared.write, 1))
    assert count(home.database, "inbox", "user_id = '7'") == 6

    restore(home, clock, older)

    assert count(home.database, "inbox", "user_id = '7'") == 0
    assert count(home.database, "outbox") == 0
    assert b"secret" not in home.database.read_bytes()


class WatchingClock(FakeClock):
    """Is asked for the time when what was there is about to be kept."""

    def __init__(self, lock: Path) -> None:
        super().__init__()
        self.is_held: list[bool] = []
        self._lock = lock

    def now(self) -> datetime:
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.is_held.append(True)
            else:
                self.is_held.append(False)
        return super().now()


def test_other_commands_do_not_write_between_the_kept_copy_and_the_new_file(
    home: Home, older: Path
) -> None:
    clock = WatchingClock(home.database_lock)

    restore(home, clock, older)

    assert clock.is_held
    assert all(clock.is_held)


def test_no_import_runs_meanwhile(home: Home, older: Path, clock: FakeClock) -> None:
    with batches.alone(home), pytest.raises(LockHeldError, match="another import"):
        restore(home, clock, older)


def test_a_command_that_has_read_the_old_file_does_not_write_into_the_new_one(
    home: Home, older: Path, tmp_path: Path
) -> None:
    with SharedFile(home) as shared:
        other = tmp_path / "other.db"
        shutil.copyfile(older, other)
        other.replace(home.database)
        with pytest.raises(StoreUnavailableError, match="replaced meanwhile"):
            shared.write(lambda writer: writer.execute("DELETE FROM sessions"))
    assert sessions(home.database) == sessions(older) != []
