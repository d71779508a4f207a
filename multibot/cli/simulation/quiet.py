"""Speaking up where it is quiet, as the running bots do it: looks, rounds, openers and posts."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from multibot.cli.simulation.actor import Actor
from multibot.cli.simulation.record import Kind
from multibot.cli.simulation.town import Guild
from multibot.conversation import activity
from multibot.conversation.activity import Act, Level, Move, PartnerOption
from multibot.conversation.message import ChannelId, InboundMessage
from multibot.conversation.ruling import Outcome, Ruling
from multibot.store.chains import Opening, place_of

WATCH_SECONDS = 60.0
LONGEST_STAGGER = timedelta(seconds=60)
STAGGER_SHARE = 15
# A fleet is started together, and its processes are up one after the other.
START_SECONDS = 5.0


class Quiet:
    """One bot's looks at its guilds."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._agenda = actor.town.agenda
        self._rules = actor.activity

    def begin(self) -> None:
        """Start watching, and look for the first time a little later."""
        if not self._rules.enabled:
            return
        started = self._actor.chance.uniform(0, START_SECONDS)
        self._agenda.after(started, self._watch)
        first = activity.wait(self._rules, 0.0, is_first=True).total_seconds()
        self._agenda.after(started + first, self._look)

    async def _watch(self) -> None:
        await self._actor.store.activity.watch(self._actor.town.guilds, self._rules)
        self._agenda.after(WATCH_SECONDS, self._watch)

    async def _look(self) -> None:
        for guild in self._actor.town.guilds.values():
            await self._look_at(guild)
        roll = self._actor.chance.random()
        self._agenda.after(activity.wait(self._rules, roll).total_seconds(), self._look)

    async def _look_at(self, guild: Guild) -> None:
        hindered = self._hindered(guild)
        guild.diary.levels[_kind_of(hindered)] += 1
        if hindered is not None:
            return
        move = await self._actor.store.activity.take_round(
            guild.guild_id, self._rules, roll=self._actor.chance.random()
        )
        if move.round is None:
            return
        if move.act is Act.NOTHING:
            guild.diary.rounds["nothing"] += 1
            return
        longest = min(LONGEST_STAGGER, self._rules.interval / STAGGER_SHARE)
        stagger = longest.total_seconds() * self._actor.chance.random()
        self._agenda.after(stagger, partial(self._act, guild, move))

    def _hindered(self, guild: Guild) -> Move | None:
        reading = self._actor.store.activity.reading(guild.guild_id, self._rules)
        return activity.consider(reading, self._rules, now=self._agenda.now())

    async def _act(self, guild: Guild, move: Move) -> None:
        hindered = self._hindered(guild)
        channel = activity.choose_channel(guild.options(), self._rules)
        if hindered is not None or channel.chosen is None:
            guild.diary.rounds["not done: " + (hindered or channel).detail.split(",")[0]] += 1
            return
        occasion = self._occasion(guild, move, channel.chosen)
        if move.act is Act.CONVERSE and self._actor.talk.enabled:
            self._converse(guild, occasion)
        else:
            self._agenda.after(self._actor.thinking(), partial(self._post, guild, occasion))

    def _converse(self, guild: Guild, occasion: InboundMessage) -> None:
        paired = self._actor.store.chains.paired()
        fellows = {
            each.bot_name: each for each in self._actor.town.members(without=self._actor.bot.name)
        }
        options = [
            PartnerOption(bot_name=name, is_member=True, is_alive=True, paired_at=paired.get(name))
            for name in fellows
        ]
        roll = self._actor.chance.random()
        choice = activity.choose_partner(options, self._rules, now=self._agenda.now(), roll=roll)
        partner = next((each for name, each in fellows.items() if name == choice.chosen), None)
        if partner is None:
            guild.diary.rounds[f"not done: {choice.detail}"] += 1
            return
        occasion = replace(occasion, author_id=partner.user_id, author_is_bot=True)
        self._agenda.after(
            self._actor.thinking(), partial(self._open, guild, occasion, partner.user_id)
        )

    async def _open(self, guild: Guild, occasion: InboundMessage, partner_id: str) -> None:
        actor = self._actor
        [partner] = [each for each in actor.town.members() if each.user_id == partner_id]
        opening = Opening(
            place=place_of(occasion), turn=occasion.message_id, partner=partner.bot_name
        )
        ruled = await actor.store.chains.open(opening, actor.talk)
        if not self._may(guild, "conversation", ruled):
            return
        said = actor.town.post(
            guild, occasion.channel_id, actor.author, Kind.OPENER, to=partner, chain=ruled.chain
        )
        await actor.settle(occasion, said, in_exchange=True)

    async def _post(self, guild: Guild, occasion: InboundMessage) -> None:
        actor = self._actor
        place = place_of(occasion)
        ruled = await actor.store.chains.post(place, occasion.message_id, actor.talk)
        if self._may(guild, "post", ruled):
            said = actor.town.post(guild, occasion.channel_id, actor.author, Kind.POST)
            await actor.settle(occasion, said, in_exchange=False)

    def _may(self, guild: Guild, what: str, ruled: Ruling) -> bool:
        is_allowed = ruled.outcome is Outcome.ANSWER
        outcome = what if is_allowed else f"not said: {ruled.reason.value.replace('_', ' ')}"
        guild.diary.rounds[outcome] += 1
        return is_allowed

    def _occasion(self, guild: Guild, move: Move, channel_id: str) -> InboundMessage:
        return InboundMessage(
            message_id=f"round-{guild.guild_id}-{move.round}",
            channel_id=ChannelId(channel_id),
            channel_type="channel",
            guild_id=guild.guild_id,
            author_id=self._actor.me.user_id,
            author_name=self._actor.bot.persona.name,
            content="",
            created_at=self._agenda.now(),
        )


def _kind_of(hindered: Move | None) -> str:
    """Name what a look finds: how lively it is where that can be told, else why not."""
    if hindered is None:
        return "quiet or dead quiet"
    if hindered.level is Level.ACTIVE:
        return "active"
    return "watched for too short a time" if "watched" in hindered.detail else hindered.detail
