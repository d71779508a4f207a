"""Row 20: gateway connections drop in every way there is while people talk, in rooms, threads and DMs.

Each message is answered once, and a session that Discord kept is resumed, not started anew.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest

from multibot.home import Home
from multibot.sandbox.gateway_session import GatewaySession
from tests.faults import book, crowd, running, witness
from tests.faults.crowd import Crowd
from tests.faults.witness import Asked
from tests.process.fleet import chat_lines, pause, until

CHAT = Path(__file__).parent.parent / "data" / "chat_sample.jsonl"
BOTS = book.times(8, 3)
DROPS = book.times(1000, 10)
LONGEST_PAUSE = book.times(12, 4) / 10
MESSAGES_PER_SECOND = book.times(20, 16)
SEED = 20
FRIENDS = ("ada", "grace", "linus")
# A client that has not read READY yet has nothing to resume.
KNOWN_TO_CLIENT_SECONDS = 3.0

Words = Mapping[str, Any]


@dataclass(frozen=True)
class Drop:
    """One way to lose a connection, and what the way back meets; does Discord keep the session?"""

    name: str
    words: Words
    keeps: bool = True
    then: Words | None = None


def gone(name: str, then: Words | None = None, **words: Any) -> Drop:
    return Drop(name, words, keeps=False, then=then)


@dataclass(frozen=True)
class Done:
    """A drop that was done; `after` is the number of the last thing that was noted before it."""

    bot: str
    after: int
    name: str
    keeps: bool


BROKEN: Words = {"kind": "close", "code": 1006}
DROPPED: tuple[Drop, ...] = (
    Drop("1006", BROKEN),
    Drop("4000", {"kind": "close", "code": 4000}),
    Drop("4008", {"kind": "close", "code": 4008}),
    Drop("op 7", {"kind": "reconnect"}),
    Drop("op 9 resumable", {"kind": "invalid-session", "resumable": True}),
    Drop("resume broken", BROKEN, then={**BROKEN, "at": "resume"}),
    Drop("resume closed", BROKEN, then={"kind": "close", "code": 4000, "at": "resume"}),
    gone("op 9", kind="invalid-session"),
    gone("1000", kind="close", code=1000),
    gone("4009", kind="close", code=4009),
    gone("4000 and gone", kind="close", code=4000, resumable=False),
    gone("1006 and gone", kind="close", code=1006, resumable=False),
    gone("resume op 9", **BROKEN, then={"kind": "invalid-session", "at": "resume"}),
    gone("login op 9", **BROKEN, then={"kind": "invalid-session", "at": "login"}),
    gone("identify closed", kind="invalid-session", then={**BROKEN, "at": "identify"}),
    gone("READY late", kind="invalid-session", then={"kind": "slow-ready", "seconds": 1.5}),
)


@dataclass
class Storm:
    """Drops connections of a crowd, one after the other; notes what has to follow."""

    fleet: Crowd
    dice: random.Random
    done: list[Done] = field(default_factory=list)
    starts_allowed: int = BOTS

    async def rage(self) -> None:
        """Drop so many, in a random order in which every kind comes equally often."""
        kinds = [DROPPED[number % len(DROPPED)] for number in range(DROPS)]
        self.dice.shuffle(kinds)
        for kind in kinds:
            # Now and then at once: in the middle of a catch-up, or before READY has been read.
            await pause(self.dice.choice((0.01, self.dice.uniform(0.1, LONGEST_PAUSE))))
            self._drop(kind, await self._connected())

    async def _connected(self) -> GatewaySession:
        """Wait for bots with a connection, and take one of them."""
        sessions = self.fleet.hub.sessions

        def open_ones() -> list[GatewaySession]:
            return [each for each in sessions.values() if each.connection is not None]

        found: list[GatewaySession] = await until(open_ones, "somebody is connected")
        return self.dice.choice(found)

    def _drop(self, drop: Drop, session: GatewaySession) -> None:
        bot, faults = session.application.name, self.fleet.world.faults
        log = self.fleet.world.traffic.connections(bot=bot, after=0, limit=1_000_000)
        started = session.application.starts[-1]
        age = (self.fleet.world.clock.now() - started).total_seconds()
        is_known = age > KNOWN_TO_CLIENT_SECONDS
        keeps = drop.keeps and is_known and not self._is_met(bot)
        self.done.append(Done(bot, log[-1]["n"], drop.name, keeps))
        if not keeps:
            # One for the new session, one for an IDENTIFY that a fault met.
            self.starts_allowed += 2
        if drop.then is not None:
            faults.add(**drop.then, bot=bot, times=1)
        faults.add(**drop.words, bot=bot)

    def _is_met(self, bot: str) -> bool:
        """Say whether a fault still waits for this bot's next login."""
        return any(
            fault.spec.bot == bot and not fault.is_deed and fault.is_armed
            for fault in self.fleet.world.faults.listed()
        )

    def not_resumed(self) -> list[Done]:
        """Name the drops that Discord kept the session of, and that no RESUME followed."""
        return [done for done in self.done if done.keeps and not self._is_resumed(done)]

    def _is_resumed(self, done: Done) -> bool:
        log = self.fleet.world.traffic.connections(bot=done.bot, after=done.after, limit=1_000_000)
        login = next((each for each in log if each["what"] != "close"), None)
        if login is None or login["what"] == "resume":
            return login is not None
        # Unless the session was ended by the next drop, before the client was back.
        return any(
            done.after <= other.after < login["n"] and not other.keeps
            for other in self.done
            if other.bot == done.bot
        )


