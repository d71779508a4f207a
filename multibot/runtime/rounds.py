"""Speaking up where it is quiet: one bot in each round of a guild posts, or begins a conversation."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.conversation import activity, judging
from multibot.conversation.activity import Act, ChannelOption, Choice, Move, PartnerOption
from multibot.conversation.addressing import Decision, FleetMember, Reason, Verdict
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.prompt import Task
from multibot.conversation.ruling import Outcome, Ruling
from multibot.errors import StoreUnavailableError
from multibot.runtime.arbiter import Arbiter
from multibot.runtime.attention import Attention
from multibot.runtime.engine import Engine
from multibot.runtime.fellows import Fellows
from multibot.runtime.floor import Ask
from multibot.runtime.pulse import Pulse
from multibot.store.chains import Opening, place_of
from multibot.store.stores import BotStore

# Bots that look at several guilds at once do not speak in all of them at once.
LONGEST_STAGGER = timedelta(seconds=60)
STAGGER_SHARE = 15

log = structlog.get_logger(__name__)


class Guilds(Protocol):
    """What Discord shows of this bot's guilds."""

    def guild_ids(self) -> tuple[str, ...]:
        """Name the guilds that are heard just now, in order."""
        ...

    def channels(self, guild_id: str) -> Sequence[ChannelOption]:
        """Name a guild's text channels, topmost first."""
        ...


