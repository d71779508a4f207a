"""What a bot that is no longer in the fleet has left in `data/run`."""

import fcntl
import os
from collections.abc import Collection
from pathlib import Path

from multibot.home import RESERVED_NAMES, Home


def remove(home: Home, bot_names: Collection[str]) -> None:
    """Remove the notes and locks of all but these bots; a lock that is held stays."""
    for path in home.run.glob("*.exit"):
        if path.stem not in bot_names:
            path.unlink(missing_ok=True)
    for path in home.run.glob("*.lock"):
        if path.stem not in {*bot_names, *RESERVED_NAMES}:
            _remove_free(path)


def _remove_free(lock: Path) -> None:
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.unlink(missing_ok=True)
    except BlockingIOError:
        # Its process still runs; the `up` after its end removes it.
        return
    finally:
        os.close(descriptor)
