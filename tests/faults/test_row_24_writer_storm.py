"""Row 24: fifty processes write to the one file at the same time. Nobody is ever told that it is busy."""

import json
from pathlib import Path

import pytest

from multibot.home import Home
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.faults import accounts, book, nursery

PROCESSES = book.times(50, 6)
WRITES = book.times(400, 60)
# A bot writes a few times for each message; fifty at this pace are a storm.
THINK_SECONDS = 0.02


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_writer_of_many_is_ever_refused(home: Home, clock: FakeClock, tmp_path: Path) -> None:
    migrate(home, clock)
    results = [tmp_path / f"bot{number}.json" for number in range(PROCESSES)]
    gate = tmp_path / "gate"
    order = {"act": "storm", "home": home.root, "count": WRITES, "think": THINK_SECONDS}
    with nursery.opened() as writers:
        children = [writers.start(**order, bot=path.stem, log=path, gate=gate) for path in results]
        gate.touch()
        for child in children:
            child.wait()
    measured = [json.loads(path.read_text(encoding="utf-8")) for path in results]

    assert [each["refused"] for each in measured] == [[]] * PROCESSES
    everything = {("receive", str(number + 1)) for number in range(WRITES)}
    for path in results:
        assert accounts.stored(home.database, path.stem) == everything
    assert accounts.is_whole(home.database)
    waited = [seconds for each in measured for seconds in each["waited"]]
    lags = [seconds for each in measured for seconds in each["lags"]]
    book.note(
        book.Entry(
            row=24,
            fault="writer storm on the one file",
            count=PROCESSES,
            unit="processes",
            result=f"{len(waited)} writes, SQLITE_BUSY to a caller 0, lost 0",
            figures={
                "write p50 ms": milliseconds(waited, 0.5),
                "p99 ms": milliseconds(waited, 0.99),
                "p99.9 ms": milliseconds(waited, 0.999),
                "worst ms": milliseconds(waited, 1.0),
                "loop lag p99 ms": milliseconds(lags, 0.99),
                "worst lag ms": milliseconds(lags, 1.0),
            },
        )
    )


def milliseconds(seconds: list[float], share: float) -> float:
    return round(1000 * book.percentile(seconds, share), 1)
