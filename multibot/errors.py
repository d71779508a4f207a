"""Every error multibot raises on purpose, and the exit code each one means.

MultibotError
├── PermanentError      78: a person has to change something before a retry makes sense
│   ├── ConfigError         the files or the environment
│   ├── SchemaError         the database file and the code do not fit
│   └── TokenError          Discord refuses the token or its intents
├── TemporaryError      75: try again later
│   ├── LockHeldError       another process has the lock
│   └── StoreUnavailableError  the shared file cannot be written just now
├── NotRunningError      4: no supervisord answers
└── UsageError           2: the command line asks for something that is not there
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a process says to its parent when it ends."""

    OK = 0
    BUG = 1
    USAGE = 2
    PARTIAL = 3
    NOT_RUNNING = 4
    WATCHDOG = 70
    TEMPORARY = 75
    PERMANENT = 78


class MultibotError(Exception):
    """Something went wrong."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(
        self, what: str | None = None, *, where: str | None = None, remedy: str | None = None
    ) -> None:
        self.what = what or (type(self).__doc__ or "").strip().splitlines()[0]
        self.where = where
        self.remedy = remedy
        super().__init__(self.what)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        if not self.remedy:
            return f"{place}{self.what}"
        stop = "" if self.what.endswith((".", "!", "?", ":")) else "."
        return f"{place}{self.what}{stop} {self.remedy}"


class PermanentError(MultibotError):
    """This will not work until somebody changes something."""

    exit_code = ExitCode.PERMANENT


class ConfigError(PermanentError):
    """The configuration has faults; run `multibot check`."""


class SchemaError(PermanentError):
    """The database schema does not fit this version of multibot; run `multibot db migrate`."""


class TokenError(PermanentError):
    """Discord refuses this bot's token or its intents."""


class TemporaryError(MultibotError):
    """This does not work just now; try again later."""

    exit_code = ExitCode.TEMPORARY


class LockHeldError(TemporaryError):
    """Another process holds the lock."""


class StoreUnavailableError(TemporaryError):
    """The shared database cannot be written just now."""


class NotRunningError(MultibotError):
    """No supervisord is running here; start it with `multibot up`."""

    exit_code = ExitCode.NOT_RUNNING


class UsageError(MultibotError):
    """The command line names something that does not exist."""

    exit_code = ExitCode.USAGE
