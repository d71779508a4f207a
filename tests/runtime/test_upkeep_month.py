"""Forty days of a busy fleet on a clock that leaps: nothing grows without end, whoever looks after it."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from multibot.config.fleet import Fleet
from multibot.conversation.addressing import Reason
from multibot.conversation.message import ChannelId, InboundMessage
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.store.archive import backup, search
from multibot.store.incidents import Kind
from multibot.store.stores import BotStore
from tests.faults.book import times
from tests.runtime.chores import DAY, HOUR, MINUTE, Household, Leaping, configured, work
from tests.store.material import ANSWER, CANDIDATE, LEASE, NOT_ADDRESSED, message, rows

DAYS, STEADY = 40, 32
# How often the fleet is looked at; in truth that is every five seconds.
STRIDE = times(1, 24) * HOUR
# So long one bot looks after the file, then its process is killed.
REIGN = 5 * DAY
TALK = 5
RULES = SessionRules()
# What is said and kept for good may grow.
GROWING = ("conversations", "sessions", "conversations_fts")


@pytest.fixture
def clock() -> Leaping:
    return Leaping()


class Talk:
    """Every kind of row that a day of a fleet leaves."""

    def __init__(self, clock: Leaping, sage: BotStore, spark: BotStore) -> None:
        self._clock = clock
        self._sage, self._spark = sage, spark
        self._numbers = itertools.count()

    async def go_on(self) -> None:
        """Have people say some things to each bot, and some that are for neither, all at once."""
        works: list[Awaitable[object]] = []
        for store in (self._sage, self._spark):
            works += [store.ledger.decline(self._said(), NOT_ADDRESSED) for _ in range(TALK)]
            works += [store.gateway.record_start(), store.gateway.count_refusal(403)]
            works += [store.incidents.record(Kind.GATEWAY_LOST)]
        works += [self._answered(self._sage) for _ in range(TALK)]
        works += [self._won(self._spark) for _ in range(TALK)]
        await asyncio.gather(*works)

    def _said(self) -> InboundMessage:
        number = next(self._numbers)
        return message(
            f"word{number}",
            author_id=str(number % 50),
            channel_id=ChannelId(str(number % 7)),
            created_at=self._clock.now(),
        )

    async def _answered(self, store: BotStore) -> None:
        said = self._said()
        await store.ledger.receive(said, ANSWER, per_minute=1000)
        await self._answer(store, said)

    async def _won(self, store: BotStore) -> None:
        said = self._said()
        await store.ledger.receive(said, CANDIDATE, per_minute=1000)
        await store.ledger.claim(said, slots=1, lease=LEASE, per_minute=1000)
        await store.ledger.notice_due("rate", said.message_id, MINUTE)
        await self._answer(store, said)

    async def _answer(self, store: BotStore, said: InboundMessage) -> None:
        session = await store.ledger.begin(said, RULES)
        (part,) = await store.outbox.stage(said.message_id, ["an answer"])
        sent = f"9{said.message_id}"
        await store.outbox.mark_sent(said, session.session_id, part, sent, "Bot")
        await store.ledger.finish(said.message_id, "answered", Reason.ANSWERED)


def strides(clock: Leaping) -> Iterator[datetime]:
    """Go through the days; each time, whatever was waited for meanwhile is made up for."""
    start = clock.now()
    for number in range(DAYS * DAY // STRIDE):
        moment = start + number * STRIDE
        clock.tick(max(0.0, (moment - clock.now()).total_seconds()))
        yield moment


def counts(home: Home) -> dict[str, int]:
    """Count the rows of every table but those of the search."""
    names = rows(
        home.database,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'conversations_fts%'"
        " AND name NOT LIKE 'sqlite%'",
    )
    return {
        name: rows(home.database, f"SELECT count(*) FROM {name}")[0][0]  # noqa: S608 - its own names
        for (name,) in names
    }


def oldest(home: Home, table: str, column: str, where: str = "1") -> datetime:
    sql = f"SELECT min({column}) FROM {table} WHERE {where}"  # noqa: S608 - names of the test
    return datetime.fromisoformat(rows(home.database, sql)[0][0])


@dataclass
class Seen:
    """When each task ran, and how many rows there were once rows began to go."""

    ran: dict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    steady: dict[str, int] = field(default_factory=dict)


async def live(house: Household, clock: Leaping, fleet: Fleet) -> Seen:
    """Go through all the days, with one bot after the other."""
    talk = Talk(clock, house.store("sage"), house.store("spark"))
    began, seen = clock.now(), Seen()
    reign, keeper = -1, await house.keeper(fleet, "spark")
    for moment in strides(clock):
        await talk.go_on()
        if (moment - began) // REIGN != reign:
            # The process before it was killed, and said no goodbye.
            reign = (moment - began) // REIGN
            keeper = await house.keeper(fleet, ("sage", "spark")[reign % 2])
        for _ in range(2):
            await work(keeper)
            clock.tick(2 * MINUTE.total_seconds())
        for run in house.upkeep.runs:
            seen.ran[run.task].add(run.ran_at)
        if moment - began == STEADY * DAY:
            seen.steady = counts(house.home)
    return seen


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_nothing_grows_without_end_and_periods_hold_over_takeovers(
    home: Home, house: Household, clock: Leaping
) -> None:
    began = clock.now()
    fleet = configured(home, sage={"storage": {"retention_days": 10}})
    seen = await live(house, clock, fleet)

    late = STRIDE + HOUR
    for task, period in (("check", DAY), ("backup", DAY), ("optimize", DAY), ("cleaning", HOUR)):
        runs = sorted(seen.ran[task])
        gaps = [later - earlier for earlier, later in itertools.pairwise(runs)]
        assert period <= min(gaps), task
        assert max([*gaps, clock.now() - runs[-1]]) <= period + late, task
    assert [
        (table, seen.steady[table], count)
        for table, count in counts(home).items()
        if table not in GROWING and count > 1.1 * seen.steady[table] + 5
    ] == []
    now = clock.now() - late
    assert oldest(home, "inbox", "received_at") > now - 30 * DAY
    assert oldest(home, "outbox", "created_at") > now - DAY
    assert oldest(home, "conversations", "timestamp", "bot_name = 'sage'") > now - 10 * DAY
    assert oldest(home, "conversations", "timestamp", "bot_name = 'spark'") < began + STRIDE
    assert len(backup.listed(home)) == fleet.bot("sage").backup.keep
    assert house.upkeep.troubles == ()
    assert search.behind(house.store("sage").reader) == 0
    assert rows(home.database, "PRAGMA integrity_check") == [("ok",)]
