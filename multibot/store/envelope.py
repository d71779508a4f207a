"""A Discord message as the columns and the JSON that are stored of it."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson

from multibot.clock import from_text, to_text
from multibot.conversation.message import InboundMessage

PLATFORM = "discord"
_FIELDS = tuple(field.name for field in fields(InboundMessage))


def storable(text: str) -> str:
    """Replace halves of surrogate pairs, which UTF-8 cannot hold; a model's stream can cut one."""
    return text.encode("utf-8", "replace").decode("utf-8")


def to_json(message: InboundMessage) -> str:
    """Write the whole message as JSON, times as the database has them."""
    try:
        written = orjson.dumps(message, _plain, orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError:
        # Half a surrogate pair somewhere in it.
        written = orjson.dumps({name: _plain(getattr(message, name)) for name in _FIELDS})
    return written.decode("utf-8")


def from_json(text: str) -> InboundMessage:
    """Read a message that `to_json` wrote."""
    values = orjson.loads(text)
    values["created_at"] = from_text(values["created_at"])
    edited_at = values.get("edited_at")
    values["edited_at"] = None if edited_at is None else from_text(edited_at)
    values["mentioned_ids"] = frozenset(values["mentioned_ids"])
    values["attachments"] = tuple(values["attachments"])
    return InboundMessage(**values)


def metadata(message: InboundMessage) -> str | None:
    """Write what has no column of its own; None when there is nothing."""
    values: dict[str, Any] = {}
    if message.reply_to_message_id is not None:
        values["reply_to_message_id"] = message.reply_to_message_id
    if message.attachments:
        values["attachments"] = [storable(each) for each in message.attachments]
    return orjson.dumps(values).decode("utf-8") if values else None


def _plain(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [storable(each) for each in value]
    return value
