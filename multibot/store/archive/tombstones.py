"""Who asked to be forgotten, so that no older copy of the file brings them back.

A tombstone does not hold the user's id but a salted hash of it. It stands in the file, and in
`data/forgotten.jsonl` beside it, because a restore replaces the file.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from multibot.clock import from_text, to_text
from multibot.home import Home
from multibot.store import connection as connections
from multibot.store import layout
from multibot.store.archive import copies, traces, underway
from multibot.store.archive.clearing import Clearing, transaction
from multibot.store.archive.forget import FOREVER, Scope

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

EVERY_BOT = ""
TABLE = "tombstones"
# 0.2 ms and 128 KiB for each id: 100,000 users of a restored file take 20 s, and whoever tries all
# ids that Discord can have given needs years of a processor instead of an afternoon.
_COST = {"n": 128, "r": 8, "p": 1, "dklen": 16}

_READ = "SELECT bot_name, salt, digest, forgotten_at FROM tombstones ORDER BY id"
_KEEP = """
INSERT INTO tombstones (bot_name, salt, digest, forgotten_at)
VALUES (:bot_name, :salt, :digest, :forgotten_at)
ON CONFLICT (bot_name, salt, digest) DO UPDATE
SET id = (SELECT max(id) + 1 FROM tombstones),
    forgotten_at = max(tombstones.forgotten_at, excluded.forgotten_at)
"""
_USERS = {
    "conversations": "SELECT user_id FROM conversations",
    "sessions": "SELECT user_id FROM sessions",
    "inbox": "SELECT user_id FROM inbox",
    "accepted_messages": "SELECT user_id FROM accepted_messages",
    "notices": "SELECT subject FROM notices WHERE kind = 'rate'",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """One user, one bot or (empty) all of them, and until when everything is forgotten."""

    salt: str
    digest: str
    forgotten_at: str
    bot_name: str = EVERY_BOT


class Tombstones:
    """The tombstones of a fleet, to be asked."""

    def __init__(self, stones: Iterable[Tombstone] = ()) -> None:
        self._stones: dict[tuple[str, str], dict[str, str]] = {}
        for stone in stones:
            until = self._stones.setdefault((stone.salt, stone.digest), {})
            until[stone.bot_name] = max(stone.forgotten_at, until.get(stone.bot_name, ""))
        self._salts = tuple(dict.fromkeys(salt for salt, _ in self._stones))
        self._newest = max(
            (at for each in self._stones.values() for at in each.values()), default=""
        )
        self._known: dict[str, Mapping[str, str]] = {}

    def __len__(self) -> int:
        return len(self._stones)

    def __iter__(self) -> Iterator[Tombstone]:
        for (salt, digest), until in self._stones.items():
            for bot_name, at in until.items():
                yield Tombstone(salt=salt, digest=digest, bot_name=bot_name, forgotten_at=at)

    def is_forgotten(self, user_id: str, bot_name: str, at: datetime) -> bool:
        """Say whether what a user wrote to a bot, or was told by it, at a moment is forgotten."""
        if not self._stones or (moment := to_text(at)) > self._newest:
            return False
        until = self.of(user_id)
        return moment <= max(until.get(EVERY_BOT, ""), until.get(bot_name, ""))

    def of(self, user_id: str) -> Mapping[str, str]:
        """Return until when a user is forgotten, by bot; under the empty name by all of them."""
        if (known := self._known.get(user_id)) is not None:
            return known
        until: dict[str, str] = {}
        for salt in self._salts:
            for bot_name, at in self._stones.get((salt, digest(salt, user_id)), {}).items():
                until[bot_name] = max(at, until.get(bot_name, ""))
        self._known[user_id] = until
        return until

    def make(self, user_id: str, bot_name: str, at: datetime) -> Tombstone:
        """Make the stone of one more user; all of a fleet share a salt, which is made here once."""
        salt = self._salts[0] if self._salts else secrets.token_hex(16)
        return Tombstone(
            salt=salt,
            digest=digest(salt, user_id),
            bot_name=bot_name,
            forgotten_at=to_text(at),
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """What was removed from a copy: how many users, and their rows by table."""

    users: int
    rows: Mapping[str, int]


def digest(salt: str, user_id: str) -> str:
    """Hash a user's id so that it can be compared and is slow to guess."""
    return hashlib.scrypt(user_id.encode(), salt=bytes.fromhex(salt), **_COST).hex()


def load(home: Home, *others: "sqlite.Connection") -> Tombstones:
    """Read the tombstones of a fleet: of its file if there is one, of the list, of other copies."""
    stones = [*listed(home.forgotten)]
    if home.database.exists():
        reader = connections.open_reader(home.database)
        try:
            with connections.errors_of(home.database):
                stones += read(reader)
        finally:
            reader.close()
    for other in others:
        stones += read(other)
    return Tombstones(stones)


