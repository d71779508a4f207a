"""A copy replaced by a cleaned one: whole at every moment, and no WAL of the old one stays.

The cleaned copy gets a complete name of its own, then the old one goes, then the name changes. A
kill leaves what `settle` finishes; until then the cleaned copy can be restored like any other.
"""

from pathlib import Path

from multibot.store import filesystem
from multibot.store.archive import copies, manifest
from multibot.store.archive.manifest import Manifest

_MARK = ".forgetting"


def replace(copy: Path, partial: Path, said: Manifest | None) -> None:
    """Put a finished and synced file in the place of a copy, with what is said of it."""
    cleaned = copy.with_name(f"{copy.stem}{_MARK}.db")
    if said is not None:
        copies.write_synced(manifest.path_of(cleaned), said.to_json())
    partial.replace(cleaned)
    copies.sync(copy.parent)
    _finish(cleaned)


def settle(folder: Path) -> None:
    """Finish what a kill has left half replaced; none but one may replace copies meanwhile."""
    for cleaned in folder.glob(f"*{_MARK}.db"):
        _finish(cleaned)
    for beside in folder.glob(f"*{_MARK}.json"):
        beside.unlink(missing_ok=True)


def _finish(cleaned: Path) -> None:
    copy = cleaned.with_name(f"{cleaned.stem.removesuffix(_MARK)}.db")
    # The file itself last: a WAL alone would not be looked for.
    for file in reversed(filesystem.files_of(copy)):
        file.unlink(missing_ok=True)
    copies.sync(copy.parent)
    beside, said = manifest.path_of(copy), manifest.read(cleaned)
    if said is None:
        beside.unlink(missing_ok=True)
    else:
        copies.write_synced(beside, said.to_json())
    copies.sync(copy.parent)
    cleaned.rename(copy)
    copies.sync(copy.parent)
    manifest.path_of(cleaned).unlink(missing_ok=True)
