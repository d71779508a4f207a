"""A bot that does nothing but look after the shared file, in a hurry, and notes how far it came."""

import asyncio
import logging
import os
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from multibot.clock import SystemClock
from multibot.config.load import load
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.runtime.arbiter import profile
from multibot.runtime.chores import Chores
from multibot.runtime.hand import Hand
from multibot.runtime.housekeeper import Housekeeper, Pace, Report, Task
from multibot.store.stores import open_store
from tests.unit.config import samples

LENGTH = timedelta(seconds=0.6)
HURRY = Pace(
    length=LENGTH,
    renew=LENGTH / 3,
    step=LENGTH / 20,
    settle=timedelta(0),
    again=timedelta(0),
)


def play(order: dict[str, Any]) -> None:
    """Do the tasks of the order until they are all done once."""
    # The nursery answers its test on the same stdout.
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    asyncio.run(_keep(order))


async def _keep(order: dict[str, Any]) -> None:
    home, clock, log = Home(Path(order["home"])), SystemClock(), Path(order["log"])
    fleet = load(home, samples.TOKENS)
    bot = fleet.bot(order["bot"])
    store = open_store(home, BotName(order["bot"]), clock)
    await store.fleet.publish(profile(bot))
    chores = Chores(bot=bot, fleet=fleet, store=store, clock=clock, discord_time=clock.now)
    wanted = [each for each in chores.tasks() if each.name in order["tasks"]]
    tasks = [replace(each, work=partial(_noted, log, each)) for each in wanted]
    keeper = Housekeeper(store=store, clock=clock, tasks=tasks, holder=bot.name, pace=HURRY)
    working = asyncio.create_task(keeper.run())
    while not all(f"done {name}" in said(log) for name in order["tasks"]):
        await asyncio.wait({working}, timeout=0.01)
    await keeper.finished()
    working.cancel()
    await asyncio.wait({working})
    await store.close()


async def _noted(log: Path, task: Task, hand: Hand) -> Report:
    _note(log, f"begun {task.name}")
    report = await task.work(hand)
    _note(log, f"done {task.name}")
    return report


def _note(log: Path, line: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def said(log: Path) -> list[str]:
    """Read what one has noted so far."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
