"""What an older copy says was said: the values that pass from an import to the store."""

from typing import NamedTuple

# Begins the id of a turn that never had one of Discord's, which have digits only.
MADE_ID = "legacy-"


class PastTurn(NamedTuple):
    """One turn for one bot's history. Names that the copy does not hold are empty.

    `at` is UTC as `multibot.clock.to_text` writes it; `answers` is the message that an answer
    belongs to, which is in `metadata` as well; `position` orders turns of one moment in one file.
    """

    bot_name: str
    channel_id: str
    user_id: str
    message_id: str
    role: str
    at: str
    content: str
    position: int
    part: int = 0
    username: str = ""
    channel_name: str = ""
    channel_type: str = "channel"
    guild_id: str | None = None
    parent_channel_id: str | None = None
    metadata: str | None = None
    edited_at: str | None = None
    answers: str | None = None


class PastSession(NamedTuple):
    """The session that a past turn belongs to; `user_id` is empty where users share it."""

    session_id: str
    user_id: str
    started_at: str
    display_id: str
