"""The sandbox's own API for what it cannot know: how far the bots have talked with each other.

Whoever runs the bots tells it, and the chat page shows it. Bots never see it.
"""

import math
from datetime import timedelta

from aiohttp import web

from multibot.sandbox import page_objects
from multibot.sandbox.admin_requests import BASE, RequestError, body_of, served
from multibot.sandbox.entities import Json
from multibot.sandbox.world import Event, TalkNote, World

_STATES = ("chain", "cooldown")
_MOST_CHANNELS = 1000
_MOST_BOTS = 50
_LARGEST = 1_000_000
_DAY_SECONDS = 86_400.0


class TalkAdmin:
    """Serves `/sandbox/talk`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        for method, answer in (("GET", self._show), ("PUT", self._take)):
            app.router.add_route(method, f"{BASE}/talk", served(answer))

    async def _show(self, _: web.Request) -> Json:
        return {"channels": page_objects.talk(self._world)}

    async def _take(self, request: web.Request) -> Json:
        """Take the whole state anew; channels that are not here are left out."""
        told = (await body_of(request)).get("channels")
        if not isinstance(told, list) or len(told) > _MOST_CHANNELS:
            raise RequestError(400, f"`channels` is no list of at most {_MOST_CHANNELS}.")
        notes = [self._note(each) for each in told]
        self._world.talk = [each for each in notes if each.channel_id in self._world.channels]
        self._world.announce(Event("TALK"))
        return await self._show(request)

    def _note(self, told: object) -> TalkNote:
        if not isinstance(told, dict):
            raise RequestError(400, "A channel is a JSON object.")
        channel_id, state, bots = told.get("channel_id"), told.get("state"), told.get("bots", [])
        if not isinstance(channel_id, str) or state not in _STATES:
            raise RequestError(400, f"A channel has `channel_id`, and `state`: {_either()}.")
        if not isinstance(bots, list) or not all(isinstance(each, str) for each in bots):
            raise RequestError(400, "`bots` is no list of names.")
        return TalkNote(
            channel_id=channel_id,
            state=state,
            bots=tuple(bots[:_MOST_BOTS]),
            count=int(_number(told, "count", _LARGEST)),
            limit=int(_number(told, "limit", _LARGEST)),
            ends_at=self._world.clock.now()
            + timedelta(seconds=_number(told, "left_seconds", _DAY_SECONDS)),
        )


def _either() -> str:
    return " or ".join(_STATES)


def _number(told: Json, name: str, largest: float) -> float:
    value = told.get(name, 0)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0 <= value <= largest:
        raise RequestError(400, f"`{name}` is no number from 0 to {largest:g}.")
    return float(value)
