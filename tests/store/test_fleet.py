"""What bots know of each other, and what `multibot status` reads."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store import connection
from multibot.store.fleet import Peer
from multibot.store.status import BotStatus, read_statuses
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import SPARK, START

MINUTE = timedelta(seconds=60)


def status(bot_name: str = "sage", **changes: object) -> BotStatus:
    made = BotStatus(
        bot_name=bot_name,
        pid=4711,
        boot_id="boot",
        started_at=START,
        state="ready",
        gateway_state="ready",
        config_hash="abc",
        version="0.1.0",
        user_id=f"id of {bot_name}",
        display_name=bot_name.title(),
        heartbeat_at=START,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_a_row_is_read_back_as_it_was_written(home: Home, store: BotStore) -> None:
    full = status(
        ready_at=START,
        ack_at=START,
        last_event_at=START,
        last_answer_at=START,
        latency_ms=12.5,
        loop_lag_ms=0.25,
        identifies=3,
        last_error="the model is away",
    )
    await store.fleet.report(full)
    assert read_statuses(home.database) == {"sage": full}


async def test_a_newer_row_replaces_the_older_one(home: Home, store: BotStore) -> None:
    await store.fleet.report(status(last_error="trouble"))
    newer = status(state="draining", gateway_state="disconnected", last_error=None)
    await store.fleet.report(newer)
    assert read_statuses(home.database) == {"sage": newer}


async def test_a_restart_does_not_forget_who_the_bot_is(home: Home, store: BotStore) -> None:
    await store.fleet.report(status())
    await store.fleet.report(status(state="starting", user_id=None, display_name=None))
    read = read_statuses(home.database)["sage"]
    assert (read.state, read.user_id, read.display_name) == ("starting", "id of sage", "Sage")


async def test_a_bot_writes_its_own_row_only(home: Home, open_bot: OpenBot) -> None:
    await open_bot(SPARK).fleet.report(status("sage"))
    assert set(read_statuses(home.database)) == {"spark"}


async def test_bots_are_alive_while_their_heartbeat_is_young(
    open_bot: OpenBot, clock: FakeClock
) -> None:
    sage, spark, logic = open_bot(), open_bot(SPARK), open_bot(BotName("logic"))
    await sage.fleet.report(status("sage"))
    await spark.fleet.report(status("spark", heartbeat_at=START + timedelta(seconds=1)))
    await logic.fleet.report(status("logic", user_id=None))
    clock.tick(60)
    both = (Peer(BotName("sage"), "id of sage", "Sage"), Peer(SPARK, "id of spark", "Spark"))
    assert sage.fleet.alive(MINUTE) == both
    clock.tick(0.001)
    assert sage.fleet.alive(MINUTE) == both[1:]
    assert sage.fleet.alive(timedelta(days=36500)) == both


async def test_a_heartbeat_from_before_the_clock_went_back_is_not_alive(
    store: BotStore, clock: FakeClock
) -> None:
    await store.fleet.report(status())
    clock.set_wall(START - timedelta(hours=1))
    assert store.fleet.alive(MINUTE) == ()


def test_no_database_means_no_rows(home: Home) -> None:
    home.database.unlink()
    assert read_statuses(home.database) == {}
    assert not home.database.exists()


def test_a_database_before_its_first_migration_means_no_rows(home: Home) -> None:
    home.database.unlink()
    home.database.touch()
    connection.open_writer(home.database).close()
    assert read_statuses(home.database) == {}


def test_reading_the_rows_needs_nothing_heavy() -> None:
    program = (
        "import sys, multibot.store.status;"
        "heavy = {'aiosql', 'sqlite_utils', 'pydantic', 'orjson', 'discord', 'rich', 'yaml'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
