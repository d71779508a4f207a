"""What people paste to mean a message: its id, or a link to it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_TIME_SHIFT = 22
# No id of Discord's is longer in this century.
_ID = r"[0-9]{1,20}"
_ONLY_ID = re.compile(_ID, re.ASCII)
_LINK = re.compile(
    rf"<?https?://(?:\w+\.)?discord(?:app)?\.com/channels/(@me|{_ID})/({_ID})/({_ID})/?>?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A message, and its channel where the link says it."""

    message_id: str
    channel_id: str | None = None


def read(text: str) -> Reference | None:
    """Read an id or a link; none when it is neither."""
    text = text.strip()
    if link := _LINK.fullmatch(text):
        return Reference(link[3], link[2])
    return Reference(text) if _ONLY_ID.fullmatch(text) else None


def written_at(message_id: str) -> datetime | None:
    """Return when Discord made an id; none for what is no id of Discord's."""
    if not _ONLY_ID.fullmatch(message_id):
        return None
    made = _DISCORD_EPOCH + timedelta(milliseconds=int(message_id) >> _TIME_SHIFT)
    # Made-up short ids lie within the first hours of the first day.
    return None if made - _DISCORD_EPOCH < timedelta(days=1) else made