def read(connection: "sqlite.Connection") -> list[Tombstone]:
    """Read the tombstones that stand in a file; none in one that is older than they are."""
    if TABLE not in layout.tables_of(connection):
        return []
    return [
        Tombstone(bot_name=bot_name, salt=salt, digest=hashed, forgotten_at=at)
        for bot_name, salt, hashed, at in connection.execute(_READ).fetchall()
    ]


def listed(path: Path) -> list[Tombstone]:
    """Read the list beside the file; a line that was cut off by a kill does not count."""
    if not path.exists():
        return []
    with copies.errors_of_disk(path):
        lines = path.read_bytes().splitlines()
    stones = []
    for number, line in enumerate(lines, start=1):
        try:
            stones.append(_stone(line))
        except (ValueError, KeyError, TypeError) as error:
            log.warning("%s:%d is no tombstone, it is left out: %r", path, number, error)
    return stones


def _stone(line: bytes) -> Tombstone:
    values = orjson.loads(line)
    stone = Tombstone(**{name: str(values[name]) for name in Tombstone.__slots__})
    bytes.fromhex(stone.salt)
    from_text(stone.forgotten_at)
    return stone


def write_down(home: Home, stone: Tombstone) -> None:
    """Put a tombstone on the list, on the disk before anything is removed; one at a time does so.

    A user who is forgotten once more has one line, as in the table.
    """
    line = orjson.dumps(asdict(stone)) + b"\n"
    with copies.errors_of_disk(home.forgotten):
        before = home.forgotten.read_bytes() if home.forgotten.exists() else b""
        kept = [each for each in before.splitlines() if not _is_older(each, stone)]
        if len(kept) == len(before.splitlines()):
            _append(home, line)
        else:
            whole = b"".join(each + b"\n" for each in kept) + line
            copies.write_synced(home.forgotten, whole.decode(errors="replace"))
            copies.sync(home.data)


def _is_older(line: bytes, stone: Tombstone) -> bool:
    try:
        other = _stone(line)
    except (ValueError, KeyError, TypeError):
        return False
    return (
        other.forgotten_at <= stone.forgotten_at
        and replace(other, forgotten_at=stone.forgotten_at) == stone
    )


def _append(home: Home, line: bytes) -> None:
    is_new = not home.forgotten.exists()
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(home.forgotten, flags, 0o600)
    with open(descriptor, "r+b", buffering=0) as file:  # noqa: PTH123 - has a descriptor
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        # What a kill has cut off stays a line of its own.
        is_whole = size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
        file.write((b"" if is_whole else b"\n") + line)
        os.fsync(descriptor)
    if is_new:
        copies.sync(home.data)


def keep(connection: "sqlite.Connection", stone: Tombstone) -> None:
    """Put a tombstone into the file, inside a transaction; a newer one replaces an older.

    Whoever has read the tombstones knows by the highest id that one has changed.
    """
    connection.execute(_KEEP, asdict(stone))


def apply(
    connection: "sqlite.Connection", stones: Tombstones, *, taken_at: datetime | None = None
) -> Applied:
    """Remove everybody who is forgotten from a file that nobody else uses, and note them in it.

    A copy that was `taken_at` a moment before somebody was forgotten keeps nothing of them,
    whatever times its rows have. It may be killed and run again. Needs no open transaction. Costs
    0.2 ms for each user of the file, and for each number in its notes that may be one.
    """
    clearing = Clearing(connection)
    tables = layout.tables_of(connection)
    with transaction(connection):
        for stone in stones if TABLE in tables else ():
            keep(connection, stone)
    known = [user_id for user_id in _candidates(connection, tables, stones) if stones.of(user_id)]
    with clearing.of_many() if len(known) > 1 else contextlib.nullcontext():
        found = [clearing.remove(_scopes(stones, user_id, taken_at)) for user_id in known]
    clearing.finish()
    return Applied(sum(map(bool, found)), dict(sum(found, Counter())))


def _candidates(
    connection: "sqlite.Connection", tables: Iterable[str], stones: Tombstones
) -> set[str]:
    """Return everybody whom a file may name, in rows or in notes; each costs a hash."""
    if not len(stones):
        return set()
    union = " UNION ".join(query for table, query in _USERS.items() if table in tables)
    users = {user_id for (user_id,) in connection.execute(union)}
    return users | traces.named(connection) | underway.named(connection)


def _scopes(stones: Tombstones, user_id: str, taken_at: datetime | None) -> Iterator[Scope]:
    for bot_name, until in stones.of(user_id).items():
        is_older = taken_at is not None and to_text(taken_at) <= until
        yield Scope(user_id=user_id, bot_name=bot_name, until=FOREVER if is_older else until)
