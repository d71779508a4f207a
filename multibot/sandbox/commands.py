"""Application commands: what an application registered, and what a user's use of one looks like."""

import re
from collections.abc import Mapping

from multibot.sandbox import channel_objects, objects
from multibot.sandbox.entities import Application, Json
from multibot.sandbox.refusal import invalid_field
from multibot.sandbox.world import World

SUB_COMMAND = 1
_SUB_COMMAND_GROUP = 2
_BOOLEAN_OPTION = 5
_USER_OPTION = 6
_CHANNEL_OPTION = 7
_CHAT_INPUT = 1
_NUMBERS = {4: int, 10: float}
_NAME = re.compile(r"[-_'\w]{1,32}")
_MOST = 100
_LONGEST_DESCRIPTION = 100


def overwrite(
    world: World, application: Application, scope: str | None, bodies: list[Json]
) -> list[Json]:
    """Replace an application's commands in one scope and return them."""
    if len(bodies) > _MOST:
        raise invalid_field("commands", "BASE_TYPE_MAX_LENGTH", f"Must be {_MOST} or fewer.")
    for index, body in enumerate(bodies):
        _check(index, body)
    names = [(body["name"], body.get("type", _CHAT_INPUT)) for body in bodies]
    if len(set(names)) != len(names):
        message = "Application command names must be unique"
        raise invalid_field("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
    known = {one["name"]: one["id"] for one in application.commands.get(scope, [])}
    application.commands[scope] = [
        _command(world, application, scope, body, known.get(body["name"])) for body in bodies
    ]
    return application.commands[scope]


def _check(index: int, body: Json) -> None:
    name = str(body.get("name") or "")
    if not _NAME.fullmatch(name) or name != name.lower():
        message = "Command name is invalid"
        raise invalid_field(f"{index}.name", "APPLICATION_COMMAND_INVALID_NAME", message)
    description = str(body.get("description") or "")
    if not 1 <= len(description) <= _LONGEST_DESCRIPTION:
        message = f"Must be between 1 and {_LONGEST_DESCRIPTION} in length."
        raise invalid_field(f"{index}.description", "BASE_TYPE_BAD_LENGTH", message)


def _command(
    world: World, application: Application, scope: str | None, body: Json, known: str | None
) -> Json:
    command: Json = {
        "id": known or world.ids.next(),
        "type": body.get("type", _CHAT_INPUT),
        "application_id": application.id,
        "version": world.ids.next(),
        "name": body["name"],
        "name_localizations": body.get("name_localizations"),
        "description": body["description"],
        "description_localizations": body.get("description_localizations"),
        "options": [_option(one) for one in body.get("options") or ()],
        "default_member_permissions": body.get("default_member_permissions"),
        "default_permission": True,
        "dm_permission": body.get("dm_permission", True),
        "nsfw": bool(body.get("nsfw")),
        "integration_types": body.get("integration_types") or [0],
        "contexts": body.get("contexts"),
    }
    return {**command, "guild_id": scope} if scope else command


def _option(body: Json) -> Json:
    option = {"required": False, **body}
    if option.get("type") in {SUB_COMMAND, _SUB_COMMAND_GROUP}:
        option.pop("required")
        option["options"] = [_option(one) for one in body.get("options") or ()]
    return option


def find(application: Application, guild_id: str | None, name: str) -> Json | None:
    """Return the command of this name that a user sees here: the guild's own before the global."""
    scopes = (guild_id, None) if guild_id else (None,)
    found = (one for scope in scopes for one in application.commands.get(scope, []))
    return next((one for one in found if one["name"] == name), None)


def used(world: World, command: Json, path: list[str], values: Mapping[str, object]) -> Json:
    """Return the interaction data of a command used with these values.

    `path` names subcommands, from the outside in.
    """
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    options = _filled(command["options"], path, values)
    if options:
        data["options"] = options
    resolved = _resolved(world, command["options"], path, values)
    return {**data, "resolved": resolved} if resolved else data


def _filled(options: list[Json], path: list[str], values: Mapping[str, object]) -> list[Json]:
    if path:
        chosen = _chosen(options, path[0])
        inner = _filled(chosen["options"], path[1:], values)
        return [{"name": chosen["name"], "type": chosen["type"], "options": inner}]
    _check_values(options, values)
    return [
        {"name": one["name"], "type": one["type"], "value": _value(one, values[one["name"]])}
        for one in options
        if one["name"] in values
    ]


def _check_values(options: list[Json], values: Mapping[str, object]) -> None:
    for one in options:
        if one["type"] in {SUB_COMMAND, _SUB_COMMAND_GROUP}:
            raise invalid_field(one["name"], "BASE_TYPE_REQUIRED", "A subcommand is required")
        if one.get("required") and one["name"] not in values:
            raise invalid_field(one["name"], "BASE_TYPE_REQUIRED", "This option is required")
    for name in values.keys() - {one["name"] for one in options}:
        raise invalid_field(name, "BASE_TYPE_CHOICES", "There is no such option")


def _value(option: Json, value: object) -> object:
    """Return what a person typed as the type the option has."""
    if option["type"] == _BOOLEAN_OPTION:
        return str(value).lower() in {"true", "yes", "1"}
    kind = _NUMBERS.get(option["type"], str)
    try:
        return kind(str(value))
    except ValueError as error:
        raise invalid_field(option["name"], "NUMBER_TYPE_COERCE", "Not a number") from error


def _chosen(options: list[Json], name: str) -> Json:
    chosen = next((one for one in options if one["name"] == name), None)
    if chosen is None or chosen["type"] not in {SUB_COMMAND, _SUB_COMMAND_GROUP}:
        raise invalid_field(name, "APPLICATION_COMMAND_INVALID_NAME", "There is no such subcommand")
    return chosen


def _resolved(
    world: World, options: list[Json], path: list[str], values: Mapping[str, object]
) -> Json:
    for name in path:
        options = _chosen(options, name)["options"]
    resolved: Json = {}
    for option in options:
        named = str(values.get(option["name"]))
        if option["type"] == _USER_OPTION and named in world.users:
            resolved.setdefault("users", {})[named] = objects.user(world.users[named])
        if option["type"] == _CHANNEL_OPTION and named in world.channels:
            shown = channel_objects.channel(world.channels[named], world.owner)
            resolved.setdefault("channels", {})[named] = shown
    return resolved
