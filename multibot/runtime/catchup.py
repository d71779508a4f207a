"""What was missed while nobody listened: read after each new gateway session, and let in first.

discord.py tells of a new session (READY) before it hands over anything of it. From that moment no
cursor moves, so that whatever happens, the next start finds again what is not stored yet.
"""

import asyncio
from collections.abc import Iterable, Sequence

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.errors import StoreUnavailableError
from multibot.runtime.amendments import Amendments
from multibot.runtime.backlog import Arrival, Backlog, Place, Source, lowest_id
from multibot.runtime.duties import Duties
from multibot.runtime.engine import Engine
from multibot.runtime.entrance import Entrance
from multibot.runtime.intake import Intake
from multibot.runtime.known import Known
from multibot.runtime.owed import RETRY_SECONDS, Owed
from multibot.runtime.pulse import Pulse
from multibot.runtime.reading import Reading
from multibot.store.cursors import Cursor, id_below, id_order, is_newer
from multibot.store.stores import BotStore

# New messages of a channel wait this long for older ones to go first, not longer.
LONGEST_WAIT_SECONDS = 10.0
# Nothing says which private conversations have news. So many are asked before any channel of a
# guild, and so many in all.
DIRECT_FIRST = 50
DIRECT_AT_MOST = 500


class CatchUp:
    """Lets messages in; after a new gateway session, those first that were missed."""

    def __init__(  # noqa: PLR0913 - the parts of one bot, wired once, by keyword
        self,
        *,
        bot: Bot,
        store: BotStore,
        engine: Engine,
        source: Source,
        pulse: Pulse,
        clock: Clock,
        duties: Duties,
    ) -> None:
        self._bot = bot
        self._cursors = store.cursors
        self._source = source
        self._clock = clock
        self._pulse, self._duties = pulse, duties
        self._entrance = Entrance(
            engine=engine,
            cursors=store.cursors,
            pulse=pulse,
            clock=clock,
            lost=self._read_again,
        )
        self._owed = Owed(pulse, clock)
        self.amendments = Amendments(bot=bot, store=store, pulse=pulse, clock=clock)
        self._intake = Intake(
            entrance=self._entrance,
            cursors=store.cursors,
            owed=self._owed,
            amendments=self.amendments,
            incidents=store.incidents,
            pulse=pulse,
        )
        self._begun: dict[str, Cursor] = {}
        self._session: list[asyncio.Task[None]] = []
        self._is_stopped = False
        self._forget_session()

    def _forget_session(self) -> None:
        self._listed: dict[str, Place] = {}
        self._known = Known()
        self._is_first = False
        self._guilds_are_here = asyncio.Event()
        self._reading = Reading(self._source, self._bot.catchup, self._pulse.world_time)

    async def live(self, arrival: Arrival) -> None:
        """Let in a message that arrives now."""
        if self._is_stopped:
            return
        self._pass_if_new_person(arrival.place)
        await self._entrance.live(arrival)

    def connected(self) -> None:
        """Begin anew with a new gateway session; call before anything of it is let in."""
        if self._is_stopped:
            return
        self._cursors.hold_all()
        self._entrance.gate.close()
        earlier = self._session
        for task in earlier:
            task.cancel()
        self._forget_session()
        works = (self._run(earlier), self._open_in_time())
        self._session = [self._duties.begin("catch-up", each) for each in works]

    def listed(self, places: Iterable[Place]) -> None:
        """Take note of a guild's channels as Discord describes them when the session begins."""
        new = []
        for place in places:
            if not place.is_allowed(self._bot.limits):
                continue
            if place.channel_id not in self._listed and self._is_listing:
                self._listed[place.channel_id] = place
                self._pass_if_quiet(place)
                new.append(place)
            elif self._guilds_are_here.is_set():
                self._look_again(place)
        if self._is_first and new:
            # At once: a bot killed a moment later has been here all the same.
            self._session.append(self._duties.begin("catch-up", self._begin_at_end(new)))

    @property
    def _is_listing(self) -> bool:
        """Say whether a place described now is one that the session begins with."""
        return self._is_first or not self._known or not self._guilds_are_here.is_set()

    def guilds_are_here(self) -> None:
        """Take note that the channels of every guild are listed."""
        self._guilds_are_here.set()

    def stop(self) -> None:
        """Let nothing more in."""
        self._is_stopped = True
        for task in self._session:
            task.cancel()

    async def _run(self, earlier: Sequence["asyncio.Task[None]"]) -> None:
        if earlier:
            await asyncio.wait(earlier)
        await self._load()
        if self._known:
            await self._catch_up()
        else:
            await self._begin_here()
        await self._read_what_is_owed()

    async def _open_in_time(self) -> None:
        await self._clock.sleep(LONGEST_WAIT_SECONDS)
        self._entrance.gate.open_all()

    async def _load(self) -> None:
        while True:
            try:
                stored = self._cursors.read()
            except StoreUnavailableError as error:
                self._pulse.store_failed(error)
                await self._clock.sleep(RETRY_SECONDS[0])
            else:
                self._known = Known((*self._begun.values(), *stored), self._bot.catchup.max_age)
                return

    async def _begin_here(self) -> None:
        """Start for the first time: what stands in the channels already is nobody's loss."""
        self._entrance.gate.open_all()
        self._cursors.hold_only(self._owed.channel_ids)
        self._is_first = True
        await self._begin_at_end(list(self._listed.values()))

    async def _begin_at_end(self, places: Iterable[Place]) -> None:
        ends = [
            Cursor(place.channel_id, place.last_message_id or place.channel_id) for place in places
        ]
        for end in ends:
            # Kept also where it cannot be written, or where a message was lost already.
            self._begun.setdefault(end.channel_id, end)
            self._known.begin(end)
        await self._intake.release(
            [each for each in ends if not self._cursors.is_held(each.channel_id)]
        )

    async def _catch_up(self) -> None:
        for place in self._listed.values():
            self._pass_if_quiet(place)
        wanted = self._known.direct_places() if self._bot.limits.allow_dms else []
        direct = [self._backlog(place) for place in wanted[:DIRECT_AT_MOST]]
        reading, intake = self._reading, self._intake
        await intake.young(reading, direct[:DIRECT_FIRST])
        await self._guilds_are_here.wait()
        missed = [self._backlog(place) for place in self._places_with_news()]
        read = [each.place.channel_id for each in (*direct, *missed)]
        self._cursors.hold_only((*read, *self._owed.channel_ids))
        young = [each for each in missed if self._may_be_answered(each)]
        self._entrance.gate.close_only(each.place.channel_id for each in (*direct, *young))
        await intake.release(self._quiet_and_unknown())
        await intake.young(reading, young, mentions_first=True)
        await intake.young(reading, direct[DIRECT_FIRST:])
        await intake.rest(reading, (*direct, *missed))
        if left_out := len(wanted) - len(direct):
            await intake.tell(f"{left_out} private conversations were not looked at", left_out)

    async def _read_what_is_owed(self) -> None:
        while True:
            async with self._owed.due() as debts:
                await self._load()
                self._reading = Reading(self._source, self._bot.catchup, self._pulse.world_time)
                backlogs = [self._backlog(debt.place, debt.since) for debt in debts]
                await self._intake.young(self._reading, backlogs)
                await self._intake.rest(self._reading, backlogs)
                await self._entrance.settle(debt.place.channel_id for debt in debts)

    def _read_again(self, arrival: Arrival) -> None:
        self._owed.add(arrival.place, id_below(arrival.message_id))

    def _look_again(self, place: Place) -> None:
        """Read a place of a guild that was away, or came late, where it has anything new."""
        known = (self._known.since(place), self._cursors.reached(place.channel_id))
        since = max(known, key=id_order)
        if place.last_message_id is not None and is_newer(place.last_message_id, since):
            self._cursors.hold(place.channel_id)
            self._owed.add(place, since)

    def _places_with_news(self) -> list[Place]:
        news = [place for place in self._listed.values() if not self._known.is_quiet(place)]
        return sorted(news, key=lambda place: id_order(place.last_message_id or ""), reverse=True)

    def _quiet_and_unknown(self) -> list[Cursor]:
        return [
            Cursor(place.channel_id, self._known.since(place))
            for place in self._listed.values()
            if self._known.is_quiet(place) and not self._known.has(place)
        ]

    def _pass_if_quiet(self, place: Place) -> None:
        """Let new messages of a place in at once where none was missed."""
        if self._known and self._known.is_quiet(place):
            self._entrance.gate.open(place.channel_id)
            if self._known.has(place):
                self._cursors.let_go(place.channel_id)

    def _pass_if_new_person(self, place: Place) -> None:
        """Let a private conversation begin at once of which nothing is known to have been missed."""
        is_waiting = self._entrance.gate.is_closed(place.channel_id)
        if place.is_dm and is_waiting and self._known and not self._known.has(place):
            self._entrance.gate.open(place.channel_id)
            self._cursors.let_go(place.channel_id)

    def _may_be_answered(self, backlog: Backlog) -> bool:
        return not is_newer(lowest_id(self._reading.oldest()), backlog.place.last_message_id or "")

    def _backlog(self, place: Place, owed_since: str | None = None) -> Backlog:
        since = self._known.since(place)
        if owed_since and (not self._known.has(place) or is_newer(since, owed_since)):
            since = owed_since
        return self._reading.of(place, since)
