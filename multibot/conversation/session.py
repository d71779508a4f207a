"""When a session goes on and when the next message opens a new one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from multibot.conversation.message import SessionId

Scope = Literal["user", "channel"]
CloseReason = Literal["gap", "timeout"]


@dataclass(frozen=True, slots=True)
class SessionRules:
    """Whose turns share a session, and for how long."""

    scope: Scope = "user"
    gap: timedelta = timedelta(seconds=300)
    timeout: timedelta = timedelta(seconds=3600)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What the rules need to know of a session that is still open."""

    session_id: SessionId
    started_at: datetime
    last_activity: datetime


def close_reason(session: OpenSession, at: datetime, rules: SessionRules) -> CloseReason | None:
    """Say why a message at this time does not belong to the session, or None when it does.

    Both limits are strict: at exactly the limit it is still the same session. A clock that went
    back closes nothing.
    """
    active_since, began_since = since(at, rules)
    if session.last_activity < active_since:
        return "gap"
    if session.started_at < began_since:
        return "timeout"
    return None


def since(at: datetime, rules: SessionRules) -> tuple[datetime, datetime]:
    """Say since when a session must have been active, and have begun, to go on at this time."""
    return at - rules.gap, at - rules.timeout


def continues(session: OpenSession, at: datetime, rules: SessionRules) -> bool:
    """Tell whether a message at this time belongs to the session."""
    return close_reason(session, at, rules) is None


def display_id(started_at: datetime, timeout: timedelta) -> str:
    """Name a session for people: when it started, in UTC, and how long it may last."""
    return f"{started_at.astimezone(UTC):%Y-%m-%d_%H-%M-%S}_{int(timeout.total_seconds())}s"
