"""Row 28: the power goes. What was synced is there, and of the rest a beginning, never a torn part."""

import contextlib
import random
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store import connection
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock
from tests.faults import accounts, book, crowd, scribe
from tests.faults.accounts import Step
from tests.store.material import NOT_ADDRESSED, message

ROUNDS = book.times(25, 2)
CUTS = book.times(40, 20)
SECTOR = 512
SEED = 28
HEADER, FRAME_HEADER = 32, 24


@dataclass
class Disk:
    """What stands on the disk, and how much of it is there for sure."""

    database: Path
    wal: Path
    steps: list[Step] = field(default_factory=list)
    sure_steps: int = 0
    sure_bytes: int = 0
    salts: bytes = b""

    async def after(self, step: str, message_id: str, work: Awaitable[Any]) -> Any:
        """Note a write; a hard one has synced itself and everything before it."""
        done = await work
        self.steps.append((step, message_id))
        if step == "finish":
            wal = self.wal.read_bytes()
            self.sure_steps, self.sure_bytes = len(self.steps), committed(wal)
            self.salts = salts(wal)
        return done

    def photograph(self) -> tuple[bytes, bytes]:
        """Copy both files as they are."""
        wal = self.wal.read_bytes()
        if salts(wal) != self.salts:
            # It began anew since: what was sure of the old one is in the database.
            self.sure_bytes = 0
        return self.database.read_bytes(), wal


def salts(wal: bytes) -> bytes:
    return wal[16:24]


def committed(wal: bytes) -> int:
    """Say where the last commit in a WAL ends (https://www.sqlite.org/fileformat.html, 4.1)."""
    page = int.from_bytes(wal[8:12])
    end = at = HEADER
    while at + FRAME_HEADER + page <= len(wal) and wal[at + 8 : at + 16] == salts(wal):
        is_commit = int.from_bytes(wal[at + 4 : at + 8]) != 0
        at += FRAME_HEADER + page
        end = at if is_commit else end
    return end


def cut(wal: bytes, sure: int, dice: random.Random) -> bytes:
    """Lose what was not synced as a disk does: an end anywhere, and sectors that were not written."""
    end = dice.randint(sure, max(sure, committed(wal)) + SECTOR)
    left = bytearray(wal[:end])
    lost = dice.choice((0.0, 0.1, 0.5))
    for start in range(sure - sure % SECTOR, len(left), SECTOR):
        if dice.random() < lost:
            first, last = max(start, sure), min(start + SECTOR, len(left))
            left[first:last] = bytes(last - first)
    return bytes(left)


async def fill(store: BotStore, disk: Disk, round_: int, dice: random.Random) -> None:
    """See messages through, then write what no power cut need respect."""
    for number in range(dice.randint(8, 30)):
        await scribe.live(store, disk, number + 1)
    for number in range(dice.randint(0, 15)):
        said = message(message_id=f"{round_ + 1}000{number}")
        await disk.after("decline", said.message_id, store.ledger.decline(said, NOT_ADDRESSED))


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_what_was_synced_outlives_a_power_cut(
    home: Home, clock: FakeClock, tmp_path: Path
) -> None:
    migrate(home, clock)
    dice = crowd.dice(SEED)
    lost = 0
    async with contextlib.AsyncExitStack() as stack:
        # One that stays keeps the WAL from being folded in at the end of each round.
        stack.push_async_callback(open_store(home, BotName("keeper"), clock).close)
        for round_ in range(ROUNDS):
            bot = f"bot{round_}"
            disk = Disk(home.database, home.database.with_name(home.database.name + "-wal"))
            store = open_store(home, BotName(bot), clock)
            stack.push_async_callback(store.close)
            await fill(store, disk, round_, dice)
            database, wal = disk.photograph()
            for number in range(CUTS):
                after = Home(tmp_path / f"{round_}-{number}")
                after.data.mkdir(parents=True)
                after.database.write_bytes(database)
                rest = cut(wal, disk.sure_bytes, dice)
                after.database.with_name(after.database.name + "-wal").write_bytes(rest)
                lost += examine(after, bot, disk)
    book.note(
        book.Entry(
            row=28,
            fault="power cut: the WAL ends anywhere after the last sync, sectors are zero",
            count=ROUNDS * CUTS,
            unit="cuts",
            result="integrity ok, always a prefix, acknowledged hard writes lost 0",
            seed=SEED,
            figures={"soft writes lost": lost},
        )
    )


def examine(home: Home, bot: str, disk: Disk) -> int:
    """Open what the cut left as a bot does; return how many of the soft writes are gone."""
    connection.open_writer(home.database).close()
    assert accounts.is_whole(home.database, "integrity_check")
    assert accounts.halves(home.database) == [0] * len(accounts.HALVES)
    found = accounts.stored(home.database, bot)
    there = [step in found for step in disk.steps]
    present = sum(there)
    assert there == [True] * present + [False] * (len(there) - present)
    assert present >= disk.sure_steps
    return len(there) - present
