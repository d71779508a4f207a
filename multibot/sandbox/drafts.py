"""From a request body to a message that may be posted, or Discord's refusal."""

from multibot.sandbox import fields, mentions
from multibot.sandbox.entities import EPHEMERAL, Channel, Json, Message
from multibot.sandbox.messages import Draft
from multibot.sandbox.refusal import RefusalError, invalid_field

CONTENT_LIMIT = 2000
NONCE_LIMIT = 25
_MOST_EMBEDS = 10

# SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, IS_COMPONENTS_V2: what a sender may set.
_SENDER_FLAGS = 1 << 2 | 1 << 12 | 1 << 15
_RICH = ("embeds", "attachments", "components", "sticker_ids", "poll")


def read(
    channel: Channel, body: Json, attachments: list[Json], *, ephemeral: bool = False
) -> Draft:
    """Check a message body and return it as a draft for this channel."""
    content = checked_content(body.get("content"))
    if not content and not attachments and not any(body.get(part) for part in _RICH):
        raise RefusalError(400, 50006, "Cannot send an empty message")
    allowed_flags = _SENDER_FLAGS | (EPHEMERAL if ephemeral else 0)
    return Draft(
        content=content,
        nonce=checked_nonce(body.get("nonce")),
        enforce_nonce=bool(body.get("enforce_nonce")),
        reply_to=_replied_to(channel, fields.part(body, "message_reference")),
        allowed=read_allowed(body),
        flags=fields.whole(body, "flags") & allowed_flags,
        tts=bool(body.get("tts")),
        embeds=checked_embeds(body),
        attachments=attachments,
        components=fields.parts(body, "components"),
    )


def checked_content(content: object) -> str:
    """Return the text as Discord keeps it: without white space at its ends."""
    if content is None:
        return ""
    if not isinstance(content, str):
        raise invalid_field("content", "BASE_TYPE_STRING", "Could not interpret as string.")
    text = content.strip()
    if len(text) > CONTENT_LIMIT:
        message = f"Must be {CONTENT_LIMIT} or fewer in length."
        raise invalid_field("content", "BASE_TYPE_MAX_LENGTH", message)
    return text


def checked_embeds(body: Json) -> list[Json]:
    """Return rich embeds, of which a message holds ten."""
    found = fields.parts(body, "embeds")
    if len(found) > _MOST_EMBEDS:
        message = f"Must be {_MOST_EMBEDS} or fewer in length."
        raise invalid_field("embeds", "BASE_TYPE_MAX_LENGTH", message)
    return [{"type": "rich", **embed} for embed in found]


def checked_nonce(nonce: object) -> str | int | None:
    """Return a nonce that Discord takes: a number, or up to 25 characters."""
    if nonce is None or (isinstance(nonce, int) and not isinstance(nonce, bool)):
        return nonce
    if not isinstance(nonce, str):
        raise invalid_field("nonce", "NONCE_TYPE_INVALID", "Must be a string or an integer.")
    if len(nonce) > NONCE_LIMIT:
        message = f"Must be {NONCE_LIMIT} or fewer in length."
        raise invalid_field("nonce", "NONCE_TYPE_TOO_LONG", message)
    return nonce


def _replied_to(channel: Channel, reference: Json | None) -> Message | None:
    """Return the message a reply is to; a lenient reply to one that is gone is no reply."""
    if not reference:
        return None
    target = channel.messages.get(str(reference.get("message_id")))
    if target is None and reference.get("fail_if_not_exists", True):
        raise invalid_field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    return target


def read_changes(message: Message, body: Json) -> Json:
    """Check the body of an edit; a message may not become empty."""
    changes: Json = {}
    if "components" in body:
        changes["components"] = fields.parts(body, "components")
    if body.get("flags") is not None:
        changes["flags"] = fields.whole(body, "flags") & _SENDER_FLAGS | message.flags
    if "content" in body:
        changes["content"] = checked_content(body["content"])
    if "embeds" in body:
        changes["embeds"] = checked_embeds(body)
    if "attachments" in body:
        kept = {str(one.get("id")) for one in fields.parts(body, "attachments")}
        changes["attachments"] = [one for one in message.attachments if one["id"] in kept]
    shown = (
        changes.get("content", message.content),
        changes.get("embeds", message.embeds),
        changes.get("attachments", message.attachments),
        changes.get("components", message.components),
    )
    if not any(shown):
        raise RefusalError(400, 50006, "Cannot send an empty message")
    return changes


def read_allowed(body: Json) -> mentions.Allowed:
    """Return what a body lets its text mention."""
    return mentions.read_allowed(fields.part(body, "allowed_mentions"))
