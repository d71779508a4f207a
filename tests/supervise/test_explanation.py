"""Every state has a cause and a next command, in sentences."""

from datetime import UTC, datetime
from typing import Any

import pytest

from multibot.supervise.control import ProcessState
from multibot.supervise.explanation import EXITS, explain
from multibot.supervise.readiness import Condition, State

UNTIL = datetime(2026, 1, 1, 12, 5, tzinfo=UTC)
RUNNING = ProcessState.RUNNING


def sage(state: State, **more: Any) -> Condition:
    return Condition(bot_name="sage", state=state, **more)


@pytest.mark.parametrize("state", State)
def test_each_state_is_explained_in_whole_sentences(state: State) -> None:
    explanation = explain(sage(state, pid=7, exit_status=1), supervised=True)

    assert explanation.cause.endswith(".")
    assert explanation.next_step.endswith(".")
    assert "None" not in str(explanation)


CASES = [
    (
        sage(State.READY, process=RUNNING, ready_for=3700.0, ack_age=12.0, event_age=60.0),
        ["connected to Discord for 1h 1m", "heartbeat: 12s ago", "event: 1m 0s ago", "none yet"],
        "Nothing to do.",
    ),
    (
        sage(State.STARTING, process=RUNNING, pid=7),
        ["(pid 7) runs, and has not said anything yet."],
        "multibot status --wait sage",
    ),
    (
        sage(State.STARTING, process=RUNNING, pid=7, error="this bot already runs as pid 5"),
        ["already runs as pid 5"],
        "multibot status --wait sage",
    ),
    (
        sage(State.STARTING, process=ProcessState.EXITED, exit_status=70),
        ["exit code 70: its event loop stood still", "starts it again"],
        "multibot logs sage",
    ),
    (
        sage(State.CONNECTING, process=RUNNING, pid=7, error="no route"),
        ["no session with Discord just now: no route."],
        "it keeps trying",
    ),
    (
        sage(
            State.BACKING_OFF, process=RUNNING, waits_until=UNTIL, waits_for=61.0, error="no route"
        ),
        ["until 2026-01-01T12:05:00.000Z (in 1m 1s)", "no route"],
        "goes on by itself",
    ),
    (
        sage(State.BACKING_OFF, process=ProcessState.BACKOFF, exit_status=1),
        ["right after each start (exit code 1: an error"],
        "multibot logs sage",
    ),
    (
        sage(State.PARKED, process=RUNNING, waits_until=UNTIL, waits_for=61.0, error="12 left"),
        ["stays away from Discord until 2026-01-01T12:05:00.000Z", "12 left"],
        "goes on by itself",
    ),
    (
        sage(State.DEGRADED, process=RUNNING, error="The disk is full; free some space."),
        ["cannot write the shared database: The disk is full; free some space."],
        "multibot doctor",
    ),
    (
        sage(State.STALE, process=RUNNING, pid=7, heartbeat_age=45.0),
        ["(pid 7) runs, but has given no sign of life for 45s"],
        "multibot restart sage",
    ),
    (
        sage(State.FAILED, process=ProcessState.EXITED, exit_status=78, error="Bad token. Renew."),
        ["gave up for good (exit code 78: somebody has to", "Bad token. Renew."],
        "multibot up sage",
    ),
    (
        sage(State.FAILED, process=ProcessState.FATAL, exit_status=1),
        ["supervisord gave up", "exit code 1: an error"],
        "multibot logs sage",
    ),
    (
        sage(State.FAILED, process=ProcessState.FATAL, exit_status=-1),
        ["(a signal: killed by a signal)"],
        "multibot logs sage",
    ),
    (sage(State.STOPPED, process=None), ["does not know it"], "multibot up`"),
    (sage(State.STOPPED, process=ProcessState.STOPPED), ["was stopped"], "multibot up sage"),
    (
        sage(State.STOPPED, process=ProcessState.EXITED, exit_status=0),
        ["ended by itself (exit code 0: ended in good order)"],
        "multibot up sage",
    ),
    (sage(State.STOPPING, process=ProcessState.STOPPING, pid=7), ["told to stop"], "Nothing to do"),
]


@pytest.mark.parametrize(("condition", "causes", "step"), CASES)
def test_the_cause_and_the_next_command(condition: Condition, causes: list[str], step: str) -> None:
    explanation = explain(condition, supervised=True)

    assert [cause for cause in causes if cause not in explanation.cause] == []
    assert step in explanation.next_step


@pytest.mark.parametrize("state", State)
def test_without_a_supervisord_only_that_matters(state: State) -> None:
    explanation = explain(sage(state), supervised=False)

    assert "No supervisord runs" in explanation.cause
    assert "`multibot up`" in explanation.next_step


def test_every_exit_code_of_a_bot_has_a_meaning() -> None:
    assert {0, 1, 70, 75, 78, -1} <= EXITS.keys()
