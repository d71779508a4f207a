"""A real bot that hangs, is stopped or is killed: what `status` and `incidents` say of it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import yaml

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store.incidents import Incident, recent
from multibot.store.status import BotStatus, read_statuses
from tests.process.fleet import RunningFleet, until

# The real process; only its responder is one that never comes back.
HANGING = """
import os, sys, time
from pathlib import Path
from multibot.home import Home
from multibot.runtime import process, wiring

class Hanging(wiring.ScriptedResponder):
    def stream(self, prompt):
        time.sleep(600)

wiring.ScriptedResponder = Hanging
sys.exit(process.main(Home(Path(sys.argv[1])), "sage", os.environ))
"""


@pytest.fixture
async def fleet(home: Home) -> AsyncIterator[RunningFleet]:
    async with RunningFleet(home) as running:
        yield running


def row(fleet: RunningFleet) -> BotStatus:
    return read_statuses(fleet.home.database)["sage"]


def incidents(fleet: RunningFleet) -> tuple[Incident, ...]:
    return recent(fleet.home.database, SystemClock().now() - timedelta(hours=1))


async def test_a_bot_whose_loop_hangs_ends_with_70_and_the_next_start_tells(
    fleet: RunningFleet,
) -> None:
    document = yaml.safe_load(fleet.home.fleet_file.read_text())
    document.setdefault("global_settings", {})["watchdog_timeout"] = 2
    fleet.home.fleet_file.write_text(yaml.safe_dump(document))
    await fleet.multibot("db", "migrate")
    hanging = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HANGING, str(fleet.home.root)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ},
    )
    await until(lambda: "sage" in fleet.pids(), "sage ready")
    await fleet.say("#philosophy", "ada", "What is a good life?")
    output, _ = await asyncio.wait_for(hanging.communicate(), 60)

    assert hanging.returncode == 70, output.decode()
    assert '"event": "ended_by_watchdog"' in output.decode()
    assert "in stream" in output.decode(), "the stacks show where it hung"

    async with fleet.running("sage") as again:
        await until(lambda: row(fleet).pid == again.pid, "its own row")
        (incident,) = incidents(fleet)
        assert (incident.kind, incident.count) == ("watchdog", 1)
        assert not fleet.home.bot_exit("sage").exists()


async def test_a_killed_bot_is_an_incident_and_a_stopped_one_is_none(fleet: RunningFleet) -> None:
    async with fleet.running("sage") as process:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)
    async with fleet.running("sage") as process:
        assert incidents(fleet) == ()
        process.kill()
        await process.wait()
    async with fleet.running("sage") as again:
        await until(lambda: row(fleet).pid == again.pid, "its own row")
        (incident,) = incidents(fleet)

    assert incident.kind == "crash"
    assert f"process {process.pid} ended without saying goodbye" in incident.detail


async def test_a_stopped_process_gives_no_sign_of_life_and_goes_on_afterwards(
    fleet: RunningFleet,
) -> None:
    async with fleet.running("sage") as process:
        process.send_signal(signal.SIGSTOP)
        before = row(fleet).heartbeat_at
        assert before is not None
        process.send_signal(signal.SIGCONT)
        await until(lambda: row(fleet).heartbeat_at != before, "a beat after the stop", 15)

        assert (row(fleet).state, process.returncode) == ("ready", None)
        assert incidents(fleet) == ()


async def test_the_row_says_what_is_measured(fleet: RunningFleet) -> None:
    async with fleet.running("sage"):
        posted = await fleet.say("#philosophy", "ada", "What is a good life?")
        await fleet.answers_to(posted["id"])
        await until(lambda: row(fleet).last_answer_at is not None, "an answer in the row", 15)

        said = row(fleet)
        assert said.ack_at is not None
        assert said.last_event_at is not None
        assert said.loop_lag_ms is not None
        assert said.loop_lag_ms < 5000
