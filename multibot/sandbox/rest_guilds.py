"""REST: guilds, members, roles and users."""

from multibot.sandbox import channel_objects, objects, permissions
from multibot.sandbox.entities import Guild, Json
from multibot.sandbox.refusal import invalid_field, unknown
from multibot.sandbox.rest import Call, Result, Route

_MOST_MEMBERS = 1000


async def get_me(call: Call) -> Result:
    """Get Current User."""
    return objects.current_user(call.caller.user)


async def get_user(call: Call) -> Result:
    """Get User."""
    user = call.world.users.get(call.path("user_id"))
    if user is None:
        raise unknown("User")
    return objects.user(user)


async def get_my_guilds(call: Call) -> Result:
    """Get Current User Guilds."""
    guilds = [one for one in call.world.guilds.values() if call.caller.id in one.members]
    return [_partial_guild(call, one) for one in guilds]


def _partial_guild(call: Call, guild: Guild) -> Json:
    return {
        "id": guild.id,
        "name": guild.name,
        "icon": None,
        "banner": None,
        "owner": guild.owner_id == call.caller.id,
        "permissions": str(permissions.in_guild(guild, call.caller.user)),
        "features": [],
    }


async def get_guild(call: Call) -> Result:
    """Get Guild."""
    guild = call.guild()
    shown = objects.guild(guild)
    if call.request.query.get("with_counts") in {"1", "true", "True"}:
        online = [app for app in call.world.applications.values() if app.online]
        shown["approximate_member_count"] = len(guild.members)
        shown["approximate_presence_count"] = len(online)
    return shown


async def get_guild_channels(call: Call) -> Result:
    """Get Guild Channels; threads are not among them."""
    user = call.caller.user
    return [
        channel_objects.channel(one, user)
        for one in call.guild().channels.values()
        if one.thread is None and channel_objects.can_see(one, user)
    ]


async def get_roles(call: Call) -> Result:
    """Get Guild Roles."""
    return [objects.role(one) for one in call.guild().roles.values()]


async def get_member(call: Call) -> Result:
    """Get Guild Member."""
    member = call.guild().members.get(call.path("user_id"))
    if member is None:
        raise unknown("Member")
    return objects.member(member)


async def get_members(call: Call) -> Result:
    """List Guild Members, by id."""
    query = call.request.query
    limit, after = query.get("limit", "1"), query.get("after", "0")
    if not limit.isdigit() or not 1 <= int(limit) <= _MOST_MEMBERS:
        message = f"int value should be between 1 and {_MOST_MEMBERS}."
        raise invalid_field("limit", "NUMBER_TYPE_MAX", message)
    members = sorted(call.guild().members.values(), key=lambda one: int(one.user.id))
    wanted = [one for one in members if int(one.user.id) > int(after)]
    return [objects.member(one) for one in wanted[: int(limit)]]


_GUILD = "/guilds/{guild_id}"

ROUTES = (
    Route("GET", "/users/@me", get_me),
    Route("GET", "/users/@me/guilds", get_my_guilds),
    Route("GET", "/users/{user_id}", get_user),
    Route("GET", _GUILD, get_guild),
    Route("GET", _GUILD + "/channels", get_guild_channels),
    Route("GET", _GUILD + "/roles", get_roles),
    Route("GET", _GUILD + "/members", get_members),
    Route("GET", _GUILD + "/members/{user_id}", get_member),
)
