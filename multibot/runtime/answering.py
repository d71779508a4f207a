"""Ask a responder for one whole answer, with patience that ends."""

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
        raise ResponderError(f"no answer within {TIME_LIMIT_SECONDS:.0f} s") from error


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
