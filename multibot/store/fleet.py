"""What one bot says of itself, and what it can know of the others."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from multibot.clock import Clock, to_text
from multibot.conversation.message import BotName
from multibot.store import connection, statements
from multibot.store.envelope import storable
from multibot.store.status import COLUMNS, BotStatus
from multibot.store.transaction import Durability
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a bot says of itself: its names, where it listens, its rank, what it likes to talk of.

    And for how many days it keeps what was said, 0 where for good; and of which guilds it is a
    member, where others ask for that.
    """

    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    priority: int = 0
    topics: tuple[str, ...] = ()
    retention_days: int = 0
    guild_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """A bot of the fleet as Discord knows it; the asking bot is one too."""

    bot_name: BotName
    user_id: str
    display_name: str
    profile: Profile = Profile()


class Fleet:
    """The fleet's table of bots, with this one's own row to write."""

    def __init__(
        self,
        bot_name: BotName,
        clock: Clock,
        *,
        reader: "sqlite.Connection",
        writer: Writer,
        path: Path,
    ) -> None:
        self._bot_name = bot_name
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._path = path
        self._sql = statements.load()

    async def report(self, status: BotStatus) -> None:
        """Write this bot's own row."""
        values = {name: _plain(getattr(status, name)) for name in COLUMNS}
        values["bot_name"] = self._bot_name
        await self._writer.run(
            lambda writing: self._sql.report_status(writing, **values), Durability.SOFT
        )

    def alive(self, max_age: timedelta) -> tuple[Peer, ...]:
        """Return every bot whose heartbeat is not older than this, by name."""
        now = self._clock.now()
        with connection.errors_of(self._path):
            rows = list(
                self._sql.peers_since(
                    self._reader, since=to_text(now - max_age), latest=to_text(now + max_age)
                )
            )
        return tuple(
            Peer(BotName(name), user, shown or name, _profile(profile))
            for name, user, shown, profile in rows
        )

    def retention(self) -> dict[str, int]:
        """Say of every bot that ever started for how many days it keeps what was said."""
        with connection.errors_of(self._path):
            rows = list(self._sql.profiles(self._reader))
        return {name: _profile(profile).retention_days for name, profile in rows}

    async def publish(self, profile: Profile) -> None:
        """Tell the others about this bot."""
        body = orjson.dumps(asdict(profile)).decode()

        def job(writing: "sqlite.Connection") -> None:
            at = to_text(self._clock.now())
            self._sql.publish_profile(writing, bot_name=self._bot_name, profile=body, at=at)

        await self._writer.run(job)


def _profile(text: str | None) -> Profile:
    if text is None:
        return Profile()
    said = orjson.loads(text)
    return Profile(
        names=tuple(said["names"]),
        patterns=tuple(said["patterns"]),
        priority=said["priority"],
        topics=tuple(said["topics"]),
        # One that started before there was such a thing keeps everything.
        retention_days=said.get("retention_days", 0),
        guild_ids=tuple(said.get("guild_ids", ())),
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return to_text(value)
    return storable(value) if isinstance(value, str) else value
