"""Which turns are asked for, as one condition that every statement over all bots shares."""

import json
from dataclasses import dataclass
from typing import NamedTuple

# Every time that `clock.to_text` writes lies between these.
EARLIEST, LATEST = "", "~"
PEOPLE = "user"


class Place(NamedTuple):
    """One bot's side of one channel: what the indexes of turns begin with."""

    bot_name: str
    channel_id: str


class SessionKey(NamedTuple):
    """One session as the index of turns knows it."""

    bot_name: str
    channel_id: str
    session_id: str

    @property
    def place(self) -> Place:
        """Where it was held."""
        return Place(self.bot_name, self.channel_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What turns have to be like; None asks for nothing. Times are those of `clock.to_text`."""

    bot_names: tuple[str, ...] | None = None
    channel_ids: tuple[str, ...] | None = None
    user_ids: tuple[str, ...] | None = None
    session: SessionKey | None = None
    role: str | None = None
    since: str | None = None
    until: str | None = None
    # What moved a bot to speak up by itself: nobody said it.
    with_occasions: bool = False
    # Of the role of people, other bots have turns as well: these ids are theirs.
    bot_ids: tuple[str, ...] = ()

    def values(self) -> dict[str, object]:
        """Return what MATCHES needs."""
        return {
            "bots": _listed(self.bot_names),
            "channels": _listed(self.channel_ids),
            "users": _listed(self.user_ids),
            "session": self.session.session_id if self.session else None,
            "role": self.role,
            "since": self.since or EARLIEST,
            "until": self.until or LATEST,
            "with_occasions": self.with_occasions,
            "bot_ids": _listed(self.bot_ids) if self.role == PEOPLE and self.bot_ids else None,
        }

    def allows_bot(self, bot_name: str) -> bool:
        """Tell whether turns of this bot may be among them."""
        if self.session is not None and self.session.bot_name != bot_name:
            return False
        return self.bot_names is None or bot_name in self.bot_names

    @property
    def is_narrow(self) -> bool:
        """Whether channels, users or a session are asked for, which may have few turns."""
        return not (self.channel_ids is self.user_ids is self.session is None)

    @property
    def is_of_a_time(self) -> bool:
        """Whether a time is asked for."""
        return not (self.since is self.until is None)


# What is deleted on Discord has no reader.
MATCHES = """
    c.deleted_at IS NULL
    AND c.timestamp >= :since AND c.timestamp < :until
    AND (:bots IS NULL OR c.bot_name IN (SELECT value FROM json_each(:bots)))
    AND (:channels IS NULL OR c.channel_id IN (SELECT value FROM json_each(:channels)))
    AND (:users IS NULL OR c.user_id IN (SELECT value FROM json_each(:users)))
    AND (:session IS NULL OR c.session_id = :session)
    AND (c.role = :role OR :role IS NULL AND (c.role <> 'system' OR :with_occasions))
    AND (:bot_ids IS NULL OR c.user_id NOT IN (SELECT value FROM json_each(:bot_ids)))
"""


def _listed(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else json.dumps(values)
