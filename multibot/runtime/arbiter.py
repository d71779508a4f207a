"""Which candidate answers: each waits by its rank, then claims the message in the shared file."""

import asyncio
import contextlib
import math
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot, Fleet
from multibot.conversation import addressing, ranking
from multibot.conversation.addressing import Decision, FleetMember, Reason, Verdict
from multibot.conversation.message import BotName, InboundMessage
from multibot.errors import StoreUnavailableError
from multibot.store.claims import Claim
from multibot.store.fleet import Peer, Profile
from multibot.store.stores import BotStore

log = structlog.get_logger(__name__)

CLAIM_LEASE = timedelta(seconds=60)
RENEW_SECONDS = 20.0
# A bot whose last heartbeat is older is not waited for.
ALIVE_WITHIN = timedelta(seconds=20)
# A bot that was here a moment ago is spoken to by name, whether or not our own file knows it.
LISTENING_WITHIN = timedelta(seconds=60)
# A bot that is down is still the one a message to it was meant for.
EVER = timedelta(days=36500)
PEERS_FRESH_SECONDS = 2.0
STAND_BACK_SECONDS = 600.0


class Arbiter:
    """Settles with the other bots of the fleet who answers a message in a shared channel."""

    def __init__(
        self, *, bot: Bot, fleet: Fleet, store: BotStore, clock: Clock, chance: random.Random
    ) -> None:
        self._bot = bot
        self._fleet = fleet
        self._store = store
        self._clock = clock
        self._chance = chance
        self._peers: list[FleetMember] | None = None
        self._peers_read_at = 0.0
        self._mute_until: dict[str, float] = {}
        self._fellows: dict[BotName, Peer] = {}
        self._fellow_members: tuple[FleetMember, ...] = ()
        self._fellows_read_at = -math.inf

    def stand_back(self, channel_id: str) -> None:
        """Leave a channel where Discord lets this bot not speak to the others for a while."""
        self._mute_until[channel_id] = self._clock.monotonic() + STAND_BACK_SECONDS

    def is_standing_back(self, channel_id: str) -> bool:
        """Say whether this bot leaves a channel to the others just now."""
        return self._mute_until.get(channel_id, -math.inf) > self._clock.monotonic()

    def consider(self, message: InboundMessage, decision: Decision) -> Decision:
        """Make a candidate pass where it may not speak, or by chance."""
        if decision.verdict is not Verdict.CANDIDATE:
            return decision
        if self.is_standing_back(message.channel_id):
            return Decision(Verdict.NO, Reason.FAILED, "may not speak in this channel")
        return self._roll(decision)

    def _roll(self, decision: Decision) -> Decision:
        """Let `response_probability` make a candidate pass."""
        if self._bot.response_probability >= 1:
            return decision
        roll = self._chance.random()
        if roll < self._bot.response_probability:
            return decision
        detail = f"rolled {roll:.2f}, answers below {self._bot.response_probability:.2f}"
        return Decision(Verdict.NO, Reason.CHANCE, detail)

    async def contend(self, message: InboundMessage) -> Claim:
        """Wait this bot's turn by rank, then try to claim the message."""
        await self._clock.sleep(self._rank(message) * ranking.CLAIM_STEP_SECONDS)
        return await self._store.ledger.claim(
            message,
            slots=self._bot.answers_per_message,
            lease=CLAIM_LEASE,
            per_minute=self._bot.limits.max_requests_per_minute,
        )

    @contextlib.asynccontextmanager
    async def holding(self, message: InboundMessage) -> AsyncIterator[None]:
        """Keep the claim alive while the answer is being made."""
        task = asyncio.create_task(self._renew(message))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _renew(self, message: InboundMessage) -> None:
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            try:
                await self._store.ledger.renew(message.message_id, CLAIM_LEASE)
            except StoreUnavailableError as error:
                log.warning("claim_not_renewed", error=str(error))

    def peers(self) -> list[FleetMember]:
        """Name the other bots: those that run say themselves who they are and where they listen."""
        now = self._clock.monotonic()
        if self._peers is None or now - self._peers_read_at >= PEERS_FRESH_SECONDS:
            known = {each.bot_name: _member(each) for each in self._store.fleet.alive(EVER)}
            listening = {each.bot_name for each in self._store.fleet.alive(LISTENING_WITHIN)}
            listening.update(bot.name for bot in self._fleet.enabled)
            configured = {bot.name: _configured(bot) for bot in self._fleet.bots}
            self._peers = [
                each if name in listening else replace(each, patterns=())
                for name, each in (configured | known).items()
                if name != self._bot.name
            ]
            self._peers_read_at = now
        return self._peers

    def fellows(self) -> tuple[FleetMember, ...]:
        """Name the other bots that are alive: those that count for talk among bots."""
        self._alive()
        return self._fellow_members

    def guilds_of(self, bot_name: BotName) -> tuple[str, ...]:
        """Name the guilds that another bot says it is a member of."""
        known = self._alive().get(bot_name)
        return () if known is None else known.profile.guild_ids

    async def publish(self, guild_ids: Sequence[str] = ()) -> None:
        """Tell the other bots who this one is, and where, as far as they need to know."""
        said = replace(profile(self._bot), guild_ids=tuple(guild_ids))
        await self._store.fleet.publish(said)

    def _alive(self) -> Mapping[BotName, Peer]:
        now = self._clock.monotonic()
        if now - self._fellows_read_at >= PEERS_FRESH_SECONDS:
            alive = self._store.fleet.alive(LISTENING_WITHIN)
            self._fellows = {
                each.bot_name: each for each in alive if each.bot_name != self._bot.name
            }
            self._fellow_members = tuple(_member(each) for each in self._fellows.values())
            self._fellows_read_at = now
        return self._fellows

    def _rank(self, message: InboundMessage) -> int:
        since = self._clock.now() - self._bot.storage.session_gap
        last = self._store.ledger.last_answerer(message.channel_id, message.author_id, since)
        return ranking.rank(self._bot.name, self._candidates(message), message, last)

    def _candidates(self, message: InboundMessage) -> list[ranking.Candidate]:
        alive = {each.bot_name: each.profile for each in self._store.fleet.alive(ALIVE_WITHIN)}
        return [
            ranking.Candidate(bot_name=name, priority=each.priority, topics=each.topics)
            for name, each in (alive | {self._bot.name: profile(self._bot)}).items()
            if addressing.matches(each.patterns, message.routing_name)
        ]


def profile(bot: Bot) -> Profile:
    """Say of a bot what the others need to know."""
    return Profile(
        names=(bot.name, bot.persona.name),
        patterns=bot.channels,
        priority=bot.priority,
        topics=(*bot.persona.preferred_topics, *bot.persona.engagement_triggers),
        retention_days=bot.storage.retention_days,
    )


def _configured(bot: Bot) -> FleetMember:
    names = profile(bot).names
    return FleetMember(bot_name=bot.name, user_id="", names=names, patterns=bot.channels)


def _member(peer: Peer) -> FleetMember:
    return FleetMember(
        bot_name=peer.bot_name,
        user_id=peer.user_id,
        names=(peer.bot_name, *peer.profile.names, peer.display_name),
        patterns=peer.profile.patterns,
    )
