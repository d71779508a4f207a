"""What the other processes of `test_processes.py` do; run as `python -m tests.store.processes`."""

import asyncio
import itertools
import os
import sys
import uuid
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from multibot.clock import SystemClock
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store.leases import Leases
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from tests.store.material import ANSWER, LEASE, RULES, message


def say(*words: object) -> None:
    """Tell the test, at once."""
    print(*words, flush=True)  # noqa: T201 - a pipe to the test


def wait_for_start() -> None:
    """Say that everything is ready, then wait until all the others are too."""
    say("ready")
    sys.stdin.readline()


async def claim(store: BotStore, count: int) -> None:
    """Try to win each message; print those that were won."""
    for number in range(count):
        said = message(message_id=f"m{number}", author_id=f"u{number}")
        claim = await store.ledger.claim(said, slots=1, lease=LEASE, per_minute=10)
        say(claim.outcome, said.message_id)


async def limit(store: BotStore, count: int) -> None:
    """Receive messages of one user in every process; print what became of each."""
    for number in range(count):
        say(await store.ledger.receive(message(message_id=f"m{number}"), ANSWER, per_minute=5))


async def begin(store: BotStore, count: int) -> None:
    """Store turns, several at once, as a busy bot would."""
    sent = [message(message_id=f"m{number}", author_id=f"u{number % 7}") for number in range(count)]
    for start in range(0, count, 10):
        together = sent[start : start + 10]
        await asyncio.gather(*(store.ledger.begin(said, RULES) for said in together))
        say(*(said.message_id for said in together))


async def share(store: BotStore, count: int) -> None:
    """Open, continue and lose one and the same session, over and over; print where each went."""
    for number in range(count):
        said = message(message_id=str(uuid.uuid4()), after=number * 301.0)
        session = await store.ledger.begin(said, RULES)
        say(number, session.session_id)


async def amend(store: BotStore, _: int) -> None:
    """Edit what was said and delete each third of it until killed; name what is done."""
    for number in itertools.count():
        said = message(f"first {number}", message_id=str(number))
        await store.ledger.receive(said, ANSWER, per_minute=1_000_000)
        if number % 2:
            await store.ledger.begin(said, RULES)
        newest = replace(said, content=f"newest {number}", edited_at=said.created_at)
        await store.edits.edited([newest])
        if number % 3 == 0:
            await store.edits.deleted([said.message_id])
        say(number)


async def endless(store: BotStore, _: int) -> None:
    """Store messages until killed, and name each one that was acknowledged."""
    number = 0
    while True:
        together = [message(message_id=f"m{number + each}") for each in range(5)]
        number += 5
        await asyncio.gather(*(store.ledger.begin(said, RULES) for said in together))
        say(*(said.message_id for said in together))


async def compete(store: BotStore, count: int, home: Home, name: str) -> None:
    """Hold a lease so many times, each time alone; print the numbers it was held by."""
    leases, witness = Leases(name, SystemClock()), home.data / "witness"
    take = partial(leases.take, name="work", length=LEASE)
    for _ in range(count):
        while (lease := await store.writer.run(take)) is None:
            pass
        # Fails where another process is in here at the same time.
        os.close(os.open(witness, os.O_CREAT | os.O_EXCL))
        assert await store.writer.run(partial(leases.renew, lease=lease, length=LEASE))
        witness.unlink()
        await store.writer.run(partial(leases.release, lease=lease))
        say(lease.fence)


async def hold(store: BotStore, milliseconds: int, name: str) -> None:
    """Take a lease as soon as it is free, say so, and renew it until killed."""
    leases, length = Leases(name, SystemClock()), timedelta(milliseconds=milliseconds)
    while (
        held := await store.writer.run(partial(leases.take, name="work", length=length))
    ) is None:
        pass
    say(name, held.fence)
    while held is not None:
        held = await store.writer.run(partial(leases.renew, lease=held, length=length))


ACTIONS = {
    "amend": amend,
    "begin": begin,
    "claim": claim,
    "endless": endless,
    "limit": limit,
    "share": share,
}


async def act(action: str, home: Home, bot_name: str, count: int) -> None:
    store = open_store(home, BotName(bot_name), SystemClock())
    try:
        wait_for_start()
        if action == "compete":
            await compete(store, count, home, bot_name)
        elif action == "hold":
            await hold(store, count, bot_name)
        else:
            await ACTIONS[action](store, count)
    finally:
        await store.close()


def main(action: str, root: str, bot_name: str, count: str) -> None:
    home = Home(Path(root))
    if action == "migrate":
        wait_for_start()
        say(*migrate(home, SystemClock()).applied)
    else:
        asyncio.run(act(action, home, bot_name, int(count)))


if __name__ == "__main__":
    main(*sys.argv[1:])
