"""What a bot is really doing: supervisord knows its process, its row in the store knows the rest."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from multibot.home import Home
from multibot.supervise.control import Process, ProcessState

HEARTBEAT_SECONDS = 20.0
# supervisord says in whole seconds when it started a process, and moves that after a clock set back.
START_SLACK_SECONDS = 5.0


class State(StrEnum):
    """The one word that `status` says of a bot."""

    READY = "ready"
    STARTING = "starting"
    CONNECTING = "connecting"
    DEGRADED = "degraded"
    BACKING_OFF = "backing off"
    PARKED = "parked"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    STALE = "stale"


# Nothing will change by itself any more.
SETTLED = frozenset({State.READY, State.STOPPED, State.FAILED})


class Row(Protocol):
    """What a bot last wrote of itself: `store.status.BotStatus` has all of it."""

    @property
    def pid(self) -> int: ...  # noqa: D102 - a column
    @property
    def started_at(self) -> datetime: ...  # noqa: D102 - a column
    @property
    def state(self) -> str: ...  # noqa: D102 - a column
    @property
    def gateway_state(self) -> str: ...  # noqa: D102 - a column
    @property
    def ready_at(self) -> datetime | None: ...  # noqa: D102 - a column
    @property
    def heartbeat_at(self) -> datetime | None: ...  # noqa: D102 - a column
    @property
    def ack_at(self) -> datetime | None: ...  # noqa: D102 - a column
    @property
    def last_event_at(self) -> datetime | None: ...  # noqa: D102 - a column
    @property
    def last_answer_at(self) -> datetime | None: ...  # noqa: D102 - a column
    @property
    def waits_until_at(self) -> datetime | None: ...  # noqa: D102 - a column
    @property
    def latency_ms(self) -> float | None: ...  # noqa: D102 - a column
    @property
    def loop_lag_ms(self) -> float | None: ...  # noqa: D102 - a column
    @property
    def identifies(self) -> int: ...  # noqa: D102 - a column
    @property
    def last_error(self) -> str | None: ...  # noqa: D102 - a column
    @property
    def config_hash(self) -> str: ...  # noqa: D102 - a column


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A bot as of now. The ages are in seconds, of what its present process wrote.

    `process` is what supervisord says, None where it knows no such bot; `logins` are the gateway
    sessions of the last 24 hours.
    """

    bot_name: str
    state: State
    process: ProcessState | None = None
    exit_status: int | None = None
    pid: int | None = None
    ready_for: float | None = None
    heartbeat_age: float | None = None
    ack_age: float | None = None
    event_age: float | None = None
    answer_age: float | None = None
    latency_ms: float | None = None
    lag_ms: float | None = None
    logins: int | None = None
    gateway: str | None = None
    waits_until: datetime | None = None
    waits_for: float | None = None
    config_hash: str | None = None
    error: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it is connected and answering."""
        return self.state is State.READY


# What the row says, in the words of `status`, where the process runs and its heart beats.
_FROM_ROW = {
    "ready": State.READY,
    "starting": State.STARTING,
    "connecting": State.CONNECTING,
    "degraded": State.DEGRADED,
    "backing_off": State.BACKING_OFF,
    "parked": State.PARKED,
    "draining": State.STOPPING,
    "stopped": State.STOPPING,
    "crashed": State.STOPPING,
}


def judge(
    bot_name: str, process: Process | None, row: Row | None, now: datetime, exit_note: str | None
) -> Condition:
    """Join what supervisord, the store and the note of a failed start say of one bot."""
    if process is None:
        return Condition(bot_name=bot_name, state=State.STOPPED, error=_last_error(row))
    if process.pid == 0:
        return _without_process(process, row, exit_note)
    if row is None or not wrote(process, row):
        # Its present process has written nothing yet; what an earlier one wrote says nothing of it.
        state = State.STOPPING if process.state is ProcessState.STOPPING else State.STARTING
        return Condition(
            bot_name=bot_name,
            state=state,
            process=process.state,
            pid=process.pid,
            error=exit_note,
        )
    return _living(process, row, now)


def wrote(process: Process, row: Row) -> bool:
    """Say whether this very process wrote the row: a new container gives old numbers again.

    What was written before it started is not its own. Two times are asked, so that a clock set back
    hides no bot.
    """
    began_then = row.started_at.timestamp() >= process.started - START_SLACK_SECONDS
    was_there = row.heartbeat_at and row.heartbeat_at.timestamp() >= process.started
    return row.pid == process.pid and bool(began_then or was_there)


def _living(process: Process, row: Row, now: datetime) -> Condition:
    age = _age(row.heartbeat_at, now)
    state = _running_state(process, row, age)
    return Condition(
        bot_name=process.bot_name,
        state=state,
        process=process.state,
        pid=process.pid,
        ready_for=_age(row.ready_at, now) if state is State.READY else None,
        heartbeat_age=age,
        ack_age=_age(row.ack_at, now),
        event_age=_age(row.last_event_at, now),
        answer_age=_age(row.last_answer_at, now),
        latency_ms=row.latency_ms,
        lag_ms=row.loop_lag_ms,
        logins=row.identifies,
        gateway=row.gateway_state,
        waits_until=row.waits_until_at,
        waits_for=_age(now, row.waits_until_at) if row.waits_until_at else None,
        config_hash=row.config_hash,
        error=row.last_error,
    )


_FROM_PROCESS = {
    ProcessState.STOPPED: State.STOPPED,
    ProcessState.BACKOFF: State.BACKING_OFF,
    ProcessState.FATAL: State.FAILED,
    ProcessState.UNKNOWN: State.FAILED,
}


def _without_process(process: Process, row: Row | None, exit_note: str | None) -> Condition:
    state = _FROM_PROCESS.get(process.state, State.STARTING)
    error = exit_note or _last_error(row) or process.error or None
    if process.state is ProcessState.EXITED:
        # After any other code supervisord starts it again within a second.
        state = {0: State.STOPPED, 78: State.FAILED}.get(process.exit_status, State.STARTING)
        error = error or f"it ended with exit code {process.exit_status}"
    return Condition(
        bot_name=process.bot_name,
        state=state,
        process=process.state,
        exit_status=process.exit_status,
        error=error,
    )


def _running_state(process: Process, row: Row, age: float | None) -> State:
    if process.state is ProcessState.STOPPING:
        return State.STOPPING
    # A heartbeat from the future was written before the clock was set back.
    if age is None or abs(age) >= HEARTBEAT_SECONDS:
        return State.STALE
    state = _FROM_ROW.get(row.state, State.STALE)
    if state is State.READY and process.state is not ProcessState.RUNNING:
        return State.STARTING
    return state


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else (now - moment).total_seconds()


def _last_error(row: Row | None) -> str | None:
    return row.last_error if row is not None else None


def exit_note(home: Home, bot_name: str) -> str | None:
    """Read why a bot's last start failed, where the store could not be told."""
    try:
        note = json.loads(home.bot_exit(bot_name).read_bytes())
    except (OSError, ValueError):
        return None
    error = note.get("error") if isinstance(note, Mapping) else None
    return error if isinstance(error, str) else None


def forget_exits(home: Home, bot_names: Collection[str]) -> None:
    """Forget why earlier starts failed, before new ones."""
    for name in bot_names:
        home.bot_exit(name).unlink(missing_ok=True)
