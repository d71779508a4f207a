"""From `discord_token` in the fleet file to the token itself, which is in the environment only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from multibot.config.fault import Findings, Place, nearest
from multibot.config.secret import Secret

_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))", re.ASCII)
_PLACEHOLDER = re.compile(
    r"your[_-].*|change[_-]?me.*|replace[_-]?me.*|x{3,}|<.*>|\.{3}|token|todo", re.IGNORECASE
)
_PLAIN = re.compile(r"[!-~]+")
_KEY = ("discord_token",)
# Names of two bots' variables are alike; only a slip of the pen is alike as much as this.
_SLIP = 0.9


@dataclass(frozen=True, slots=True)
class Credential:
    """A bot's token and the variable it came from; neither, where something is wrong."""

    token: Secret | None = None
    variable: str | None = None


def reference(text: str) -> str | None:
    """Return NAME when the whole text is `${NAME}` or `$NAME`."""
    match = _REFERENCE.fullmatch(text.strip())
    return (match[1] or match[2]) if match else None


def is_placeholder(text: str) -> bool:
    """Say whether somebody has yet to fill this in."""
    return not text.strip() or _PLACEHOLDER.fullmatch(text.strip()) is not None


def resolve(
    written: Secret | None, *, bot_name: str, environment: Mapping[str, str], findings: Findings
) -> Credential:
    """Look the token up; every way in which that can go wrong is a fault."""
    variable = named_variable(written, bot_name=bot_name, findings=findings)
    if variable is None:
        return Credential()
    problem = _problem(environment.get(variable))
    if problem is None:
        return Credential(Secret(environment[variable].strip()), variable)
    message, near = f"names {variable}, which {problem}", None
    if variable not in environment:
        near = nearest(variable, environment, _SLIP)
    hint = f" There is a variable {near}; is that the one?" if near else ""
    remedy = f"Set {variable} in .env (or in the environment) to this bot's own token.{hint}"
    findings.error(_KEY, message, remedy, variable=variable, near=near)
    return Credential(variable=variable)


def _problem(value: str | None) -> str | None:
    if value is None:
        return "is not set."
    if not value:
        return "is empty."
    if not value.strip():
        return "is blank."
    if is_placeholder(value):
        return "still holds a placeholder."
    if not _PLAIN.fullmatch(value.strip()):
        return "holds white space or characters that no token has."
    return None


def named_variable(written: Secret | None, *, bot_name: str, findings: Findings) -> str | None:
    """Return the variable that `discord_token` names."""
    if written is None:
        findings.error(_KEY, "is missing.", f"Write discord_token: {_example(bot_name)}")
        return None
    variable = reference(written.reveal())
    if variable is None:
        findings.error(_KEY, *_literal(written, bot_name))
    return variable


def _literal(written: Secret, bot_name: str) -> tuple[str, str]:
    kind = "a placeholder" if is_placeholder(written.reveal()) else "text, perhaps a token,"
    remedy = f"Put the token into .env, and {_example(bot_name)} here; a token in a file leaks."
    return f"holds {kind} instead of a variable's name.", remedy


def _example(bot_name: str) -> str:
    return f'"${{{suggestion(bot_name)}}}"'


def refuse_literal(
    written: Secret, *, bot_name: str, findings: Findings, place: Place = _KEY
) -> None:
    """Refuse a token in a file also where none is needed: a disabled bot, an old bot file."""
    if reference(written.reveal()) is None and not is_placeholder(written.reveal()):
        findings.error(place, *_literal(written, bot_name))


def suggestion(bot_name: str) -> str:
    """Name the variable that this bot's token would be looked for in."""
    return "DISCORD_TOKEN_" + bot_name.upper().replace("-", "_")
