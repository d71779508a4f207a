"""Ask a responder for one answer, with patience that ends."""

from collections.abc import AsyncGenerator, AsyncIterator

import structlog

from multibot.clock import Clock
from multibot.conversation.prompt import Prompt
from multibot.responder.protocol import Responder, ResponderError
from multibot.runtime import deadline

TRIES = 3
TIME_LIMIT_SECONDS = 30.0
WAITS_SECONDS = (0.5, 2.0)

log = structlog.get_logger(__name__)


async def answer(responder: Responder, prompt: Prompt, clock: Clock) -> str:
    """Return the full text; three tries within 30 s, then ResponderError."""
    try:
        return await deadline.within(clock, TIME_LIMIT_SECONDS, _tries(responder, prompt, clock))
    except TimeoutError as error:
        raise _too_late() from error


async def growing(responder: Responder, prompt: Prompt, clock: Clock) -> AsyncGenerator[str, None]:
    """Yield the text so far, longer each time.

    Three tries; one that fails half way starts again from nothing. 30 s without a new piece, the
    tries taken together, end it; a long answer may take longer as a whole.
    """
    end = clock.monotonic() + TIME_LIMIT_SECONDS
    for number, wait in enumerate((*WAITS_SECONDS, None), start=1):
        text, pieces = "", responder.stream(prompt)
        try:
            while (piece := await _next(pieces, clock, end)) is not None:
                text += piece
                yield text
                # Whoever took the text may have been slow, not the model.
                end = clock.monotonic() + TIME_LIMIT_SECONDS
        except ResponderError as error:
            if wait is None:
                raise
            log.warning("responder_failed", attempt=number, error=str(error))
            await clock.sleep(wait)
        except TimeoutError as error:
            raise _too_late() from error
        else:
            return


async def _next(pieces: AsyncIterator[str], clock: Clock, end: float) -> str | None:
    async def piece() -> str | None:
        return await anext(pieces, None)

    return await deadline.within(clock, end - clock.monotonic(), piece())


async def _tries(responder: Responder, prompt: Prompt, clock: Clock) -> str:
    for number, wait in enumerate(WAITS_SECONDS, start=1):
        try:
            return await _collect(responder, prompt)
        except ResponderError as error:
            log.warning("responder_failed", attempt=number, error=str(error))
            await clock.sleep(wait)
    return await _collect(responder, prompt)


async def _collect(responder: Responder, prompt: Prompt) -> str:
    return "".join([piece async for piece in responder.stream(prompt)])


def _too_late() -> ResponderError:
    return ResponderError(f"no answer within {TIME_LIMIT_SECONDS:.0f} s")
