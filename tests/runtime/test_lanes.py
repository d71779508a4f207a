import asyncio

from multibot.runtime.lanes import Lanes
from tests.fakes import settle


async def test_one_lane_goes_in_the_order_of_entry() -> None:
    lanes = Lanes()
    order: list[int] = []
    tickets = [lanes.enter("a") for _ in range(5)]

    async def work(number: int) -> None:
        await tickets[number].turn()
        order.append(number)
        await asyncio.sleep(0)
        tickets[number].leave()

    await asyncio.gather(*(work(number) for number in reversed(range(5))))

    assert order == [0, 1, 2, 3, 4]


async def test_another_lane_is_not_held_up() -> None:
    lanes = Lanes()
    lanes.enter("slow")

    await asyncio.wait_for(lanes.enter("fast").turn(), 1)


async def test_one_who_leaves_early_does_not_let_the_next_overtake_the_first() -> None:
    lanes = Lanes()
    first, second, third = lanes.enter("a"), lanes.enter("a"), lanes.enter("a")
    waiting = asyncio.create_task(third.turn())

    second.leave()
    await settle()
    assert not waiting.done()

    first.leave()
    await settle()
    assert waiting.done()


async def test_a_cancelled_waiter_does_not_break_the_lane() -> None:
    lanes = Lanes()
    first, second, third = lanes.enter("a"), lanes.enter("a"), lanes.enter("a")
    waiting = asyncio.create_task(second.turn())
    await settle()
    waiting.cancel()
    await settle()
    second.leave()
    first.leave()

    await asyncio.wait_for(third.turn(), 1)


async def test_empty_lanes_are_forgotten() -> None:
    lanes = Lanes()
    tickets = [lanes.enter(number) for number in range(100)]
    for ticket in tickets:
        ticket.leave()
        ticket.leave()
    await settle()

    assert len(lanes) == 0
