"""A Discord that goes on while the bot is away: channels, histories, and what a gateway says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sqlite_utils

from multibot.conversation.message import ChannelId, InboundMessage
from multibot.home import Home
from multibot.runtime.backlog import (
    Arrival,
    HistoryHiddenError,
    HistoryUnreachableError,
    Place,
    lowest_id,
)
from multibot.runtime.catchup import CatchUp
from multibot.runtime.duties import Duties
from tests.fakes import FakeClock
from tests.runtime import world
from tests.runtime.world import Cast

ME = "900"


def place(channel_id: str, name: str = "philosophy", **changes: Any) -> Place:
    return replace(Place(channel_id=channel_id, name=name, guild_id="1"), **changes)


LOUNGE = place("10")
CREATIVE = place("20", "creative")
DIRECT = Place(channel_id="77")


@dataclass
class Past:
    """Every message there is, by channel; gives histories as Discord does, and fails when told."""

    clock: FakeClock
    posted: dict[str, list[Arrival]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    failures: int = 0
    hold: asyncio.Event | None = None
    _count: int = 0

    def post(self, where: Place, content: str = "hello", **changes: Any) -> Arrival:
        """Post as a person, now."""
        self._count += 1
        # As on Discord: an id is the time, then a number.
        id_ = str(int(lowest_id(self.clock.now())) + self._count)
        said = InboundMessage(
            message_id=id_,
            channel_id=ChannelId(where.channel_id),
            channel_type="dm" if where.is_dm else "channel",
            channel_name=where.name,
            guild_id=where.guild_id,
            author_id=f"5{self._count}",
            author_name="Ada",
            content=content,
            created_at=self.clock.now(),
        )
        said = replace(said, **changes)

        async def read() -> InboundMessage:
            return said

        arrival = Arrival(
            message_id=id_,
            place=where,
            author_id=said.author_id,
            created_at=said.created_at,
            read=read,
            is_own=said.author_id == ME,
            mentions_me=ME in said.mentioned_ids,
        )
        self.posted.setdefault(where.channel_id, []).append(arrival)
        return arrival

    def now(self, *places: Place) -> Iterator[Place]:
        """Describe channels as GUILD_CREATE does."""
        for each in places:
            posted = self.posted.get(each.channel_id)
            yield replace(each, last_message_id=posted[-1].message_id if posted else None)

    async def history(self, place: Place, after: str) -> AsyncIterator[Arrival]:
        self.asked.append((place.channel_id, after))
        if self.hold is not None:
            await self.hold.wait()
        if place.channel_id in self.hidden:
            raise HistoryHiddenError("403")
        for arrival in reversed(list(self.posted.get(place.channel_id, ()))):
            if int(arrival.message_id) <= int(after):
                return
            yield arrival
            if self.failures:
                self.failures -= 1
                raise HistoryUnreachableError("503")


@dataclass
class Life:
    """One process of the bot, from its start to its end."""

    home: Home
    cast: Cast
    catchup: CatchUp
    past: Past
    clock: FakeClock
    _live: list["asyncio.Task[None]"] = field(default_factory=list)

    def hears(self, arrival: Arrival) -> None:
        """Hand over a live message as the client does: in a task of its own."""
        self._live.append(asyncio.create_task(self.catchup.live(arrival)))

    async def ready(self, *places: Place) -> None:
        """Begin a gateway session, and wait until nothing more happens."""
        self.catchup.connected()
        self.catchup.listed(self.past.now(*places))
        self.catchup.guilds_are_here()
        await self.rest()

    async def rest(self) -> None:
        """Let happen what can; a few seconds pass on the clock."""
        await world.finish_some(self.clock, rounds=16)

    def decisions(self) -> dict[str, tuple[str, str]]:
        """Return state and reason of every message in the inbox."""
        found = world.rows(self.home, "SELECT message_id, state, reason FROM inbox")
        return {row["message_id"]: (row["state"], row["reason"]) for row in found}

    def cursors(self) -> dict[str, str]:
        return {each.channel_id: each.last_seen for each in self.cast.store.cursors.read()}

    @property
    def texts(self) -> list[str]:
        return self.cast.delivery.texts


@contextlib.asynccontextmanager
async def life(home: Home, past: Past, **changes: Any) -> AsyncIterator[Life]:
    """Start the bot; at the end it is gone as after a kill."""
    clock = past.clock
    async with world.cast(home, clock, world.bot("sage", **changes)) as (sage,):
        catchup = CatchUp(
            bot=sage.bot,
            store=sage.store,
            engine=sage.engine,
            source=past,
            pulse=sage.pulse,
            clock=clock,
            duties=Duties(),
        )
        one = Life(home, sage, catchup, past, clock)
        try:
            yield one
        finally:
            catchup.stop()
            await asyncio.gather(*one._live, return_exceptions=True)
            await one.rest()


def incidents(home: Home) -> list[tuple[str, str]]:
    database = sqlite_utils.Database(home.database)
    try:
        return [(row["kind"], row["detail"]) for row in database["incidents"].rows]
    finally:
        database.close()


async def first_life(home: Home, past: Past, *places: Place) -> None:
    """Let the bot run once, hear one message in each place, and go."""
    async with life(home, past) as sage:
        await sage.ready(*(each for each in places if not each.is_dm))
        for each in places:
            sage.hears(past.post(each, "first"))
        await sage.rest()
    past.clock.tick(60)
    past.asked.clear()
