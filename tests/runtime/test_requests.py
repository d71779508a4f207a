"""Requests outlive whoever asked for them, and end with the connection."""

import asyncio
from typing import Any

import pytest

from multibot.conversation.message import ChannelId
from multibot.runtime.breaker import RequestRefusedError
from multibot.runtime.delivery import DeliveryError, DiscordDelivery
from multibot.runtime.requests import Requests
from tests.fakes import FakeClock, settle
from tests.runtime.wire import Play, Wire, until
from tests.runtime.world import kill, message


class Far:
    """An other side that answers when it is told to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.answered: list[str] = []

    async def ask(self, what: str) -> str:
        await self.may_answer.wait()
        self.answered.append(what)
        return what.upper()


async def test_a_request_goes_on_when_nobody_waits_for_it_any_more() -> None:
    far = Far()
    requests = Requests(far.ask)
    asking = asyncio.create_task(requests.send("hello"))
    await settle()
    await kill(asking)
    assert asking.cancelled()

    far.may_answer.set()
    await settle()
    assert far.answered == ["hello"]
    assert await requests.send("again") == "AGAIN"


async def test_an_error_reaches_whoever_asked() -> None:
    async def refuse() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Requests(refuse).send()


async def test_what_is_under_way_ends_with_the_connection_and_nothing_follows() -> None:
    far = Far()
    requests = Requests(far.ask)
    asking = asyncio.create_task(requests.send("hello"))
    await settle()

    await requests.close()
    with pytest.raises(RequestRefusedError, match="was closed before"):
        await asking
    with pytest.raises(RequestRefusedError, match="is closed"):
        await requests.send("again")
    assert far.answered == []


def general(wire: Wire) -> ChannelId:
    channel = wire.world.find_channel("general")
    assert channel is not None
    return ChannelId(channel.id)


def test_a_request_cancelled_in_a_global_429_takes_no_other_with_it(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        await wire.ready()
        path = f"*/channels/{general(wire)}"
        wire.world.faults.add("429", scope="global", path=path, retry_after=65, times=1)
        reading = asyncio.create_task(wire.client.fetch_channel(int(general(wire))))
        await until(lambda: not wire.client.http._global_over.is_set())
        reading.cancel()
        await asyncio.wait({reading})

        await asyncio.wait_for(wire.post(), 300)
        assert len(wire.world.received) == 1

    play(scene)


@pytest.mark.parametrize("fault", [None, {"kind": "junk"}, {"kind": "junk", "body": "html"}])
def test_what_passes_is_no_final_refusal(play: Play, fault: dict[str, Any] | None) -> None:
    """A turn that ends with the connection, or meets a login page, is tried again later."""

    async def scene(wire: Wire) -> None:
        await wire.ready()
        asked = message(FakeClock(), channel_id=general(wire))
        if fault is None:
            await wire.end_client()
        else:
            wire.world.faults.play([fault])
        with pytest.raises(DeliveryError) as caught:
            await DiscordDelivery(wire.client).send(asked, "hello", nonce="n", first=False)
        assert not caught.value.is_permanent

    play(scene)


async def test_a_session_closed_under_a_request_is_no_final_refusal() -> None:
    class Closed:
        user = None

        def get_partial_messageable(self, *_: object, **__: object) -> "Closed":
            return self

        async def send(self, *_: object, **__: object) -> None:
            raise RuntimeError("Session is closed")

    delivery = DiscordDelivery(Closed())  # type: ignore[arg-type]
    with pytest.raises(DeliveryError, match="closed") as caught:
        await delivery.send(message(FakeClock()), "hello", nonce="n", first=False)
    assert not caught.value.is_permanent
