"""What a bot sees of its guilds: how much people write in them, and that it was there to see it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from multibot.clock import Clock
from multibot.conversation.activity import ActivityRules
from multibot.conversation.message import InboundMessage
from multibot.errors import StoreUnavailableError
from multibot.store.activity import Activity, Spoken, spoken_of

# People's messages are written down together, and guilds as watched far more often than the
# longest gap.
FLUSH_SECONDS = 5.0
WATCH_SECONDS = 30.0
# While the store is away so many are kept; that is a lively guild whatever is lost.
MOST_KEPT = 10_000

log = structlog.get_logger(__name__)

# None while it is not known: a bot that is not ready has left no guild.
GuildIds = Callable[[], Sequence[str] | None]
Publish = Callable[[Sequence[str]], Awaitable[None]]


class Attention:
    """Counts people's messages for their guilds; nothing where speaking up is switched off."""

    def __init__(self, activity: Activity, rules: ActivityRules, clock: Clock) -> None:
        self._activity = activity
        self._rules = rules
        self._clock = clock
        self._spoken: list[Spoken] = []
        self._watched_at: float | None = None
        self._published: Sequence[str] | None = None

    def person_spoke(self, message: InboundMessage, age: timedelta) -> None:
        """Take note of a person's message; it is written down a little later."""
        if not self._rules.enabled or len(self._spoken) >= MOST_KEPT:
            return
        spoken = spoken_of(message, self._rules, self._clock.now(), age)
        if spoken is not None:
            self._spoken.append(spoken)

    async def flush(self) -> None:
        """Write down what was noted; it is kept where that fails."""
        spoken, self._spoken = self._spoken, []
        try:
            await self._activity.people_spoke(spoken)
        except StoreUnavailableError:
            self._spoken = [*spoken, *self._spoken]
            raise

    async def run(self, guild_ids: GuildIds, publish: Publish) -> None:
        """Keep the counts true until cancelled; `guild_ids` are those that are heard just now."""
        while True:
            try:
                await self.step(guild_ids(), publish)
            except StoreUnavailableError as error:
                log.warning("activity_not_noted", error=str(error))
            await self._clock.sleep(FLUSH_SECONDS)

    async def step(self, guild_ids: Sequence[str] | None, publish: Publish) -> None:
        """Write down what is due."""
        await self.flush()
        if guild_ids is None:
            return
        if guild_ids != self._published:
            await publish(guild_ids)
            self._published = guild_ids
            self._watched_at = None
        now = self._clock.monotonic()
        if self._watched_at is None or now - self._watched_at >= WATCH_SECONDS:
            await self._activity.watch(guild_ids, self._rules)
            self._watched_at = now
