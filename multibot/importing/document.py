"""One file, opened without harm: only a regular one, never a link's target, never all of a big one."""

import codecs
import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from multibot.importing import encoding
from multibot.importing.encoding import Encoding

CHUNK = 1 << 20


class UnreadableError(Exception):
    """A file that cannot be read, with the reason as its text."""


class Document:
    """A text whose encoding is known; read it as often as needed, while it is open."""

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor
        self._before = os.fstat(descriptor)
        # Most files are small; one that is read twice is read from the disk once.
        self._all: bytes | None = None
        digest, check = hashlib.sha256(), encoding.Utf8Check()
        self.size = 0
        for data in self._bytes():
            digest.update(data)
            check.feed(data)
            self.size += len(data)
        self.sha256 = digest.hexdigest()
        self.encoding: Encoding = encoding.detect(check, self._bytes)

    def chunks(self, progress: Callable[[int], None] | None = None) -> Iterator[str]:
        """Give the text piece by piece, from its beginning; tell how many bytes each piece was."""
        decoder = codecs.getincrementaldecoder(self.encoding.name)(self.encoding.errors)
        for data in self._bytes():
            yield decoder.decode(data)
            if progress is not None:
                progress(len(data))
        yield decoder.decode(b"", final=True)

    @property
    def is_small(self) -> bool:
        """Whether all of it may be held in memory at once."""
        return self.size < CHUNK

    @property
    def has_changed(self) -> bool:
        """Whether somebody wrote to the file since it was opened."""
        after = os.fstat(self._descriptor)
        return (after.st_size, after.st_mtime_ns) != (
            self._before.st_size,
            self._before.st_mtime_ns,
        )

    def _bytes(self) -> Iterator[bytes]:
        if self._all is not None:
            yield self._all
            return
        at = 0
        while data := self._read(at):
            if at == 0 and len(data) < CHUNK:
                self._all = data
            yield data
            at += len(data)
            if len(data) < CHUNK:
                return

    def _read(self, at: int) -> bytes:
        try:
            return os.pread(self._descriptor, CHUNK, at)
        except OSError as error:
            raise UnreadableError(_reason(error)) from error


@contextlib.contextmanager
def opened(path: Path, name: str, *, follow: bool = False) -> Iterator[Document]:
    """Open a file for reading; raise UnreadableError for what is none, or may not be read."""
    # Without O_NONBLOCK, a pipe that nobody writes to would wait for ever.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise UnreadableError(_reason(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableError("is not a file")
        yield Document(name, descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return f"cannot be read ({why or error})"
