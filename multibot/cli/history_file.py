"""The shared file as the `history` commands open it: to be read, whether bots run or not."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from multibot.home import Home

if TYPE_CHECKING:
    from multibot.store.archive.shared import SharedFile


@contextlib.contextmanager
def opened(home: Home) -> Iterator["SharedFile"]:
    """Open it; what goes wrong while it is read is an error of ours."""
    from multibot.store import connection
    from multibot.store.archive.shared import SharedFile

    with SharedFile(home) as shared, connection.errors_of(shared.path):
        yield shared
