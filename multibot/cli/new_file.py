"""A file that is there as a whole or not at all, and for nobody but its owner."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from multibot.errors import PermanentError, UsageError


@contextlib.contextmanager
def written(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Write a file beside its place and move it there at the end; on any failure nothing changes.

    Raises UsageError where something is there already that is not to be replaced.
    """
    place = path.resolve()
    _require_free(place, force=force)
    descriptor, name = _begun(place)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _require_free(place, force=force)
        os.replace(name, place)  # noqa: PTH105 - both are names by now
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - see above
        raise


def _begun(place: Path) -> tuple[int, str]:
    try:
        return tempfile.mkstemp(prefix=f".{place.name[:100]}.", dir=place.parent)
    except OSError as error:
        raise PermanentError(
            f"this cannot be written: {error.strerror or error}.",
            where=str(place),
            remedy="Name a file in another folder with -o.",
        ) from error


def _require_free(place: Path, *, force: bool) -> None:
    if not place.parent.is_dir():
        raise UsageError("there is no such folder.", where=str(place.parent))
    if not os.path.lexists(place):
        return
    if not place.is_file():
        raise UsageError("this is no file that could be replaced.", where=str(place))
    if not force:
        raise UsageError("this is there already.", where=str(place), remedy="Say --force.")
