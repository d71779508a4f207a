"""Structured logs of one bot process: JSON lines for supervisord, colours for a person."""

import logging
import sys
from collections.abc import Iterable
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from multibot.clock import Clock, to_text

# discord.py logs whole message bodies and gateway events below INFO.
TALKATIVE_LOGGERS = ("discord.http", "discord.gateway", "discord.client", "discord.state")


def configure(
    *,
    bot_name: str,
    clock: Clock,
    level: str = "INFO",
    log_format: Literal["auto", "json", "pretty"] = "auto",
    secrets: Iterable[str] = (),
) -> None:
    """Send every log line of this process to stdout, without secrets, with bot and time."""
    pretty = log_format == "pretty" or (log_format == "auto" and sys.stdout.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _stamp(bot_name, clock),
        structlog.processors.StackInfoRenderer(),
    ]
    if not pretty:
        shared.append(structlog.processors.format_exc_info)
    renderer: Processor = (
        # Not the default: it prints the local variables, and so messages and tokens.
        structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if pretty
        else structlog.processors.JSONRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    out = logging.StreamHandler(sys.stdout)
    out.setFormatter(_Redacting(formatter, secrets))
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level)
    for name in TALKATIVE_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))
    structlog.configure(
        # First, so that a line nobody asked for costs next to nothing.
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _stamp(bot_name: str, clock: Clock) -> Processor:
    def stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {"timestamp": to_text(clock.now()), "bot": bot_name, **event}

    return stamp


class _Redacting(logging.Formatter):
    """Replaces secrets in whatever another formatter made, tracebacks included."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = tuple(secret for secret in secrets if secret)

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text
