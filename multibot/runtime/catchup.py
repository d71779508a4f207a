"""What was missed while nobody listened: read after each new gateway session, and let in first.

discord.py tells of a new session (READY) before it hands over anything of it. From that moment no
cursor moves, so that whatever happens, the next start finds again what is not stored yet.
"""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.errors import StoreUnavailableError
from multibot.runtime.backlog import Arrival, Backlog, Place, Source, lowest_id
from multibot.runtime.engine import Engine
from multibot.runtime.entrance import Entrance
from multibot.runtime.known import Known
from multibot.runtime.pulse import Pulse
from multibot.runtime.reading import Reading, batches
from multibot.store.cursors import Cursor, id_order, is_newer
from multibot.store.incidents import Kind
from multibot.store.stores import BotStore

# New messages of a channel wait this long for older ones to go first, not longer.
LONGEST_WAIT_SECONDS = 10.0
# Waits before a channel is read again whose history was not to be had, or that lost a message.
RETRY_SECONDS = (1.0, 5.0, 25.0, 120.0, 600.0)
NAMED_AT_MOST = 5

log = structlog.get_logger(__name__)


class CatchUp:
    """Lets messages in; after a new gateway session, those first that were missed."""

    def __init__(
        self,
        *,
        bot: Bot,
        store: BotStore,
        engine: Engine,
        source: Source,
        pulse: Pulse,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._cursors = store.cursors
        self._incidents = store.incidents
        self._source = source
        self._pulse = pulse
        self._clock = clock
        self._entrance = Entrance(
            engine=engine, cursors=store.cursors, pulse=pulse, lost=self._read_again
        )
        self._session: list[asyncio.Task[None]] = []
        self._is_stopped = False
        self._forget_session()

    def _forget_session(self) -> None:
        self._listed: dict[str, Place] = {}
        self._known = Known()
        self._is_first = False
        self._guilds_are_here = asyncio.Event()
        self._owed: dict[str, Place] = {}
        self._is_owing = asyncio.Event()
        self._reading = Reading(self._source, self._bot.catchup, self._clock)

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
        self._forget_session()
        self._session = [
            self._entrance.begin(self._run(earlier)),
            self._entrance.begin(self._open_in_time()),
        ]

    def listed(self, places: Iterable[Place]) -> None:
        """Take note of a guild's channels as Discord describes them when the session begins."""
        for place in places:
            if not place.is_allowed(self._bot.limits):
                continue
            if self._guilds_are_here.is_set():
                self._look_again(place)
            elif place.channel_id not in self._listed:
                self._listed[place.channel_id] = place
                self._pass_if_quiet(place)
        if self._is_first:
            # At once: a bot killed a moment later has been here all the same.
            self._session.append(self._entrance.begin(self._release(self._ends())))

    def guilds_are_here(self) -> None:
        """Take note that the channels of every guild are listed."""
        self._guilds_are_here.set()

    def stop(self) -> None:
        """Let nothing more in."""
        self._is_stopped = True
        for task in self._session:
            task.cancel()

    async def _run(self, earlier: Sequence["asyncio.Task[None]"]) -> None:
        for task in earlier:
            task.cancel()
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
                self._known = Known(self._cursors.read(), self._bot.catchup.max_age)
            except StoreUnavailableError as error:
                self._pulse.store_failed(error)
                await self._clock.sleep(RETRY_SECONDS[0])
            else:
                return

    async def _begin_here(self) -> None:
        """Start for the first time: what stands in the channels already is nobody's loss."""
        self._entrance.gate.open_all()
        self._cursors.hold_only(())
        self._is_first = True
        await self._release(self._ends())
        await self._guilds_are_here.wait()
        self._is_first = False

    def _ends(self) -> list[Cursor]:
        """Say where each listed place ends, but for those that have lost a message already."""
        return [
            Cursor(place.channel_id, place.last_message_id or place.channel_id)
            for place in self._listed.values()
            if not self._cursors.is_held(place.channel_id)
        ]

    async def _catch_up(self) -> None:
        self._pass_what_is_quiet()
        wanted = self._known.direct_places() if self._bot.limits.allow_dms else []
        direct = [self._backlog(place) for place in wanted]
        await self._take_young(direct)
        await self._guilds_are_here.wait()
        missed = [self._backlog(place) for place in self._places_with_news()]
        self._cursors.hold_only(each.place.channel_id for each in (*direct, *missed))
        young = [each for each in missed if self._may_be_answered(each)]
        self._entrance.gate.close_only(each.place.channel_id for each in (*direct, *young))
        await self._release(self._quiet_and_unknown())
        await self._take_young(young, mentions_first=True)
        await self._take_rest((*direct, *missed))

    async def _read_what_is_owed(self) -> None:
        failures = 0
        while True:
            await self._is_owing.wait()
            await self._clock.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            while self._pulse.store_is_away:
                await self._clock.sleep(RETRY_SECONDS[0])
            await self._load()
            self._reading = Reading(self._source, self._bot.catchup, self._clock)
            backlogs = [self._backlog(place) for place in self._owed.values()]
            self._owed = {}
            self._is_owing.clear()
            await self._take_young(backlogs)
            await self._take_rest(backlogs)
            # What a store that was away has cost is read as soon as that is back.
            failures = failures + 1 if self._owed and self._pulse.outage is None else 0

    async def _take_young(
        self, backlogs: Sequence[Backlog], *, mentions_first: bool = False
    ) -> None:
        """Let in what is still to be answered, and then what waits behind it."""
        for batch in batches(backlogs):
            await self._reading.young(batch)
            if not mentions_first:
                self._let_in_young(batch)
        if mentions_first:
            self._let_in_young(sorted(backlogs, key=lambda each: not each.mentions_me))

    def _let_in_young(self, backlogs: Sequence[Backlog]) -> None:
        for backlog in backlogs:
            for arrival in reversed(backlog.young):
                self._entrance.let_in(arrival)
            backlog.young.clear()
            self._entrance.gate.open(backlog.place.channel_id)

    async def _take_rest(self, backlogs: Sequence[Backlog]) -> None:
        """Note what is too old to be answered, and let the cursors move again."""
        for backlog in backlogs:
            await self._reading.rest(backlog)
            if backlog.has_failed:
                self._owe(backlog.place)
                continue
            for arrival in reversed(backlog.old):
                self._entrance.let_in(arrival, late=True)
            if backlog.place.channel_id in self._owed:
                continue
            known = (backlog.since, backlog.place.last_message_id or "", backlog.newest)
            here = Cursor(backlog.place.channel_id, max(known, key=id_order), backlog.place.is_dm)
            await self._release([here])
        await self._tell_what_is_left_out([each for each in backlogs if each.is_cut])

    async def _release(self, cursors: Sequence[Cursor]) -> None:
        try:
            await self._cursors.release(cursors)
        except StoreUnavailableError as error:
            # They move on with the next message; until then the next start reads a little again.
            self._pulse.store_failed(error)

    async def _tell_what_is_left_out(self, backlogs: Sequence[Backlog]) -> None:
        if not backlogs:
            return
        names = [each.place.name or "a private conversation" for each in backlogs[:NAMED_AT_MOST]]
        more = f" and {len(backlogs) - len(names)} more" if len(backlogs) > len(names) else ""
        detail = f"missed messages were left out in {', '.join(names)}{more}"
        log.warning("catchup_left_out", channels=len(backlogs), detail=detail)
        try:
            await self._incidents.record(Kind.CATCHUP_LEFT_OUT, detail)
        except StoreUnavailableError as error:
            self._pulse.store_failed(error)

    def _read_again(self, arrival: Arrival) -> None:
        self._owe(arrival.place)

    def _look_again(self, place: Place) -> None:
        """Read a place of a guild that was away, or came late, where it has anything new."""
        last = place.last_message_id
        if last is not None and is_newer(last, self._cursors.reached(place.channel_id)):
            self._cursors.hold(place.channel_id)
            self._owe(place)

    def _owe(self, place: Place) -> None:
        self._owed[place.channel_id] = place
        self._is_owing.set()

    def _places_with_news(self) -> list[Place]:
        news = [place for place in self._listed.values() if not self._known.is_quiet(place)]
        return sorted(news, key=lambda place: id_order(place.last_message_id or ""), reverse=True)

    def _quiet_and_unknown(self) -> list[Cursor]:
        return [
            Cursor(place.channel_id, self._known.since(place))
            for place in self._listed.values()
            if self._known.is_quiet(place) and not self._known.has(place)
        ]

    def _pass_what_is_quiet(self) -> None:
        for place in self._listed.values():
            self._pass_if_quiet(place)

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

    def _backlog(self, place: Place) -> Backlog:
        return self._reading.of(place, self._known.since(place))
