"""The zone that times without one are read in: named on the command line, or this machine's."""

import os
import re
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from multibot.errors import UsageError

_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_LOCAL = Path("/etc/localtime")
_ZONES = "zoneinfo/"


class Zone(NamedTuple):
    """A zone and how people call it; without `info` it is this machine's, whose rules it knows."""

    name: str
    info: tzinfo | None
    is_assumed: bool = False


def named(name: str) -> Zone:
    """Find a zone: a name of the time zone database, or an offset such as +02:00."""
    if match := _OFFSET.fullmatch(name.strip()):
        sign, hours, minutes = match[1], int(match[2]), int(match[3] or 0)
        offset = timedelta(hours=hours, minutes=minutes)
        if offset < timedelta(hours=24):
            return Zone(name, timezone(-offset if sign == "-" else offset))
    try:
        return Zone(name, ZoneInfo(name.strip()))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"there is no time zone {name!r}.",
            remedy="Name one such as Europe/Berlin, UTC or +02:00.",
        ) from error


def of_machine(local: Path = _LOCAL) -> Zone:
    """Take this machine's zone, under the name that it goes by here."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name and local.is_symlink():
        _, _, name = str(local.readlink()).partition(_ZONES)
    try:
        return Zone(name, ZoneInfo(name), is_assumed=True)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Zone(name or "this machine's zone", None, is_assumed=True)
