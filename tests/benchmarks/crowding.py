"""Fifty processes that write as fast as they can, and one on a disk that is slow to confirm."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from itertools import chain
from pathlib import Path

from tests.benchmarks.figure import PER_SECOND, Effort, Figure, percentile
from tests.benchmarks.material import scratch_home

WRITERS = "tests.benchmarks.writers"
FLEET = 50
PRODUCERS = 256
SECONDS = 10.0
BARE_IS = "BEGIN IMMEDIATE, FULL, busy timeout"
ALONE = "one transaction per row, FULL"

Taken = list[list[float]]


def measure(effort: Effort) -> list[Figure]:
    """Measure how long writes wait for each other, and what group commit is worth."""
    return [*_saturated(effort), *_slow_disk(effort)]


def _saturated(effort: Effort) -> list[Figure]:
    processes = FLEET if effort.share else 2
    ours = _write("store", processes, 1, effort)
    bare = _write("bare", processes, 1, effort)
    all_ours, all_bare = list(chain(*ours)), list(chain(*bare))
    what = f"{processes} processes, each one write after the other"
    seconds = _seconds(effort)
    return [
        Figure(
            f"{what}, all together",
            len(all_ours) / seconds,
            PER_SECOND,
            len(all_bare) / seconds,
            BARE_IS,
        ),
        *(
            Figure(
                f"{what}, a write, {name}",
                percentile(all_ours, share),
                "ms",
                percentile(all_bare, share),
                BARE_IS,
                target,
            )
            for name, share, target in (
                ("p50", 0.5, ""),
                ("p99", 0.99, ""),
                ("p99.9", 0.999, "<= 100 ms"),
                ("longest", 1.0, ""),
            )
        ),
        Figure(
            f"{what}, writes of the slowest process, of the mean",
            _slowest_of_mean(ours),
            "%",
            _slowest_of_mean(bare),
            BARE_IS,
            ">= 50 %",
        ),
    ]


def _slow_disk(effort: Effort) -> list[Figure]:
    compiler = shutil.which("cc")
    if compiler is None:
        sys.stderr.write("no C compiler: the slow disk is left out\n")
        return []
    with tempfile.TemporaryDirectory(prefix="mb-") as folder:
        library = Path(folder) / "slow.so"
        source = Path(__file__).with_name("slow.c")
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True
        )
        bare = _rate(_write("bare", 1, 1, effort, preload=library), effort)
        return [
            Figure(
                f"begin (hard) on a disk that syncs in 5 ms, {producers} at once",
                _rate(_write("store", 1, producers, effort, preload=library), effort),
                PER_SECOND,
                bare,
                ALONE,
            )
            for producers in (1, PRODUCERS)
        ]


def _write(
    mode: str, processes: int, producers: int, effort: Effort, preload: Path | None = None
) -> Taken:
    environment = dict(os.environ)
    if preload is not None:
        environment["LD_PRELOAD"] = str(preload)
    with scratch_home() as home:
        command = (mode, home.root, processes, producers, _seconds(effort))
        done = subprocess.run(
            [sys.executable, "-m", WRITERS, *map(str, command)],
            check=True,
            capture_output=True,
            env=environment,
        )
    found: Taken = json.loads(done.stdout)
    return found


def _seconds(effort: Effort) -> float:
    return max(0.2, SECONDS * effort.share)


def _rate(taken: Taken, effort: Effort) -> float:
    return sum(map(len, taken)) / _seconds(effort)


def _slowest_of_mean(taken: Taken) -> float:
    counts = [len(each) for each in taken]
    return 100 * min(counts) * len(counts) / max(1, sum(counts))