@dataclass
class Talk:
    """Real chat, told to bots in their rooms, in threads of these, and in private."""

    fleet: Crowd
    dice: random.Random
    asked: list[Asked] = field(default_factory=list)
    threads: dict[str, list[str]] = field(default_factory=dict)

    async def say(self, bot: str, place: str, author: str, content: str) -> None:
        posted = await self.fleet.say(place, author, content)
        self.asked.append(Asked(posted["id"], posted["channel_id"], bot))

    async def greet(self) -> None:
        """Open the private channels, and a thread each."""
        for bot in self.fleet.bots:
            await self._open_thread(bot)
            for friend in FRIENDS:
                await self.say(bot, f"@{bot}", friend, "hello")
        await self.settled()

    async def go_on(self, stop: asyncio.Event) -> None:
        """Talk at a steady pace, whoever listens, until told to stop."""
        numbers = count(1)
        for author, content in cycle(chat_lines(CHAT, 1100)):
            if stop.is_set():
                return
            bot = self.dice.choice(self.fleet.bots)
            if next(numbers) % 25 == 0:
                await self._open_thread(bot)
            private = (f"@{bot}", self.dice.choice(FRIENDS))
            inside = (self.dice.choice(self.threads[bot]), author)
            place, who = self.dice.choice((private, inside, (f"#room-{bot}", author)))
            await self.say(bot, place, who, content)
            await pause(1 / MESSAGES_PER_SECOND)

    async def settled(self) -> None:
        """Wait until the bots are done with every message, or for so long that they never will."""
        left: list[str] = []

        def are_settled() -> bool:
            left[:] = witness.unsettled(self.fleet.home, self.asked)
            return not left

        try:
            await until(are_settled, "every message settled", 90)
        except AssertionError:
            unsettled = [one for one in self.asked if one.message_id in left]
            raise AssertionError(f"never settled: {unsettled}") from None

    async def _open_thread(self, bot: str) -> None:
        opened = self.threads.setdefault(bot, [])
        thread = await self.fleet.thread(f"#room-{bot}", f"thread {len(opened)}", "ada")
        opened.append(thread["id"])


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_no_message_is_lost_or_answered_twice_however_connections_drop(home: Home) -> None:
    stop = asyncio.Event()
    async with Crowd(home, world=crowd.world(), count=BOTS) as fleet:
        talk = Talk(fleet, crowd.dice(SEED + 1))
        storm = Storm(fleet, crowd.dice(SEED))
        async with running.by_hand(fleet) as started:
            await talk.greet()
            talking = asyncio.create_task(talk.go_on(stop))
            try:
                await storm.rage()
            finally:
                stop.set()
                await talking
            await talk.settled()
            assert [one.bot for one in started.values() if one.process.returncode] == []
        received = await fleet.received()
        verdict = witness.judge(fleet.world, talk.asked, received)
        traffic = fleet.world.traffic.shown()["bots"].values()

    assert len(storm.done) == DROPS
    assert sum(sum(each["closes"].values()) for each in traffic) >= DROPS
    assert verdict.asked > DROPS
    assert verdict.duplicates == []
    assert verdict.lost == []
    assert witness.strangers(fleet.world, talk.asked, received) == []
    assert storm.not_resumed() == []
    assert sum(each["identifies"] for each in traffic) <= storm.starts_allowed
    book.note(
        book.Entry(
            row=20,
            fault="gateway connections dropped",
            count=DROPS,
            unit="drops",
            result=f"{verdict.answered} of {verdict.asked} messages answered once, duplicates 0, lost 0",
            seed=SEED,
            figures={
                "bots": BOTS,
                "kinds": len({each.name for each in storm.done}),
                "resumes": sum(each["resumes"] for each in traffic),
                "identifies": sum(each["identifies"] for each in traffic),
            },
        )
    )
