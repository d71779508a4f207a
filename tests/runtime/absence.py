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
    # So many messages that were seen before come with the oldest new one, as on its page.
    seen_too: int = 0
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
        arrival = arriving(where, replace(said, **changes))
        self.posted.setdefault(where.channel_id, []).append(arrival)
        return arrival

    async def edit(self, arrival: Arrival, content: str) -> InboundMessage:
        """Give a message another text, now, as the person who wrote it."""
        said = replace(await arrival.read(), content=content, edited_at=self.clock.now())
        posted = self.posted[arrival.channel_id]
        posted[posted.index(arrival)] = arriving(arrival.place, said)
        return said

    def delete(self, *arrivals: Arrival) -> list[str]:
        """Remove messages; return their ids."""
        gone = [arrival.message_id for arrival in arrivals]
        for posted in self.posted.values():
            posted[:] = [each for each in posted if each.message_id not in gone]
        return gone

    def own(self, where: Place, sent_id: str) -> None:
        """Let an answer of the bot stand where it was posted."""
        said = InboundMessage(
            message_id=sent_id,
            channel_id=ChannelId(where.channel_id),
            channel_type="channel",
            author_id=ME,
            author_name="Sage",
            content="an answer",
            created_at=self.clock.now(),
        )
        self.posted[where.channel_id].append(arriving(where, said))
        self.posted[where.channel_id].sort(key=lambda each: int(each.message_id))

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
        more = self.seen_too
        for arrival in reversed(list(self.posted.get(place.channel_id, ()))):
            if int(arrival.message_id) <= int(after):
                if not more:
                    return
                more -= 1
            yield arrival
            if self.failures:
                self.failures -= 1
                raise HistoryUnreachableError("503")


def arriving(where: Place, said: InboundMessage) -> Arrival:
    """Let a message come in as the client does."""

    async def read() -> InboundMessage:
        return said

    return Arrival(
        message_id=said.message_id,
        place=where,
        author_id=said.author_id,
        created_at=said.created_at,
        read=read,
        is_own=said.author_id == ME,
        mentions_me=ME in said.mentioned_ids,
        edited=said if said.edited_at and said.author_id != ME else None,
    )


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
