"""One command at a time may change a home's fleet."""

import fcntl
import os
from types import TracebackType
from typing import Self

from multibot.errors import LockHeldError
from multibot.home import Home


class ChangeLock:
    """Held while a command changes the fleet; a second command is refused, it does not wait.

    With `shared`, several commands that only stop or restart bots may hold it side by side.
    """

    def __init__(self, home: Home, *, shared: bool = False) -> None:
        self._path = home.up_lock
        self._kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, self._kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise LockHeldError(
                "another multibot command is changing this fleet just now.",
                where=str(self._path),
                remedy="Wait until it is done, then run this again.",
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def share(self) -> None:
        """Let others stop or restart bots while this command only watches."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
