"""The values that pass between Discord, the rules, the store and the responder."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NewType

BotName = NewType("BotName", str)
ChannelId = NewType("ChannelId", str)
SessionId = NewType("SessionId", str)

ChannelType = Literal["channel", "thread", "forum_post", "dm"]
Role = Literal["user", "assistant", "system", "tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message as Discord showed it to this bot. Ids are text."""

    message_id: str
    channel_id: ChannelId
    channel_type: ChannelType
    author_id: str
    author_name: str
    content: str
    created_at: datetime
    channel_name: str = ""
    parent_channel_id: str | None = None
    parent_channel_name: str | None = None
    guild_id: str | None = None
    author_is_bot: bool = False
    is_webhook: bool = False
    is_system: bool = False
    mentioned_ids: frozenset[str] = field(default_factory=frozenset)
    reply_to_message_id: str | None = None
    reply_to_author_id: str | None = None
    attachments: tuple[str, ...] = ()
    edited_at: datetime | None = None

    @property
    def is_dm(self) -> bool:
        """Whether this is a private message to the bot."""
        return self.channel_type == "dm"

    @property
    def is_unprompted(self) -> bool:
        """Whether nobody wrote this: it stands for what made the bot speak up by itself.

        It is named for the round that it was; Discord's ids have digits only.
        """
        return self.message_id.startswith("round-")

    @property
    def routing_name(self) -> str:
        """The channel name that patterns are compared with: a thread counts as its parent."""
        return self.parent_channel_name or self.channel_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One stored turn of a conversation, oldest field values as Discord gave them."""

    role: Role
    content: str
    at: datetime
    session_id: SessionId
    message_id: str
    user_id: str
    user_name: str
    part: int = 0
