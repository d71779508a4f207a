"""Ids: what counts as one of Discord's, and the ids of turns that never had one."""

import hashlib
import re

from multibot.conversation.past import MADE_ID

# Bots' names are those of `bots/`; the folders of the old store were named for them.
BOT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_NO_DIGIT = re.compile("[^0-9]+", re.ASCII)
_LARGEST = 2**64 - 1


def discord_id(value: object) -> str | None:
    """Return an id as text; None for anything that cannot be one of Discord's.

    A number with a fraction or an exponent has lost digits on its way and is none.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if 0 < value <= _LARGEST else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if _ID.fullmatch(text) and 0 < int(text) <= _LARGEST else None


def bot_name(value: object) -> str | None:
    """Return a bot's name as this fleet writes it; None for what cannot be one."""
    if not isinstance(value, str):
        return None
    name = value.strip().lower()
    return name if BOT_NAME.fullmatch(name) else None


def made_id(written_at: str, *what: str) -> str:
    """Make the id of a turn out of what is written of it, the same one every time.

    It begins with the time, as written: the database is quick where ids come in their order.
    """
    text = "\x1f".join((written_at, *what)).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=8).hexdigest()
    return f"{MADE_ID}{_NO_DIGIT.sub('', written_at)[:17]}-{digest}"
