"""The sandbox's own API for faults, and for what the bots did under them."""

from aiohttp import web

from multibot.sandbox.admin_requests import BASE, RequestError, body_of, number, served
from multibot.sandbox.entities import Json
from multibot.sandbox.faults import Fault
from multibot.sandbox.world import World

_USUAL_LIMIT = 1000


class FaultAdmin:
    """Serves `/sandbox/faults`, `/sandbox/traffic` and the two logs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        for method, path, answer in (
            ("POST", "/faults", self._add),
            ("GET", "/faults", self._list),
            ("DELETE", "/faults", self._clear),
            ("GET", "/traffic", self._traffic),
            ("GET", "/requests", self._requests),
            ("GET", "/connections", self._connections),
        ):
            app.router.add_route(method, BASE + path, served(answer))

    async def _add(self, request: web.Request) -> Json:
        """Add one fault, or the several of `{"faults": [...]}`: all of them or none."""
        body = await body_of(request)
        said = body.get("faults", [body])
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            raise RequestError(400, "`faults` is not a list of faults.")
        for one in said:
            self._check_names(one)
        return _shown(self._world.faults.play(said))

    async def _list(self, _: web.Request) -> Json:
        return _shown(self._world.faults.listed())

    async def _clear(self, request: web.Request) -> Json:
        cleared = self._world.faults.clear(*request.query.getall("id", []))
        return {"cleared": [fault.id for fault in cleared]}

    async def _traffic(self, _: web.Request) -> Json:
        return self._world.traffic.shown()

    async def _requests(self, request: web.Request) -> Json:
        return {"requests": self._world.traffic.requests(**_wanted(request))}

    async def _connections(self, request: web.Request) -> Json:
        return {"connections": self._world.traffic.connections(**_wanted(request))}

    def _check_names(self, said: Json) -> None:
        """Refuse a name that nobody has: such a fault would wait for ever."""
        bot, guild = str(said.get("bot") or "*"), str(said.get("guild") or "*")
        names = {application.name for application in self._world.applications.values()}
        if "*" not in bot and bot not in names:
            raise RequestError(404, f"There is no bot {bot}.")
        guilds = {known for one in self._world.guilds.values() for known in (one.id, one.name)}
        if guild not in guilds | {"*"}:
            raise RequestError(404, f"There is no guild {guild}.")


def _shown(faults: list[Fault]) -> Json:
    return {"faults": [fault.shown() for fault in faults]}


def _wanted(request: web.Request) -> Json:
    query = request.query
    return {
        "bot": query.get("bot"),
        "after": number(query.get("after")),
        "limit": number(query.get("limit"), _USUAL_LIMIT),
    }
