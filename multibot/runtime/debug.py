"""`!debug`: what an administrator can ask one bot, in a message that mentions it or in a DM."""

import logging
from collections.abc import Callable
from datetime import timedelta

from multibot.clock import Clock, to_text
from multibot.config.fleet import Bot
from multibot.conversation import addressing
from multibot.conversation.addressing import FleetMember
from multibot.conversation.message import InboundMessage
from multibot.runtime.logs import TALKATIVE_LOGGERS
from multibot.runtime.pulse import Pulse
from multibot.store.insight import Insight

COMMAND = "!debug"
REFUSAL = "Only this bot's administrators can use `!debug`."
UNKNOWN = "Unknown command. Use `!debug help` for available commands."
HELP = """`!debug stats` what came in and what became of it
`!debug duplicates` messages that more than one bot answered
`!debug message ID` who decided what about a message
`!debug bots` every bot of the fleet
`!debug token` which token this bot uses, by its fingerprint
`!debug loggers` loggers and their levels
`!debug level LEVEL [LOGGER]` set a level until the next restart
`!debug trace on|off` log every decision"""
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OWN_LOGGER = "multibot"
DOUBLES_WITHIN = timedelta(days=1)


def command(message: InboundMessage) -> list[str] | None:
    """Return the words after `!debug`; none when the message is something else."""
    words = [word for word in message.content.split() if not word.startswith("<@")]
    return words[1:] if words[:1] == [COMMAND] else None


def is_for(message: InboundMessage, me: FleetMember) -> bool:
    """Say whether this very bot is asked: it is mentioned, or the message is private."""
    mentioned = message.mentioned_ids | addressing.raw_mentions(message.content)
    return message.is_dm or me.user_id in mentioned


class Debug:
    """Answers one bot's debug commands; `trace` says whether decisions are to be logged."""

    def __init__(self, *, bot: Bot, insight: Insight, pulse: Pulse, clock: Clock) -> None:
        self._bot = bot
        self._insight = insight
        self._pulse = pulse
        self._clock = clock
        self.trace = False
        self._answers: dict[str, Callable[[list[str]], str]] = {
            "help": lambda _: HELP,
            "stats": lambda _: self._stats(),
            "duplicates": lambda _: self._duplicates(),
            "message": self._message,
            "bots": lambda _: self._bots(),
            "token": lambda _: self._token(),
            "loggers": lambda _: _loggers(),
            "level": _level,
            "trace": self._trace,
        }

    def reply(self, message: InboundMessage, words: list[str]) -> str:
        """Return the answer to one command, or the refusal."""
        if message.author_id not in self._bot.admins:
            return REFUSAL
        name, *rest = words or ["help"]
        answer = self._answers.get(name.lower())
        return answer(rest) if answer else UNKNOWN

    def _stats(self) -> str:
        started = self._pulse.status.started_at
        counts = self._insight.counts(started)
        uptime = (self._clock.now() - started).total_seconds()
        lines = [
            f"up {uptime:.0f} s, since {to_text(started)}",
            f"seen {sum(counts.values())}",
            *(f"{state} ({reason}) {count}" for (state, reason), count in sorted(counts.items())),
            f"trace {'on' if self.trace else 'off'}",
        ]
        return "\n".join(lines)

    def _duplicates(self) -> str:
        doubles = self._insight.answered_twice(self._clock.now() - DOUBLES_WITHIN)
        if not doubles.count:
            return "No duplicate responses detected."
        lines = [f"`{message_id}` answered by {bots}" for message_id, bots in doubles.newest]
        more = doubles.count - len(doubles.newest)
        return "\n".join([*lines, f"... and {more} more"] if more else lines)

    def _message(self, rest: list[str]) -> str:
        if len(rest) != 1:
            return UNKNOWN
        rows = self._insight.decisions(rest[0])
        if not rows:
            return f"No information found for message {rest[0]}."
        return "\n".join(
            f"{row.bot_name}: {row.state}, {row.reason}{f' ({row.detail})' if row.detail else ''}"
            for row in rows
        )

    def _bots(self) -> str:
        now = self._clock.now()
        return "\n".join(
            f"{name}: {row.state}, pid {row.pid}, heartbeat {(now - row.heartbeat_at).total_seconds():.0f} s ago"
            if row.heartbeat_at
            else f"{name}: {row.state}"
            for name, row in sorted(self._insight.statuses().items())
        )

    def _token(self) -> str:
        return f"Token fingerprint: `{self._bot.token.fingerprint() if self._bot.token else '-'}`"

    def _trace(self, rest: list[str]) -> str:
        if rest not in (["on"], ["off"]):
            return UNKNOWN
        self.trace = rest == ["on"]
        return f"Trace is {rest[0]}."


def _loggers() -> str:
    known = logging.Logger.manager.loggerDict
    names = [name for name in sorted(known) if name.split(".")[0] in {OWN_LOGGER, "discord"}]
    return "\n".join(
        f"`{name}` {logging.getLevelName(logging.getLogger(name).getEffectiveLevel())}"
        for name in [OWN_LOGGER, *names]
    )


def _level(rest: list[str]) -> str:
    if not 1 <= len(rest) <= 2:  # noqa: PLR2004 - a level, and perhaps a logger
        return UNKNOWN
    level, name = rest[0].upper(), rest[1] if len(rest) > 1 else OWN_LOGGER
    if level not in LEVELS:
        return f"Invalid level: {level}. Use one of {', '.join(LEVELS)}."
    if level == "DEBUG" and any(loud.startswith(name) for loud in TALKATIVE_LOGGERS):
        return f"`{name}` would log whole messages at DEBUG; INFO is the lowest."
    logging.getLogger(name).setLevel(level)
    return f"`{name}` is at {level}."
