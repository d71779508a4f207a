"""The kinds of values that configuration files hold, and how each may be written."""

import re
import zoneinfo
from collections.abc import Callable
from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from multibot.config.fault import looks_like_token
from multibot.config.secret import Secret
from multibot.home import RESERVED_NAMES

BOT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)", re.ASCII)
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_DELAY = re.compile(rf"\s*({_NUMBER})\s*(?:-\s*({_NUMBER})\s*)?", re.ASCII)
_WALL_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_DELAY = 300.0
_MOST_DAYS = 36_500


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bot_name(name: str) -> str:
    if not BOT_NAME.fullmatch(name):
        raise ValueError("must be a-z, 0-9, _ and -, a letter first, at most 32 characters.")
    if name in RESERVED_NAMES:
        taken = ", ".join(sorted(RESERVED_NAMES))
        raise ValueError(f"cannot be `{name}`: {taken} are taken by logs, locks and supervisorctl.")
    return name


def _id(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _ID.fullmatch(text.strip()):
        raise ValueError('must be a Discord id: digits only, as 123 or "123".')
    return text.strip()


def _pattern(pattern: str) -> str:
    pattern = _not_blank(pattern)
    if pattern.startswith("#"):
        raise ValueError("must be the channel's name without the #.")
    if looks_like_token(pattern):
        raise ValueError("holds what looks like a Discord token; its place is .env.")
    return pattern


def _duration(lowest: float, highest: float) -> Callable[[object], timedelta]:
    def read(value: object) -> timedelta:
        match = _DURATION.fullmatch(str(value).strip()) if isinstance(value, str) else None
        if match:
            seconds = float(match[1]) * _UNITS[match[2]]
        elif _is_number(value):
            seconds = float(value)  # type: ignore[arg-type]  # checked on the line above
        else:
            raise ValueError("must be seconds, or text such as 90s, 5m, 1h, 7d.")
        if not lowest <= seconds <= highest:
            raise ValueError(f"must be between {lowest:g} and {highest:g} seconds.")
        return timedelta(seconds=seconds)

    return read


def _delay(value: object) -> tuple[float, float]:
    match = _DELAY.fullmatch(value if isinstance(value, str) else str(value))
    if isinstance(value, bool) or not match:
        raise ValueError('must be a number of seconds or a range such as "1-3".')
    low = float(match[1])
    high = float(match[2]) if match[2] else low
    if low > high:
        raise ValueError("must have the smaller number first.")
    if high > _LONGEST_DELAY:
        raise ValueError(f"must be at most {_LONGEST_DELAY:g} seconds.")
    return low, high


def _days(value: object) -> int:
    # YAML reads a plain `off` as false.
    if value is False or value == "off":
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number of days, or off.")  # noqa: TRY004 - see _secret
    if not 1 <= value <= _MOST_DAYS:
        raise ValueError(f"must be between 1 and {_MOST_DAYS} days, or off.")
    return value


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; write one such as Europe/Berlin or UTC.") from None
    return name


def _wall_time(value: object) -> time:
    match = _WALL_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError('must be a time of day in quotes, such as "22:00".')
    return time(int(match[1]), int(match[2]))


def listed(value: object) -> object:
    """Turn YAML's list into the tuple that a frozen model keeps."""
    return tuple(value) if isinstance(value, list) else value


def _lines(value: object) -> object:
    return (value,) if isinstance(value, str) else listed(value)


def _secret(value: object) -> Secret:
    if not isinstance(value, str):
        raise ValueError("must be text in quotes.")  # noqa: TRY004 - pydantic collects ValueError
    return Secret(value)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank.")
    if not text.strip().isprintable():
        raise ValueError("must be one line of plain text.")
    return text.strip()


BotNameText = Annotated[str, AfterValidator(_bot_name)]
Id = Annotated[str, BeforeValidator(_id)]
IdList = Annotated[tuple[Id, ...], BeforeValidator(listed)]
Texts = Annotated[tuple[str, ...], BeforeValidator(listed)]
Lines = Annotated[tuple[str, ...], BeforeValidator(_lines)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(listed)]
Label = Annotated[str, Field(max_length=100), AfterValidator(_not_blank)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Delay = Annotated[tuple[float, float], BeforeValidator(_delay)]
Gap = Annotated[timedelta, BeforeValidator(_duration(1, 30 * 86400))]
Timeout = Annotated[timedelta, BeforeValidator(_duration(60, 30 * 86400))]
Age = Annotated[timedelta, BeforeValidator(_duration(60, 365 * 86400))]
RetentionDays = Annotated[int, BeforeValidator(_days)]
Every = Annotated[timedelta, BeforeValidator(_duration(3600, 30 * 86400))]
Drain = Annotated[timedelta, BeforeValidator(_duration(0, 300))]
StartWait = Annotated[timedelta, BeforeValidator(_duration(1, 3600))]
Jitter = Annotated[timedelta, BeforeValidator(_duration(0, 60))]
CatchupAge = Annotated[timedelta, BeforeValidator(_duration(0, 86400))]
Watchdog = Annotated[timedelta, BeforeValidator(_duration(2, 3600))]
Expiry = Annotated[timedelta, BeforeValidator(_duration(10, 86400))]
Pause = Annotated[timedelta, BeforeValidator(_duration(0, 3600))]
PairRest = Annotated[timedelta, BeforeValidator(_duration(0, 7 * 86400))]
Span = Annotated[timedelta, BeforeValidator(_duration(10, 86400))]
Zone = Annotated[str, AfterValidator(_zone)]
WallTime = Annotated[time, BeforeValidator(_wall_time)]
SecretText = Annotated[Secret, BeforeValidator(_secret)]
