"""Checking data against a model: every fault in our words, and what can be used in spite of them."""

import typing
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from multibot.config.fault import Findings, Place, dotted, nearest

_Model = TypeVar("_Model", bound=BaseModel)

_SENTENCES: dict[str, tuple[str, str]] = {
    "missing": ("is missing.", "Add it."),
    "string_type": ("must be text.", "Put it in quotes."),
    "int_type": ("must be a whole number.", "Write digits without quotes."),
    "int_from_float": ("must be a whole number.", "Remove the fraction."),
    "float_type": ("must be a number.", "Write it without quotes."),
    "finite_number": ("must be a number.", "Write a finite one."),
    "bool_type": ("must be true or false.", "Write one of them without quotes."),
    "tuple_type": ("must be a list.", "Write one item per line, each after a dash."),
    "model_type": ("must be a mapping.", "Write `key: value` lines below it."),
}
_BOUNDS = {
    "greater_than_equal": ("must be at least {ge:g}.", "ge"),
    "less_than_equal": ("must be at most {le:g}.", "le"),
    "string_too_long": ("must have at most {max_length} characters.", "max_length"),
}

# What an item of a list looks like, where it is no mere word.
_EXAMPLES: dict[Place, str] = {
    ("activity", "quiet_hours"): '- {start: "22:00", end: "08:00", zone: "Europe/Berlin"}'
}


def validate(model: type[_Model], data: object, findings: Findings) -> _Model | None:
    """Note every fault; return the model made from whatever is in order, if that is enough."""
    if not isinstance(data, dict):
        findings.error((), *_SENTENCES["model_type"])
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    for detail in details:
        _note(model, detail, findings)
    return _salvage(model, data, {detail["loc"][0] for detail in details})


def _salvage(model: type[_Model], data: Mapping[str, object], bad: set[int | str]) -> _Model | None:
    try:
        return model.model_validate({key: data[key] for key in data if key not in bad})
    except ValidationError:
        return None


def _note(model: type[BaseModel], detail: ErrorDetails, findings: Findings) -> None:
    place = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden":
        _unknown(model, place, findings)
        return
    message, remedy = _sentence(detail)
    example = _EXAMPLES.get(tuple(step for step in place if isinstance(step, str)))
    if example and detail["type"] in {"tuple_type", "model_type"}:
        remedy = f"{remedy} One looks like this: {example}"
    findings.error(place, message, remedy)


def _sentence(detail: ErrorDetails) -> tuple[str, str]:
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    if kind in _BOUNDS:
        form, key = _BOUNDS[kind]
        return form.format(**{key: context[key]}), "Change it."
    if kind == "literal_error":
        return f"must be {context['expected']}.", "Write one of these."
    if kind == "value_error":
        return str(context["error"]), "Correct it."
    return "has a value that does not fit.", "See the configuration reference."


def _unknown(model: type[BaseModel], place: Place, findings: Findings) -> None:
    word = str(place[-1])
    known = [str(path[-1]) for path in keys(model) if _fits(path[:-1], place[:-1])]
    near = _begun(word, known) or nearest(word, known)
    if near:
        findings.error(place, "is not a known key.", f"Did you mean {near}?", near=near)
        return
    elsewhere = next((dotted(path) for path in keys(model) if path[-1] == word), None)
    if elsewhere:
        elsewhere = elsewhere.replace("[0]", "[]")
        findings.error(place, "does not belong here.", f"Its place is {elsewhere}.", near=elsewhere)
        return
    findings.error(place, "is not a known key.", f"Known here: {', '.join(known)}.")


def _begun(word: str, known: Sequence[str]) -> str | None:
    """Find the key that somebody wrote only the beginning of: `cooldown` for `cooldown_minutes`."""
    return min((each for each in known if each.startswith(f"{word}_")), key=len, default=None)


def _fits(path: Place, place: Place) -> bool:
    """Compare a place of a model (any item is 0) with a place in a file."""
    return path == tuple(0 if isinstance(step, int) else step for step in place)


def keys(model: type[BaseModel], base: Place = ()) -> Iterator[Place]:
    """List the place of every key a model knows, sections included; an item of a list is 0."""
    for name, info in model.model_fields.items():
        place = (*base, name)
        yield place
        for part, is_item in _parts(info.annotation):
            yield from keys(part, (*place, 0) if is_item else place)


def _parts(annotation: object) -> Iterator[tuple[type[BaseModel], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, False
        return
    origin = typing.get_origin(annotation)
    if origin is tuple:
        yield from ((part, True) for arg in typing.get_args(annotation) for part, _ in _parts(arg))
    elif origin in _WRAPPERS:
        yield from (each for arg in typing.get_args(annotation) for each in _parts(arg))


_WRAPPERS: tuple[object, ...] = (UnionType, typing.Union, typing.Annotated)
