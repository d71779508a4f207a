"""What a fault is: its kind, whom it meets, when and how often; read from JSON, YAML or words."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from multibot.errors import UsageError

_HTTP_ERROR = re.compile(r"[45]\d\d")
_INTENTS = ("message_content", "members", "presences")
_LOGIN = ("identify", "resume", "login")
_CLOSE_CODES = frozenset({1000, 1001, 1006, *range(4000, 5000)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One fault as it was asked for; which of the fields its kind takes is in `KINDS`."""

    kind: str
    # Whom it meets, and when; times in seconds from when it was added.
    bot: str | None = None
    after: float = 0.0
    until: float | None = None
    every: float | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    # Requests.
    method: str = "*"
    path: str = "*"
    done: bool = False
    body: str = "json"
    error: int | None = None
    scope: str = "user"
    retry_after: float = 1.0
    seconds: float = 5.0
    # The gateway.
    at: str = "now"
    code: int = 4000
    resumable: bool | None = None
    silent: bool = False
    event: str = "*"
    copies: int = 2
    remaining: int = 0
    reset_after: float = 86_400.0
    intents: tuple[str, ...] = _INTENTS
    guild: str = "*"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: where it acts, in one line what it does, and what may be said about it.

    A `request` and an `event` are met one by one, a `login` is met on the way in or done to the
    open connections, a `state` lasts until it is over.
    """

    where: str
    meaning: str
    fields: frozenset[str]
    defaults: Mapping[str, Any] = field(default_factory=dict)


_WHEN = frozenset({"bot", "after", "until"})
_COUNTED = _WHEN | {"times", "every", "probability", "seed"}
_REQUEST = _COUNTED | {"method", "path"}


def _request(meaning: str, *fields: str, **defaults: object) -> Kind:
    return Kind("request", meaning, _REQUEST | set(fields), defaults)


def _login(meaning: str, *fields: str, **defaults: object) -> Kind:
    return Kind("login", meaning, _COUNTED | {"at"} | set(fields), defaults)


def _event(meaning: str, *fields: str, **defaults: object) -> Kind:
    return Kind("event", meaning, _COUNTED | set(fields), defaults)


def _state(meaning: str, *fields: str) -> Kind:
    return Kind("state", meaning, _WHEN | set(fields))


_STATUS = _request("answer with this error status (any 4xx or 5xx)", "done", "body", "error")

KINDS: dict[str, Kind] = {
    "429": _request(
        "rate limited for `retry_after` seconds; scope user, shared, global or cloudflare",
        *("scope", "retry_after"),
    ),
    "slow": _request("act and answer `seconds` late; with `done`, act now", "seconds", "done"),
    "hang": _request("never answer", "done"),
    "reset": _request("break the connection with a TCP reset, without an answer", "done"),
    "drop": _request("close the connection without an answer", "done"),
    "junk": _request("answer 200 with something that is no JSON", "done", "body"),
    "close": _login("close the gateway connection; 1006 breaks it", "code", "resumable"),
    "reconnect": Kind("login", "ask to reconnect and resume (op 7)", _COUNTED),
    "invalid-session": _login("say that the session is invalid (op 9)", "resumable"),
    "zombie": _login("acknowledge no heartbeat; `silent`: send no events either", "silent"),
    "no-hello": Kind(
        "connect", "never say HELLO", frozenset(_COUNTED - {"bot"}), {"at": "connect"}
    ),
    "slow-ready": Kind(
        "login", "send READY `seconds` late", _COUNTED | {"seconds"}, {"at": "identify"}
    ),
    "duplicate": _event(
        "send each event `copies` times", "event", "copies", event="MESSAGE_CREATE"
    ),
    "lose": _event("never send the event, not even after a resume", "event"),
    "forget-nonces": _state("remember no nonce: a repeated message is posted again"),
    "session-limit": _state("only so many IDENTIFYs left", "remaining", "reset_after"),
    "identify-limit": _state("one IDENTIFY in `seconds`; the next too soon gets op 9", "seconds"),
    "revoke-token": _state("the token is no longer valid: 401, and close 4004"),
    "disable-intents": _state("these intents are switched off: 4014 at IDENTIFY", "intents"),
    "guild-unavailable": _state("the guild is away until the fault is over", "guild"),
}


def kind_of(name: str) -> Kind:
    """Return what a kind is; UsageError for one there is not."""
    if name in KINDS:
        return KINDS[name]
    if _HTTP_ERROR.fullmatch(name):
        return _STATUS
    known = ", ".join(KINDS)
    raise UsageError(f"There is no fault {name!r}.", remedy=f"Known: an error status, {known}.")


def read(said: Mapping[str, object]) -> Spec:
    """Read one fault; values may be what JSON holds or the words of a command line."""
    name = str(said.get("kind", ""))
    kind = kind_of(name)
    values = dict(kind.defaults)
    for key, value in said.items():
        if key == "kind":
            continue
        if key not in kind.fields:
            known = ", ".join(sorted(kind.fields))
            raise UsageError(f"{name} has no {key!r}.", remedy=f"It has: {known}.")
        if value is not None:
            values[key] = _READERS[key](key, value)
    spec = Spec(kind=name, **values)
    if spec.until is not None and spec.until <= spec.after:
        raise UsageError(f"{name} is over before it begins: `until` is not after `after`.")
    return spec


def shown(spec: Spec) -> dict[str, Any]:
    """Return a fault with every field its kind takes, and the line that would ask for it."""
    fields = sorted(kind_of(spec.kind).fields)
    values = {name: getattr(spec, name) for name in fields}
    told = {name: value for name, value in values.items() if value is not None}
    return {"kind": spec.kind, **told, "line": line(spec)}


def line(spec: Spec) -> str:
    """Return the words that ask for this fault: its kind, and what is not as usual."""
    kind = kind_of(spec.kind)
    usual = Spec(kind=spec.kind, **kind.defaults)
    words = [
        f"{name}={_word(getattr(spec, name))}"
        for name in sorted(kind.fields)
        if getattr(spec, name) != getattr(usual, name)
    ]
    return " ".join([spec.kind, *words])


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(value) if isinstance(value, tuple) else shlex.quote(str(value))


def _wrong(name: str, value: object, wanted: str) -> UsageError:
    return UsageError(f"{name}={value} is not {wanted}.")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(name, value, "a text")
    return value


def _whole(name: str, value: object, *, least: int = 0) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)) or int(str(value)) < least:
        raise _wrong(name, value, f"a whole number from {least} on")
    return int(str(value))


def _seconds(name: str, value: object, *, above: float = -1.0) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if not above < seconds < float("inf") or seconds < 0:
        raise _wrong(name, value, "a number of seconds")
    return seconds


def _chance(name: str, value: object) -> float:
    chance = _seconds(name, value, above=0.0)
    if chance > 1:
        raise _wrong(name, value, "a probability, above 0 and up to 1")
    return chance


def _flag(name: str, value: object) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).lower() not in words:
        raise _wrong(name, value, "yes or no")
    return words[str(value).lower()]


def _choice(name: str, value: object, *, of: tuple[str, ...]) -> str:
    if value not in of:
        raise _wrong(name, value, " or ".join(of))
    return str(value)


def _close_code(name: str, value: object) -> int:
    code = _whole(name, value)
    if code not in _CLOSE_CODES:
        raise _wrong(name, value, "a close code: 1000, 1001, 1006 or 4000-4999")
    return code


def _intents(name: str, value: object) -> tuple[str, ...]:
    named = value.split(",") if isinstance(value, str) else value
    if not isinstance(named, list | tuple) or not named or set(named) - set(_INTENTS):
        raise _wrong(name, value, f"a list of {', '.join(_INTENTS)}")
    return tuple(named)


_READERS: dict[str, Callable[[str, object], Any]] = {
    "bot": _text,
    "after": _seconds,
    "until": _seconds,
    "every": partial(_seconds, above=0.0),
    "times": partial(_whole, least=1),
    "probability": _chance,
    "seed": _whole,
    "method": _text,
    "path": _text,
    "done": _flag,
    "body": partial(_choice, of=("json", "html")),
    "error": _whole,
    "scope": partial(_choice, of=("user", "shared", "global", "cloudflare")),
    "retry_after": partial(_seconds, above=0.0),
    "seconds": _seconds,
    "at": partial(_choice, of=("now", *_LOGIN)),
    "code": _close_code,
    "resumable": _flag,
    "silent": _flag,
    "event": _text,
    "copies": partial(_whole, least=2),
    "remaining": _whole,
    "reset_after": partial(_seconds, above=0.0),
    "intents": _intents,
    "guild": _text,
}
