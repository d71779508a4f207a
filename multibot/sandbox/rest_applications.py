"""REST: the application itself, its commands, and where the gateway is."""

from multibot.sandbox import commands, objects
from multibot.sandbox.entities import Json
from multibot.sandbox.refusal import RefusalError, unknown
from multibot.sandbox.rest import Call, Result, Route


async def get_application(call: Call) -> Result:
    """Get Current Application."""
    return objects.application(call.world, call.caller)


async def get_gateway(call: Call) -> Result:
    """Get Gateway."""
    return {"url": _address(call)}


async def get_gateway_bot(call: Call) -> Result:
    """Get Gateway Bot, with how many IDENTIFYs are left today."""
    remaining = call.hub.starts_left(call.caller)
    return {
        "url": _address(call),
        "shards": 1,
        "session_start_limit": {
            "total": call.world.starts_a_day,
            "remaining": remaining,
            "reset_after": int(call.hub.starts_reset_after(call.caller) * 1000),
            "max_concurrency": 1,
        },
    }


def _address(call: Call) -> str:
    return f"ws://{call.request.host}/gateway"


def _scope(call: Call) -> str | None:
    """Return the guild whose commands are meant; None means the global ones."""
    if call.path("application_id") != call.caller.id:
        raise unknown("Application")
    return call.guild().id if "guild_id" in call.request.match_info else None


async def get_commands(call: Call) -> Result:
    """Get Global or Guild Application Commands."""
    scope = _scope(call)
    return list(call.caller.commands.get(scope, []))


async def overwrite_commands(call: Call) -> Result:
    """Bulk Overwrite Application Commands; one that keeps its name keeps its id."""
    scope = _scope(call)
    return commands.overwrite(call.world, call.caller, scope, await call.items())


async def create_command(call: Call) -> Result:
    """Create Application Command, in place of one with the same name."""
    scope = _scope(call)
    body = await call.body()
    kept = [one for one in call.caller.commands.get(scope, []) if one["name"] != body.get("name")]
    return commands.overwrite(call.world, call.caller, scope, [*kept, body])[-1]


async def get_command(call: Call) -> Result:
    """Get Application Command."""
    return _command(call)


async def edit_command(call: Call) -> Result:
    """Edit Application Command."""
    scope = _scope(call)
    known = _command(call)
    changed = {**known, **await call.body()}
    others = [one for one in call.caller.commands[scope] if one is not known]
    if any(one["name"] == changed["name"] for one in others):
        raise RefusalError(400, 50035, "Invalid Form Body")
    return commands.overwrite(call.world, call.caller, scope, [*others, changed])[-1]


async def delete_command(call: Call) -> Result:
    """Delete Application Command."""
    call.caller.commands[_scope(call)].remove(_command(call))
    return None


def _command(call: Call) -> Json:
    known = call.caller.commands.get(_scope(call), [])
    found = next((one for one in known if one["id"] == call.path("command_id")), None)
    if found is None:
        raise unknown("Application Command")
    return found


_GLOBAL = "/applications/{application_id}/commands"
_IN_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"

ROUTES = (
    Route("GET", "/applications/@me", get_application),
    Route("GET", "/oauth2/applications/@me", get_application),
    Route("GET", "/gateway", get_gateway, is_open=True),
    Route("GET", "/gateway/bot", get_gateway_bot),
    *(
        route
        for path in (_GLOBAL, _IN_GUILD)
        for route in (
            Route("GET", path, get_commands),
            Route("PUT", path, overwrite_commands),
            Route("POST", path, create_command, status=201),
            Route("GET", path + "/{command_id}", get_command),
            Route("PATCH", path + "/{command_id}", edit_command),
            Route("DELETE", path + "/{command_id}", delete_command),
        )
    ),
)
