"""Request Guild Members: who is in a guild, in chunks."""

from collections.abc import Iterator

from multibot.sandbox import objects
from multibot.sandbox.entities import Guild, Json, Member
from multibot.sandbox.gateway_session import GatewaySession
from multibot.sandbox.world import MEMBERS, PRESENCES, World

_A_CHUNK = 1000
_MOST_MATCHES = 100


def chunks(world: World, session: GatewaySession, guild: Guild, request: Json) -> Iterator[Json]:
    """Return the GUILD_MEMBERS_CHUNK events that answer one request."""
    found, missing = _wanted(guild, request, session.intents)
    count = max(1, -(-len(found) // _A_CHUNK))
    for index in range(count):
        part = found[index * _A_CHUNK : (index + 1) * _A_CHUNK]
        chunk: Json = {
            "guild_id": guild.id,
            "members": [objects.member(one) for one in part],
            "chunk_index": index,
            "chunk_count": count,
        }
        if missing:
            chunk["not_found"] = missing
        if request.get("presences") and session.intents & PRESENCES:
            chunk["presences"] = _presences(world, guild, part)
        if request.get("nonce") is not None:
            chunk["nonce"] = request["nonce"]
        yield chunk


def _wanted(guild: Guild, request: Json, intents: int) -> tuple[list[Member], list[str]]:
    named = request.get("user_ids")
    if named is not None:
        ids = [str(one) for one in (named if isinstance(named, list) else [named])]
        found = [guild.members[one] for one in ids if one in guild.members]
        return found[:_MOST_MATCHES], [one for one in ids if one not in guild.members]
    query, limit = str(request.get("query") or ""), int(request.get("limit") or 0)
    if not query and not limit:
        return (list(guild.members.values()) if intents & MEMBERS else []), []
    matching = [m for m in guild.members.values() if m.user.name.lower().startswith(query.lower())]
    return matching[: min(limit or _MOST_MATCHES, _MOST_MATCHES)], []


def _presences(world: World, guild: Guild, members: list[Member]) -> list[Json]:
    applications = (world.applications.get(one.user.id) for one in members)
    return [objects.presence(app, guild.id) for app in applications if app is not None]
