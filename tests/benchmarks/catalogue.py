"""Every benchmark by the name it is asked for with."""

from tests.benchmarks import (
    claims,
    commands,
    copies,
    crowding,
    events,
    forgetting,
    history,
    importing,
    pipeline,
    pure,
    reading,
    starting,
    writing,
)
from tests.benchmarks.figure import Benchmark

BENCHMARKS: dict[str, Benchmark] = {
    "writing": writing.measure,
    "crowding": crowding.measure,
    "claims": claims.measure,
    "reading": reading.measure,
    "history": history.measure,
    "importing": importing.measure,
    "copies": copies.measure,
    "forgetting": forgetting.measure,
    "status": commands.measure,
    "start": starting.measure,
    "pipeline": pipeline.measure,
    "events": events.measure,
    "rules": pure.measure,
}
