"""Row 4: SIGTERM while answers are being made.

The process ends with 0, in time; what it did not finish, the next one does, and no answer stands twice.
"""

import asyncio
import re

import pytest

from multibot.home import Home
from tests.faults import book, crowd, witness
from tests.faults.by_hand import ByHand
from tests.faults.witness import Asked
from tests.process.fleet import pause, until

BOTS = book.times(4, 2)
STOPS = book.times(200, 2)
SEED = 4
FRIENDS = ("ada", "grace", "linus")
# Every second request takes `MAKING` s; the drain waits for some answers and not for others.
MAKING = 5.0 if book.FULL else 0.5
DRAIN = 4.0 if book.FULL else 0.2
SETTLED_WITHIN = book.times(600, 60)
PATIENCE_SECONDS = 15.0
DRAINED = re.compile(r'"unfinished": (\d+), "event": "drained"')


class Stops:
    """What was asked and how the processes ended."""

    def __init__(self, fleet: ByHand) -> None:
        self._fleet = fleet
        self._dice = crowd.dice(SEED)
        self.asked: list[Asked] = []
        self.codes: list[int] = []
        self.seconds: list[float] = []
        self.unfinished: list[int] = []

    async def ask(self, place: str, author: str) -> None:
        posted = await self._fleet.say(place, author, "What is a good life?")
        bot = place[1:].removeprefix("room-")
        self.asked.append(Asked(posted["id"], posted["channel_id"], bot))

    async def settled(self) -> None:
        await until(
            lambda: not witness.unsettled(self._fleet.home, self.asked),
            "all settled",
            SETTLED_WITHIN,
        )

    def slow_down(self) -> None:
        """Let Discord take its time, so that answers are under way when their bot is stopped."""
        add = self._fleet.world.faults.add
        where = {"method": "POST", "path": "/channels/*/messages"}
        add("slow", **where, seconds=MAKING, probability=0.5, seed=SEED)

    async def of(self, bot: str, times: int) -> None:
        """Stop one bot so often, somewhere between hearing a message and having answered it."""
        loop = asyncio.get_running_loop()
        for _ in range(times):
            await asyncio.gather(
                *(self.ask(f"#room-{bot}", friend) for friend in FRIENDS),
                self.ask(f"@{bot}", FRIENDS[0]),
            )
            await pause(self._dice.uniform(0.01, MAKING))
            began = loop.time()
            code, output = await self._fleet.stop(bot)
            self.seconds.append(loop.time() - began)
            self.codes.append(code)
            self.unfinished += map(int, DRAINED.findall(output))
            await self._fleet.start(bot)
            await until(lambda: self._fleet.is_up(bot), f"{bot} ready")


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
async def test_what_is_not_drained_is_taken_up_again(home: Home) -> None:
    settings = {"global_settings": {"response_delay": "0-0.2", "drain_timeout": DRAIN}}
    async with ByHand(home, world=crowd.world(), count=BOTS, settings=settings) as fleet:
        await fleet.start_all()
        stops = Stops(fleet)
        for bot in fleet.bots:
            await stops.ask(f"@{bot}", FRIENDS[0])
        await stops.settled()
        stops.slow_down()
        await asyncio.gather(*(stops.of(bot, STOPS // BOTS) for bot in fleet.bots))
        fleet.world.faults.clear()
        await stops.settled()
        verdict = witness.judge(fleet.world, stops.asked, await fleet.received())

    assert stops.codes == [0] * STOPS
    assert max(stops.seconds) <= PATIENCE_SECONDS
    assert len(stops.unfinished) == STOPS
    assert verdict.duplicates == []
    assert verdict.lost == []
    book.note(
        book.Entry(
            row=4,
            fault="SIGTERM while answers are being made",
            count=STOPS,
            unit="stops",
            result=f"exit 0 each time; {verdict.answered} of {verdict.asked} messages answered once",
            seed=SEED,
            figures={
                "drained whole": stops.unfinished.count(0),
                "answers taken up again": sum(stops.unfinished),
                "slowest exit s": round(max(stops.seconds), 1),
            },
        )
    )
