"""The file in which `up` hands a bot what only the caller's environment holds.

supervisord is started without secrets, so that no bot can see another's; a bot whose token stands
in `.env` reads it there, and needs no such file.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from multibot.config.settings import PREFIX, Settings
from multibot.errors import ConfigError
from multibot.home import Home

SETTINGS = frozenset(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
# The bot finds its home in its working directory, and its name in its command.
OWN_SETTINGS = frozenset({"MULTIBOT_HOME", "MULTIBOT_BOT", "MULTIBOT_TEST_FULL"})

_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}
_SPECIAL = re.compile(r'[\\"\a\b\f\n\r\t\v]')
# The reader takes no control character as it is, and there is no escape for the rest of them.
_UNWRITABLE = re.compile(r"[\x00-\x06\x0e-\x1f\x7f\ud800-\udfff]")


def choose(
    variables: Iterable[str], environ: Mapping[str, str], dotenv: Mapping[str, str]
) -> dict[str, str]:
    """Pick what a bot needs and would not find in `.env`."""
    settings = SETTINGS - OWN_SETTINGS
    return {
        name: environ[name]
        for name in sorted(settings.union(variables))
        if name in environ and environ[name] != dotenv.get(name)
    }


def write(home: Home, bot_name: str, variables: Mapping[str, str]) -> None:
    """Leave exactly these variables for a bot, mode 0600; no file where there are none."""
    path = home.bot_environment(bot_name)
    if not variables:
        path.unlink(missing_ok=True)
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{bot_name}-", suffix=".env", dir=home.run)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(to_dotenv(variables).encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def discard_others(home: Home, bot_names: Iterable[str]) -> None:
    """Remove what was left for bots that are no longer in the fleet."""
    wanted = {home.bot_environment(name) for name in bot_names}
    for path in set(home.run.glob("*.env")) - wanted:
        path.unlink(missing_ok=True)


def to_dotenv(variables: Mapping[str, str]) -> str:
    """Write variables so that a dotenv reader without interpolation gives back the same values."""
    return "".join(f"{name}={_quoted(name, value)}\n" for name, value in variables.items())


def _quoted(name: str, value: str) -> str:
    if _UNWRITABLE.search(value):
        raise ConfigError(
            f"the environment variable {name} holds a character that cannot be handed to a bot.",
            remedy="Set it to plain text.",
        )
    escaped = _SPECIAL.sub(lambda match: _ESCAPES[match[0]], value)
    return f'"{escaped}"'
