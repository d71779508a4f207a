"""What bots leave behind when they are taken out of the fleet."""

import fcntl

import pytest

from multibot.home import Home
from multibot.supervise import leftovers


@pytest.fixture
def used(home: Home) -> Home:
    home.run.mkdir(parents=True)
    for name in ("sage", "gone"):
        home.bot_lock(name).touch()
        home.bot_exit(name).touch()
    home.up_lock.touch()
    return home


def names(home: Home) -> set[str]:
    return {path.name for path in home.run.iterdir()}


def test_only_the_files_of_bots_that_are_gone_are_removed(used: Home) -> None:
    leftovers.remove(used, {"sage"})

    assert names(used) == {"sage.lock", "sage.exit", "up.lock"}


def test_a_lock_that_is_held_stays(used: Home) -> None:
    """Removed, its name could be locked a second time."""
    with used.bot_lock("gone").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        leftovers.remove(used, {"sage"})

    assert "gone.lock" in names(used)
    assert "gone.exit" not in names(used)
