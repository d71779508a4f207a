"""People made unrecognisable in what leaves the file: the same person has the same pseudonym."""

import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from multibot.cli.history_lines import attachments
from multibot.errors import PermanentError

if TYPE_CHECKING:
    from multibot.store.archive.directory import User
    from multibot.store.archive.turn import StoredTurn

KEY_BYTES = 32
# Forty bits: among a million people one pair shares a pseudonym at even odds.
_PSEUDONYM_BYTES = 5
# In a text, a name that several people have.
SOMEONE = "someone"
# A single letter is a word more often than a name.
SHORTEST_NAME = 2

_MENTION = re.compile(r"<@!?(\d+)>")
# As long as an id of Discord is; shorter numbers mean other things.
_ID = re.compile(r"(?<!\d)\d{15,20}(?!\d)")
_WORD = re.compile(r"\w+")
_JOINED = re.compile(r"\w\w")


def key_of(path: Path) -> bytes | None:
    """Read the key of this home, or make one; None where none can be kept.

    Raises PermanentError for what is no key: with a short one, everybody could tell who is who.
    """
    with contextlib.suppress(OSError):
        if not path.exists():
            _make(path)
    try:
        key = path.read_bytes()
    except OSError:
        return None
    if len(key) != KEY_BYTES:
        raise PermanentError(
            f"This is no key: it has {len(key)} bytes, not {KEY_BYTES}.",
            where=str(path),
            remedy="Put the right one back, or remove it: a new one is made, and people get other"
            " pseudonyms than in earlier exports.",
        )
    return key


def _make(path: Path) -> None:
    """Write a key whose name appears with all of it; the first of several wins."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new_key())
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(name)
    finally:
        Path(name).unlink(missing_ok=True)


def new_key() -> bytes:
    """Make a key."""
    return secrets.token_bytes(KEY_BYTES)


class _Name(NamedTuple):
    """A name as it is looked for: from its first word on, with so many signs before that."""

    text: str
    lead: int
    instead: str

    def begins_at(self, text: str, word: int) -> int | None:
        """Say where it stands in a text one of whose words begins there; None where it does not."""
        start = word - self.lead
        end = start + len(self.text)
        if start < 0 or text[start:end].casefold() != self.text.casefold():
            return None
        edges = (
            text[max(start - 1, 0) : start] + self.text[0],
            self.text[-1] + text[end : end + 1],
        )
        return None if any(map(_JOINED.fullmatch, edges)) else start


class Redaction:
    """Replaces who people are; what they wrote stays, but for names and ids of people in it."""

    def __init__(self, key: bytes, people: Iterable["User"], bot_ids: Collection[str]) -> None:
        self._key = key
        self._bot_ids = frozenset(bot_ids)
        known = {each for each in people if each.user_id not in self._bot_ids}
        self._ids = frozenset(each.user_id for each in known)
        self._names = _by_first_word(known, self.pseudonym)

    def pseudonym(self, user_id: str) -> str:
        """Return what stands for a person."""
        digest = hashlib.blake2b(user_id.encode(), key=self._key, digest_size=_PSEUDONYM_BYTES)
        return f"user-{base64.b32encode(digest.digest()).decode().lower()}"

    def turn(self, turn: "StoredTurn") -> "StoredTurn":
        """Return a turn without its people."""
        is_bot = turn.user_id in self._bot_ids
        user_id = turn.user_id if is_bot else self.pseudonym(turn.user_id)
        return turn._replace(
            user_id=user_id,
            username=turn.username if is_bot or turn.role == "assistant" else user_id,
            # What a private channel is called is whom it is with.
            channel_name="" if turn.channel_type == "dm" else self.text(turn.channel_name),
            content=self.text(turn.content),
            metadata=self._metadata(turn),
        )

    def text(self, text: str) -> str:
        """Return a text without mentions, ids and names of people."""
        found = "".join(self._without_names(text))
        return _ID.sub(self._id, _MENTION.sub(self._mention, found))

    def _mention(self, match: re.Match[str]) -> str:
        return match[0] if match[1] in self._bot_ids else f"<@{self.pseudonym(match[1])}>"

    def _id(self, match: re.Match[str]) -> str:
        return self.pseudonym(match[0]) if match[0] in self._ids else match[0]

    def _without_names(self, text: str) -> Iterator[str]:
        done = 0
        for word in _WORD.finditer(text):
            for name in self._names.get(word[0].casefold(), ()):
                start = name.begins_at(text, word.start())
                if start is not None and start >= done:
                    yield text[done:start] + name.instead
                    done = start + len(name.text)
                    break
        yield text[done:]

    def _metadata(self, turn: "StoredTurn") -> str | None:
        """Keep what leads from message to message, and what was attached."""
        values = json.loads(turn.metadata) if turn.metadata else None
        if not isinstance(values, dict):
            return None
        kept: dict[str, object] = {
            name: value for name, value in values.items() if name.endswith("_message_id")
        }
        if attached := attachments(turn):
            kept["attachments"] = [self.text(each) for each in attached]
        return json.dumps(kept) if kept else None


def _by_first_word(
    people: Iterable["User"], pseudonym: Callable[[str], str]
) -> dict[str, list[_Name]]:
    """Sort names by the word that a text has where one stands; the longest is tried first."""
    owners: dict[str, dict[str, str]] = {}
    for user_id, name in people:
        owners.setdefault(name.casefold(), {})[user_id] = name
    found: dict[str, list[_Name]] = {}
    for names in owners.values():
        (user_id, name), *others = names.items()
        word = _WORD.search(name)
        if word is not None and len(name) >= SHORTEST_NAME:
            instead = SOMEONE if others else pseudonym(user_id)
            found.setdefault(word[0].casefold(), []).append(_Name(name, word.start(), instead))
    for alike in found.values():
        alike.sort(key=lambda each: len(each.text), reverse=True)
    return found
