"""What earlier programs left in the data folder: somebody should know that it is there."""

from typing import TYPE_CHECKING

import structlog

from multibot.home import Home
from multibot.importing import detection
from multibot.store.archive import batches

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

log = structlog.get_logger(__name__)


def mention(home: Home, reader: "sqlite.Connection") -> None:
    """Warn of conversations of the first store that lie beside a database without any."""
    if detection.holds_old_files(home.data) and not batches.holds_turns(reader, home.database):
        log.warning(
            "old conversations are not imported",
            folder=str(home.data),
            remedy="`multibot import legacy` reads them; or move them away",
        )
