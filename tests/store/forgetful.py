"""A file in which two users talk with two bots, and short ways to look at what is left of one."""

import asyncio
import functools
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multibot.conversation.message import BotName, ChannelId
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.store import connection, layout
from multibot.store.archive import checkpoint, forgetting, remnants, search
from multibot.store.archive.forget import Scope
from multibot.store.archive.forgetting import Forgotten
from multibot.store.archive.shared import SharedFile
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock
from tests.store.material import ANSWER, CANDIDATE, LEASE, RULES, SAGE, SHARED, SPARK, message

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

AL, BO = "700000000000000007", "800000000000000008"
# Words of Al that nobody else uses: what he wrote, what was answered to him, what he is called.
WORDS = ("quixotically", "zymurgy", "alfonso")
NAMES = {AL: WORDS[2], BO: "bo"}

_ids = itertools.count(900_000_000)


def populated(home: Home) -> Home:
    """Put a copy of the file into a home; it is made once for all tests."""
    home.data.mkdir(parents=True)
    home.database.write_bytes(_template())
    return home


@functools.cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        home, clock = Home(Path(folder)), FakeClock()
        migrate(home, clock)
        populate(home, clock)
        assert checkpoint.truncate(home)
        return home.database.read_bytes()


def populate(home: Home, clock: FakeClock) -> None:
    """Let both users talk with both bots: in channels of both kinds of session, and in private."""
    asyncio.run(_populate(home, clock))
    with SharedFile(home) as shared:
        while shared.write(search.fill):
            pass


async def _populate(home: Home, clock: FakeClock) -> None:
    for bot in (SAGE, SPARK):
        store = open_store(home, bot, clock)
        for user in (AL, BO, AL):
            await _talk(store, clock, bot, user, "10", RULES)
            await _talk(store, clock, bot, user, "11", SHARED)
            await _talk(store, clock, bot, user, f"2{user}", RULES, guild_id=None)
        await _leave_some_unfinished(store, clock)
        await store.close()


async def _talk(
    store: BotStore,
    clock: FakeClock,
    bot: BotName,
    user: str,
    channel: str,
    rules: SessionRules,
    **more: Any,
) -> None:
    clock.tick(60)
    said = _message(clock, user, channel, **more)
    await store.ledger.receive(said, ANSWER, per_minute=100)
    session = await store.ledger.begin(said, rules)
    answer = f"to {user}: {WORDS[1] if user == AL else 'plainly'} in two parts"
    for part in await store.outbox.stage(said.message_id, [answer, answer]):
        await store.outbox.mark_sent(said, session.session_id, part, str(next(_ids)), bot.title())
    await store.ledger.finish(said.message_id, "answered", "answered")


async def _leave_some_unfinished(store: BotStore, clock: FakeClock) -> None:
    """Leave a claimed message and one that was refused for its author's haste."""
    for user in (AL, BO):
        claimed = _message(clock, user, "10")
        await store.ledger.receive(claimed, CANDIDATE, per_minute=100)
        await store.ledger.claim(claimed, slots=1, lease=LEASE, per_minute=100)
        await store.ledger.begin(claimed, RULES)
        await store.ledger.receive(_message(clock, user, "10"), ANSWER, per_minute=0)


def _message(clock: FakeClock, user: str, channel: str, **more: Any) -> Any:
    word = WORDS[0] if user == AL else "plainly"
    return message(
        f"{word}, said {user}",
        message_id=str(next(_ids)),
        channel_id=ChannelId(channel),
        channel_type="dm" if "guild_id" in more else "channel",
        author_id=user,
        author_name=NAMES[user],
        created_at=clock.now(),
        **more,
    )


def forget(home: Home, clock: FakeClock, user_id: str = AL, bot_name: str = "") -> Forgotten:
    """Forget a user as the command does."""
    scope = Scope(user_id=user_id, bot_name=bot_name)
    with SharedFile(home) as shared:
        return forgetting.forget(home, scope, clock, shared.write)


def note_names(writing: "sqlite.Connection", user_id: str) -> None:
    """Note a user where people are told what went on: each of these is the only such row."""
    named = f"old/sage/5_{user_id}.json"
    imports = "INSERT INTO imports (batch_id, kind, source, sha256, started_at)"
    incidents = "INSERT INTO incidents (bot_name, kind, detail, first_at, last_at)"
    upkeep = "INSERT INTO upkeep (task, state, ran_at, trouble)"
    for insert in (
        f"{imports} VALUES ('b', 'legacy', ?, '', '')",
        f"{incidents} VALUES ('sage', 'crash', ?, '', '')",
        f"{upkeep} VALUES ('backup', 'failed', '', ?)",
    ):
        writing.execute(insert, (named,))


def grow(home: Home) -> None:
    """Make the file too large to be written anew by the way."""
    add = (
        "INSERT INTO incidents (bot_name, kind, detail, first_at, last_at)"
        " VALUES ('sage', 'crash', ?, ?, ?)"
    )
    at = "2026-01-01T12:00:00.000Z"
    with closing(connection.open_writer(home.database)) as writer:
        writer.execute(add, ("x" * forgetting.SMALL, at, at))
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def leave_remnants(home: Home, user_id: str) -> None:
    """Delete some rows of a user as an old file did: they stay in the unused space of their page."""
    with closing(connection.open_writer(home.database)) as writer:
        writer.execute("PRAGMA secure_delete = OFF").fetchall()
        writer.execute("DELETE FROM accepted_messages WHERE user_id = ?", (user_id,))
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert remnants.count(home.database, user_id)


def content(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Read every table of the file but the tombstones."""
    with closing(connection.open_reader(database)) as reader:
        return {
            table: list(reader.execute(f"SELECT * FROM {table}"))  # noqa: S608 - of the schema
            for table in layout.tables_of(reader)
            if table != "tombstones"
        }


def naming(rows: dict[str, list[tuple[Any, ...]]], *texts: str) -> set[str]:
    """Name the tables in which one of these texts stands."""
    return {
        table
        for table, values in rows.items()
        for row in values
        if any(text in str(row) for text in texts)
    }


def places(folder: Path, *texts: str) -> Iterator[str]:
    """Say which files of a folder have one of these texts in their bytes."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            held = path.read_bytes()
            yield from (f"{path.name}: {text}" for text in texts if text.encode() in held)


def of_others(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Read what has to stay as it is: all but the rows of Al, and counts of shared sessions."""
    kept = {
        table: [row for row in values if not naming({table: [row]}, AL)]
        for table, values in content(home.database).items()
        if table not in {"sessions", "outbox", "message_claims", "channel_turns"}
    }
    return {table: values for table, values in kept.items() if values}
