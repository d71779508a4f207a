"""What all of the sandbox's own API shares: reading requests, and saying what is wrong with them."""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from multibot.errors import UsageError
from multibot.sandbox.entities import Json
from multibot.sandbox.refusal import RefusalError
from multibot.sandbox.rest import respond

BASE = "/sandbox"

Answer = Callable[[web.Request], Awaitable[Json]]


class RequestError(Exception):
    """What was asked of the sandbox makes no sense."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


def served(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return an answer as a route of aiohttp; what is wrong with the request becomes a 4xx."""

    async def serve(request: web.Request) -> web.Response:
        try:
            return respond(200, await answer(request), {})
        except RequestError as error:
            return respond(error.status, {"error": str(error)}, {})
        except UsageError as error:
            return respond(400, {"error": str(error)}, {})
        except RefusalError as refusal:
            return respond(refusal.status, {"error": str(refusal), **refusal.body}, {})

    return serve


async def body_of(request: web.Request) -> Json:
    """Return the JSON object that was sent."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise RequestError(400, "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise RequestError(400, "The body is not a JSON object.")
    return body


def text(body: Json, name: str) -> str:
    """Return a field that has to be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RequestError(400, f"`{name}` is missing.")
    return value.strip()


def number(word: str | None, default: int = 0) -> int:
    """Return a number of the query."""
    if word is None:
        return default
    if not word.isdigit():
        raise RequestError(400, f"{word} is not a number.")
    return int(word)