class Rounds:
    """One bot's looks at its guilds, and what it says there of its own accord."""

    def __init__(  # noqa: PLR0913 - the surroundings of one bot, wired once, by keyword
        self,
        *,
        bot: Bot,
        store: BotStore,
        guilds: Guilds,
        engine: Engine,
        fellows: Fellows,
        arbiter: Arbiter,
        attention: Attention,
        pulse: Pulse,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._bot = bot
        self._talk = bot.cross_bot.rules
        self._rules = bot.activity.rules(self._talk.pair_cooldown)
        self._store = store
        self._guilds = guilds
        self._engine = engine
        self._fellows = fellows
        self._arbiter = arbiter
        self._attention = attention
        self._pulse = pulse
        self._clock = clock
        self._chance = chance
        self._acting: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look again and again until cancelled; what is under way then is left where it is."""
        if not self._rules.enabled:
            return
        is_first = True
        await self._close_left()
        try:
            while True:
                wait = activity.wait(self._rules, self._chance.random(), is_first=is_first)
                await self._clock.sleep(wait.total_seconds())
                is_first = False
                await self.look()
        finally:
            for task in self._acting.values():
                task.cancel()

    async def _close_left(self) -> None:
        """Say of rounds that an earlier process left what came of them."""
        try:
            await self._store.activity.close_rounds()
        except StoreUnavailableError as error:
            log.warning("rounds_not_closed", error=str(error))

    async def watch(self) -> None:
        """Keep watching the guilds until cancelled."""
        if self._rules.enabled:
            await self._attention.run(self.guild_ids, self._arbiter.publish)

    def guild_ids(self) -> tuple[str, ...] | None:
        """Name the guilds that this bot hears just now and may speak in; none is not known."""
        if self._pulse.status.gateway_state != "ready":
            return None
        allowed = self._bot.limits.allowed_guild_ids
        return tuple(each for each in self._guilds.guild_ids() if not allowed or each in allowed)

    async def look(self) -> None:
        """Look at every guild once, and begin to act where it is this bot's round."""
        for guild_id in self.guild_ids() or ():
            if self._engine.is_winding_down or guild_id in self._acting:
                continue
            try:
                move = await self._move(guild_id)
            except StoreUnavailableError as error:
                # Who cannot know how quiet it is keeps quiet.
                log.warning("round_left_out", guild=guild_id, error=str(error))
                continue
            log.debug("looked", guild=guild_id, act=move.act, why=move.detail)
            if move.act is not Act.NOTHING:
                self._begin(guild_id, move)

    async def finished(self) -> None:
        """Wait until nothing is under way."""
        while self._acting:
            await asyncio.wait(set(self._acting.values()))

    async def _move(self, guild_id: str) -> Move:
        await self._attention.flush()
        reading = self._store.activity.reading(guild_id, self._rules)
        hindered = activity.consider(reading, self._rules, now=self._clock.now())
        if hindered is not None:
            return hindered
        return await self._store.activity.take_round(
            guild_id, self._rules, roll=self._chance.random()
        )

    def _begin(self, guild_id: str, move: Move) -> None:
        task = asyncio.create_task(self._act(guild_id, move), name=f"round in {guild_id}")
        self._acting[guild_id] = task
        task.add_done_callback(partial(self._ended, guild_id))

    def _ended(self, guild_id: str, task: "asyncio.Task[None]") -> None:
        del self._acting[guild_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("round_failed", guild=guild_id, exc_info=error)

    async def _act(self, guild_id: str, move: Move) -> None:
        assert move.round is not None  # noqa: S101 - only what a round was taken for is done
        longest = min(LONGEST_STAGGER, self._rules.interval / STAGGER_SHARE)
        await self._clock.sleep(longest.total_seconds() * self._chance.random())
        try:
            outcome = await self._outcome(guild_id, move)
            await self._store.activity.note(guild_id, move.round, outcome)
        except StoreUnavailableError as error:
            log.warning("round_not_noted", guild=guild_id, error=str(error))
        else:
            log.info("round", guild=guild_id, act=move.act, why=move.detail, outcome=outcome)

    async def _outcome(self, guild_id: str, move: Move) -> str:
        """Do what the round is for, and say what came of it."""
        await self._attention.flush()
        reading = self._store.activity.reading(guild_id, self._rules)
        hindered = activity.consider(reading, self._rules, now=self._clock.now())
        if hindered is not None:
            return f"not done: {hindered.detail}"
        options = [each for each in self._guilds.channels(guild_id) if self._may_use(each)]
        channel = activity.choose_channel(options, self._rules)
        if channel.chosen is None:
            return f"not done: {channel.detail}"
        name = next(each.name for each in options if each.channel_id == channel.chosen)
        occasion = self._occasion(guild_id, move, channel.chosen, name)
        where = f"in #{name} ({channel.detail})"
        # Without talk among bots there is nobody who would answer.
        if move.act is Act.CONVERSE and self._talk.enabled:
            return await self._converse(occasion, where)
        asking = partial(
            self._store.chains.post, place_of(occasion), occasion.message_id, self._talk
        )
        return f"post {where}: {await self._speak(occasion, Task.POST, asking)}"

    async def _converse(self, occasion: InboundMessage, where: str) -> str:
        fellows = {each.bot_name: each for each in self._arbiter.fellows()}
        choice = self._partner(fellows, occasion.guild_id or "")
        if choice.chosen is None:
            return f"not done: {choice.detail}"
        partner = fellows[BotName(choice.chosen)]
        occasion = _with(occasion, partner)
        opening = Opening(
            place=place_of(occasion), turn=occasion.message_id, partner=partner.bot_name
        )
        asking = partial(self._store.chains.open, opening, self._talk)
        told = f"conversation {where} with {partner.bot_name} ({choice.detail})"
        return f"{told}: {await self._speak(occasion, Task.OPEN, asking)}"

    def _partner(self, fellows: dict[BotName, FleetMember], guild_id: str) -> Choice:
        paired = self._store.chains.paired()
        options = [
            PartnerOption(
                bot_name=name,
                is_member=guild_id in self._arbiter.guilds_of(name),
                is_alive=True,
                paired_at=paired.get(name),
            )
            for name in fellows
        ]
        return activity.choose_partner(
            options, self._rules, now=self._clock.now(), roll=self._chance.random()
        )

    async def _speak(self, occasion: InboundMessage, task: Task, asking: Ask) -> str:
        refused = self._refused(occasion, task)
        if refused is not None:
            return f"not said, {refused.reason}: {refused.detail}"
        floor = self._fellows.unprompted(occasion, task, asking)
        decision = Decision(Verdict.ANSWER, Reason.ANSWERED, f"speaks up by itself: {task}")
        if not await self._store.ledger.undertake(occasion, decision):
            return "not said: done before"
        await self._engine.speak_up(occasion, floor)
        return floor.outcome or "not said: see the log"

    def _refused(self, occasion: InboundMessage, task: Task) -> Ruling | None:
        """Ask beforehand, so that nothing is made in vain; what counts is asked again."""
        exchange = self._store.chains.exchange(occasion.channel_id, self._talk)
        if task is Task.POST:
            asked = judging.judge_post(exchange, self._talk)
        else:
            asked = judging.judge_opening(exchange, self._talk, now=self._clock.now())
        return None if asked.outcome is Outcome.ANSWER else asked

    def _may_use(self, option: ChannelOption) -> bool:
        allowed = self._bot.limits.allowed_channel_ids
        return not allowed or option.channel_id in allowed

    def _occasion(self, guild_id: str, move: Move, channel_id: str, name: str) -> InboundMessage:
        me = self._pulse.member()
        return InboundMessage(
            message_id=f"round-{guild_id}-{move.round}",
            channel_id=ChannelId(channel_id),
            channel_type="channel",
            channel_name=name,
            guild_id=guild_id,
            author_id=me.user_id,
            author_name=self._pulse.display_name,
            content="Nobody has written here for a while.",
            created_at=self._pulse.world_time.now(),
        )


def _with(occasion: InboundMessage, partner: FleetMember) -> InboundMessage:
    """Make it an occasion to speak to another bot."""
    return replace(
        occasion,
        author_id=partner.user_id,
        author_name=partner.names[-1],
        author_is_bot=True,
    )
