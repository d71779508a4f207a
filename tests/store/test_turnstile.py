"""The file lock that writers of all processes wait on: one at a time, and each in its turn."""

import fcntl
import os
import struct
import threading
from pathlib import Path

import pytest

from multibot.store.connection import Turnstile
from tests.process.stand import eventually

TRIES = 50


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def waits_at(lock: Path) -> bool:
    """Say whether somebody has the place of the one who waits."""
    place = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
    with lock.open("r+b") as file:
        try:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, place)
        except BlockingIOError:
            return True
    return False


def test_nobody_gets_the_lock_again_before_the_one_who_waits(lock: Path) -> None:
    for _ in range(TRIES):
        order: list[str] = []
        busy, other = Turnstile(lock), Turnstile(lock)

        def wait(other: Turnstile = other, order: list[str] = order) -> None:
            with other:
                order.append("other")

        waiting = threading.Thread(target=wait)
        with busy:
            waiting.start()
            assert eventually(lambda: waits_at(lock))
        with busy:
            order.append("busy")
        waiting.join()
        busy.close()
        other.close()
        assert order == ["other", "busy"]


def test_the_place_is_free_while_nobody_waits(lock: Path) -> None:
    turn = Turnstile(lock)
    assert not waits_at(lock)
    with turn:
        assert not waits_at(lock)
    turn.close()


def test_closing_gives_everything_back(lock: Path) -> None:
    held, other = Turnstile(lock), Turnstile(lock)
    held.__enter__()
    held.close()
    with other:
        assert not waits_at(lock)
    other.close()
