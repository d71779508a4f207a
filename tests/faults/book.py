"""Where the fault suite writes what it counted, and how often each fault is tried."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FULL = os.environ.get("MULTIBOT_TEST_FULL") == "1"
# Set by `python -m tests.faults`, which makes the table in docs/reliability.md of it.
BOOK = os.environ.get("MULTIBOT_TEST_BOOK")


def times(full: int, reduced: int) -> int:
    """Choose how often a fault is tried: in full by `make faults`, less often in every test run."""
    return full if FULL else reduced


@dataclass(frozen=True)
class Entry:
    """What came of one row of the fault matrix."""

    row: int
    fault: str
    count: int
    unit: str
    result: str
    seed: int | None = None
    figures: dict[str, Any] = field(default_factory=dict)


def note(entry: Entry) -> None:
    """Write one entry down; call it after the last assertion."""
    if BOOK is None:
        return
    with Path(BOOK).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(entry)) + "\n")


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of all lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
