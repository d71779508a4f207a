"""The file lock that writers of all processes wait on: one at a time, and each in its turn."""

import fcntl
import os
import struct
import threading
from pathlib import Path

import pytest

from multibot.store.connection import PLACES, Turnstile
from tests.process.stand import eventually

TRIES = 20


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def waiting(lock: Path) -> int:
    """Count the places that are taken."""
    return sum(_is_taken(lock, place) for place in range(PLACES))


def _is_taken(lock: Path, place: int) -> bool:
    wanted = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
    with lock.open("r+b") as file:
        try:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, wanted)
        except BlockingIOError:
            return True
    return False


def test_nobody_gets_the_lock_again_before_those_who_wait(lock: Path) -> None:
    for _ in range(TRIES):
        order: list[str] = []
        busy, *others = (Turnstile(lock) for _ in range(PLACES + 1))

        def wait(name: str, turn: Turnstile, order: list[str] = order) -> None:
            with turn:
                order.append(name)

        threads: list[threading.Thread] = []
        with busy:
            for number, turn in enumerate(others, 1):
                threads.append(threading.Thread(target=wait, args=(str(number), turn)))
                threads[-1].start()
                assert eventually(lambda number=number: waiting(lock) == number)  # type: ignore[misc]
        with busy:
            order.append("busy")
        for thread in threads:
            thread.join()
        for turn in (busy, *others):
            turn.close()
        assert order == ["1", "2", "busy"]


def test_the_places_are_free_while_nobody_waits(lock: Path) -> None:
    turn = Turnstile(lock)
    assert waiting(lock) == 0
    with turn:
        assert waiting(lock) == 0
    turn.close()


def test_closing_gives_everything_back(lock: Path) -> None:
    held, other = Turnstile(lock), Turnstile(lock)
    held.__enter__()
    held.close()
    with other:
        assert waiting(lock) == 0
    other.close()
