"""Reads single fields of a request body, refusing what has the wrong type as Discord does."""

from multibot.sandbox.entities import Json
from multibot.sandbox.refusal import invalid_field


def whole(body: Json, name: str, default: int = 0) -> int:
    """Return a number; absent or null is the default."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
        raise invalid_field(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
    return int(value)


def part(body: Json, name: str) -> Json | None:
    """Return an object; absent or null is None."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid_field(name, "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
    return value


def parts(body: Json, name: str) -> list[Json]:
    """Return a list of objects; absent or null is an empty one."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise invalid_field(name, "LIST_TYPE_CONVERT", "Only lists of dictionaries may be used.")
    return value


def texts(body: Json, name: str) -> list[str]:
    """Return a list of ids or names; absent or null is an empty one."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        raise invalid_field(name, "LIST_TYPE_CONVERT", "Only lists of strings may be used.")
    return [str(one) for one in value]
