"""Row 39: a newer version migrates the file while bots of this one run. They go on without an error."""

import asyncio
import contextlib
import functools
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from multibot.clock import SystemClock
from multibot.conversation.message import BotName
from multibot.errors import SchemaError
from multibot.home import Home
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.migrate import migrate, schema_version
from multibot.store.stores import open_store
from tests.faults import accounts, book, crowd, nursery, witness
from tests.faults.by_hand import ByHand
from tests.faults.witness import Asked
from tests.process.fleet import until
from tests.process.stand import eventually

MIGRATIONS = Path(__file__).parents[2] / "migrations"
BOTS = 2
ROUNDS = book.times(20, 1)
# Of each bot before the migration, and as many after it.
MESSAGES = book.times(50, 5)
WRITERS = 2
LANES = 2
WRITES = 20
SETTLED_WITHIN = book.times(600, 60)

# What a version may do to the schema while the one before it runs: add, and take nothing away.
LATER = """-- What a later version may need.

CREATE TABLE later (id INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT;

ALTER TABLE conversations ADD COLUMN mood TEXT;

ALTER TABLE inbox ADD COLUMN weight INTEGER NOT NULL DEFAULT 1 CHECK (weight > 0);

ALTER TABLE bot_status ADD COLUMN address TEXT;

CREATE INDEX idx_conversations_mood ON conversations (bot_name, mood) WHERE mood IS NOT NULL;

CREATE INDEX idx_later ON later (what);

CREATE TRIGGER inbox_later AFTER INSERT ON inbox
BEGIN
    INSERT INTO later (what) VALUES (new.message_id);
END;

UPDATE conversations SET mood = 'calm' WHERE role = 'user';
"""


def later(folder: Path) -> Path:
    """Make the migrations of the next version."""
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / f"{SCHEMA_VERSION + 1:04}_later.sql").write_text(LATER)
    return folder


def require_refusal(home: Home) -> None:
    """What starts now is told to be too old, and how to go back."""
    with pytest.raises(SchemaError) as caught:
        open_store(home, BotName("bot00"), SystemClock())
    (kept,) = home.backups.glob(f"*_before_{SCHEMA_VERSION + 1:04}_later.db")
    assert "Upgrade multibot" in str(caught.value)
    assert f"multibot db restore {kept}" in str(caught.value)


async def ask(fleet: ByHand, bot: str) -> list[Asked]:
    """Say something to a bot, in its room and privately, and wait until it is answered."""
    asked = []
    for number in range(MESSAGES):
        place = f"@{bot}" if number % 2 else f"#room-{bot}"
        posted = await fleet.say(place, "ada", f"What is a good life, {number}?")
        asked.append(Asked(posted["id"], posted["channel_id"], bot))
    await until(lambda: not witness.unsettled(fleet.home, asked), "all settled", SETTLED_WITHIN)
    return asked


async def live_on(home: Home, folder: Path) -> int:
    """Let real bots answer before, during and after the migration; return how many answers."""
    asked: list[Asked] = []
    async with ByHand(home, world=crowd.world(), count=BOTS) as fleet:
        await fleet.start_all()
        for bot in fleet.bots:
            await ask(fleet, bot)
        talking = [asyncio.create_task(ask(fleet, bot)) for bot in fleet.bots]
        await asyncio.to_thread(migrate, home, SystemClock(), folder=folder)
        for bot in fleet.bots:
            asked += await ask(fleet, bot)
        for task in talking:
            asked += await task
        assert schema_version(home.database) == SCHEMA_VERSION + 1
        verdict = witness.judge(fleet.world, asked, await fleet.received())
        ends = [await fleet.stop(bot) for bot in fleet.bots]
    assert (verdict.lost, verdict.duplicates) == ([], [])
    assert [code for code, _ in ends] == [0] * BOTS
    for _, output in ends:
        assert not {"error", "critical"} & {word.strip('" ,') for word in output.split()}
        assert "Traceback" not in output
    return verdict.answered


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
async def test_bots_of_the_older_schema_go_on(tmp_path: Path) -> None:
    folder, answered = later(tmp_path / "later"), 0
    for round_ in range(ROUNDS):
        home = Home(tmp_path / str(round_))
        home.root.mkdir()
        answered += await live_on(home, folder)
        require_refusal(home)
    book.note(
        book.Entry(
            row=39,
            fault="a newer version migrates while bots run",
            count=ROUNDS,
            unit="migrations",
            result=f"{answered} messages answered once by the older bots, 0 errors, 0 restarts",
            figures={"bots": BOTS},
        )
    )


def require_progress(logs: Iterable[Path]) -> None:
    """Wait until each of these writers has gone some way further."""
    for log in logs:
        there = len(accounts.acknowledged(log))
        assert eventually(functools.partial(is_past, log, there + WRITES))


def is_past(log: Path, writes: int) -> bool:
    return len(accounts.acknowledged(log)) >= writes


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
def test_writers_of_the_older_schema_are_not_refused(tmp_path: Path) -> None:
    folder, steps = later(tmp_path / "later"), 0
    with nursery.opened() as writers:
        for round_ in range(ROUNDS):
            home = Home(tmp_path / str(round_))
            migrate(home, SystemClock())
            logs = {f"bot{n}": home.root / f"bot{n}.log" for n in range(WRITERS)}
            with contextlib.ExitStack() as ending:
                order = {"act": "write", "home": home.root, "lanes": LANES, "count": 0}
                for bot, log in logs.items():
                    child = writers.start(**order, bot=bot, log=log)
                    ending.callback(child.wait)
                    ending.callback(child.kill)
                require_progress(logs.values())
                migrate(home, SystemClock(), folder=folder)
                require_progress(logs.values())
            for bot, log in logs.items():
                assert accounts.refusals(log) == 0
                noted = accounts.acknowledged(log)
                assert noted - accounts.stored(home.database, bot) == set()
                steps += len(noted)
            assert accounts.is_whole(home.database, "integrity_check")
    book.note(
        book.Entry(
            row=39,
            fault="a newer version migrates under writers",
            count=ROUNDS,
            unit="migrations",
            result=f"{steps} writes acknowledged and present, 0 refused",
            figures={"writers": WRITERS},
        )
    )
