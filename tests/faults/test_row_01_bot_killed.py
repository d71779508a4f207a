"""Row 1: random bots are killed while people talk to them. Each message is answered once."""

import asyncio
import contextlib
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from multibot.home import Home
from tests.faults import book, crowd, witness
from tests.faults.crowd import Crowd
from tests.faults.witness import Asked
from tests.process.fleet import chat_lines, pause, until

CHAT = Path(__file__).parent.parent / "data" / "chat_sample.jsonl"
BOTS = book.times(20, 4)
KILLS = book.times(1000, 10)
KILLS_PER_SECOND = 0.9
MESSAGES_PER_SECOND = book.times(20, 8)
SEED = 1
FRIENDS = ("ada", "grace", "linus")
PRIVATE_SHARE = 0.4
# A machine that is busy with other things settles later; nothing may be lost for that.
SETTLED_WITHIN = book.times(600, 120)


async def say(fleet: Crowd, asked: list[Asked], place: str, author: str, content: str) -> None:
    posted = await fleet.say(place, author, content)
    bot = place[1:].removeprefix("room-")
    asked.append(Asked(posted["id"], posted["channel_id"], bot))


async def greet(fleet: Crowd, asked: list[Asked]) -> None:
    """Open the private channels: a bot that is down cannot know of one it has never seen."""
    for bot in fleet.bots:
        for friend in FRIENDS:
            await say(fleet, asked, f"@{bot}", friend, "hello")
    await until(lambda: not witness.unsettled(fleet.home, asked), "greetings answered")


async def talk(fleet: Crowd, asked: list[Asked], stop: asyncio.Event) -> None:
    """Post real chat, in rooms and in private, at a steady pace until told to stop."""
    dice = crowd.dice(SEED + 1)
    for author, content in cycle(chat_lines(CHAT, 1100)):
        if stop.is_set():
            return
        bot = dice.choice(fleet.bots)
        if dice.random() < PRIVATE_SHARE:
            await say(fleet, asked, f"@{bot}", dice.choice(FRIENDS), content)
        else:
            await say(fleet, asked, f"#room-{bot}", author, content)
        await pause(1 / MESSAGES_PER_SECOND)


async def watch(fleet: Crowd, killed: dict[str, tuple[int, float]], times: list[float]) -> None:
    """Note how long each killed bot takes until it is ready again."""
    loop = asyncio.get_running_loop()
    while True:
        for bot, (pid, at) in list(killed.items()):
            if fleet.is_ready(bot, not_pid=pid):
                times.append(loop.time() - at)
                killed.pop(bot, None)
        await pause(0.2)


async def kill_at_random(fleet: Crowd, killed: dict[str, tuple[int, float]]) -> None:
    """Kill running processes, whatever they are doing, some before they are even ready."""
    dice = crowd.dice(SEED)
    loop = asyncio.get_running_loop()
    done = 0
    while done < KILLS:
        bot = dice.choice(fleet.bots)
        pid = await asyncio.to_thread(fleet.process_of, bot)
        if pid is not None and crowd.kill(pid):
            killed[bot] = (pid, loop.time())
            done += 1
            await pause(dice.uniform(0.2, 2.0 / KILLS_PER_SECOND))
        else:
            await pause(0.05)


@contextlib.contextmanager
def running(*tasks: "asyncio.Task[None]") -> Iterator[None]:
    """Cancel helpers at the end; raise what went wrong in them."""
    yield
    for task in tasks:
        task.cancel()
        if task.done() and not task.cancelled() and task.exception() is not None:
            task.result()


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_each_message_is_answered_once_whoever_is_killed(home: Home) -> None:
    asked: list[Asked] = []
    killed: dict[str, tuple[int, float]] = {}
    ready: list[float] = []
    stop = asyncio.Event()
    async with Crowd(home, world=crowd.world(), count=BOTS) as fleet:
        await fleet.multibot("up")
        await greet(fleet, asked)
        talking = asyncio.create_task(talk(fleet, asked, stop))
        watching = asyncio.create_task(watch(fleet, killed, ready))
        with running(talking, watching):
            await kill_at_random(fleet, killed)
            stop.set()
            await talking
            await until(lambda: not killed, "every killed bot is ready again", SETTLED_WITHIN)
            await until(
                lambda: not witness.unsettled(home, asked), "every message settled", SETTLED_WITHIN
            )
        verdict = witness.judge(fleet.world, asked, await fleet.received())

    assert verdict.asked > KILLS
    assert verdict.duplicates == []
    assert verdict.lost == []
    book.note(
        book.Entry(
            row=1,
            fault="bot killed with kill -9",
            count=KILLS,
            unit="kills",
            result=f"{verdict.answered} of {verdict.asked} messages answered once, duplicates 0, lost 0",
            seed=SEED,
            figures={
                "bots": BOTS,
                "ready again p50 s": round(book.percentile(ready, 0.5), 1),
                "ready again p95 s": round(book.percentile(ready, 0.95), 1),
            },
        )
    )
