"""Bots kept from running while a command replaces what they would write to."""

import contextlib
from collections.abc import Iterator

from multibot.errors import LockHeldError, NotRunningError, TemporaryError, UsageError
from multibot.home import RESERVED_NAMES, Home
from multibot.runtime.care import LifeLock
from multibot.supervise import conf
from multibot.supervise.control import ALIVE, Control
from multibot.supervise.lock import ChangeLock


@contextlib.contextmanager
def all_bots(home: Home) -> Iterator[None]:
    """Refuse while anything of the fleet runs; nothing of it can start until the context ends."""
    with _held(home):
        if Control(home).alive():
            raise TemporaryError("the fleet runs.", remedy="Stop it first: `multibot down`.")
        locks = {path.stem for path in home.run.glob("*.lock")}
        with _lives(home, {*conf.known_programs(home), *locks} - RESERVED_NAMES):
            yield


@contextlib.contextmanager
def one_bot(home: Home, bot_name: str) -> Iterator[None]:
    """Refuse while this bot runs; it does not begin its work until the context ends."""
    from multibot.config.field import BOT_NAME

    if not BOT_NAME.fullmatch(bot_name) or bot_name in RESERVED_NAMES:
        raise UsageError(f"no bot can be named {bot_name!r}.")
    with _held(home):
        with contextlib.suppress(NotRunningError):
            process = Control(home).processes().get(bot_name)
            if process is not None and process.state in ALIVE:
                raise _runs(bot_name)
        with _lives(home, {bot_name}):
            yield


@contextlib.contextmanager
def _held(home: Home) -> Iterator[None]:
    home.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ChangeLock(home):
        yield


@contextlib.contextmanager
def _lives(home: Home, bot_names: set[str]) -> Iterator[None]:
    with contextlib.ExitStack() as taken:
        for bot_name in sorted(bot_names):
            lock = LifeLock(home.bot_lock(bot_name))
            try:
                lock.take()
            except LockHeldError as error:
                raise _runs(bot_name) from error
            taken.callback(lock.release)
        yield


def _runs(bot_name: str) -> TemporaryError:
    return TemporaryError(f"{bot_name} runs.", remedy=f"Stop it first: `multibot down {bot_name}`.")
