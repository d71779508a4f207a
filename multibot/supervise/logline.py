"""One line of a log: a bot's JSON, supervisord's own, or anything a program printed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from multibot.clock import from_text, to_text

# The time supervisord writes is the machine's local one.
_SUPERVISORD = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) ([A-Z]+) (.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line and when it was written; one that does not say has the time of the line before."""

    at: str
    source: str
    text: str
    level: str = ""
    fields: Mapping[str, object] | None = None

    def as_json(self) -> str:
        """Give the line as one JSON object: a bot's own as it is, another one wrapped."""
        if self.fields is not None:
            return self.text
        body = {"timestamp": self.at or None, "bot": self.source, "event": self.text}
        return json.dumps(body)


def parse(text: str, source: str, previous_at: str = "") -> Line:
    """Understand a line as far as it can be understood."""
    fields = _fields(text)
    if fields is not None:
        level = str(fields.get("level", ""))
        at = _moment(fields.get("timestamp")) or previous_at
        return Line(at=at, source=source, text=text, level=level, fields=fields)
    match = _SUPERVISORD.fullmatch(text)
    if match is None:
        return Line(at=previous_at, source=source, text=text)
    at = _local(match[1], match[2]) or previous_at
    return Line(at=at, source=source, text=match[4], level=match[3].lower())


def _fields(text: str) -> Mapping[str, object] | None:
    if not text.startswith("{"):
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _moment(timestamp: object) -> str:
    if not isinstance(timestamp, str):
        return ""
    try:
        moment = from_text(timestamp)
        return to_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return ""


def _local(seconds: str, milliseconds: str) -> str:
    try:
        moment = datetime.fromisoformat(f"{seconds}.{milliseconds}")
        return to_text(moment.astimezone())
    except (ValueError, OverflowError):
        return ""
