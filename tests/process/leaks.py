"""Where a secret can be found that should be in its file only."""

import contextlib
from pathlib import Path

from multibot.home import Home


def places_of(token: str, home: Home) -> list[str]:
    """Look for a token in every file of the home but `.env`, and in every process's surroundings."""
    needle = token.encode()
    files = [path for path in home.root.rglob("*") if path.is_file() and path != home.dotenv]
    found = [str(path) for path in files if needle in path.read_bytes()]
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            with contextlib.suppress(OSError):
                if needle in (process / name).read_bytes():
                    found.append(f"{process}/{name}")
    return found
