"""How often a bot was started again, counted in what supervisord itself wrote.

supervisord keeps no such number. Its log has one line for its own start and one for each process it
starts, whether after a crash, by `restart` or by `supervisorctl`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_SPAWNED = re.compile(rb" INFO spawned: '([a-z0-9_-]+)' with pid \d+$", re.MULTILINE)


def count(log: Path, daemon_pid: int) -> dict[str, int]:
    """Count the starts after the first, by bot, since the supervisord with this pid began.

    Where so much was logged that its beginning is rotated away, the number is a lower bound.
    """
    begun = f" INFO supervisord started with pid {daemon_pid}\n".encode()
    starts: Counter[str] = Counter()
    for text in _newest_first(log):
        begin = text.rfind(begun)
        starts.update(name.decode() for name in _SPAWNED.findall(text, max(begin, 0)))
        if begin >= 0:
            break
    return {name: number - 1 for name, number in starts.items()}


def _newest_first(log: Path) -> Iterator[bytes]:
    yield _read(log)
    number = 1
    while (rotated := log.with_name(f"{log.name}.{number}")).exists():
        yield _read(rotated)
        number += 1


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
