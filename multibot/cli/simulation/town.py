"""The guilds, and how what is written in them reaches the bots."""

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from multibot.cli.simulation.agenda import Agenda
from multibot.cli.simulation.record import Diary, Kind, Posted
from multibot.cli.simulation.traffic import Remark
from multibot.conversation.activity import ChannelOption
from multibot.conversation.addressing import FleetMember
from multibot.conversation.message import BotName, ChannelId, InboundMessage

# A message is with each bot after so many seconds.
WAY = (0.05, 0.30)

Listener = Callable[[InboundMessage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes; `bot` is none for a person."""

    user_id: str
    name: str
    bot: BotName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guild:
    """A guild with its channels by name; the first one is its system channel."""

    guild_id: str
    channels: dict[str, str]
    diary: Diary

    def options(self) -> list[ChannelOption]:
        """Name the channels as a bot sees them that looks for a place to speak up in."""
        return [
            ChannelOption(channel_id=id_, name=name, is_writable=True, is_system=at == 0)
            for at, (name, id_) in enumerate(self.channels.items())
        ]


class Town:
    """All guilds, with everybody in them."""

    def __init__(self, agenda: Agenda, chance: random.Random, names: Sequence[list[str]]) -> None:
        self.agenda = agenda
        self._chance = chance
        self._members: dict[str, tuple[FleetMember, Listener]] = {}
        self._priorities: dict[BotName, int] = {}
        self.guilds = {
            str(number): Guild(
                guild_id=str(number),
                channels={name: f"{number}{at:03}" for at, name in enumerate(channels, 1)},
                diary=Diary(f"guild {number}"),
            )
            for number, channels in enumerate(names, 1)
        }

    def join(self, member: FleetMember, listener: Listener, priority: int) -> None:
        """Let a bot be a member of every guild."""
        self._members[member.user_id] = (member, listener)
        self._priorities[member.bot_name] = priority

    def priority(self, bot: BotName) -> int:
        """Say who goes first."""
        return self._priorities[bot]

    def members(self, without: BotName | None = None) -> list[FleetMember]:
        """Name the bots that are here, in the order in which they came."""
        return [each for each, _ in self._members.values() if each.bot_name != without]

    def populate(self, guild: Guild, remarks: Iterator[Remark]) -> None:
        """Let people write, one message after the other."""
        remark = next(remarks, None)
        if remark is not None:
            moment = self.agenda.start + remark.after
            self.agenda.at(moment, partial(self._remark, guild, remark, remarks))

    async def _remark(self, guild: Guild, remark: Remark, remarks: Iterator[Remark]) -> None:
        author = Author(f"{remark.author}@{guild.guild_id}", remark.author)
        asked = self._chance.choice(self.members()) if remark.is_asking else None
        self.post(
            guild,
            guild.channels[remark.channel],
            author,
            Kind.PERSON,
            content=remark.content,
            to=asked,
        )
        self.populate(guild, remarks)

    def post(  # noqa: PLR0913 - what a message consists of
        self,
        guild: Guild,
        channel_id: str,
        author: Author,
        kind: Kind,
        *,
        content: str = "",
        to: FleetMember | None = None,
        reply_to: InboundMessage | None = None,
        chain: int = 0,
    ) -> InboundMessage:
        """Put a message into a channel; all bots but its author hear of it in a moment."""
        now = self.agenda.now()
        name = next(name for name, id_ in guild.channels.items() if id_ == channel_id)
        message = InboundMessage(
            message_id=self.agenda.new_id(),
            channel_id=ChannelId(channel_id),
            channel_type="channel",
            channel_name=name,
            guild_id=guild.guild_id,
            author_id=author.user_id,
            author_name=author.name,
            author_is_bot=author.bot is not None,
            content=content if to is None else f"<@{to.user_id}> {content}",
            mentioned_ids=frozenset() if to is None else frozenset({to.user_id}),
            reply_to_message_id=None if reply_to is None else reply_to.message_id,
            reply_to_author_id=None if reply_to is None else reply_to.author_id,
            created_at=now,
        )
        guild.diary.note(message.message_id, Posted(now, channel_id, kind, author.bot, chain))
        for user_id, (_, listener) in self._members.items():
            if user_id != author.user_id:
                self.agenda.after(self._chance.uniform(*WAY), partial(listener, message))
        return message
