"""From what the files say to what a bot runs with: the bot's own word, the fleet's, the default.

Of two files that speak about one bot the fleet file has the last word: a bot's own file is who it
is, and may serve in several fleets.
"""

import hashlib
import json
from typing import TypeVar

from multibot.config.credential import Credential
from multibot.config.fleet import (
    Activity,
    Backup,
    Bot,
    Catchup,
    CrossBot,
    Gateway,
    Limits,
    Llm,
    Persona,
    QuietHours,
    Storage,
    Value,
)
from multibot.config.schema import BotFile, Entry, FleetFile, RateLimitPart, Said
from multibot.config.settings import Settings
from multibot.conversation.message import BotName

DEFAULT_PROMPT = "You are a helpful AI assistant."

_Value = TypeVar("_Value", bound=Value)


def said(*parts: Said | None) -> dict[str, object]:
    """Merge parts field by field: the first that says something counts."""
    merged: dict[str, object] = {}
    for part in reversed(parts):
        if part is not None:
            merged |= {key: value for key, value in part if value is not None}
    return merged


def _only(model: type[_Value], values: dict[str, object]) -> _Value:
    known = {key: value for key, value in values.items() if key in model.model_fields}
    for key, value in known.items():
        if key.endswith("_ids") and isinstance(value, tuple):
            known[key] = frozenset(value)
    return model.model_validate(known)


def bot(
    entry: Entry, file: BotFile, fleet: FleetFile, credential: Credential, settings: Settings
) -> Bot:
    """Settle every value of one bot."""
    values: dict[str, object] = {
        "name": BotName(entry.name),
        "persona": _persona(entry, file),
        "enabled": entry.enabled is not False,
        "priority": entry.priority or 0,
        "channels": entry.channels or (),
        "token": credential.token,
        "variables": (credential.variable,) if credential.variable else (),
        "system_prompt": (file.system_prompt or DEFAULT_PROMPT).strip(),
        "limits": _limits(file, fleet),
        "storage": storage(file, fleet),
        "scripted": file.scripted.model_dump(exclude_none=True) if file.scripted else {},
        "llm": _only(Llm, said(file.llm, fleet.llm)),
        "gateway": _only(Gateway, said(fleet.gateway)),
        "catchup": _only(Catchup, said(fleet.catchup)),
        "backup": _only(Backup, said(fleet.backup)),
        "cross_bot": cross_bot(fleet),
        "activity": activity(fleet),
        "admins": frozenset((fleet.admins and fleet.admins.user_ids) or ()),
    }
    values |= _behaviour(entry, file, fleet) | _message(file)
    level = settings.log_level or said(file.logging, fleet.logging).get("level")
    if level:
        values["log_level"] = level
    settled = Bot.model_validate(values)
    return settled.model_copy(update={"config_hash": config_hash(settled, settings)})


def storage(file: BotFile, fleet: FleetFile) -> Storage:
    """Settle how a bot's history becomes sessions; an empty file stands for the fleet."""
    return _only(Storage, said(file.storage, fleet.storage, fleet.global_settings))


def cross_bot(fleet: FleetFile) -> CrossBot:
    """Settle how much bots talk with each other."""
    return _only(CrossBot, said(fleet.cross_bot))


def activity(fleet: FleetFile) -> Activity:
    """Settle when bots speak up by themselves."""
    values = said(fleet.activity)
    hours = fleet.activity.quiet_hours if fleet.activity else None
    values["quiet_hours"] = tuple(QuietHours(**dict(each)) for each in hours or ())
    return Activity.model_validate(values)


def _persona(entry: Entry, file: BotFile) -> Persona:
    values = said(entry.persona, file.persona)
    values.setdefault("name", entry.name.capitalize())
    if file.bot and file.bot.description is not None:
        values.setdefault("description", file.bot.description)
    return Persona.model_validate(values)


def _limits(file: BotFile, fleet: FleetFile) -> Limits:
    return _only(
        Limits, said(file.limits, _rate(file.rate_limit), fleet.limits, fleet.global_settings)
    )


def _rate(part: RateLimitPart | None) -> RateLimitPart | None:
    return part if part and part.enabled else None


def _behaviour(entry: Entry, file: BotFile, fleet: FleetFile) -> dict[str, object]:
    wanted = (
        "response_probability",
        "response_delay",
        "answers_per_message",
        "drain_timeout",
        "watchdog_timeout",
    )
    values = said(entry.response_behavior, file.response_behavior, fleet.global_settings)
    return {key: values[key] for key in wanted if key in values}


def _message(file: BotFile) -> dict[str, object]:
    values = said(file.message)
    names = {"max_length": "max_message_length"}
    return {names.get(key, key): value for key, value in values.items()}


def config_hash(settled: Bot, settings: Settings) -> str:
    """Name what this bot's process runs with: it changes when the process must be restarted."""
    body = {
        "bot": settled.model_dump(mode="json", exclude={"config_hash"}),
        "settings": {"discord_api": settings.discord_api, "log_format": settings.log_format},
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
