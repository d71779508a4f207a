import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from multibot.conversation.prompt import Prompt, PromptTurn
from multibot.responder.protocol import ResponderError
from multibot.runtime import answering
from tests.fakes import FakeClock

PROMPT = Prompt(
    bot_name="sage",
    system="",
    user_id="1",
    user_name="ada",
    turns=(PromptTurn(role="user", content="hi"),),
)


class Responder:
    """Fails so many times, then answers; or does what it is told to before the first piece."""

    def __init__(self, failures: int = 0, before: Callable[[], object] | None = None) -> None:
        self.failures = failures
        self.calls = 0
        self.before = before

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        self.calls += 1
        if self.calls <= self.failures:
            raise ResponderError("the model is away")
        for piece in ("an ", "answer to ", prompt.turns[-1].content):
            yield piece

    async def close(self) -> None: ...


class HangingResponder(Responder):
    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        self.calls += 1
        yield "a beginning"
        await asyncio.get_running_loop().create_future()


async def test_pieces_become_one_text(clock: FakeClock) -> None:
    assert await answering.answer(Responder(), PROMPT, clock) == "an answer to hi"


async def test_two_failures_are_forgiven_with_growing_waits(clock: FakeClock) -> None:
    responder = Responder(failures=2)
    task = asyncio.create_task(answering.answer(responder, PROMPT, clock))
    await clock.advance(0.49)
    assert responder.calls == 1
    await clock.advance(0.02)
    assert responder.calls == 2
    await clock.advance(2.0)

    assert await task == "an answer to hi"
    assert responder.calls == 3


async def test_three_failures_are_an_error(clock: FakeClock) -> None:
    responder = Responder(failures=9)
    task = asyncio.create_task(answering.answer(responder, PROMPT, clock))
    await clock.advance(10)

    with pytest.raises(ResponderError, match="the model is away"):
        await task
    assert responder.calls == 3


async def test_a_model_that_hangs_is_given_up_after_30_s(clock: FakeClock) -> None:
    task = asyncio.create_task(answering.answer(HangingResponder(), PROMPT, clock))
    await clock.advance(29.9)
    assert not task.done()
    await clock.advance(0.2)

    with pytest.raises(ResponderError, match="no answer within 30 s"):
        await task
