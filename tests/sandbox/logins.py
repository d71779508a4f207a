"""Logins over a raw gateway socket: where a session stands, and whether it can be resumed."""

from tests.sandbox.clients import Json, RawGateway
from tests.sandbox.conftest import TOKEN_ONE, Open

TALK = 1 << 0 | 1 << 9 | 1 << 12


async def logged_in(open_gateway: Open, token: str = TOKEN_ONE) -> tuple[RawGateway, Json]:
    """Return a socket that has had its READY and its guild, and the session to resume."""
    gateway = await open_gateway()
    ready = await gateway.identify(token, TALK)
    seen = (await gateway.event("GUILD_CREATE"))["s"]
    return gateway, {"token": token, "session_id": ready["session_id"], "seq": seen}


async def resumed(open_gateway: Open, session: Json) -> RawGateway:
    gateway = await open_gateway()
    await gateway.send(6, session)
    return gateway


async def is_resumable(open_gateway: Open, session: Json) -> bool:
    gateway = await resumed(open_gateway, session)
    while True:
        payload = await gateway.next()
        if payload["op"] == 9 or payload["t"] == "RESUMED":
            return bool(payload["t"] == "RESUMED")
