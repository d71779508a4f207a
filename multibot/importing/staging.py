"""What is on its way into the shared file, brought into order in bounded memory.

So many items are sorted at once and put aside in a file that has no name and is gone with the
process; in the end all of these are merged. An import that is not large makes none.
"""

import contextlib
import heapq
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import IO, Any, Generic, NamedTuple, Self, TypeVar

import orjson

from multibot.errors import StoreUnavailableError

Item = TypeVar("Item", bound=tuple[Any, ...])

# About 20 MB, and 250 files for five million items.
AT_ONCE = 20_000
# Of long texts fewer.
BYTES_AT_ONCE = 32 << 20
_BY_KEY = itemgetter(0)

# A key and the values of an item; lists, as JSON has them.
_Unpacked = Sequence[list[Any]]


class Key(NamedTuple):
    """What an item is sorted by."""

    bot_name: str
    channel_id: str
    at: str
    file: int
    position: int


class Staging(Generic[Item]):
    """Takes items in any order, and gives them by bot and channel in the order of their times.

    Items are tuples of plain values; `make` makes one of a list of them.
    """

    def __init__(
        self,
        make: Callable[[list[Any]], Item],
        at_once: int = AT_ONCE,
        bytes_at_once: int = BYTES_AT_ONCE,
    ) -> None:
        self._make = make
        self._at_once = at_once
        self._bytes_at_once = bytes_at_once
        self._bytes = 0
        self._waiting: list[tuple[Key, bytes]] = []
        self._aside: list[IO[bytes]] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._aside:
            file.close()

    def __len__(self) -> int:
        return self._count

    def add(self, key: Key, item: Item) -> None:
        """Take one item."""
        packed = orjson.dumps(tuple(item))
        self._waiting.append((key, packed))
        self._bytes += len(packed)
        self._count += 1
        if len(self._waiting) >= self._at_once or self._bytes >= self._bytes_at_once:
            self._put_aside()

    def ordered(self) -> Iterator[tuple[int, Item]]:
        """Give every item with the number of its file; it can be asked for more than once."""
        self._waiting.sort(key=_BY_KEY)
        runs = [*map(_read, self._aside), _unpacked(self._waiting)]
        make = self._make
        for key, values in heapq.merge(*runs, key=_BY_KEY) if self._aside else runs[0]:
            yield key[3], make(values)

    def _put_aside(self) -> None:
        self._waiting.sort(key=_BY_KEY)
        with _errors():
            file = tempfile.TemporaryFile(prefix="multibot-")  # noqa: SIM115 - closed with this
        self._aside.append(file)
        _write(file, self._waiting)
        self._waiting.clear()
        self._bytes = 0


def _write(file: IO[bytes], run: Iterable[tuple[Key, bytes]]) -> None:
    with _errors():
        file.writelines(b"[%b,%b]\n" % (orjson.dumps(tuple(key)), packed) for key, packed in run)
        file.flush()


def _read(file: IO[bytes]) -> Iterator[_Unpacked]:
    with _errors():
        file.seek(0)
        yield from map(orjson.loads, file)


def _unpacked(run: Iterable[tuple[Key, bytes]]) -> Iterator[_Unpacked]:
    for key, packed in run:
        yield [*key], orjson.loads(packed)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailableError(
            f"The import cannot be put into order: {error.strerror}.",
            where=tempfile.gettempdir(),
            remedy="Free some space there, or name another folder in TMPDIR.",
        ) from error
