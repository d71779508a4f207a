"""How a fleet is, as a table, as sentences and as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from multibot.cli import tables
from multibot.clock import to_text
from multibot.store.archive.upkeep import UNKNOWN, Run, Upkeep
from multibot.supervise.control import Daemon
from multibot.supervise.explanation import age, explain, until
from multibot.supervise.readiness import Condition, State

NONE = "-"
Cell = Callable[[Condition], str]

COLUMNS: dict[str, Cell] = {
    "BOT": lambda c: c.bot_name,
    "STATE": lambda c: str(c.state),
    "PID": lambda c: str(c.pid or NONE),
    "READY SINCE": lambda c: age(c.ready_for),
    "HEARTBEAT": lambda c: age(c.heartbeat_age),
    "ACK": lambda c: age(c.ack_age),
    "LAST EVENT": lambda c: age(c.event_age),
    "LAST ANSWER": lambda c: age(c.answer_age),
}
WIDE_COLUMNS: dict[str, Cell] = {
    "GATEWAY": lambda c: c.gateway or NONE,
    "LATENCY": lambda c: _milliseconds(c.latency_ms),
    "LAG": lambda c: _milliseconds(c.lag_ms),
    "LOGINS": lambda c: NONE if c.logins is None else str(c.logins),
    "LAST ERROR": lambda c: one_line(c.error) or NONE,
}
# Where there is no room for them, in this order.
FOLDED = ("LAST ERROR", "LAST ANSWER", "LAST EVENT", "READY SINCE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A fleet at one moment; `incidents` are those of the last day."""

    daemon: Daemon | None
    conditions: Sequence[Condition]
    restarts: Mapping[str, int]
    incidents: int = 0
    upkeep: Upkeep = UNKNOWN

    @property
    def all_ready(self) -> bool:
        """Whether every bot answers."""
        return all(condition.is_ready for condition in self.conditions)

    def table(self, *, wide: bool = False) -> str:
        """Write a line per bot, then what there is to say of those that are not ready."""
        columns = {
            **COLUMNS,
            "RESTARTS": lambda c: str(self.restarts.get(c.bot_name, 0)),
            **(WIDE_COLUMNS if wide else {}),
        }
        rows = [tuple(columns), *(tuple(f(c) for f in columns.values()) for c in self.conditions)]
        table = tables.shown(rows, folded=[head for head in FOLDED if head in columns])
        return "\n".join([table, *map(tables.wrapped, self._notes())])

    def _notes(self) -> list[str]:
        notes = [_note(condition) for condition in self.conditions if _has_note(condition)]
        if notes and self.daemon:
            notes.append("Why, and what to do: `multibot status --explain`")
        notes += self._troubles()
        if self.incidents:
            notes.append(f"Incidents in the last 24 hours: {self.incidents}; `multibot incidents`")
        return ["", *notes] if notes else []

    def explained(self) -> str:
        """Write the cause of each bot's state, and the next command."""
        paragraphs = [f"{c.bot_name} {_is(c.state)}.\n{self._explain(c)}" for c in self.conditions]
        return tables.wrapped("\n\n".join([*paragraphs, *self._housekeeping()]))

    def _housekeeping(self) -> list[str]:
        """Say who looks after the database, and what is wrong with it."""
        holder, troubles = self.upkeep.holder, self._troubles()
        who = [f"{holder} looks after the database for the fleet."] if holder else []
        return ["\n".join([*who, *troubles])] if who or troubles else []

    def _troubles(self) -> list[str]:
        return [f"upkeep: {run.task}: {one_line(run.trouble)}" for run in self.upkeep.troubles]

    def _explain(self, condition: Condition) -> str:
        return str(explain(condition, supervised=self.daemon is not None))

    def as_json(self) -> dict[str, object]:
        """Give all of it as JSON knows it."""
        daemon = self.daemon
        return {
            "supervisord": {"pid": daemon.pid, "version": daemon.version} if daemon else None,
            "incidents_24h": self.incidents,
            "housekeeper": self.upkeep.holder,
            "upkeep": {run.task: _run_as_json(run) for run in self.upkeep.runs},
            "bots": [self._bot_as_json(condition) for condition in self.conditions],
        }

    def _bot_as_json(self, condition: Condition) -> dict[str, object]:
        c = condition
        explanation = explain(c, supervised=self.daemon is not None)
        return {
            "name": c.bot_name,
            "state": str(c.state),
            "pid": c.pid,
            "ready_for_seconds": _rounded(c.ready_for),
            "heartbeat_age_seconds": _rounded(c.heartbeat_age),
            "ack_age_seconds": _rounded(c.ack_age),
            "last_event_age_seconds": _rounded(c.event_age),
            "last_answer_age_seconds": _rounded(c.answer_age),
            "latency_ms": c.latency_ms,
            "loop_lag_ms": c.lag_ms,
            "logins_24h": c.logins,
            "restarts": self.restarts.get(c.bot_name, 0),
            "gateway": c.gateway,
            "waits_until": to_text(c.waits_until) if c.waits_until else None,
            "last_error": c.error,
            "cause": explanation.cause,
            "next_step": explanation.next_step,
            "config_hash": c.config_hash,
        }


def _run_as_json(run: Run) -> dict[str, object]:
    return {
        "state": str(run.state),
        "ran_at": to_text(run.ran_at),
        "took_ms": run.took_ms,
        "detail": run.detail,
        "trouble": run.trouble,
    }


def _has_note(condition: Condition) -> bool:
    return not condition.is_ready and bool(condition.error or condition.waits_until)


def _is(state: State) -> str:
    return "has failed" if state is State.FAILED else f"is {state}"


def _note(condition: Condition) -> str:
    error = f": {one_line(condition.error)}" if condition.error else ""
    return f"{condition.bot_name} {condition.state}{until(condition)}{error}"


def one_line(text: str | None) -> str:
    """Write a text without its line breaks."""
    return " ".join((text or "").split())


def _milliseconds(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f}ms"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
