"""Why a bot is as it is, and what to do about it, in sentences."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from multibot.clock import to_text
from multibot.supervise.control import ProcessState
from multibot.supervise.readiness import Condition, State

# What a process says by its exit code; -1 is supervisord's word for a signal.
EXITS = {
    -1: "killed by a signal",
    0: "ended in good order",
    1: "an error that multibot was not made for",
    70: "its event loop stood still, so it ended itself",
    75: "something that it needs was not to be had",
    78: "somebody has to change something first",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The cause, and the next command (or that there is nothing to do)."""

    cause: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.cause}\n{self.next_step}"


def explain(condition: Condition, *, supervised: bool) -> Explanation:
    """Explain one bot's state; `supervised` is whether a supervisord runs here at all."""
    if not supervised:
        cause = "No supervisord runs for this fleet, so no bot does."
        return Explanation(cause, "Start the fleet: `multibot up`.")
    return _BY_STATE[condition.state](condition)


def age(seconds: float | None) -> str:
    """Write a length of time in its two largest units: `3m 12s`."""
    if seconds is None:
        return "-"
    span = timedelta(seconds=max(0, int(seconds)))
    hours, rest = divmod(span.seconds, 3600)
    units = [(span.days, "d"), (hours, "h"), (rest // 60, "m"), (rest % 60, "s")]
    while len(units) > 1 and units[0][0] == 0:
        del units[0]
    return " ".join(f"{number}{unit}" for number, unit in units[:2])


def until(condition: Condition) -> str:
    """Say until when it waits, or nothing."""
    if condition.waits_until is None:
        return ""
    return f" until {to_text(condition.waits_until)} (in {age(condition.waits_for)})"


def _reason(condition: Condition) -> str:
    return f": {' '.join(condition.error.split()).rstrip('.')}" if condition.error else ""


def _logs(bot: Condition) -> str:
    return f"`multibot logs {bot.bot_name}`"


def _ready(bot: Condition) -> Explanation:
    cause = (
        f"It has been connected to Discord for {age(bot.ready_for)}. The last acknowledged"
        f" heartbeat: {_ago(bot.ack_age)}; the last event: {_ago(bot.event_age)}; its last answer:"
        f" {_ago(bot.answer_age)}."
    )
    trouble = f" The last trouble{_reason(bot)}." if bot.error else ""
    return Explanation(cause + trouble, "Nothing to do.")


def _ago(seconds: float | None) -> str:
    return "none yet" if seconds is None else f"{age(seconds)} ago"


def _starting(bot: Condition) -> Explanation:
    if bot.pid is None:
        cause = f"Its process has ended ({_exit(bot)}){_reason(bot)}. supervisord starts it again."
        return Explanation(cause, f"Nothing to do, unless it goes on: {_logs(bot)}.")
    cause = f"Its process (pid {bot.pid}) runs, and has not said anything yet{_reason(bot)}."
    return Explanation(cause, f"Wait: `multibot status --wait {bot.bot_name}`.")


def _connecting(bot: Condition) -> Explanation:
    cause = f"It runs, but has no session with Discord just now{_reason(bot)}."
    return Explanation(cause, f"Nothing to do: it keeps trying. What it tries: {_logs(bot)}.")


def _backing_off(bot: Condition) -> Explanation:
    if bot.process is ProcessState.BACKOFF:
        cause = (
            f"Its process ends right after each start ({_exit(bot)}){_reason(bot)}."
            " supervisord waits a little longer before each new try."
        )
        return Explanation(cause, f"See why it ends: {_logs(bot)}.")
    cause = f"It waits{until(bot)} before it turns to Discord again{_reason(bot)}."
    return Explanation(cause, "Nothing to do: it goes on by itself.")


def _parked(bot: Condition) -> Explanation:
    cause = f"It stays away from Discord{until(bot)}{_reason(bot)}."
    return Explanation(cause, "Nothing to do: it goes on by itself. A restart would not hurry it.")


def _degraded(bot: Condition) -> Explanation:
    cause = f"It is connected, but cannot write the shared database{_reason(bot)}."
    step = "Look at the disk and the home: `multibot doctor`. It goes on by itself after that."
    return Explanation(cause, step)


def _stale(bot: Condition) -> Explanation:
    cause = (
        f"Its process (pid {bot.pid}) runs, but has given no sign of life for"
        f" {age(bot.heartbeat_age)}: it is stopped, it hangs, or the database cannot be written."
    )
    step = (
        f"See what it did last: {_logs(bot)}; or start it anew: `multibot restart {bot.bot_name}`."
    )
    return Explanation(cause, step)


def _stopping(bot: Condition) -> Explanation:
    cause = f"Its process (pid {bot.pid}) was told to stop, and finishes what it is saying."
    return Explanation(cause, "Nothing to do: supervisord kills it if it takes too long.")


def _stopped(bot: Condition) -> Explanation:
    step = f"Start it: `multibot up {bot.bot_name}`."
    if bot.process is None:
        cause = "supervisord does not know it: it is new, or disabled in the fleet file."
        return Explanation(cause, "Bring what runs in line with the files: `multibot up`.")
    if bot.process is ProcessState.EXITED:
        return Explanation(f"Its process has ended by itself ({_exit(bot)}).", step)
    return Explanation("It was stopped, and nobody has started it since.", step)


def _failed(bot: Condition) -> Explanation:
    if bot.process is ProcessState.EXITED:
        cause = f"It gave up for good ({_exit(bot)}){_reason(bot)}."
        return Explanation(cause, f"Change that, then start it: `multibot up {bot.bot_name}`.")
    cause = (
        "supervisord gave up: the process ended right after each of many starts"
        f" ({_exit(bot)}){_reason(bot)}."
    )
    return Explanation(
        cause, f"See why it ends: {_logs(bot)}; then start it: `multibot up {bot.bot_name}`."
    )


def _exit(bot: Condition) -> str:
    meaning = EXITS.get(bot.exit_status if bot.exit_status is not None else 0)
    code = "a signal" if bot.exit_status == -1 else f"exit code {bot.exit_status}"
    return f"{code}: {meaning}" if meaning else code


_BY_STATE: dict[State, Callable[[Condition], Explanation]] = {
    State.READY: _ready,
    State.STARTING: _starting,
    State.CONNECTING: _connecting,
    State.DEGRADED: _degraded,
    State.BACKING_OFF: _backing_off,
    State.PARKED: _parked,
    State.STOPPING: _stopping,
    State.STOPPED: _stopped,
    State.FAILED: _failed,
    State.STALE: _stale,
}
